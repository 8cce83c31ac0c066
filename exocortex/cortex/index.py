"""The index as a whole: bringing it up to date, following it, and what can be said of it."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from threading import Event as StopEvent

from exocortex.config import Config
from exocortex.core.answers import Coverage
from exocortex.core.errors import ExocortexError, UsageError, VaultError
from exocortex.core.events import Event, Happening
from exocortex.core.results import Freshness
from exocortex.core.status import Status
from exocortex.embedders import Embedders
from exocortex.indexing import Indexer
from exocortex.meaning import Meaning
from exocortex.upkeep import Upkeep
from exocortex.views import View, Views

NEWS_SECONDS = 600.0
"""How long whoever searches is told what opening the index made good."""

RECALL_SAMPLE = 50
"""Vectors whose neighbours are looked for in both ways."""


class Index:
    """The index as a whole."""

    def __init__(
        self,
        config: Config,
        views: Views,
        indexer: Indexer,
        embedders: Embedders,
        meaning: Meaning,
        upkeep: Upkeep | None,
        news: tuple[str, ...] = (),
    ) -> None:
        """`news`: what opening it made good, a sentence each."""
        self._config = config
        self._views = views
        self._indexer = indexer
        self._embedders = embedders
        self._meaning = meaning
        self._upkeep = upkeep
        self._news = news
        self._opened = time.monotonic()

    def run(
        self, *, retry: bool = False, accept_deletions: bool = False, stop: StopEvent | None = None
    ) -> Iterator[Event]:
        """Bring the index up to date, words first, then meaning; setting `stop` ends it soon and keeps what is done."""
        with self._views.open() as view:
            if not view.ledger.folders():
                self._require_folders()
        if self._upkeep is not None:
            return self._upkeep.run(retry=retry, accept_deletions=accept_deletions, stop=stop or StopEvent())
        deliver_captures(self._config)
        return self._indexer.run(retry=retry, accept_deletions=accept_deletions, stop=stop)

    def watch(self, *, stop: StopEvent | None = None) -> Iterator[Happening]:
        """What happens to the index from now on, until `stop` is set."""
        if self._upkeep is None:
            raise UsageError("Nothing watches the notes in this process.", "See: exo watch")
        return self._upkeep.watch(stop or StopEvent())

    def recall(self) -> float | None:
        """Share of the true nearest neighbours that Chroma finds on a sample; None while it isn't searched."""
        with self._views.open() as view:
            return self._meaning.recall(view.ledger.vectors, view.ledger.get("serving") or "", RECALL_SAMPLE)

    def pause(self) -> None:
        """Do nothing in the background until told to go on."""
        self._set_paused(True)

    def resume(self) -> None:
        """Go on with what `pause` held up."""
        self._set_paused(False)

    def _set_paused(self, paused: bool) -> None:
        if self._upkeep is not None:
            self._upkeep.pause(paused)
        else:
            self._indexer.set_paused(paused)

    def tell(self, news: str) -> None:
        """What people should know from now on."""
        self._news, self._opened = (*self._news, news), time.monotonic()

    def refresh(self) -> tuple[str, ...]:
        """Make what changed searchable by words, for about a second at most; returns what people should know."""
        self._require_folders()
        if self._upkeep is None:
            self._indexer.refresh()
            return (*self._indexer.away, *self._meaning.notices())
        self._upkeep.flush()
        news = self._news if time.monotonic() < self._opened + NEWS_SECONDS else ()
        return (*news, *self._upkeep.notices(), *self._indexer.away, *self._meaning.notices())

    def status(self) -> Status:
        """The ledger, without looking at the disk."""
        with self._views.open() as view:
            return self._status(view)

    def _status(self, view: View) -> Status:
        ledger, target = view.ledger, self._embedders.target
        serving = ledger.get("serving") or target.fingerprint
        folders = tuple(
            ledger.folder_status(folder.name, str(folder.root), missing=not folder.root.is_dir())
            for folder in self._config.folders
        )
        other = serving != target.fingerprint
        return Status(
            home=str(self._config.home),
            folders=folders,
            skipped=ledger.skipped(),
            chunks=ledger.chunk_count(),
            embedding=ledger.vectors.notes_missing(target.fingerprint),
            chunks_to_embed=ledger.vectors.missing_count(target.fingerprint),
            embedder=ledger.get("serving_name") or target.name,
            next_embedder=target.name if other else None,
            as_of=ledger.scanned_at(),
            bytes_on_disk=_size(self._config.home),
            notices=(*self._news, *_waiting_captures(self._config), *self._indexer.away, *self._meaning.notices()),
            owner=self._upkeep.status() if self._upkeep is not None else None,
        )

    def freshness(self, view: View) -> Freshness:
        """How current a result is."""
        serving = view.ledger.get("serving") or ""
        now = datetime.now().astimezone()
        current = self._upkeep is not None and self._upkeep.is_current()
        as_of = now if current else view.ledger.scanned_at() or now
        return Freshness(as_of, view.ledger.pending_count(), view.ledger.vectors.notes_missing(serving))

    def coverage(self, view: View, searched: int) -> Coverage:
        """How much of the notes could be looked at."""
        status = self._status(view)
        freshness = self.freshness(view)
        return Coverage(
            notes=sum(folder.on_disk + folder.frozen for folder in status.folders),
            searched=searched,
            pending=freshness.pending,
            embedding=freshness.embedding,
            skipped=sum(folder.skipped for folder in status.folders),
            as_of=freshness.as_of,
        )

    def _require_folders(self) -> None:
        if not self._config.folders:
            raise VaultError("No folder of notes is set up yet.", "Add yours with `exo init FOLDER`.")


def deliver_captures(config: Config) -> str | None:
    """Make notes of captures that a crash or an absent folder left in the journal; returns what people should know."""
    from exocortex.capturing import deliver, waiting

    late = [one for one in deliver(config) if not one.delivered] if waiting(config) else []
    return f"{len(late)} captured in the journal and not in a note yet: {late[0].reason}." if late else None


def _waiting_captures(config: Config) -> tuple[str, ...]:
    from exocortex.storage.journal import left

    with suppress(ExocortexError):
        count = len(left(config.home))
        return (f"{count:,} captured and not in a note yet; to try again: exo index",) if count else ()
    return ()


def _size(home: Path) -> int:
    """Bytes of the index and the vectors; what vanishes meanwhile has none."""
    paths = [*home.glob("index.db*")]
    paths += [Path(here, name) for here, _, names in os.walk(home / "vectors") for name in names]
    total = 0
    for path in paths:
        with suppress(OSError):
            total += path.stat().st_size
    return total
