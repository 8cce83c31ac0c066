"""Upkeep: the thread that keeps the index in line with the notes, and the only one that writes it while it runs.

Others ask it for things and wait: to look at what was just saved, to bring everything up to date, to pause. Knows
nothing of sockets.
"""

from __future__ import annotations

import os
import resource
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from queue import Empty, SimpleQueue
from threading import Event as StopEvent
from typing import TypeVar

from exocortex.core.errors import ExocortexError, IndexStoreError
from exocortex.core.events import Event, Happening, Indexed, Notice, Progress, Saved, saved
from exocortex.core.status import OwnerStatus
from exocortex.indexing import Indexer
from exocortex.storage.database import blames_file
from exocortex.storage.ledger import Ledger
from exocortex.watching import Watcher

FLUSH_SECONDS = 1.0
"""Longest that a search waits for what was just saved."""

_Told = TypeVar("_Told")

_SYNC_SECONDS = 0.1
"""Longest that a search waits for news of what was just saved; it takes a millisecond or two."""
_TICK = 1.0
"""Seconds between looks at the watcher's health."""
_CHORES_EVERY = 60.0
_RETRY_FIRST, _RETRY_MOST = 5.0, 600.0
_NICE = 10
"""Searches are somebody waiting; this isn't."""


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
    ) -> None:
        self._indexer = indexer
        self._ledger = ledger
        self._attach = attach
        """Opens the vector index; done once, on this thread, after the first look at the notes."""
        self._chores = chores
        """Done every minute; what they return is told."""
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
        self._due = True
        self._tries = 0
        self._not_before = self._checked = self._chored = 0.0
        self.problem: str | None = None
        """Why the last attempt failed; None while all is well."""
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
            memory_bytes=_memory(),
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
        return self._is_watched() and self._watcher.due() is None

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
        _give_way()
        with self._guarded():
            self._watcher.start()
        while not self._closing.is_set():
            self._wake.wait(self._patience())
            self._wake.clear()
            with self._guarded():
                self._step()
        self._answer_tickets()

    def _step(self) -> None:
        self._small_things()
        if self._jobs:
            self._carry_out(self._jobs.popleft())
        elif self._due and not self._paused and time.monotonic() >= self._not_before:
            self._catch_up()
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
        while self._pausing:
            self._paused, done = self._pausing.popleft()
            self._indexer.set_paused(self._paused)
            done.set()
        if not self._paused and (self._tickets or self._watcher.due() == 0):
            self._look()
        self._answer_tickets()

    def _look(self) -> None:
        """Make what was saved searchable by words."""
        asked = bool(self._tickets)
        dirty = self._watcher.take_all() if asked else self._watcher.take()
        began = time.monotonic()
        if dirty.rescan or not self._looked or (asked and self._watcher.status().mode != "events"):
            found = self._indexer.refresh(None, FLUSH_SECONDS)
            self._looked = True
            self._watcher.scanned(time.monotonic() - began)
        elif dirty.paths:
            found = self._indexer.refresh(dirty.paths, FLUSH_SECONDS)
        else:
            return
        self._due = self._due or bool(found.changed or found.left)
        if found.changed:
            self._tell(saved(datetime.now().astimezone(), found.changed))

    def _answer_tickets(self) -> None:
        while self._tickets:
            self._tickets.popleft().set()

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
        self._tries, self._not_before, self.problem = 0, 0.0, None

    def _carry_out(self, job: _Job) -> None:
        self._due = False
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

    def _do_chores(self) -> None:
        if time.monotonic() < self._chored + _CHORES_EVERY and self._chored:
            return
        if not self._chored:
            with self._guarded():
                self._attach()
        self._chored = time.monotonic()
        for chore in self._chores:
            with self._guarded():
                if said := chore():
                    self._tell(Notice(said))

    def _tell(self, event: Happening) -> None:
        for told in list(self._listeners):
            told.put(event)

    @contextmanager
    def _guarded(self) -> Iterator[None]:
        """Nothing ends this thread: a failure is told and tried again, later each time."""
        try:
            yield
        except Exception as error:  # noqa: BLE001 (a border: the thread must live on, whatever a disk or a library did)
            self._progress = None
            self.problem = _sentence(error)
            self._due = True
            if time.monotonic() >= self._not_before:  # else it was asked for before its time
                self._not_before = time.monotonic() + min(_RETRY_MOST, _RETRY_FIRST * 2**self._tries)
                self._tries += 1
            if blames_file(error):
                self.damage = error
            self._tell(Notice(self.problem))


def _sentence(error: Exception) -> str:
    if isinstance(error, ExocortexError):
        return f"{error.message} {error.hint}".strip()
    return f"Indexing failed ({type(error).__name__}: {error}); it is tried again."


def _give_way() -> None:
    """On Linux a thread has a priority of its own, which the threads and processes it starts inherit."""
    if sys.platform == "linux":
        with suppress(OSError):
            os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), _NICE)


def _memory() -> int:
    """Bytes of this process in memory now, where that can be told; else at most so far."""
    try:
        pages = int(Path("/proc/self/statm").read_text("ascii").split()[1])
    except (OSError, ValueError):
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)
    return pages * os.sysconf("SC_PAGE_SIZE")
