"""Lines end at \\n, \\r\\n and \\r, and at nothing else."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exocortex.core.lines import line_of, line_starts


@pytest.mark.parametrize(
    ("text", "starts"),
    [
        ("", [0]),
        ("a", [0]),
        ("a\n", [0, 2]),
        ("a\nb", [0, 2]),
        ("a\r\nb\rc\nd", [0, 3, 5, 7]),
        ("\n\r\n\r", [0, 1, 3, 4]),
        ("a\x0bb\x0cc\x1cd\x85e\u2028f\u2029g", [0]),
    ],
)
def test_only_the_three_line_ends_end_a_line(text: str, starts: list[int]) -> None:
    assert line_starts(text) == starts


@given(st.text(st.sampled_from("ab\n\r\x0b\x85\u2028")))
def test_line_of_counts_the_breaks_before_an_offset(text: str) -> None:
    starts = line_starts(text)
    for offset in range(len(text)):
        whole_breaks = [m for m in re.finditer(r"\r\n?|\n", text) if m.end() <= offset]
        assert line_of(starts, offset) == 1 + len(whole_breaks)
