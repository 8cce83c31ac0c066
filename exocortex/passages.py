"""Passages: which chunk of a found note to show, and which of its lines."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from exocortex.core.answers import Snippet
from exocortex.core.chunks import Chunk
from exocortex.core.query import Query
from exocortex.core.stemming import stem
from exocortex.core.words import Highlighter, content_terms, terms
from exocortex.storage.catalog import PlacedChunk

SNIPPET_CHARACTERS = 240
"""About how much of a chunk a snippet shows."""

_LINE_END = re.compile(r"\r\n|\n|\r")


@dataclass(frozen=True, slots=True)
class Passage:
    """A chunk of a found note and how well it fits the query."""

    placed: PlacedChunk
    fit: float
    """Its similarity in meaning plus the share of the query's words it holds: either alone points to a passage too."""


def passages(
    query: Query, chunks: Iterable[PlacedChunk], similarities: Mapping[str, float]
) -> dict[int, list[Passage]]:
    """Each note's chunks by how well they fit, ties in the order of the note; blank ones left out."""
    wanted = _Wanted(query)
    by_note: dict[int, list[Passage]] = {}
    for placed in chunks:
        if placed.chunk.text.strip():
            fit = similarities.get(placed.chunk.key, 0.0) + wanted.share(placed.chunk)
            by_note.setdefault(placed.note, []).append(Passage(placed, fit))
    return {
        note: sorted(found, key=lambda passage: (-passage.fit, passage.placed.ordinal))
        for note, found in by_note.items()
    }


class _Wanted:
    """The words of a query, looked for in many chunks by the beginnings of their stems: quick, and nearly right."""

    def __init__(self, query: Query) -> None:
        texts = (*query.words, *query.phrases)
        stems = dict.fromkeys(stem(term) for term in content_terms(texts))
        self._beginnings = [_beginning(one) for one in stems]
        self._in_headings: dict[tuple[str, ...], set[str]] = {}
        self._pattern = re.compile(r"\b(?:" + "|".join(map(re.escape, self._beginnings)) + ")")

    def share(self, chunk: Chunk) -> float:
        """The share of the words that the chunk's text holds, half as much for those in its headings alone."""
        if not self._beginnings:
            return 0.0
        in_text = self._found(chunk.text)
        above = self._above(chunk.headings) - in_text
        return (len(in_text) + len(above) / 2) / len(self._beginnings)

    def _above(self, headings: tuple[str, ...]) -> set[str]:
        if headings not in self._in_headings:
            self._in_headings[headings] = self._found("\n".join(headings))
        return self._in_headings[headings]

    def _found(self, text: str) -> set[str]:
        return set(self._pattern.findall(text.lower() if text.isascii() else " ".join(terms(text))))


def _beginning(stem: str) -> str:
    """What every word of this stem begins with: the stemmer writes `happi` for `happy`."""
    return stem[:-1] if stem.endswith("i") and len(stem) > 3 else stem


def snippet(chunk: Chunk, sought: Highlighter, characters: int = SNIPPET_CHARACTERS) -> Snippet:
    """The lines of a chunk around the densest run of what was searched for, or its beginning."""
    ranges = sought.ranges(chunk.text)
    start, end = _window(chunk.text, ranges, characters)
    line = chunk.first_line + len(_LINE_END.findall(chunk.text.rstrip()[:start].lstrip()))
    inside = [(max(a, start) - start, min(b, end) - start) for a, b in ranges if a < end and b > start]
    return Snippet(chunk.text[start:end], line, tuple(inside))


def _window(text: str, ranges: Sequence[tuple[int, int]], characters: int) -> tuple[int, int]:
    """The range of `text` to show: whole lines or words, white space trimmed at both ends."""
    first = len(text) - len(text.lstrip())
    last = len(text.rstrip())
    if last - first <= characters or not ranges:
        start = first
    else:
        start = _densest(ranges, characters)
        start = _word_start(text, max(first, start - characters // 6), start)
        start += len(text[start:]) - len(text[start:].lstrip())
    end = min(last, start + characters)
    if end < last and (space := text.rfind(" ", start + characters // 2, end)) > 0:
        end = space
    return start, max(end, start)


def _densest(ranges: Sequence[tuple[int, int]], characters: int) -> int:
    """Where the run of highlights starts that has the most of them within `characters`."""
    best, most, right = ranges[0][0], 0, 0
    for left, (start, _) in enumerate(ranges):
        while right < len(ranges) and ranges[right][1] - start <= characters:
            right += 1
        if right - left > most:
            best, most = start, right - left
    return best


def _word_start(text: str, lowest: int, place: int) -> int:
    """The first beginning of a line, else of a word, from `lowest` up to `place`."""
    for separators in ("\n\r", " \t"):
        found = [index + 1 for index in range(max(lowest - 1, 0), place) if text[index] in separators]
        if found:
            return found[0]
    return place if lowest and not text[lowest - 1 : lowest].isspace() else lowest
