"""Plain paragraphs begin after blank lines."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exocortex.parsing.paragraphs import paragraphs


@pytest.mark.parametrize(
    ("text", "begins"),
    [
        ("", []),
        ("a", [0]),
        ("a\nb\n\nc\n", [0, 5]),
        ("a\r\n \t\r\nb\r\rc", [0, 7, 10]),
        ("\n\n\na", [0]),
        ("a\n\n\n\n", [0]),
        ("a\n\n  \x0c", [0]),
        ("\x0c\n\n\x0c\n\na\n\nb", [0, 9]),
    ],
)
def test_where_paragraphs_begin(text: str, begins: list[int]) -> None:
    assert paragraphs(text, 0) == begins


def test_short_ones_are_joined_on_request() -> None:
    begins = paragraphs("word word\n\n" * 100, 0, join=True)
    assert 3 < len(begins) < 8


@given(st.text(st.sampled_from("a \n\r\t")), st.booleans())
def test_begins_rise_from_the_start(text: str, join: bool) -> None:
    begins = paragraphs(text, 0, join)
    assert begins == sorted(set(begins))
    assert begins[:1] == ([0] if text else [])
    assert all(text[begin:].strip() and text[begin - 1] in "\r\n" for begin in begins[1:])
