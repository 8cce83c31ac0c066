"""Making: the points of some notes, by a language model if there is one, else in the notes' own sentences.

A model reads what fits into a few dozen prompts; of more, the passages whose sentences say most are chosen for it.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Iterator
from dataclasses import dataclass
from threading import Event as StopEvent
from typing import TYPE_CHECKING

from exocortex.core.counting import counted
from exocortex.core.events import Progress
from exocortex.core.results import Freshness
from exocortex.core.summaries import Making, Point
from exocortex.summarizing.abstractive import MOST_PASSAGES, Draft, Writer, write
from exocortex.summarizing.citing import Citations
from exocortex.summarizing.extractive import NAME, choose
from exocortex.summarizing.passages import Passage, Source, cut

if TYPE_CHECKING:
    from exocortex.core.ports import Embedder

_SENTENCES_FOR_A_MODEL = 80
"""Chosen where a model can't be shown everything; their passages are what it reads."""


@dataclass(frozen=True, slots=True)
class Notes:
    """The notes to be read, as often as is needed."""

    load: Callable[[], Iterator[Source]]
    total: int
    """How many will come, about."""
    focus: str = ""
    """What is asked about; empty for whatever they say."""


@dataclass(frozen=True, slots=True)
class Made:
    """Points, and how they came about."""

    points: tuple[Point, ...]
    engine: str
    notes: int
    passages: int
    shown: int = 0
    dropped: int = 0
    unusable: int = 0
    notices: tuple[str, ...] = ()

    def making(self, freshness: Freshness, notices: Iterable[str] = ()) -> Making:
        """The same as people are told, with what else they should know."""
        told = (*notices, *self.notices)
        counts = (self.notes, self.passages, self.shown, self.dropped, self.unusable)
        return Making(self.engine, *counts, notices=told, freshness=freshness)


def summarize(
    notes: Notes, points: int, embedder: Embedder, writer: Writer | None, citations: Citations, stop: StopEvent
) -> Generator[Progress, None, Made | None]:
    """At most so many points; None if it was stopped. Raises EngineError if the embedder fails."""
    reading = Reading(notes)
    if writer is None:
        chosen = yield from choose(reading.notes(), notes.total, points, embedder, stop, notes.focus)
        if chosen is None:
            return None
        return Made(tuple(citations.quoted(one) for one in chosen), NAME, reading.read, reading.passages)
    passages = yield from _worth_showing(reading, notes, embedder, stop)
    draft = (yield from write(passages, points, writer.model, embedder, stop)) if passages is not None else None
    if draft is None:
        return None
    return Made(
        tuple(citations.written(one, writer.verify, embedder) for one in draft.points),
        writer.model.name,
        reading.read,
        reading.passages,
        len(passages or ()) - draft.unread,
        draft.dropped,
        draft.unusable,
        tuple(_said(draft)),
    )


def _worth_showing(
    reading: Reading, notes: Notes, embedder: Embedder, stop: StopEvent
) -> Generator[Progress, None, list[Passage] | None]:
    """All passages if a model can read them, else those of the sentences that say most, in order."""
    passages: list[Passage] = []
    for found in reading.notes():
        passages += found
        if len(passages) > MOST_PASSAGES or stop.is_set():
            break
    if len(passages) <= MOST_PASSAGES:
        return None if stop.is_set() else passages
    chosen = yield from choose(reading.notes(), notes.total, _SENTENCES_FOR_A_MODEL, embedder, stop, notes.focus)
    if chosen is None:
        return None
    return list({id(one.passage): one.passage for one in chosen}.values())


def _said(draft: Draft) -> Iterator[str]:
    if draft.failure is not None:
        yield f"The language model failed: {draft.failure}"
    if draft.unread:
        yield f"The model was not shown {draft.unread:,} of the passages; sentences of theirs are quoted instead."
    if draft.unusable:
        times = counted(draft.unusable, "time")
        yield f"The model said nothing usable {times}; sentences of the notes stand in its place."


class Reading:
    """Reads the notes, from the beginning each time, and counts what was read the last time."""

    def __init__(self, notes: Notes) -> None:
        self._load = notes.load
        self.read = 0
        self.passages = 0

    def notes(self) -> Iterator[tuple[Passage, ...]]:
        """Each note's passages."""
        self.read = self.passages = 0
        for source in self._load():
            found = cut(source)
            self.read += 1
            self.passages += len(found)
            yield found
