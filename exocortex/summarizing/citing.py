"""Citing: points as they are shown, each with numbered citations whose quotes are the lines they name."""

from __future__ import annotations

from typing import TYPE_CHECKING

from exocortex.core.answers import Citation, Support
from exocortex.core.summaries import Point
from exocortex.summarizing.abstractive import Verifier, Written
from exocortex.summarizing.candidates import Candidate
from exocortex.summarizing.passages import Passage

if TYPE_CHECKING:
    from exocortex.answering.sentences import Span
    from exocortex.core.ports import Embedder


class Citations:
    """Numbers what is cited, from 1, the same lines with the same quote once."""

    def __init__(self) -> None:
        self._known: dict[tuple[str, int, int, str], Citation] = {}

    def all(self) -> tuple[Citation, ...]:
        """In the order of their numbers."""
        return tuple(self._known.values())

    def quoted(self, candidate: Candidate) -> Point:
        """A sentence of a note as a point."""
        return self._quote(candidate.passage, candidate.span)

    def written(self, made: Written, verify: Verifier, embedder: Embedder) -> Point:
        """A model's point, with what its passages say of it; or the sentence that stands in its place."""
        if made.span is not None:
            return self._quote(made.cited[0], made.span)
        numbers = tuple(self._of_passage(passage) for passage in made.cited)
        verdict = verify(made.text, [passage.chunk.text for passage in made.cited], embedder)
        return Point(made.text, numbers, verdict.support, quoted=False)

    def _quote(self, passage: Passage, span: Span) -> Point:
        number = self._number(passage, span.first_line, span.last_line, span.quote)
        return Point(span.quote, (number,), Support.SUPPORTED, quoted=True)

    def _of_passage(self, passage: Passage) -> int:
        chunk = passage.chunk
        return self._number(passage, chunk.first_line, chunk.last_line, " ".join(chunk.text.split()))

    def _number(self, passage: Passage, first: int, last: int, quote: str) -> int:
        key = (passage.note.id, first, last, quote)
        if key not in self._known:
            number = len(self._known) + 1
            self._known[key] = Citation(number, passage.note, passage.file, first, last, quote)
        return self._known[key].number
