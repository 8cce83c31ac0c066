"""Summaries of notes, folders and queries, and digests of what came into the notes."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from threading import Event as StopEvent
from typing import TYPE_CHECKING

from exocortex.answering.verifying import verify
from exocortex.config import Folder
from exocortex.core.errors import UsageError
from exocortex.core.events import Progress
from exocortex.core.summaries import Digest, Period, Summary
from exocortex.cortex.answers import QUOTES
from exocortex.cortex.digests import digested, touched
from exocortex.cortex.index import Index
from exocortex.cortex.meant import meant, sources
from exocortex.language_models import usable
from exocortex.summarizing import Citations, Notes, Writer, summarize
from exocortex.views import Views

if TYPE_CHECKING:
    from exocortex.core.ports import LanguageModel

MOST_POINTS = 50


class Summaries:
    """Summaries and digests; by the language model in force if there is one, else in the notes' own sentences.

    The index is looked at in short moments: a long summary holds no connection while it thinks.
    """

    def __init__(
        self, index: Index, views: Views, folders: Sequence[Folder], model: Callable[[str], LanguageModel | None]
    ) -> None:
        self._index = index
        self._views = views
        self._folders = folders
        self._model = model

    def _writer(self, engine: str) -> tuple[Writer | None, tuple[str, ...]]:
        """Who puts it into words, and if a model is set that can't, why."""
        model, why = (None, "") if engine in QUOTES else usable(self._model, engine)
        return None if model is None else Writer(model, verify), (why,) if why else ()

    def make(
        self, what: str, *, points: int = 7, engine: str = "", stop: StopEvent | None = None
    ) -> Iterator[Progress | Summary]:
        """What a note, a folder or the notes found by a query say."""
        if not 1 <= points <= MOST_POINTS:
            raise UsageError(f"A summary can't have {points:,} points.", f"Ask for 1 to {MOST_POINTS}.")
        notices = self._index.refresh()
        with self._views.open() as view:
            asked = meant(view, self._folders, what)
            freshness = self._index.freshness(view)
            embedder = view.embedder()
        notes = Notes(lambda: sources(self._views, asked.picked), len(asked.picked), asked.focus)
        citations = Citations()
        writer, missing = self._writer(engine)
        made = yield from summarize(notes, points, embedder, writer, citations, stop or StopEvent())
        if made is not None:
            making = made.making(freshness, (*notices, *asked.notices, *missing))
            yield Summary(asked.title, asked.scope, made.points, citations.all(), making)

    def digest(self, period: Period, *, engine: str = "", stop: StopEvent | None = None) -> Iterator[Progress | Digest]:
        """What came into the notes today, or in the seven days up to today."""
        notices = self._index.refresh()
        with self._views.open() as view:
            came = touched(view, period)
            freshness = self._index.freshness(view)
            embedder = view.embedder()
        writer, missing = self._writer(engine)
        made = digested(self._views, came, embedder, writer, stop or StopEvent())
        digest = yield from made
        if digest is not None:
            yield digest.told(freshness, (*notices, *missing))
