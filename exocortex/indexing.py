"""Indexing: brings the index up to the notes, words first, then meaning; stopped anywhere, it goes on from there."""

from __future__ import annotations

import os
import time
import unicodedata
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, fields, replace
from datetime import datetime
from threading import Event as StopEvent
from typing import TYPE_CHECKING

from exocortex.config import Config
from exocortex.core.chunks import CHUNKER, embedding_input
from exocortex.core.errors import EngineError
from exocortex.core.events import Event, Indexed, Progress, Saved, saved
from exocortex.pacing import MOST, Pace
from exocortex.reading import ReadJob, ReadNote, read_note, read_notes
from exocortex.scanning import Scanned, Scanner
from exocortex.storage.ledger import FileRow, Found, Ledger
from exocortex.storage.state import Identity, State, new_identity
from exocortex.storage.vault import FileStat
from exocortex.storage.vectors import Unembedded

if TYPE_CHECKING:
    from exocortex.core.ports import Embedder
    from exocortex.meaning import Meaning

REFRESH_SECONDS = 1.0
"""Longest that a search waits for changed notes."""

_TRANSACTION_NOTES = 200
_TRANSACTION_SECONDS = 0.5
_ROUNDS = 10
"""How often a run takes up what changed while it went on; the next run takes the rest."""


@dataclass(frozen=True, slots=True)
class Refreshed:
    """What a look at the notes, or at some of them, made searchable."""

    changed: tuple[str, ...]
    """`folder:path` of the notes whose words changed, and of those that moved, as they are now."""
    gone: tuple[str, ...]
    """Of those that were deleted or moved away, or can't be read as they are now."""
    left: int
    """Notes whose words are not in yet."""


@dataclass(slots=True)
class _Tally:
    """What a run did, while it runs."""

    added: int = 0
    modified: int = 0
    moved: int = 0
    removed: int = 0
    skipped: int = 0
    embedded: int = 0

    def __iadd__(self, other: _Tally) -> _Tally:
        for one in fields(self):
            setattr(self, one.name, getattr(self, one.name) + getattr(other, one.name))
        return self


class Indexer:
    """The one writer of the index."""

    def __init__(
        self, config: Config, ledger: Ledger, state: State, meaning: Meaning, target: Embedder, serving: Embedder | None
    ) -> None:
        self._config = config
        self._ledger = ledger
        self._state = state
        self._meaning = meaning
        self._target = target
        self._serving = serving
        """The embedder whose vectors answer now, if that is another one."""
        self._scanner = Scanner(ledger, state, config.index.ignore)
        self._count = target.token_counter()
        self._chunker = f"{CHUNKER} {target.fingerprint}"
        """What cuts the notes now: the rule, and whose tokens it counts."""
        self.away: tuple[str, ...] = ()
        """Why folders could not be looked at last time."""
        self.warnings: tuple[str, ...] = ()
        self._refreshes = 0
        self._refreshed: set[int] = set()
        """Rows whose words came in between the steps of a run: their meaning goes first."""
        self._tried: set[tuple[int, FileStat]] = set()
        """What this run could not read to its end: it is not tried again as long as it looks the same."""
        self._pace = Pace()
        self._since = _Tally()
        """What was done since a run was asked for last."""

    # -- the two ways in --------------------------------------------------------------------------------------------

    def run(
        self,
        *,
        retry: bool = False,
        accept_deletions: bool = False,
        stop: StopEvent | None = None,
        unasked: bool = False,
    ) -> Iterator[Event]:
        """Everything, with progress; `stop` ends it within a batch and keeps what is done.

        In the end it tells what was done since it was asked for last, if only by itself. `unasked`: nobody waits for
        it, so that Chroma may stay a little behind while it isn't searched anyway.
        Between two events `refresh` may be called on the same thread; what it finds is embedded first.
        """
        stop = stop or StopEvent()
        began = time.monotonic()
        tally = _Tally()
        if retry:
            with self._ledger.transaction():
                self._ledger.retry_skipped()
        yield Progress("scan", 0, len(self._config.folders), 0.0)
        scanned = self._scan(accept_deletions)
        tally.moved, tally.removed = scanned.moved, scanned.removed
        yield Progress("scan", len(self._config.folders), len(self._config.folders), time.monotonic() - began)
        yield from _told(scanned.arrived, scanned.gone)
        yield from self._rounds(tally, stop)
        if not stop.is_set():
            self._serve_target()
            with suppress(EngineError):  # the meaning says so in its notices: exact search answers without Chroma
                yield from self._meaning.publish(self._target.fingerprint, stop, lazily=unasked)
            with self._ledger.transaction():
                self._ledger.vectors.purge(time.time())
        self._since += tally
        if not unasked:
            tally, self._since = self._since, _Tally()
        yield Indexed(
            *(tally.added, tally.modified, tally.moved, tally.removed, tally.skipped, tally.embedded),
            stopped=stop.is_set(),
            seconds=time.monotonic() - began,
        )

    def refresh(self, paths: Sequence[tuple[str, str]] | None = None, seconds: float = REFRESH_SECONDS) -> Refreshed:
        """Make what changed on disk searchable by words, for at most about this long; the rest stays pending.

        With `paths`, as (folder, path relative to it as the system spells it), only these are looked at, unless it
        takes a scan to tell what became of them.
        """
        deadline = time.monotonic() + seconds
        looked = self._look(paths) if paths is not None else None
        scanned, rows = looked or (self._scan(), self._ledger.pending())
        read: list[ReadNote] = []
        for row in rows:
            if time.monotonic() > deadline:
                break
            read.append(read_note(self._job(row), self._count))
        written = self._write(read, self._since)
        self._since.moved += scanned.moved
        self._since.removed += scanned.removed
        self._refreshes += 1
        self._refreshed.update(one.job.row for one in written)
        changed = dict.fromkeys((*_readable(written), *scanned.arrived))
        return Refreshed(tuple(changed), (*scanned.gone, *_unreadable(written)), self._ledger.pending_count())

    def set_paused(self, paused: bool) -> None:
        """Remember whether the notes are to be followed without being asked; a run that is asked for runs anyway."""
        self._ledger.put("paused", "1" if paused else "0")

    # -- stages -----------------------------------------------------------------------------------------------------

    def _scan(self, accept_deletions: bool = False) -> Scanned:
        now = datetime.now().astimezone()
        scanned = self._scanner.scan(self._config.folders, accept_deletions=accept_deletions)
        self.away, self.warnings = scanned.away, scanned.warnings
        self._ledger.put("scanned_at", now.isoformat())
        return scanned

    def _look(self, paths: Iterable[tuple[str, str]]) -> tuple[Scanned, list[FileRow]] | None:
        """What moved or went from the places looked at, and what is to be read there; None if only a scan can tell."""
        raws: dict[str, list[str]] = {}
        for name, raw in paths:
            raws.setdefault(name, []).append(raw)
        folders = {folder.name: folder for folder in self._config.folders}
        total = Scanned(0, 0, (), ())
        rows: list[FileRow] = []
        for name, inside in raws.items():
            scanned = self._scanner.look(folders[name], inside) if name in folders else None
            if scanned is None:
                return None
            total = total + scanned
            rows += self._ledger.files(name, [unicodedata.normalize("NFC", raw) for raw in inside])
        return total, [row for row in rows if row.state == "pending"]

    def _rounds(self, tally: _Tally, stop: StopEvent) -> Iterator[Progress | Saved]:
        """Words, then meaning; again as long as there is something new that came in meanwhile."""
        self._tried.clear()
        for number in range(_ROUNDS):
            rows = [row for row in self._ledger.pending() if (row.row, row.file) not in self._tried]
            if number and not rows and not self._refreshed:
                return
            self._tried.update((row.row, row.file) for row in rows)
            yield from self._words(rows, tally, stop)
            yield from self._recut(tally, stop)
            yield from self._embed(tally, stop)
            if stop.is_set():
                return

    def _words(self, rows: Sequence[FileRow], tally: _Tally, stop: StopEvent) -> Iterator[Progress | Saved]:
        """Read the pending files and write what is found, a transaction every half second."""
        began = committed = time.monotonic()
        batch: list[ReadNote] = []
        written: list[ReadNote] = []
        results = read_notes([self._job(row) for row in rows], self._count, _cores())
        for done, result in enumerate(results, start=1):
            batch.append(result)
            full = len(batch) >= _TRANSACTION_NOTES or time.monotonic() - committed > _TRANSACTION_SECONDS
            if full or done == len(rows):
                written += self._write(batch, tally)
                batch, committed = [], time.monotonic()
                yield Progress("words", done, len(rows), time.monotonic() - began)
                if stop.is_set():
                    break
        yield from _told(_readable(written), _unreadable(written))

    def _recut(self, tally: _Tally, stop: StopEvent) -> Iterator[Progress]:
        """Cut anew what another chunker cut, each note embedded by whoever serves before it replaces what it was."""
        jobs = [replace(self._job(row), known_digest=None) for row in self._ledger.outdated(self._chunker)]
        embedder = self._serving or self._target
        began = time.monotonic()
        for done, result in enumerate(read_notes(jobs, self._count, _cores()), start=1):
            if stop.is_set():
                return
            texts = {
                chunk.key: embedding_input(chunk.title, chunk.headings, chunk.text)
                for chunk in result.chunks
                if chunk.embedded
            }
            known = self._ledger.vectors.known(embedder.fingerprint, texts)
            fresh = [key for key in texts if key not in known]
            vectors = embedder.embed([texts[key] for key in fresh]) if fresh else None
            with self._ledger.transaction():
                if vectors is not None:
                    self._ledger.vectors.store(embedder.fingerprint, fresh, vectors)
                self._write([result], tally)
            tally.embedded += len(fresh)
            yield Progress("words", done, len(jobs), time.monotonic() - began)

    def _embed(self, tally: _Tally, stop: StopEvent) -> Iterator[Progress]:
        """Embed what has no vector yet, for the embedder that serves and for the one that is to."""
        self._refreshed.clear()
        for embedder in filter(None, (self._serving, self._target)):
            yield from self._embed_with(embedder, tally, stop)

    def _embed_with(self, embedder: Embedder, tally: _Tally, stop: StopEvent) -> Iterator[Progress]:
        """The most recently changed first, and before them what is saved while this goes on."""
        began, done, seen = time.monotonic(), 0, self._refreshes
        queue = deque(self._ledger.vectors.missing(embedder.fingerprint))
        window: list[Unembedded] = []
        while queue or window:
            if stop.is_set():
                return
            if not window and not (window := self._next_window(embedder, queue)):
                continue
            batch, window = self._pace.cut(window)
            took = time.monotonic()
            self._store(embedder, [one.key for one in batch], [one.text for one in batch], tally)
            self._pace.took(batch, time.monotonic() - took)
            done += len(batch)
            yield Progress("meaning", done, done + len(window) + len(queue), time.monotonic() - began)
            if seen != self._refreshes and (queue or window):  # with nothing else to do, it is the next round's
                seen = self._refreshes
                window = self._with_urgent(embedder, window)

    def _with_urgent(self, embedder: Embedder, window: Sequence[Unembedded]) -> list[Unembedded]:
        """What was saved meanwhile, then what was to come next, as far as it is still there."""
        urgent = self._ledger.unembedded(self._refreshed, embedder.fingerprint)[:MOST]
        return self._ledger.vectors.inputs([*urgent, *(one.key for one in window if one.key not in urgent)])

    def _next_window(self, embedder: Embedder, queue: deque[str]) -> list[Unembedded]:
        """The next texts of a queue, longest first: those embedded together should take about as long."""
        keys = list(dict.fromkeys(queue.popleft() for _ in range(min(MOST, len(queue)))))
        known = self._ledger.vectors.known(embedder.fingerprint, keys)
        found = self._ledger.vectors.inputs([key for key in keys if key not in known])
        return sorted(found, key=lambda one: -len(one.text))

    def _store(self, embedder: Embedder, keys: Sequence[str], texts: Sequence[str], tally: _Tally) -> None:
        if not keys:
            return
        vectors = embedder.embed(texts)
        with self._ledger.transaction():
            self._ledger.vectors.store(embedder.fingerprint, keys, vectors)
        tally.embedded += len(keys)

    def _serve_target(self) -> None:
        """Everything is embedded: from now on the configured embedder answers."""
        with self._ledger.transaction():
            self._ledger.put("serving", self._target.fingerprint)
            self._ledger.put("serving_name", self._target.name)
            self._ledger.vectors.keep_only(self._target.fingerprint)
        self._serving = None

    # -- writing ----------------------------------------------------------------------------------------------------

    def _job(self, row: FileRow) -> ReadJob:
        root = {folder.name: folder.root for folder in self._config.folders}[row.folder]
        digest = None if row.chunker is None else row.digest
        return ReadJob(row.row, row.folder, root, row.file, row.note, digest, self._config.index.max_file_bytes)

    def _write(self, results: Sequence[ReadNote], tally: _Tally) -> list[ReadNote]:
        """Identities first, durably; then everything found, in one transaction; returns what was written.

        A file that changed again while it was read is left to the next scan; what is stale by now, because the file
        went or was looked at again meanwhile, is dropped.
        """
        results = [one for one in results if not one.changing and self._awaits(one.job)]
        identities: dict[int, Identity] = {}
        taken: set[str] = set()
        for result in results:
            if result.note is not None:
                identity = identities[result.job.row] = self._identity(result, taken)
                taken.add(identity.id)
        self._state.remember(identities.values())
        with self._ledger.transaction():
            for result in results:
                self._enter(result, identities, tally)
        self._tried.difference_update((one.job.row, one.job.file) for one in results)
        return results

    def _enter(self, result: ReadNote, identities: dict[int, Identity], tally: _Tally) -> None:
        job = result.job
        if result.reason is not None:
            self._ledger.skip(job.folder, [(job.file, result.reason)])
            tally.skipped += 1
        elif result.note is None:
            self._ledger.touch(job.row, result.file)
        else:
            identity = identities[job.row]
            found = Found(result.file, identity.id, identity.digest, result.note, result.chunks, self._chunker)
            self._ledger.write(job.row, found)
            tally.modified += job.note is not None
            tally.added += job.note is None

    def _awaits(self, job: ReadJob) -> bool:
        return self._ledger.awaits(job.row, job.folder, job.file, self._chunker)

    def _identity(self, result: ReadNote, taken: set[str]) -> Identity:
        """The note this file is: the one it was, one that was deleted with this content, or a new one."""
        job, digest = result.job, result.digest or ""
        known = job.note or self._state.identify(job.folder, job.file.path, digest)
        id_ = known if known and known not in taken else new_identity()
        return Identity(id_, job.folder, job.file.path, digest, result.file.inode)


def _readable(written: Iterable[ReadNote]) -> list[str]:
    """`folder:path` of what is another text than before."""
    return [f"{one.job.folder}:{one.job.file.path}" for one in written if one.note]


def _unreadable(written: Iterable[ReadNote]) -> list[str]:
    """`folder:path` of what was found to be no text."""
    return [f"{one.job.folder}:{one.job.file.path}" for one in written if one.reason]


def _told(changed: Sequence[str], gone: Sequence[str]) -> Iterator[Saved]:
    if changed or gone:
        yield saved(datetime.now().astimezone(), changed, gone)


def _cores() -> int:
    return len(os.sched_getaffinity(0))
