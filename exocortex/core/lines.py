"""Lines: where a text's lines begin, and which line an offset lies in. Only `\\n`, `\\r\\n` and `\\r` end a line."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Sequence
from itertools import accumulate

_BREAK = re.compile(r"\r\n?|\n")


def line_starts(text: str) -> list[int]:
    """Offset of the first character of each line; a text that ends in a line break has an empty last line."""
    if "\r" in text:
        return [0, *(match.end() for match in _BREAK.finditer(text))]
    return list(accumulate((len(line) + 1 for line in text.split("\n")[:-1]), initial=0))


def line_of(starts: Sequence[int], offset: int) -> int:
    """The 1-based line in which the character at `offset` lies, given `line_starts` of the text."""
    return bisect_right(starts, offset)


def split_lines(text: str) -> list[str]:
    """The lines without their breaks; a text that ends in one has an empty last line."""
    return _BREAK.split(text)
