"""Paragraphs: the coarsest cut of a text, at blank lines; for plain text and for Markdown too intricate to parse."""

from __future__ import annotations

import re

_SMALL = 200
"""Characters; shorter paragraphs are joined, so that a list of a million lines is not a million blocks."""
_BLANK = re.compile(r"(?:\r\n?|\n)(?:[ \t]*+(?:\r\n?|\n))++")


def paragraphs(text: str, start: int, join: bool = False) -> list[int]:
    """Offsets where the paragraphs of `text[start:]` begin, the first at `start`; with `join`, of larger ones only."""
    begins = [start]
    seen, filled, last = start, False, len(text.rstrip())
    for match in _BLANK.finditer(text, start):
        filled = filled or bool(text[seen : match.start()].strip())
        seen = match.end()
        if filled and seen < last and (not join or seen - begins[-1] >= _SMALL):
            begins.append(seen)
            filled = False
    return begins if start < len(text) else []
