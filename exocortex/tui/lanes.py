"""Lanes: lines to the owner of the index, each with a thread of its own that asks and posts what comes back.

A thread can't be stopped from outside. These are daemons, so that leaving waits for none of them.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from threading import Event as StopEvent
from typing import TYPE_CHECKING

from textual.message import Message
from textual.message_pump import MessagePump

from exocortex.core.errors import EngineError, ExocortexError, OwnerError

if TYPE_CHECKING:
    from exocortex.core.service import CortexPort

ASIDE = "aside"
"""What work that asks no owner calls itself where it fails."""

Work = Callable[["CortexPort", StopEvent], Iterable[Message]]
"""Asks, and gives the messages that tell of it; it looks at the event while it lasts."""


@dataclass
class Failed(Message):
    """Something asked on a lane failed."""

    lane: str
    error: ExocortexError


@dataclass(frozen=True, slots=True)
class _Job:
    target: MessagePump
    work: Work
    stop: StopEvent = field(default_factory=StopEvent)


class Lane:
    """One line and its thread. What is given while it works waits; unless it queues, only the newest does."""

    def __init__(self, name: str, reach: Callable[[], CortexPort], *, queues: bool = False) -> None:
        self.name = name
        self._reach = reach
        self._queues = queues
        self._waiting: deque[_Job] = deque()
        self._changed = threading.Condition()
        self._running: _Job | None = None
        self._cortex: CortexPort | None = None
        self._closed = False
        self._thread: threading.Thread | None = None

    def give(self, target: MessagePump, work: Work) -> StopEvent:
        """Have this done; what comes of it is posted to `target`. Setting the event ends it soon."""
        job = _Job(target, work)
        with self._changed:
            if not self._queues:
                self._drop()
            self._waiting.append(job)
            self._changed.notify()
        if self._thread is None:
            self._thread = threading.Thread(target=self._work, name=f"lane {self.name}", daemon=True)
            self._thread.start()
        return job.stop

    def stop(self) -> None:
        """Drop what waits, and end what runs."""
        with self._changed:
            self._drop()

    def close(self) -> None:
        """The same, and do nothing any more."""
        with self._changed:
            self._closed = True
            self._drop()
            self._changed.notify()

    def _drop(self) -> None:
        self._waiting.clear()
        if self._running is not None:
            self._running.stop.set()

    def _work(self) -> None:
        while (job := self._next()) is not None:
            try:
                self._do(job)
            except ExocortexError as error:
                if isinstance(error, OwnerError):
                    self._hang_up()
                job.target.post_message(Failed(self.name, error))
            except Exception as error:  # noqa: BLE001 (the border: a lane outlives whatever is asked on it)
                self._hang_up()
                job.target.post_message(Failed(self.name, _unexpected(error)))
        self._hang_up()

    def _next(self) -> _Job | None:
        with self._changed:
            self._running = None
            while not self._waiting and not self._closed:
                self._changed.wait()
            if self._closed:
                return None
            self._running = self._waiting.popleft()
            return self._running

    def _do(self, job: _Job) -> None:
        if self._cortex is None:
            self._cortex = self._reach()
        for message in job.work(self._cortex, job.stop):
            job.target.post_message(message)

    def _hang_up(self) -> None:
        if self._cortex is not None:
            with suppress(Exception):
                self._cortex.close()
            self._cortex = None


def aside(target: MessagePump, work: Callable[[StopEvent], Iterable[Message]]) -> StopEvent:
    """Have something done that asks no owner, on a thread of its own; what comes of it is posted to `target`."""
    stop = StopEvent()

    def run() -> None:
        try:
            for message in work(stop):
                target.post_message(message)
        except ExocortexError as error:
            target.post_message(Failed(ASIDE, error))
        except Exception as error:  # noqa: BLE001 (the border: the screen is told, whatever it is)
            target.post_message(Failed(ASIDE, _unexpected(error)))

    threading.Thread(target=run, name=ASIDE, daemon=True).start()
    return stop


def _unexpected(error: Exception) -> EngineError:
    return EngineError(f"Something unexpected went wrong ({type(error).__name__}: {error}).", "")
