"""Upkeep: the thread that keeps the index in line with the notes, and the only one that writes it while it runs.

Others ask it for things and wait: to look at what was just saved, to bring everything up to date, to pause. Knows
nothing of sockets.
"""

from __future__ import annotations

import logging
import os
import sqlite3
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from queue import Empty, SimpleQueue
from threading import Event as StopEvent
from typing import TypeVar

from exocortex.burden import give_back, give_way, memory
from exocortex.core.errors import ExocortexError, IndexStoreError
from exocortex.core.events import Event, Happening, Indexed, Notice, Progress, Saved, saved
from exocortex.core.status import OwnerStatus
from exocortex.indexing import Indexer
from exocortex.storage.database import DamagedFileError, blames_file
from exocortex.storage.ledger import Ledger
from exocortex.watching import Dirty, Watcher

FLUSH_SECONDS = 1.0
"""Longest that a search waits for what was just saved."""

_Told = TypeVar("_Told")
_log = logging.getLogger(__name__)

_SYNC_SECONDS = 0.1
"""Longest that a search waits for news of what was just saved; it takes a millisecond or two."""
_TICK = 1.0
"""Seconds between looks at the watcher's health."""
_CHORES_EVERY = 60.0
_RETRY_FIRST, _RETRY_MOST = 5.0, 600.0
_BACKLOG = 1_000
"""Events that somebody who watches may be behind by before steps of progress are left out."""
_ROOM_OR_TIME = (sqlite3.SQLITE_FULL, sqlite3.SQLITE_BUSY)
"""What SQLite finds wrong with a disk or a neighbour, and never with the file."""


@dataclass(slots=True)
class _Job:
    """A run that somebody asked for and follows."""

    retry: bool
    accept_deletions: bool
    stop: StopEvent
    told: SimpleQueue[Event | BaseException] = field(default_factory=SimpleQueue)


class Upkeep:
    """Start it, and the index follows the notes until it is closed."""

    def __init__(
        self,
        indexer: Indexer,
        ledger: Ledger,
        attach: Callable[[], None],
        watcher: Callable[[Callable[[], None]], Watcher],
        chores: Sequence[Callable[[], str | None]] = (),
        files: Sequence[Path] = (),
    ) -> None:
        self._indexer = indexer
        self._ledger = ledger
        self._attach = attach
        """Opens the vector index; done once, on this thread, after the first look at the notes."""
        self._chores = chores
        """Done every minute; what they return is told."""
        self._files = {path: _inode(path) for path in files}
        """What is open, and must stay in its place: a database that was deleted takes in what nobody will find."""
        self._started = datetime.now().astimezone()
        self._wake = threading.Event()
        self._watcher = watcher(self._wake.set)
        self._closing = threading.Event()
        self._tickets: deque[threading.Event] = deque()
        self._jobs: deque[_Job] = deque()
        self._listeners: list[SimpleQueue[Happening]] = []
        self._progress: Progress | None = None
        self._paused = ledger.get("paused") == "1"
        self._pausing: deque[tuple[bool, threading.Event]] = deque()
        self._looked = False
        """Whether all the notes have been looked at, and no look failed since."""
        self._looking = False
        self._due = True
        self._tries = 0
        self._attached = False
        self._not_before = self._checked = 0.0
        self._chored = -_CHORES_EVERY
        self._problem: str | None = None
        self._neglect: str | None = None
        """Why a chore could not be done."""
        self.damage: Exception | None = None
        """The index or its disk is at fault: whoever owns this must close it and open it anew."""
        self._thread = threading.Thread(target=self._work, name="upkeep", daemon=True)

    def start(self) -> None:
        """Begin watching and catching up."""
        self._thread.start()

    def close(self) -> None:
        """Stop within a batch; what is done is kept."""
        self._closing.set()
        self._wake.set()
        if self._thread.ident is not None:
            self._thread.join()
        self._watcher.close()

    # -- asked from other threads -----------------------------------------------------------------------------------

    @property
    def problem(self) -> str | None:
        """Why the last attempt failed; None while all is well."""
        return self._problem or self._neglect

    def run(self, *, retry: bool, accept_deletions: bool, stop: StopEvent) -> Iterator[Event]:
        """Bring everything up to date; this takes the place of what goes on in the background."""
        job = _Job(retry, accept_deletions, stop)
        self._jobs.append(job)
        self._wake.set()
        try:
            while True:
                event = self._heard(job.told)
                if isinstance(event, BaseException):
                    raise event
                if event is not None:
                    yield event
                if isinstance(event, Indexed):
                    return
        finally:
            stop.set()

    def flush(self, seconds: float = FLUSH_SECONDS) -> None:
        """See to it that what is saved by now can be found by its words; waits so long at most."""
        if self._paused or (self._is_watched() and self._watcher.sync(_SYNC_SECONDS) and self.is_current()):
            return
        ticket = threading.Event()
        self._tickets.append(ticket)
        self._wake.set()
        ticket.wait(seconds)

    def watch(self, stop: StopEvent) -> Iterator[Happening]:
        """Whatever happens from now on, until `stop` is set."""
        told: SimpleQueue[Happening] = SimpleQueue()
        self._listeners.append(told)
        try:
            yield Notice((self._looked and self._watcher.status().why) or "Watching.")
            while not stop.is_set():
                event = self._heard(told)
                if event is not None:
                    yield event
        finally:
            self._listeners.remove(told)

    def pause(self, paused: bool) -> None:
        """Do nothing in the background, or go on; remembered by the index. Raises IndexStoreError if it isn't done."""
        done = threading.Event()
        self._pausing.append((paused, done))
        self._wake.set()
        if not done.wait(FLUSH_SECONDS * 5):
            raise IndexStoreError("The index is too busy to be told so.", "Try again in a moment.")

    def status(self) -> OwnerStatus:
        """How this process is doing."""
        return OwnerStatus(
            pid=os.getpid(),
            started=self._started,
            memory_bytes=memory(),
            watch=self._watcher.status(),
            paused=self._paused,
            progress=self._progress,
            problem=self.problem,
        )

    def notices(self) -> tuple[str, ...]:
        """What people who search should know."""
        paused = "Indexing is paused, so later changes are not found; go on with: exo resume" if self._paused else None
        return tuple(filter(None, (paused, self.problem)))

    def is_current(self) -> bool:
        """Whether every change that was noticed has been looked at."""
        # In this order: who looks says so before taking what is due.
        return self._is_watched() and self._watcher.due() is None and not self._looking and self._looked

    def _is_watched(self) -> bool:
        return self._looked and self._thread.is_alive() and self._watcher.status().mode == "events"

    def is_busy(self) -> bool:
        """Whether there is work to do, or somebody watches."""
        return bool(self._listeners or self._jobs or self._progress or (self._due and not self._paused))

    def _heard(self, told: SimpleQueue[_Told]) -> _Told | None:
        try:
            return told.get(timeout=0.2)
        except Empty:
            if not self._thread.is_alive():
                raise IndexStoreError("The index was closed meanwhile.", "Run the command again.") from None
            return None

    # -- the thread -------------------------------------------------------------------------------------------------

    def _work(self) -> None:
        give_way()
        with self._guarded():
            self._watcher.start()
        while not self._closing.is_set():
            self._wake.wait(self._patience())
            self._wake.clear()
            with self._guarded():
                self._step()
        self._answer(self._taken())

    def _step(self) -> None:
        self._small_things()
        if self._jobs:
            self._carry_out(self._jobs.popleft())
        elif self._due and not self._paused and time.monotonic() >= self._not_before:
            self._catch_up()
        self._attach_once()
        self._do_chores()

    def _patience(self) -> float:
        """Seconds until there is something to do without being told."""
        if self._due and not self._paused:
            return max(0.0, min(_TICK, self._not_before - time.monotonic()))
        due = self._watcher.due()
        return _TICK if due is None or self._paused else min(_TICK, due)

    def _small_things(self) -> None:
        """What is done even in the middle of a long run: between two of its batches."""
        if time.monotonic() > self._checked + _TICK:
            self._checked = time.monotonic()
            self._watcher.check()
            self._check_files()
        while self._pausing:
            paused, done = self._pausing.popleft()
            self._indexer.set_paused(paused)
            self._paused = paused
            done.set()
        if not self._paused and (self._tickets or self._watcher.due() == 0):
            with self._guarded():
                self._look()
        if self._paused:
            self._answer(self._taken())

    def _check_files(self) -> None:
        lost = [path.name for path, inode in self._files.items() if _inode(path) != inode]
        if lost and self.damage is None:
            self.damage = IndexStoreError(f"{' and '.join(lost)} was deleted or replaced.", "It is opened anew.")

    def _look(self) -> None:
        """Make what was saved searchable by words; whoever waits for it is told, whether it succeeds or not."""
        tickets = self._taken()
        self._looking = True
        try:
            self._look_at(self._watcher.take_all() if tickets else self._watcher.take(), asked=bool(tickets))
        except BaseException:
            self._looked = False  # what was taken is known to nobody any more: only a look at all the notes finds it
            raise
        finally:
            self._looking = False
            self._answer(tickets)

    def _look_at(self, dirty: Dirty, *, asked: bool) -> None:
        began = time.monotonic()
        if dirty.rescan or not self._looked or (asked and self._watcher.status().mode != "events"):
            found = self._indexer.refresh(None, FLUSH_SECONDS)
            self._looked = True
            self._watcher.scanned(time.monotonic() - began)
        elif dirty.paths:
            found = self._indexer.refresh(dirty.paths, FLUSH_SECONDS)
        else:
            return
        self._due = self._due or bool(found.changed or found.gone or found.left)
        if found.changed or found.gone:
            self._tell(saved(datetime.now().astimezone(), found.changed, found.gone))

    def _taken(self) -> list[threading.Event]:
        """The tickets handed in so far; of what is handed in from now on, the next look is."""
        return [self._tickets.popleft() for _ in range(len(self._tickets))]

    def _answer(self, tickets: Iterable[threading.Event]) -> None:
        for ticket in tickets:
            ticket.set()

    def _catch_up(self) -> None:
        """Words and meaning of all that isn't in yet; broken off for anything more urgent."""
        stop = StopEvent()
        self._due = False
        for event in self._indexer.run(stop=stop, unasked=True):
            self._follow(event)
            if self._closing.is_set() or self._jobs or self._paused:
                stop.set()
                self._due = True
        self._succeeded()

    def _succeeded(self) -> None:
        self._looked = True
        self._tries, self._not_before, self._problem = 0, 0.0, None

    def _carry_out(self, job: _Job) -> None:
        self._due = False
        self._chored = -_CHORES_EVERY
        self._do_chores()
        try:
            for event in self._indexer.run(retry=job.retry, accept_deletions=job.accept_deletions, stop=job.stop):
                self._follow(event)
                job.told.put(event)
                if self._closing.is_set():
                    job.stop.set()
                self._due = self._due or (isinstance(event, Indexed) and event.stopped)
            self._succeeded()
        except BaseException as error:
            self._due = True
            job.told.put(error)
            raise

    def _follow(self, event: Event) -> None:
        if not isinstance(event, Saved):
            self._progress = event if isinstance(event, Progress) else None
        self._tell(event)
        self._small_things()
        self._do_chores()

    def _do_chores(self) -> None:
        """Every minute, in the middle of a long run too."""
        if time.monotonic() < self._chored + _CHORES_EVERY:
            return
        self._chored = time.monotonic()
        failed = None
        for chore in self._chores:
            try:
                if said := chore():
                    self._tell(Notice(said))
            except Exception as error:  # noqa: BLE001 (a border, as in `_guarded`)
                failed = self._noted(error)
        self._neglect = failed
        give_back()

    def _attach_once(self) -> None:
        """After the first run, which nobody should wait longer for."""
        if not self._attached:
            self._attached = True
            with self._guarded():
                self._attach()

    def _tell(self, event: Happening) -> None:
        for told in list(self._listeners):
            if told.qsize() < _BACKLOG or not isinstance(event, Progress):
                told.put(event)

    @contextmanager
    def _guarded(self) -> Iterator[None]:
        """Nothing ends this thread: a failure is told and tried again, later each time."""
        try:
            yield
        except Exception as error:  # noqa: BLE001 (a border: the thread must live on, whatever a disk or a library did)
            self._progress = None
            self._problem = self._noted(error)
            self._due = True
            if time.monotonic() >= self._not_before:  # else it was asked for before its time
                self._not_before = time.monotonic() + min(_RETRY_MOST, _RETRY_FIRST * 2**self._tries)
                self._tries += 1

    def _noted(self, error: Exception) -> str:
        """Told, logged if nobody expected it, and taken for damage if a sound file doesn't give it; for people."""
        said = _sentence(error)
        if not isinstance(error, ExocortexError):
            _log.exception("the index could not be kept up")
        if isinstance(error, DamagedFileError) or (
            blames_file(error) and error.sqlite_errorcode & 0xFF not in _ROOM_OR_TIME
        ):
            self.damage = error
        self._tell(Notice(said))
        return said


def _inode(path: Path) -> int | None:
    try:
        return path.stat().st_ino
    except OSError:
        return None


def _sentence(error: Exception) -> str:
    if isinstance(error, ExocortexError):
        return error.told
    return f"Indexing failed ({type(error).__name__}: {error}); it is tried again."
