"""Lending: the one open index, lent to calls many at once, opened anew between calls, and closed for good at the end.

It is open, being changed, or closed. Nobody is lent an index that is about to be closed, nothing is closed under a call
that can be told to stop, and once it is closed it is never opened again: then the lock may go.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from threading import Event as StopEvent
from typing import TYPE_CHECKING, Literal

from exocortex.config import Config
from exocortex.core.errors import ExocortexError, OwnerError
from exocortex.storage.damage import blame

if TYPE_CHECKING:
    from exocortex.cortex import Cortex

NOTICE_SECONDS = 5.0
"""What running calls are given to end in, before the index is closed."""

_AGAIN = "Try again in a moment."


class Lending:
    """Asked from many threads. `open_index` is given the settings and something to tell what it did."""

    def __init__(
        self, config: Config, open_index: Callable[[Config, Callable[[str], None]], Cortex], log: Callable[[str], None]
    ) -> None:
        """Raises ExocortexError if the index can't be opened."""
        self._open_index = open_index
        self._log = log
        self._turn = threading.Condition()
        self._state: Literal["open", "changing", "closed"] = "open"
        self._calls: set[_Call] = set()
        self.config = config
        """The settings in force."""
        self.asked = time.monotonic()
        """When a call ended last."""
        self.cortex: Cortex | None = open_index(config, log)
        """None while it can't be opened."""

    @property
    def in_use(self) -> bool:
        """Whether a call runs, or what was asked for goes on by itself."""
        cortex = self.cortex
        return bool(self._calls) or bool(cortex and cortex.upkeep and cortex.upkeep.is_busy())

    @contextmanager
    def lend(self, stop: StopEvent | None = None) -> Iterator[Cortex]:
        """The index for one call, whose `stop` is set if it can't be waited for; raises what keeps it closed."""
        call = _Call(stop)
        with self._turn:
            self._await_open()
            if self.cortex is None:
                self._reopen()
            assert self.cortex is not None
            cortex = self.cortex
            self._calls.add(call)
        try:
            yield cortex
        finally:
            with self._turn:
                self._calls.discard(call)
                self.asked = time.monotonic()
                self._turn.notify_all()

    def bring_into_force(self, config: Config) -> None:
        """Open the index by these settings, unless it is; raises OwnerError if that can't be done now."""
        with self._turn:
            self._await_open()
            if config == self.config:
                return
            self._begin_changing()
        self._log("settings changed")
        self._change(lambda: setattr(self, "config", config))

    def mend(self, error: Exception) -> None:
        """Find what is damaged and set it aside, because of an error that no sound file gives."""
        with self._turn:
            self._await_open()
            self._begin_changing()
        self._log(f"opening the index anew: {error}")
        self._change(lambda: blame(self.config.home, error))

    def wait_for_calls(self) -> None:
        """Until none runs, or for a while."""
        with self._turn:
            self._turn.wait_for(lambda: not self._calls, NOTICE_SECONDS)

    def close(self) -> None:
        """For good, once what goes on has ended, or had its time."""
        with self._turn:
            self._turn.wait_for(lambda: self._state != "changing")
            self._state = "closed"
            self._hurry()
        self._close_index()

    def _await_open(self) -> None:
        """With the turn."""
        if not self._turn.wait_for(lambda: self._state != "changing", NOTICE_SECONDS * 2):
            raise OwnerError("The owner is busy with opening the index anew.", _AGAIN)
        if self._state == "closed":
            raise OwnerError("The process that holds the index is ending.", _AGAIN)

    def _begin_changing(self) -> None:
        """With the turn, which others may have while calls are waited for."""
        self._state = "changing"
        self._hurry()

    def _hurry(self) -> None:
        for call in self._calls:
            if call.stop is not None:
                call.stop.set()
        self._turn.wait_for(lambda: not self._calls, NOTICE_SECONDS)

    def _change(self, between: Callable[[], object]) -> None:
        try:
            self._close_index()
            between()
            with suppress(ExocortexError):  # it was logged; the next call tries again and is told
                self._reopen()
        finally:
            with self._turn:
                self._state = "open"
                self._turn.notify_all()

    def _reopen(self) -> None:
        try:
            self.cortex = self._open_index(self.config, self._log)
        except ExocortexError as error:
            self._log(error.message)
            raise

    def _close_index(self) -> None:
        cortex, self.cortex = self.cortex, None
        if cortex is not None:
            cortex.close()


class _Call:
    """A call that runs."""

    def __init__(self, stop: StopEvent | None) -> None:
        self.stop = stop
