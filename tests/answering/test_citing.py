"""Citing: marks are read wherever a model puts them, numbers of nothing are dropped, code stays as it is."""

from __future__ import annotations

import re
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exocortex.answering.citing import cite

pieces = st.one_of(
    st.sampled_from(
        ["[1]", "[2][3]", "[1, 9]", "[1-3]", "[0]", "[999]", "[3–1]", "【2】", "[x]", "[1](a.md)", "[[1]]", "[", "]"]
    ),
    st.sampled_from(
        [". ", "! ", "。", "\n", "\n\n", "- ", "1. ", "```\n", "~~~\n", "`", "``", "| a | b |\n", "|---|---|\n"]
    ),
    st.text(st.characters(exclude_categories=["Cs"]), max_size=20),
    st.sampled_from(["Rent is due on Friday", "the lid stays on ", "Mrs. Okafor "]),
)
replies = st.lists(pieces, max_size=30).map("".join)


@pytest.mark.parametrize(
    ("reply", "sentences"),
    [
        (
            "The lease ends in May [1]. Notice is two months.[2]",
            [("The lease ends in May.", (1,)), ("Notice is two months.", (2,))],
        ),
        ("Notice is two months. [2] Rent is due.", [("Notice is two months.", (2,)), ("Rent is due.", ())]),
        ("Rent is due [1][3]!", [("Rent is due!", (1, 3))]),
        ("Rent is due [1, 3].", [("Rent is due.", (1, 3))]),
        ("Rent is due [2-4].", [("Rent is due.", (2, 3, 4))]),
        ("Flour [1] and water [2], then flour [1].", [("Flour and water, then flour.", (1, 2))]),
        ("Mrs. Okafor holds it [1].", [("Mrs. Okafor holds it.", (1,))]),
        ("Bake it.\n\n[3]", [("Bake it.", (3,))]),
        ("- one dog [1]\n- no parrots. [2]", [("one dog", (1,)), ("no parrots.", (2,))]),
        ("It says `row[1]` [2].", [("It says `row[1]`.", (2,))]),
        (
            "[1](notes.md) is a link [2], [citation needed] is not [2024].",
            [("[1](notes.md) is a link, [citation needed] is not [2024].", (2,))],
        ),
        ("", []),
        ("[1]", []),
    ],
)
def test_sentences_and_what_they_cite(reply: str, sentences: list[tuple[str, tuple[int, ...]]]) -> None:
    assert cite(reply, 4) == (sentences, 0)


def test_a_block_of_code_is_one_sentence_with_its_lines() -> None:
    block = "```python\nfirst = row[1]\n    second = row[2]\n```"
    found, dropped = cite(f"Run this [1]:\n\n{block} [2]\n\nThen rest [3].", 3)
    assert found == [("Run this:", (1,)), (block, (2,)), ("Then rest.", (3,))]
    assert dropped == 0


def test_a_reply_that_breaks_off_in_code_keeps_it() -> None:
    assert cite("Run:\n```\nmake demo [1]", 2)[0][-1] == ("```\nmake demo [1]", ())


def test_citations_of_nothing_are_dropped_and_counted() -> None:
    found, dropped = cite("Rent is due [1, 9]. Bake it [0]. Cool it [3-7]. Eat it [8].", 4)
    assert [sentence.numbers for sentence in found] == [(1,), (), (3, 4), ()]
    assert dropped == 4
    assert all("[" not in sentence.text for sentence in found)


@given(replies, st.integers(0, 5))
@settings(max_examples=300)
def test_no_sentence_cites_what_was_not_shown(reply: str, count: int) -> None:
    found, dropped = cite(reply, count)
    assert dropped >= 0
    for sentence in found:
        assert sentence.text
        assert all(1 <= number <= count for number in sentence.numbers)
        assert len(set(sentence.numbers)) == len(sentence.numbers)


@given(replies)
def test_every_word_outside_tables_and_marks_is_kept(reply: str) -> None:
    if "|" in reply:
        return
    kept = "".join(sentence.text for sentence in cite(reply, 9)[0])
    for word in ("Okafor", "Friday"):
        assert len(re.findall(word, kept)) == len(re.findall(word, reply))


@pytest.mark.parametrize(
    "text",
    ["[1" * 50_000, ". [1]" * 20_000, "`" * 100_000, "```\n" * 25_000, "[1]" * 30_000, "【" * 90_000],
    ids=lambda text: text[:5],
)
def test_time_is_bounded(text: str) -> None:
    began = time.perf_counter()
    cite(text, 3)
    assert time.perf_counter() - began < 5
