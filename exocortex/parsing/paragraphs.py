"""Paragraphs: the coarsest way to cut a text, at blank lines; for plain text and for Markdown too intricate to parse."""

from __future__ import annotations

import re

_SMALL = 200
"""Characters; shorter paragraphs are joined, so that a list of a million lines is not a million blocks."""
_BLANK = re.compile(r"(?:\r\n?|\n)(?:[ \t]*+(?:\r\n?|\n))++")


def paragraphs(text: str, start: int, join: bool = False) -> list[int]:
    """Offsets where the paragraphs of `text[start:]` begin, the first always at `start`; with `join`, only of larger ones."""
    begins = [start]
    for match in _BLANK.finditer(text, start):
        long_enough = not join or match.end() - begins[-1] >= _SMALL
        if match.end() < len(text) and long_enough and text[begins[-1] : match.start()].strip():
            begins.append(match.end())
    return begins if start < len(text) else []
