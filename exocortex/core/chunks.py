"""Chunk: the passage that is embedded, searched and cited, and the rule that cuts a note into them.

Cuts are content-defined, so that an edit moves only the cuts beside it: within a section that is too long for one
chunk, a boundary between two units is cut if its hash is the lowest within a window of tokens on both sides (local
minimum chunking; Bjørner, Blass, Gurevich, "Content-dependent chunking for differential compression", 2010). The
window bounds a chunk from below; a stretch that is still too long is halved at its lowest boundary. In simulation
(9,000 edits of 300-unit sections, units of 5 to 150 tokens) no edit made more than three new chunks at a window of a
sixth of the budget, 1 in 9,000 did at a fifth, and 2 in 100 at a half.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from itertools import groupby, pairwise

from exocortex.core.lines import line_of, line_starts
from exocortex.core.notes import Block, ParsedNote
from exocortex.core.ports import TokenCounter

CHUNKER = 1
"""Version of the rule: another number means that the same note may be cut differently."""

CHUNK_TOKENS = 230
"""Most tokens of an embedding input, below the 254 the bundled embedder reads."""

_WINDOW = 1 / 6
_PREFIX_CHARACTERS = 160
_RUN_CHARACTERS = 150
_MOST_CHARACTERS = 500_000
"""A longer block nobody wrote: it is cut without regard to lines and sentences, each character taken for a token."""
_CHARACTERS_A_TOKEN = 12
"""No text counts for less: a line of base64 is one unknown word to a tokenizer, and no passage to a person."""
_SENTENCE_END = re.compile(r"[.!?][\"')\]*_]*\s+|[。！？]+|\n+")


@dataclass(frozen=True, slots=True)
class Chunk:
    """A slice of a note's text, with what surrounds it."""

    key: str
    """blake2b of title, headings and text, in hex: equal content has an equal key, wherever it lies."""
    title: str
    headings: tuple[str, ...]
    text: str
    """An exact slice of the note's text; a note's chunks, in order, are the whole of it."""
    first_line: int
    """Line of its first character that isn't white space."""
    last_line: int
    """Line of its last character that isn't white space."""
    embedded: bool
    """False for frontmatter and blank text: found by words, never by meaning."""


@dataclass(frozen=True, slots=True)
class _Unit:
    """What is not cut further: a block that fits, or a piece of one that doesn't."""

    start: int
    end: int
    tokens: int
    edge: int
    """How reluctantly a cut falls before it: 0 at a block's start, 1 inside a block."""


def chunk_key(title: str, headings: Sequence[str], text: str, embedded: bool) -> str:
    """The identity of a chunk's content: 32 hex digits."""
    parts = (title, "\x1f".join(headings), text, "" if embedded else "words only")
    return blake2b("\0".join(parts).encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()


def embedding_input(title: str, headings: Sequence[str], text: str) -> str:
    """What is embedded for a chunk: its title and heading path, then its text."""
    return f"{_prefix(title, headings)}\n{text.strip()}"


def cut(note: ParsedNote, count: TokenCounter, limit: int = CHUNK_TOKENS) -> list[Chunk]:
    """Cut a note into chunks whose embedding inputs have at most `limit` tokens, as `count` counts them."""
    starts = line_starts(note.text)
    sections = list(_sections(note.blocks))
    prefixes = count([_prefix(note.title, headings) for headings, _ in sections])
    sizes = iter(_sizes(note.text, [block for _, blocks in sections for block in blocks], count))
    chunks = []
    for (headings, blocks), prefix in zip(sections, prefixes, strict=True):
        budget = limit - prefix
        units = list(_units(note.text, [(block, next(sizes)) for block in blocks], count, budget))
        for first, last in _segments(note.text, units, budget):
            span = (units[first].start, units[last - 1].end)
            chunks.append(_chunk(note, headings, span, starts, embedded=blocks[0].kind != "frontmatter"))
    if chunks and not any(chunk.embedded for chunk in chunks):
        whole = [chunk for chunk in chunks if chunk.text.strip()]
        return [_as_embedded(chunk) for chunk in chunks] if whole else chunks
    return chunks


def _prefix(title: str, headings: Sequence[str]) -> str:
    """Title and heading path on one line, a heading equal to the title left out, never so long as to crowd the text."""
    path = [title, *(heading for heading in headings if heading != title)]
    whole = " > ".join(path)
    if len(whole) <= _PREFIX_CHARACTERS:
        return whole
    half = _PREFIX_CHARACTERS // 2
    return " > ".join(part[: half - 3] for part in dict.fromkeys((path[0], path[-1])))


def _sections(blocks: Sequence[Block]) -> Iterator[tuple[tuple[str, ...], list[Block]]]:
    """Runs of blocks under one heading; a heading without a body of its own goes with the section that follows."""
    waiting: list[Block] = []
    for _, run in groupby(_numbered_sections(blocks), key=lambda pair: pair[0]):
        body = [block for _, block in run]
        waiting += body
        if any(block.kind != "heading" for block in body):
            yield waiting[-1].headings, waiting
            waiting = []
    if waiting:
        yield waiting[-1].headings, waiting


def _numbered_sections(blocks: Iterable[Block]) -> Iterator[tuple[int, Block]]:
    number = 0
    for block in blocks:
        if block.kind == "heading":
            number += 1
        yield (-1 if block.kind == "frontmatter" else number), block


def _units(text: str, blocks: Sequence[tuple[Block, int]], count: TokenCounter, budget: int) -> Iterator[_Unit]:
    for block, tokens in blocks:
        size = _size(tokens, block.start, block.end)
        if size <= budget:
            yield _Unit(block.start, block.end, size, 0)
            continue
        for number, (start, end, counted) in enumerate(_pieces(text, block.start, block.end, count, budget)):
            yield _Unit(start, end, _size(counted, start, end), min(number, 1))


def _sizes(text: str, blocks: Sequence[Block], count: TokenCounter) -> list[int]:
    """Tokens of each block; its characters, which are never fewer, where it is too long to be worth counting."""
    worth = [block for block in blocks if block.end - block.start <= _MOST_CHARACTERS]
    counted = iter(count([text[block.start : block.end] for block in worth]))
    return [
        next(counted) if block.end - block.start <= _MOST_CHARACTERS else block.end - block.start for block in blocks
    ]


def _size(tokens: int, start: int, end: int) -> int:
    return max(tokens, (end - start) // _CHARACTERS_A_TOKEN, 1)


def _pieces(text: str, start: int, end: int, count: TokenCounter, budget: int) -> Iterator[tuple[int, int, int]]:
    """Sentences and lines of an over-long block with their sizes, those still too long cut at white space."""
    width = min(_RUN_CHARACTERS, budget)
    if end - start > _MOST_CHARACTERS:
        yield from ((a, b, b - a) for a, b in _runs(text, start, end, width))
        return
    ends = [match.end() for match in _SENTENCE_END.finditer(text, start, end)]
    spans = [(a, b) for a, b in pairwise([start, *ends, end]) if a < b]
    for (first, last), tokens in zip(spans, count([text[a:b] for a, b in spans]), strict=True):
        if _size(tokens, first, last) <= budget:
            yield first, last, tokens
            continue
        runs = list(_runs(text, first, last, width))
        for (a, b), size in zip(runs, count([text[a:b] for a, b in runs]), strict=True):
            yield a, b, size


def _runs(text: str, start: int, end: int, width: int) -> Iterator[tuple[int, int]]:
    """Runs of at most `width` characters, so never more tokens, ending at white space where there is some."""
    while start < end:
        stop = min(start + width, end)
        if stop < end:
            stop = (text.rfind(" ", start + 1, stop) + 1) or stop
        yield start, stop
        start = stop


def _segments(text: str, units: Sequence[_Unit], budget: int) -> list[tuple[int, int]]:
    """Index ranges of units that make one chunk each."""
    total = sum(unit.tokens for unit in units)
    if total <= budget or len(units) == 1:
        return [(0, len(units))]
    ranks = [_rank(text, units, index) for index in range(len(units))]
    offsets = [0]
    for unit in units:
        offsets.append(offsets[-1] + unit.tokens)
    cuts = [0, *_local_minima(ranks, offsets, budget * _WINDOW), len(units)]
    return [segment for first, last in pairwise(cuts) for segment in _halved(ranks, offsets, first, last, budget)]


def _rank(text: str, units: Sequence[_Unit], index: int) -> tuple[int, bytes]:
    """How good a place the start of this unit is for a cut: a function of the units on both sides alone."""
    if index == 0:
        return (0, b"")
    sides = text[units[index - 1].start : units[index].end]
    return (units[index].edge, blake2b(sides.encode("utf-8", "surrogatepass"), digest_size=8).digest())


def _local_minima(ranks: Sequence[tuple[int, bytes]], offsets: Sequence[int], window: float) -> Iterator[int]:
    """Boundaries ranked lowest within `window` tokens on both sides, and not that near to an end."""
    total = offsets[-1]
    for index in range(1, len(ranks)):
        here = offsets[index]
        if here <= window or total - here <= window:
            continue
        left, right = index - 1, index + 1
        while left > 0 and here - offsets[left] <= window and ranks[left] > ranks[index]:
            left -= 1
        if left > 0 and here - offsets[left] <= window:
            continue
        while right < len(ranks) and offsets[right] - here <= window and ranks[right] >= ranks[index]:
            right += 1
        if right == len(ranks) or offsets[right] - here > window:
            yield index


def _halved(
    ranks: Sequence[tuple[int, bytes]], offsets: Sequence[int], first: int, last: int, budget: int
) -> Iterator[tuple[int, int]]:
    """Split units `first` to `last` into the fewest chunks that fit, at the lowest-ranked boundaries that allow it."""
    pending = [(first, last)]
    while pending:
        first, last = pending.pop()
        if last - first == 1 or offsets[last] - offsets[first] <= budget:
            yield first, last
            continue
        middle = _best_split(ranks, offsets, first, last, budget)
        pending += [(middle, last), (first, middle)]


def _best_split(ranks: Sequence[tuple[int, bytes]], offsets: Sequence[int], first: int, last: int, budget: int) -> int:
    """The boundary that leaves the fewest chunks on both sides together, the lowest-ranked of those.

    A very long stretch without a local minimum (a thousand equal lines) is searched around its middle only, which
    keeps the cost of cutting it n·log n.
    """
    low, high = first + 1, last
    if offsets[last] - offsets[first] > 8 * budget:
        centre = (offsets[first] + offsets[last]) / 2
        low = max(low, bisect_right(offsets, centre - budget, first, last))
        high = min(high, max(low + 1, bisect_right(offsets, centre + budget, first, last)))

    def cost(index: int) -> tuple[int, tuple[int, bytes]]:
        left, right = offsets[index] - offsets[first], offsets[last] - offsets[index]
        return (-(-left // budget) + -(-right // budget), ranks[index])

    return min(range(low, high), key=cost)


def _chunk(
    note: ParsedNote, headings: tuple[str, ...], span: tuple[int, int], starts: list[int], embedded: bool
) -> Chunk:
    text = note.text[span[0] : span[1]]
    lead = len(text) - len(text.lstrip())
    embedded = embedded and lead < len(text)
    first = line_of(starts, span[0] + (lead if lead < len(text) else 0))
    last = max(first, line_of(starts, span[0] + len(text.rstrip()) - 1))
    return Chunk(chunk_key(note.title, headings, text, embedded), note.title, headings, text, first, last, embedded)


def _as_embedded(chunk: Chunk) -> Chunk:
    """The same chunk, found by meaning too: a note of nothing but frontmatter has only that to be found by."""
    if not chunk.text.strip():
        return chunk
    key = chunk_key(chunk.title, chunk.headings, chunk.text, embedded=True)
    return Chunk(key, chunk.title, chunk.headings, chunk.text, chunk.first_line, chunk.last_line, embedded=True)
