"""Owner: the one process that holds a home's index, for every other one; from taking the lock to giving it back.

It ends when it is told to, when nobody has asked it anything for a while, when a newer program wants its place, and
when its home is gone.
"""

from __future__ import annotations

import os
import signal
import sqlite3
import threading
import time
import traceback
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from datetime import datetime
from threading import Event as StopEvent
from typing import TYPE_CHECKING

from exocortex.config import Config
from exocortex.config.meeting import Meeting, make_key, remove_meeting, socket_path, write_meeting
from exocortex.config.sharing import shared, unpack_settings
from exocortex.core.errors import ExocortexError, OwnerError
from exocortex.core.handshake import PROTOCOL, Hello, Welcome
from exocortex.frames import this_build
from exocortex.server import Server
from exocortex.storage.damage import blame
from exocortex.storage.database import blames_file
from exocortex.storage.lock import IndexLock

if TYPE_CHECKING:
    from exocortex.core.service import CortexPort
    from exocortex.cortex import Cortex

NOTICE_SECONDS = 5.0
"""What running calls are given to end in, before new settings or a newer program."""

_TICK = 0.5
_CHECK_SECONDS = 60.0
"""At most so often the files are looked over for damage."""


class Owner:
    """Holds the lock, the index and the socket of one home; `serve` until something ends it."""

    def __init__(
        self,
        config: Config,
        environ: Mapping[str, str],
        open_index: Callable[[Config, Callable[[str], None]], Cortex],
        *,
        stays: bool = False,
    ) -> None:
        """Raises IndexHeldError if another process has the lock. `stays`: never ends for being idle."""
        self._config = shared(config)
        self._environ = environ
        self._open_index = open_index
        self._stays = stays
        self._build = this_build(PROTOCOL)
        self._stop = threading.Event()
        self._turn = threading.Condition()
        self._calls: set[_Call] = set()
        self._changing = False
        self._cortex: Cortex | None = None
        self._failure: ExocortexError | None = None
        self._asked = time.monotonic()
        self._checked = -_CHECK_SECONDS
        self._lock = IndexLock(config.home)
        self._lock.acquire()
        self._opened = ExitStack()
        self._opened.callback(self._lock.release)

    def serve(self, ready: Callable[[], None]) -> None:
        """Answer until told to end; `ready` is called once clients are heard.

        Raises ExocortexError if the index can't be opened at first.
        """
        with self._opened:
            self._opened.callback(self._close_index)
            self._cortex = self._open_index(self._config, log)
            place = socket_path(self._config.home, self._environ)
            server = Server(place, make_key(self._config.home), self)
            self._opened.callback(server.close)
            self._opened.callback(remove_meeting, self._config.home)
            server.start()
            write_meeting(self._config.home, Meeting(os.getpid(), place))
            ready()
            while not self._stop.wait(_TICK):
                self._look_after(server)

    def end(self) -> None:
        """Make `serve` return soon; what is done is kept."""
        self._stop.set()

    def end_on_signals(self) -> None:
        """SIGTERM, SIGINT and SIGHUP end it in an orderly way."""
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(number, lambda *_: self.end())

    # -- what the server asks ---------------------------------------------------------------------------------------

    def greet(self, hello: Hello) -> Welcome:
        """Decide about a client; one with other settings brings them into force."""
        self._asked = time.monotonic()
        if self._stop.is_set():
            return Welcome("closing", self._build, os.getpid())
        if hello.build.is_newer_than(self._build):
            threading.Thread(target=self._make_way, name="retire", daemon=True).start()
            return Welcome("older", self._build, os.getpid())
        if self._build.is_newer_than(hello.build):
            return Welcome("newer", self._build, os.getpid())
        if hello.config is not None:
            self._bring_into_force(unpack_settings(hello.config, self._config.home))
        return Welcome("welcome", self._build, os.getpid())

    @contextmanager
    def lend(self, stop: StopEvent | None = None) -> Iterator[CortexPort]:
        """The index for one call; raises what kept it from being opened."""
        call = _Call(stop)
        with self._turn:
            if not self._turn.wait_for(lambda: not self._changing, NOTICE_SECONDS * 2):
                raise OwnerError("The owner is busy with changing its settings.", "Try again in a moment.")
            if self._cortex is None:
                self._reopen()
            assert self._cortex is not None
            self._calls.add(call)
            cortex = self._cortex
        try:
            yield cortex
        finally:
            with self._turn:
                self._calls.discard(call)
                self._asked = time.monotonic()
                self._turn.notify_all()

    def explain(self, error: Exception) -> ExocortexError | None:
        """What SQLite says of a file, for people; and whatever it was, the files are looked at as soon as can be."""
        cortex = self._cortex
        if cortex is None or not blames_file(error):
            self._doubt(error)
            return None
        if error.sqlite_errorcode & 0xFF in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB):
            self._doubt(error)
        return cortex.explain(error)

    def _doubt(self, error: Exception) -> None:
        """A flipped bit within a row is no error to SQLite, and any to what reads it."""
        if self._cortex is not None and self._cortex.upkeep is not None:
            self._cortex.upkeep.damage = error

    def report(self, error: BaseException) -> None:
        """Write it to standard error, which is the log."""
        log("".join(traceback.format_exception(error)))

    def retire(self) -> None:
        """End, because a client said so."""
        log("told to end")
        self.end()

    # -- looking after itself ---------------------------------------------------------------------------------------

    def _look_after(self, server: Server) -> None:
        if not self._lock.is_in_force():
            log("the home is gone")
            self.end()
        elif not server.is_listening():
            log("the socket is gone")
            self.end()
        elif (error := self._doubted()) is not None and time.monotonic() > self._checked + _CHECK_SECONDS:
            self._checked = time.monotonic()
            log(f"opening the index anew: {error}")
            self._change(self._config, because=error)
        elif self._is_idle(server):
            log("idle")
            self.end()

    def _doubted(self) -> Exception | None:
        """The error that makes the files look damaged."""
        return self._cortex.upkeep.damage if self._cortex is not None and self._cortex.upkeep is not None else None

    def _is_idle(self, server: Server) -> bool:
        if self._stays or self._calls or time.monotonic() < self._asked + self._config.owner.idle_minutes * 60:
            return False
        return not server.clients and not (self._cortex and self._cortex.upkeep and self._cortex.upkeep.is_busy())

    def _make_way(self) -> None:
        """For a newer program: when nothing runs, or after a while."""
        with self._turn:
            self._turn.wait_for(lambda: not self._calls, NOTICE_SECONDS)
        log("a newer program takes over")
        self.end()

    def _bring_into_force(self, config: Config) -> None:
        if config != self._config:
            log("settings changed")
            self._change(config)

    def _change(self, config: Config, because: Exception | None = None) -> None:
        """Close the index and open it with these settings, between calls; one that doesn't end is told to.

        `because` of an error that no sound file gives, what is damaged is found and set aside in between.
        """
        with self._turn:
            if not self._turn.wait_for(lambda: not self._changing, NOTICE_SECONDS * 2):
                return
            self._changing = True
            for call in self._calls:
                if call.stop is not None:
                    call.stop.set()
            self._turn.wait_for(lambda: not self._calls, NOTICE_SECONDS)
        try:
            self._close_index()
            self._config = config
            if because is not None:
                blame(config.home, because)
            with suppress(ExocortexError):
                self._reopen()
        finally:
            with self._turn:
                self._changing = False
                self._turn.notify_all()

    def _reopen(self) -> None:
        """Raises ExocortexError if the index still can't be opened."""
        try:
            self._cortex = self._open_index(self._config, log)
        except ExocortexError as error:
            log(error.message)
            raise

    def _close_index(self) -> None:
        cortex, self._cortex = self._cortex, None
        if cortex is not None:
            cortex.close()


class _Call:
    """A call that runs."""

    def __init__(self, stop: StopEvent | None) -> None:
        self.stop = stop


def log(text: str) -> None:
    """A dated line on standard error, which is the log."""
    moment = datetime.now().astimezone().isoformat(sep=" ", timespec="seconds")
    with suppress(OSError):
        os.write(2, f"{moment} [{os.getpid()}] {text}\n".encode("utf-8", "backslashreplace"))
