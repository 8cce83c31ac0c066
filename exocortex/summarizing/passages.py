"""Passages: what a summary is made from: a note's chunks, each with the sentences that begin in it."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass

from exocortex.answering.sentences import Span, spans
from exocortex.core.chunks import Chunk
from exocortex.core.notes import NoteRef


@dataclass(frozen=True, slots=True)
class Source:
    """A note to be summarized."""

    note: NoteRef
    file: str
    """Absolute path, as the operating system spells it."""
    chunks: tuple[Chunk, ...]
    """All of the note, in order."""
    within: tuple[tuple[int, int], ...] | None = None
    """Ranges of lines that are meant, where that isn't the whole note."""


@dataclass(frozen=True, slots=True)
class Passage:
    """A chunk of a note, with its sentences."""

    note: NoteRef
    file: str
    chunk: Chunk
    spans: tuple[Span, ...]
    """Cut from the whole note, so that a chunk which begins inside a code block isn't taken for prose."""


def cut(source: Source) -> tuple[Passage, ...]:
    """The passages of a note that are meant, in order; blank ones and its frontmatter are left out."""
    chunks = [chunk for chunk in source.chunks if chunk.text.strip()]
    if not chunks:
        return ()
    text = "".join(chunk.text for chunk in source.chunks)
    sentences: list[list[Span]] = [[] for _ in chunks]
    starts = [chunk.first_line for chunk in chunks]
    for span in spans(text, chunks[0].first_line):
        sentences[max(0, bisect_right(starts, span.first_line) - 1)].append(span)
    return tuple(
        Passage(source.note, source.file, chunk, tuple(own))
        for chunk, own in zip(chunks, sentences, strict=True)
        if chunk.embedded and _is_meant(chunk, source.within)
    )


def _is_meant(chunk: Chunk, within: Sequence[tuple[int, int]] | None) -> bool:
    return within is None or any(first <= chunk.last_line and chunk.first_line <= last for first, last in within)
