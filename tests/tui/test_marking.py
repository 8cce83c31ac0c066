"""Marking: every sentence that can be found is marked where it ends, whatever stands between its words."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exocortex.answering.citing import cite
from exocortex.core.answers import Sentence, Support
from exocortex.tui.marking import marked


def _sentences(*texts: str) -> list[Sentence]:
    return [Sentence(text, (), Support.SUPPORTED) for text in texts]


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("The rent is 950 [1]. It is due [2] on Friday.", "The rent is 950 [1]. + It is due [2] on Friday. +"),
        ("The rent is 950. [1][3] It is due.", "The rent is 950. [1][3] + It is due. +"),
        ("- one **bold**\n- two\n  goes on [1, 2]", "- one **bold** +\n- two\n  goes on [1, 2] +"),
        ("> It said so\n> twice.", "> It said so\n> twice. +"),
        ("```\ncode\n```\nIt runs.", "```\ncode\n```\nIt runs. +"),
    ],
)
def test_each_sentence_is_marked_after_what_it_cites(written: str, expected: str) -> None:
    sentences = [Sentence(text, numbers, Support.SUPPORTED) for text, numbers in cite(written, 9)[0]]
    text, means = marked(written, sentences, "s")
    (mark,) = [f"[✓]({address})" for address, support in means.items() if support is Support.SUPPORTED]
    assert text.replace(mark, "+") == expected


def test_what_is_not_found_leaves_the_others_theirs() -> None:
    text, _ = marked("One. Two. Three.", _sentences("One.", "Nothing like it.", "Three."), "s")
    assert text == "One. [✓](mark:s-supported) Two. Three. [✓](mark:s-supported)"


@given(st.text(alphabet="ab.[1] \n*`|>-#✓()", max_size=200))
def test_nothing_but_marks_is_added(written: str) -> None:
    sentences = [Sentence(text, numbers, Support.WEAK) for text, numbers in cite(written, 9)[0]]
    text, _ = marked(written, sentences, "s")
    assert text.replace(" [≈](mark:s-weak)", "") == written


def test_a_thousand_citations_take_no_time() -> None:
    written = "One " + "[1] " * 1000 + "two three."
    began = time.thread_time()
    marked(written, _sentences("One two four."), "s")
    assert time.thread_time() - began < 1
