"""The whole: the parts of an index opened together, in order, and closed again."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import ExitStack, closing
from datetime import date
from typing import TYPE_CHECKING

from exocortex.config import Config
from exocortex.core.errors import IndexStoreError
from exocortex.cortex.answers import Answers
from exocortex.cortex.engines import Engines
from exocortex.cortex.index import Index, deliver_captures
from exocortex.cortex.notes import Notes
from exocortex.cortex.receipts import Receipts
from exocortex.cortex.search import Search
from exocortex.cortex.summaries import Summaries
from exocortex.cortex.threads import Threads
from exocortex.embedders import Embedders
from exocortex.indexing import Indexer
from exocortex.language_models import LanguageModels
from exocortex.meaning import Meaning
from exocortex.storage.damage import blame
from exocortex.storage.database import blames_file, explain
from exocortex.storage.ledger import Ledger
from exocortex.storage.lock import IndexLock
from exocortex.storage.state import State
from exocortex.upkeep import Upkeep
from exocortex.views import SharedViews, SoleView, View, Views, look

if TYPE_CHECKING:
    from exocortex.watching import Watcher


class Cortex:
    """Holds the index for as long as it is open.

    With a `watcher` it keeps the index current by itself, on a thread of its own, and may be asked from many threads;
    without, everything happens when it is asked for, on the one thread that asks.
    """

    def __init__(
        self,
        config: Config,
        lock: IndexLock | None,
        engines: Engines,
        today: Callable[[], date],
        *,
        watcher: Callable[[Callable[[], None]], Watcher] | None = None,
        news: tuple[str, ...] = (),
    ) -> None:
        """`lock` is held and released at the end; None if whoever opens this keeps it. `news`: what was made good."""
        with ExitStack() as opened:
            if lock is not None:
                opened.callback(lock.release)
            self._state = opened.enter_context(closing(State(config.home)))
            self._ledger = opened.enter_context(closing(Ledger(config.home)))
            self._meaning = Meaning(config.home, self._ledger, engines.vectors, in_memory=watcher is not None)
            opened.enter_context(closing(self._meaning))
            self._answers_seen = False
            self._models = opened.enter_context(closing(LanguageModels(engines.model)))
            try:
                self._assemble(config, engines, today, opened, watcher, news)
            except sqlite3.DatabaseError as error:
                if blames_file(error):
                    raise explain(self._ledger.path, error) from error
                raise
            self._opened = opened.pop_all()

    def _assemble(
        self,
        config: Config,
        engines: Engines,
        today: Callable[[], date],
        opened: ExitStack,
        watcher: Callable[[Callable[[], None]], Watcher] | None,
        news: tuple[str, ...],
    ) -> None:
        embedders = Embedders(config.embedder.name, self._ledger, engines.embedder)
        indexer = Indexer(config, self._ledger, self._state, self._meaning, embedders.target, embedders.other)

        def viewed(ledger: Ledger) -> View:
            return look(config, ledger, self._meaning, embedders, today, engines.reranker)

        views: Views = SoleView(viewed(self._ledger)) if watcher is None else SharedViews(config.home, viewed)
        opened.enter_context(closing(views))
        self.upkeep: Upkeep | None = None
        if watcher is not None:
            chores = (lambda: deliver_captures(config), self._back_up, self._look_through_answers)
            files = (self._ledger.path, self._state.path)
            self.upkeep = Upkeep(indexer, self._ledger, self._attach, watcher, chores, files)
            opened.enter_context(closing(self.upkeep))
        self.index = Index(config, views, indexer, embedders, self._meaning, self.upkeep, news)
        self.search = Search(self.index, views)
        model, archive = self._models.get, self._state.archive
        self.answers = Answers(self.index, views, model, archive)
        self.threads = Threads(config.home, self.answers, archive, model)
        self.receipts = Receipts(self.index, views, self._state, model)
        self.summaries = Summaries(self.index, views, config.folders, model)
        self.notes = Notes(self.index, views, config.home)
        if self.upkeep is not None:
            self.upkeep.start()

    def _attach(self) -> None:
        self._meaning.attach(self._ledger.get("serving") or "")

    def _look_through_answers(self) -> str | None:
        """Once: SQLite hands out a flipped bit within a row as what was written."""
        if self._answers_seen:
            return None
        self._answers_seen = True
        damaged = self._state.archive.damaged()
        if not damaged:
            return None
        said = f"{len(damaged)} receipts or conversations are not what was written; see: exo doctor"
        self.index.tell(said)
        return said

    def _back_up(self) -> None:
        self._state.back_up()

    def __enter__(self) -> Cortex:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: object) -> None:
        """Close; raises IndexStoreError in the place of what a damaged file or a full disk led to."""
        explained = self.explain(error) if blames_file(error) else None
        self.close()
        explained = explained or (blame(self._ledger.path.parent, error) if error is not None else None)
        if explained is not None:
            raise explained from error

    def explain(self, error: sqlite3.Error) -> IndexStoreError:
        """Which file SQLite found fault with, and what to do about it."""
        return explain(self._ledger.path if self._state.is_sound() else self._state.path, error)

    def close(self) -> None:
        """Write everything out and let go of the index."""
        self._opened.close()
