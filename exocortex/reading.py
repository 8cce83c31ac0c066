"""Reading: one file's bytes made into a parsed and cut note, here or in worker processes. Writes nothing."""

from __future__ import annotations

import gc
import os
import signal
import time
from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass, replace
from hashlib import blake2b
from pathlib import Path
from threading import Thread

from exocortex.core.chunks import Chunk, cut
from exocortex.core.notes import ParsedNote
from exocortex.core.ports import TokenCounter
from exocortex.storage.vault import FileStat, NoteChangedError, NoteSkippedError, read

WORTH_WORKERS = 2_000_000
"""Bytes to read from which on starting worker processes pays."""

_BATCH = 40
_BATCH_BYTES = 1_000_000


@dataclass(frozen=True, slots=True)
class ReadJob:
    """A file to be read."""

    row: int
    """Its row in the ledger."""
    folder: str
    root: Path
    file: FileStat
    note: str | None
    """The note's identity, if it was indexed before."""
    known_digest: str | None
    """Digest under which it is indexed as it should be; an equal file is not parsed again."""
    max_bytes: int


@dataclass(frozen=True, slots=True)
class ReadNote:
    """What became of a file: a note with its chunks, or a reason, or neither if nothing changed in it."""

    job: ReadJob
    file: FileStat
    """Its stat while it was read."""
    digest: str | None
    note: ParsedNote | None
    """Without `text` and `blocks`: the chunks hold the text."""
    chunks: tuple[Chunk, ...]
    reason: str | None
    changing: bool = False
    """It was written to while it was read; the next scan sees it again."""


def read_note(job: ReadJob, count: TokenCounter) -> ReadNote:
    """Read, parse and cut one file."""
    from exocortex.parsing import Unreadable, parse

    def failed(reason: str) -> ReadNote:
        return ReadNote(job, job.file, None, None, (), reason)

    try:
        data, file = read(job.root, job.file.raw, job.max_bytes)
        file = _settled(file)
    except NoteSkippedError as error:
        return failed(error.reason)
    except NoteChangedError:
        return ReadNote(job, job.file, None, None, (), None, changing=True)
    digest = blake2b(data, digest_size=16).hexdigest()
    if digest == job.known_digest:
        return ReadNote(job, file, digest, None, (), None)
    try:
        note = parse(data, Path(job.file.path).name)
        chunks = tuple(cut(note, count))
    except Unreadable as error:
        return failed(error.message)
    except Exception as error:  # noqa: BLE001 - one odd note must not keep the others out
        return failed(f"its text could not be taken apart ({type(error).__name__})")
    return ReadNote(job, file, digest, replace(note, text="", blocks=()), chunks, None)


def _settled(file: FileStat) -> FileStat:
    """A file that may be written again without a trace: the next scan shall find it different, and read it again."""
    return replace(file, ctime_ns=0) if file.is_racy(time.time_ns()) else file


def read_notes(jobs: Sequence[ReadJob], count: TokenCounter, workers: int) -> Iterator[ReadNote]:
    """Read many files, in worker processes if there is enough to do; results come in the order of the jobs."""
    if workers < 2 or sum(job.file.size for job in jobs) < WORTH_WORKERS:
        for job in jobs:
            yield read_note(job, count)
        return
    done = 0
    try:
        for result in _read_in_workers(jobs, count, workers):
            yield result
            done += 1
    except BrokenProcessPool:
        suspects = done + _BATCH * (workers * 2 + 2)
        yield from _read_one_by_one(jobs[done:suspects], count)
        yield from read_notes(jobs[suspects:], count, workers)


def _read_in_workers(jobs: Sequence[ReadJob], count: TokenCounter, workers: int) -> Iterator[ReadNote]:
    """A few batches ahead of the consumer, so that results don't pile up in memory."""
    with _pool(workers) as pool:
        ahead: deque[Future[list[ReadNote]]] = deque()
        try:
            for batch in _batches(jobs):
                ahead.append(pool.submit(_read_batch, batch, count))
                if len(ahead) > workers * 2:
                    yield from ahead.popleft().result()
            while ahead:
                yield from ahead.popleft().result()
        finally:
            for future in ahead:
                future.cancel()


def _batches(jobs: Sequence[ReadJob]) -> Iterator[Sequence[ReadJob]]:
    """A few files at a time, and fewer where they are large: a batch's results are in memory together."""
    first = size = 0
    for number, job in enumerate(jobs):
        if number - first >= _BATCH or (size and size + job.file.size > _BATCH_BYTES):
            yield jobs[first:number]
            first = number
            size = 0
        size += job.file.size
    if first < len(jobs):
        yield jobs[first:]


def _read_one_by_one(jobs: Sequence[ReadJob], count: TokenCounter) -> Iterator[ReadNote]:
    """After a worker died: a file at a time until the culprit is found, which is then skipped."""
    done = 0
    with _pool(1) as pool:
        for job in jobs:
            done += 1
            try:
                yield pool.submit(_read_batch, [job], count).result()[0]
            except BrokenProcessPool:
                yield ReadNote(job, job.file, None, None, (), "reading it crashed the parser")
                break
    yield from read_notes(jobs[done:], count, workers=2)


def _pool(workers: int) -> ProcessPoolExecutor:
    from multiprocessing import get_context

    return ProcessPoolExecutor(workers, mp_context=get_context("spawn"), initializer=_begin_worker)


def _begin_worker() -> None:
    """Ctrl-C reaches the whole process group; only the process in front decides what to do about it.

    Parsing makes millions of small objects and hardly a cycle: looking for cycles less often saves a tenth of the time.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    gc.set_threshold(100_000)
    Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    """A worker waits for work for good if the process that would send some is killed."""
    from multiprocessing import parent_process
    from multiprocessing.connection import wait

    if (parent := parent_process()) is not None:
        wait([parent.sentinel])
        os._exit(1)


def _read_batch(jobs: Sequence[ReadJob], count: TokenCounter) -> list[ReadNote]:
    return [read_note(job, count) for job in jobs]
