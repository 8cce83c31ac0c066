"""Indexing: brings the index up to the notes, words first, then meaning; stopped anywhere, it goes on from there."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from threading import Event as StopEvent
from typing import TYPE_CHECKING

from exocortex.config import Config
from exocortex.core.chunks import CHUNKER, embedding_input
from exocortex.core.events import Event, Indexed, Progress
from exocortex.reading import ReadJob, ReadNote, read_note, read_notes
from exocortex.scanning import Scanned, Scanner
from exocortex.storage.ledger import FileRow, Found, Ledger
from exocortex.storage.state import Identity, State, new_identity

if TYPE_CHECKING:
    from exocortex.core.ports import Embedder
    from exocortex.meaning import Meaning

REFRESH_SECONDS = 1.0
"""Longest that a search waits for changed notes."""

_TRANSACTION_NOTES = 200
_TRANSACTION_SECONDS = 0.5
_EMBEDDING_BATCH = 128


@dataclass(slots=True)
class _Tally:
    """What a run did, while it runs."""

    added: int = 0
    modified: int = 0
    moved: int = 0
    removed: int = 0
    skipped: int = 0
    embedded: int = 0


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

    # -- the two ways in --------------------------------------------------------------------------------------------

    def run(self, *, retry: bool = False, stop: StopEvent | None = None) -> Iterator[Event]:
        """Everything, with progress; `stop` ends it within a batch and keeps what is done."""
        stop = stop or StopEvent()
        began = time.monotonic()
        tally = _Tally()
        if retry:
            with self._ledger.transaction():
                self._ledger.retry_skipped()
        yield Progress("scan", 0, len(self._config.folders), 0.0)
        scanned = self._scan()
        tally.moved, tally.removed = scanned.moved, scanned.removed
        yield Progress("scan", len(self._config.folders), len(self._config.folders), time.monotonic() - began)
        yield from self._words(self._ledger.pending(), tally, stop)
        yield from self._recut(tally, stop)
        yield from self._embed(tally, stop)
        if not stop.is_set():
            self._serve_target()
            yield from self._meaning.publish(self._target.fingerprint, stop)
            with self._ledger.transaction():
                self._ledger.vectors.purge(time.time())
        yield Indexed(
            *(tally.added, tally.modified, tally.moved, tally.removed, tally.skipped, tally.embedded),
            stopped=stop.is_set(),
            seconds=time.monotonic() - began,
        )

    def refresh(self, seconds: float = REFRESH_SECONDS) -> None:
        """Make what changed on disk searchable by words, for at most about this long; the rest stays pending."""
        deadline = time.monotonic() + seconds
        self._scan()
        read: list[ReadNote] = []
        for row in self._ledger.pending():
            if time.monotonic() > deadline:
                break
            read.append(read_note(self._job(row), self._count))
        self._write(read, _Tally())

    # -- stages -----------------------------------------------------------------------------------------------------

    def _scan(self) -> Scanned:
        now = datetime.now().astimezone()
        scanned = self._scanner.scan(self._config.folders)
        self.away, self.warnings = scanned.away, scanned.warnings
        self._ledger.put("scanned_at", now.isoformat())
        return scanned

    def _words(self, rows: Sequence[FileRow], tally: _Tally, stop: StopEvent) -> Iterator[Progress]:
        """Read the pending files and write what is found, a transaction every half second."""
        began = committed = time.monotonic()
        batch: list[ReadNote] = []
        results = read_notes([self._job(row) for row in rows], self._count, _cores())
        for done, result in enumerate(results, start=1):
            batch.append(result)
            full = len(batch) >= _TRANSACTION_NOTES or time.monotonic() - committed > _TRANSACTION_SECONDS
            if full or done == len(rows):
                self._write(batch, tally)
                batch, committed = [], time.monotonic()
                yield Progress("words", done, len(rows), time.monotonic() - began)
                if stop.is_set():
                    return

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
        for embedder in filter(None, (self._serving, self._target)):
            began = time.monotonic()
            keys = self._ledger.vectors.missing(embedder.fingerprint)
            for first in range(0, len(keys), _EMBEDDING_BATCH):
                if stop.is_set():
                    return
                found = self._ledger.vectors.inputs(keys[first : first + _EMBEDDING_BATCH])
                self._store(embedder, [one.key for one in found], [one.text for one in found], tally)
                done = min(first + _EMBEDDING_BATCH, len(keys))
                yield Progress("meaning", done, len(keys), time.monotonic() - began)

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
        root = next(folder.root for folder in self._config.folders if folder.name == row.folder)
        digest = None if row.chunker is None else row.digest
        return ReadJob(row.row, row.folder, root, row.file, row.note, digest, self._config.index.max_file_bytes)

    def _write(self, results: Sequence[ReadNote], tally: _Tally) -> None:
        """Identities first, durably; then everything found, in one transaction.

        A file that changed again while it was read, or went meanwhile, is left to the next scan.
        """
        results = [one for one in results if not one.changing and self._holds(one.job)]
        identities: dict[int, Identity] = {}
        for result in results:
            if result.note is not None:
                identities[result.job.row] = self._identity(result, {one.id for one in identities.values()})
        self._state.remember(identities.values())
        with self._ledger.transaction():
            for result in results:
                self._enter(result, identities, tally)

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

    def _holds(self, job: ReadJob) -> bool:
        return self._ledger.holds(job.row, job.folder, job.file.path)

    def _identity(self, result: ReadNote, taken: set[str]) -> Identity:
        """The note this file is: the one it was, one that was deleted with this content, or a new one."""
        job, digest = result.job, result.digest or ""
        known = job.note or self._state.identify(job.folder, job.file.path, digest)
        id_ = known if known and known not in taken else new_identity()
        return Identity(id_, job.folder, job.file.path, digest, result.file.inode)


def _cores() -> int:
    return len(os.sched_getaffinity(0))
