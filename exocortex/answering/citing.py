"""Citing: a model's reply cut into sentences, each with the numbers of the passages it cites.

Marks are `[1]`, `[1][3]`, `[1, 3]` and `[1-3]`, before or after the full stop. A list item, a table row and a block of
code are each one sentence; what looks like a mark within code is none. Knows nothing of what the passages say.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import takewhile
from typing import NamedTuple

from exocortex.answering.sentences import Kind, spans


class CitedSentence(NamedTuple):
    """A sentence of a reply."""

    text: str
    """Without its marks; white space collapsed and markers of lists left out, save in a block of code."""
    numbers: tuple[int, ...]
    """What it cites, each once, in order."""


_NUMBERS = r"\d{1,3}(?:\s?[,;&–-]\s?\d{1,3}){0,40}"
_MARK = rf"[\[【]\s?{_NUMBERS}\s?[\]】](?!\()"
_CODE = r"(?P<code>``[^`\n]{1,500}``|`[^`\n]{1,500}`)"
_MARKS = re.compile(rf"{_CODE}|[ \t]{{0,3}}(?P<mark>{_MARK})")
_AFTER_STOP = re.compile(
    rf"{_CODE}|(?P<stop>[.!?…。！？][\"'”’)*_]{{0,4}})(?P<marks>(?:[ \t]{{0,3}}{_MARK}){{1,20}})(?=\s|$)"
)
_RANGE = re.compile(r"(\d{1,3})(?:\s?[–-]\s?(\d{1,3}))?")
_FENCE = re.compile(r" {0,12}(?P<fence>`{3,}|~{3,})")
_LINE = re.compile(r"[^\n]*\n|[^\n]+")


def cite(text: str, count: int) -> tuple[list[CitedSentence], int]:
    """The sentences of a reply that was shown `count` passages, and how many citations of others were dropped.

    A mark that stands alone belongs to the sentence before it; a heading, and words that end in a colon, cite what the
    sentences below them do. No sentence comes back with a number outside 1..count.
    """
    found: list[CitedSentence] = []
    kinds: list[Kind] = []
    dropped = 0
    for block, code in _blocks(text):
        for piece, kind in [(block, Kind.CODE)] if code else _sentences(block):
            said, numbers, lost = (piece, (), 0) if code else _read(piece, count)
            dropped += lost
            if said.strip(" .*_"):
                found.append(CitedSentence(said, numbers))
                kinds.append(kind)
            elif found and numbers:
                found[-1] = CitedSentence(found[-1].text, tuple(dict.fromkeys(found[-1].numbers + numbers)))
    return [CitedSentence(one.text, one.numbers or _lent(at, found, kinds)) for at, one in enumerate(found)], dropped


def _lent(at: int, found: Sequence[CitedSentence], kinds: Sequence[Kind]) -> tuple[int, ...]:
    """What a heading, or words that end in a colon, stand on: all that is cited below a heading, the next that is."""
    heads = kinds[at] is Kind.HEADING
    if not heads and not found[at].text.rstrip("*_ ").endswith(":"):
        return ()
    below = takewhile(lambda place: kinds[place] is not Kind.HEADING, range(at + 1, len(found)))
    cited = [found[place].numbers for place in below if found[place].numbers]
    return tuple(sorted({number for numbers in (cited if heads else cited[:1]) for number in numbers}))


def _blocks(text: str) -> Iterator[tuple[str, bool]]:
    """Blocks of code with their fences, and the text between them; True for code."""
    lines: list[str] = []
    fence = ""
    for line in _LINE.findall(text.replace("\r\n", "\n").replace("\r", "\n")):
        match = _FENCE.match(line)
        if fence and match and match["fence"].startswith(fence):
            closing = line[: match.end()]
            yield "".join(lines) + closing, True
            lines, fence = [line[match.end() :]], ""
        elif match and not fence:
            yield "".join(lines), False
            lines, fence = [line], match["fence"]
        else:
            lines.append(line)
    yield "".join(lines), bool(fence)


def _sentences(block: str) -> list[tuple[str, Kind]]:
    """The quotable pieces of text, marks moved before the full stop they follow."""
    return [(span.quote, span.kind) for span in spans(_AFTER_STOP.sub(_moved, block), 2)]


def _moved(match: re.Match[str]) -> str:
    return match["code"] or f" {match['marks'].strip()}{match['stop']}"


def _read(piece: str, count: int) -> tuple[str, tuple[int, ...], int]:
    """A sentence without its marks, the numbers in them, and how many were none of the passages."""
    numbers: list[int] = []
    dropped = 0
    for match in _MARKS.finditer(piece):
        for first, last in _RANGE.findall(match["mark"] or ""):
            low, high = sorted((int(first), int(last or first)))
            inside = range(max(1, low), min(count, high) + 1)
            numbers += inside
            dropped += low < 1 or high > count
    said = _MARKS.sub(lambda match: match["code"] or "", piece)
    return said.strip(), tuple(dict.fromkeys(numbers)), dropped
