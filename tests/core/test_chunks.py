"""Cutting: chunks are the note, in order; they fit; and an edit moves only the cuts beside it."""

from __future__ import annotations

import random
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exocortex.core.chunks import Chunk, cut, embedding_input
from exocortex.core.lines import line_of, line_starts
from exocortex.parsing import parse

WORDS = "river lease boiler garden letter winter bread engine mountain table quiet seven copper window story".split()


def count_words(texts: Sequence[str]) -> list[int]:
    """Tokens of the tests: words."""
    return [len(text.split()) for text in texts]


def cut_text(text: str, limit: int = 230) -> list[Chunk]:
    return cut(parse(text.encode(), "Note.md"), count_words, limit)


def paragraphs(rng: random.Random, number: int, shortest: int, longest: int) -> list[str]:
    return [" ".join(rng.choices(WORDS, k=rng.randint(shortest, longest))) + f" {rng.random()}." for _ in range(number)]


markdownish = st.lists(
    st.one_of(
        st.sampled_from(["# One\n", "## Two\n", "- item\n", "  - child\n", "```\ncode\n```\n"]),
        st.just("| a | b |\n|---|---|\n| 1 | 2 |\n"),
        st.sampled_from(["\n", "\r\n", "\r", "---\n", "> quote\n", "\u2028", "\t", "漢字。", "Sentence. "]),
        st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=60),
        st.integers(1, 80).map(lambda n: "word " * n + "end.\n"),
    ),
    max_size=40,
).map("".join)


@given(markdownish)
def test_chunks_are_the_note_in_order(text: str) -> None:
    note = parse(text.encode("utf-8", "replace"), "Note.md")
    chunks = cut(note, count_words, limit=40)
    assert "".join(chunk.text for chunk in chunks) == note.text


@given(markdownish)
def test_every_embedding_input_fits(text: str) -> None:
    note = parse(text.encode("utf-8", "replace"), "Note.md")
    for chunk in cut(note, count_words, limit=60):
        assert count_words([embedding_input(chunk.title, chunk.headings, chunk.text)])[0] <= 60


@given(markdownish)
def test_lines_are_those_of_the_first_and_last_visible_characters(text: str) -> None:
    note = parse(text.encode("utf-8", "replace"), "Note.md")
    starts, offset = line_starts(note.text), 0
    for chunk in cut(note, count_words, limit=40):
        visible = [offset + index for index, letter in enumerate(chunk.text) if not letter.isspace()]
        offset += len(chunk.text)
        if visible:
            assert chunk.first_line == line_of(starts, visible[0])
            assert chunk.last_line == line_of(starts, visible[-1])


@pytest.mark.parametrize(("shortest", "longest"), [(3, 12), (15, 40), (30, 90), (60, 120), (3, 150)])
def test_an_edit_in_a_long_section_makes_at_most_three_new_chunks(shortest: int, longest: int) -> None:
    rng = random.Random(shortest * 1000 + longest)
    section = paragraphs(rng, 300, shortest, longest)
    before = {chunk.key for chunk in cut_text("# Section\n\n" + "\n\n".join(section))}
    for position in range(0, 300, 5):
        (new,) = paragraphs(rng, 1, shortest, longest)
        inserted = [*section[:position], new, *section[position:]]
        deleted = [*section[:position], *section[position + 1 :]]
        edited = [*section[:position], new, *section[position + 1 :]]
        for changed in (inserted, deleted, edited):
            after = {chunk.key for chunk in cut_text("# Section\n\n" + "\n\n".join(changed))}
            assert len(after - before) <= 3


def test_chunks_follow_headings() -> None:
    chunks = cut_text("# House\n\nIt stands.\n\n## Roof\n\nIt leaks.\n\n## Door\n\nIt sticks.\n")
    assert [chunk.headings for chunk in chunks] == [("House",), ("House", "Roof"), ("House", "Door")]


def test_a_heading_without_text_goes_with_the_section_below() -> None:
    chunks = cut_text("# House\n\n## Roof\n\nIt leaks.\n")
    assert [chunk.text for chunk in chunks] == ["# House\n\n## Roof\n\nIt leaks.\n"]


def test_frontmatter_is_found_by_words_only() -> None:
    chunks = cut_text("---\nrent: 815\n---\n\nThe lease.\n")
    assert [(chunk.embedded, chunk.first_line, chunk.last_line) for chunk in chunks] == [(False, 1, 3), (True, 5, 5)]


def test_a_note_of_nothing_but_frontmatter_is_embedded() -> None:
    assert [chunk.embedded for chunk in cut_text("---\nrent: 815\n---\n")] == [True]


def test_a_fence_that_fits_stays_whole() -> None:
    fence = "```python\n" + "\n\n".join(f"line_{n} = {n}" for n in range(30)) + "\n```\n"
    text = "Before.\n\n" * 60 + fence + "\nAfter.\n" * 60
    assert any(fence.strip() in chunk.text for chunk in cut_text(text))


def test_a_line_without_spaces_is_cut_too() -> None:
    chunks = cut_text("x" * 50_000, limit=100)
    assert "".join(chunk.text for chunk in chunks) == "x" * 50_000
    assert max(len(chunk.text) for chunk in chunks) <= 100 * 12


def test_equal_paragraphs_without_end_are_cut_quickly() -> None:
    text = "same words here.\n\n" * 20_000
    assert "".join(chunk.text for chunk in cut_text(text)) == text


def test_the_title_is_part_of_the_key_and_the_place_is_not() -> None:
    one = cut(parse(b"# A\n\ntext\n", "A.md"), count_words)
    other = cut(parse(b"# B\n\ntext\n", "B.md"), count_words)
    moved = cut(parse(b"# A\n\ntext\n", "elsewhere/A.md"), count_words)
    assert one[0].key == moved[0].key != other[0].key
