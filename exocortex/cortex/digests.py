"""Digests: which notes were written or changed in a period, what they say, and the tasks in them."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from itertools import groupby
from threading import Event as StopEvent
from typing import TYPE_CHECKING

from exocortex.core.events import Progress
from exocortex.core.results import Freshness, TaskOfNote
from exocortex.core.summaries import Digest, DigestFolder, Period, Touched
from exocortex.cortex.meant import Picked, picks, sources
from exocortex.summarizing import NAME, Citations, Made, Notes, Reading, Writer, highlights, summarize
from exocortex.views import View, Views

if TYPE_CHECKING:
    from exocortex.core.ports import Embedder

MOST_NOTES = 100
"""Shown in a digest: those changed last."""

MOST_TASKS = 200

_DAYS: dict[Period, int] = {"day": 1, "week": 7}
_OVERVIEW_POINTS = 5
_SENTENCES_A_NOTE = 2


@dataclass(frozen=True, slots=True)
class Came:
    """What came into the notes in a period, before anything is said of it."""

    period: Period
    first: date
    last: date
    notes: tuple[Touched, ...]
    """By folder, in each the last changed first; without points."""
    picked: tuple[Picked, ...]
    """The same notes, to be read."""
    left_out: int
    tasks: tuple[TaskOfNote, ...]


@dataclass(frozen=True, slots=True)
class Digested:
    """A digest that lacks only how fresh the index is."""

    came: Came
    folders: tuple[DigestFolder, ...]
    citations: Citations
    made: Made
    """The overview, and how all of it came about."""

    def told(self, freshness: Freshness, notices: Sequence[str]) -> Digest:
        """The whole digest."""
        return Digest(
            period=self.came.period,
            first=self.came.first,
            last=self.came.last,
            overview=self.made.points,
            folders=self.folders,
            tasks=self.came.tasks,
            left_out=self.came.left_out,
            citations=self.citations.all(),
            making=self.made.making(freshness, notices),
        )


def touched(view: View, period: Period) -> Came:
    """The notes whose files changed in the period, as far as they are still there, and their open tasks.

    A week is today and the six days before: on a Monday morning the week so far would be nothing.
    """
    last = view.today()
    first = last - timedelta(days=_DAYS[period] - 1)
    changed = view.catalog.changed_between(_midnight(first), _midnight(last + timedelta(days=1)))
    there = [row for row in changed if view.browser.is_there(row)]
    new = view.catalog.dated_between(first, last)
    shown = {row.row: row for row in there[:MOST_NOTES]}
    notes = [Touched(row.ref, view.browser.file(row), row.modified, row.row in new, ()) for row in shown.values()]
    tasks = tuple(
        TaskOfNote(shown[row].ref, view.browser.file(shown[row]), task)
        for row, task in view.catalog.tasks(False, set(shown))[:MOST_TASKS]
    )
    by_folder = tuple(sorted(notes, key=_folder))
    return Came(period, first, last, by_folder, picks(shown.values()), len(there) - len(shown), tasks)


def digested(
    views: Views, came: Came, embedder: Embedder, writer: Writer | None, stop: StopEvent
) -> Generator[Progress, None, Digested | None]:
    """A sentence or two of each note, and with a language model what all of it comes to; None if it was stopped."""
    notes = Notes(lambda: sources(views, came.picked), len(came.picked))
    citations = Citations()
    overview: Made | None = None
    if writer is not None and came.picked:
        overview = yield from summarize(notes, _OVERVIEW_POINTS, embedder, writer, citations, stop)
        if overview is None:
            return None
    reading = Reading(notes)
    chosen = yield from highlights(reading.notes(), notes.total, _SENTENCES_A_NOTE, embedder, stop)
    if chosen is None:
        return None
    best = {found[0].passage.note.id: found for found in chosen if found}
    said = [
        replace(one, points=tuple(citations.quoted(sentence) for sentence in best.get(one.note.id, ())))
        for one in came.notes
    ]
    folders = tuple(DigestFolder(*place, tuple(inside)) for place, inside in groupby(said, _folder))
    return Digested(came, folders, citations, overview or Made((), NAME, reading.read, reading.passages))


def _folder(one: Touched) -> tuple[str, str]:
    """Name of the folder of notes, and the path below it that the note lies directly in."""
    return one.note.folder, one.note.path.rpartition("/")[0]


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time.min).astimezone()
