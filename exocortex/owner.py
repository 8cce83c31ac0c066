"""Owner: the one process that holds a home's index, for every other one; from taking the lock to giving it back.

It ends when it is told to, when nobody has asked it anything for a while, when a newer program wants its place, and
when its home is gone.
"""

from __future__ import annotations

import os
import select
import signal
import sqlite3
import threading
import time
import traceback
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, ExitStack, suppress
from datetime import datetime
from threading import Event as StopEvent
from typing import TYPE_CHECKING

from exocortex.config import Config
from exocortex.config.meeting import Meeting, make_key, remove_meeting, socket_path, write_meeting
from exocortex.config.sharing import shared, unpack_settings
from exocortex.core.errors import ExocortexError, OwnerError
from exocortex.core.handshake import PROTOCOL, Hello, Welcome
from exocortex.frames import this_build
from exocortex.lending import Lending
from exocortex.server import Server
from exocortex.storage.database import blames_file
from exocortex.storage.lock import IndexLock

if TYPE_CHECKING:
    from exocortex.cortex import Cortex

_TICK = 0.5
_CHECK_SECONDS = 60.0
"""At most so often the files are looked over for damage."""

_NO_SIGN_OF_DAMAGE = (OSError, MemoryError, RecursionError)
"""What a disk, a network or a long text gives, however sound the files are."""


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
        self._ended = False
        self._retiring = threading.Lock()
        self._greeted = time.monotonic()
        self._checked = -_CHECK_SECONDS
        self._lending: Lending | None = None
        self._lock = IndexLock(config.home)
        self._lock.acquire()
        self._opened = ExitStack()
        self._opened.callback(self._lock.release)
        self._hears, self._bell = os.pipe()
        self._opened.callback(os.close, self._hears)
        self._opened.callback(os.close, self._bell)

    def serve(self, ready: Callable[[], None]) -> None:
        """Answer until told to end; `ready` is called once clients are heard.

        Raises ExocortexError if the index can't be opened at first.
        """
        home = self._config.home
        with self._opened:
            self._lending = Lending(self._config, self._open_index, log)
            self._opened.callback(self._lending.close)
            place = socket_path(home, self._environ)
            server = Server(place, make_key(home), self)
            self._opened.callback(server.close)
            self._opened.callback(remove_meeting, home)
            server.start()
            write_meeting(home, Meeting(os.getpid(), place))
            ready()
            while not self._ended:
                self._look_after(server, self._lending)
                select.select([self._hears], [], [], _TICK)

    def end(self) -> None:
        """Make `serve` return soon; what is done is kept. Safe in a signal handler, as no lock would be."""
        self._ended = True
        with suppress(OSError):
            os.write(self._bell, b".")

    def end_on_signals(self) -> None:
        """SIGTERM, SIGINT and SIGHUP end it in an orderly way."""
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(number, lambda *_: self.end())

    # -- what the server asks ---------------------------------------------------------------------------------------

    def greet(self, hello: Hello) -> Welcome:
        """Decide about a client; one with other settings brings them into force, or is told why that can't be."""
        self._greeted = time.monotonic()
        lending = self._lending
        if self._ended or lending is None:
            return Welcome("closing", self._build, os.getpid())
        if hello.build.is_newer_than(self._build):
            if self._retiring.acquire(blocking=False):
                threading.Thread(target=self._make_way, args=(lending,), name="retire", daemon=True).start()
            return Welcome("older", self._build, os.getpid())
        if self._build.is_newer_than(hello.build):
            return Welcome("newer", self._build, os.getpid())
        if hello.config is not None:
            lending.bring_into_force(unpack_settings(hello.config, self._config.home))
        return Welcome("welcome", self._build, os.getpid())

    def lend(self, stop: StopEvent | None = None) -> AbstractContextManager[Cortex]:
        """The index for one call; raises what kept it from being opened."""
        assert self._lending is not None
        return self._lending.lend(stop)

    def explain(self, error: Exception) -> ExocortexError | None:
        """What SQLite says of a file, for people; and if it may be damaged, it is looked at as soon as can be."""
        cortex = self._lending.cortex if self._lending is not None else None
        if cortex is None:
            return None
        found = error.sqlite_errorcode & 0xFF if blames_file(error) else None
        if found in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB) or (
            # A flipped bit within a row is no error to SQLite, and any to what reads it.
            not isinstance(error, (*_NO_SIGN_OF_DAMAGE, sqlite3.Error))
        ):
            _take_for_damage(cortex, error)
        return cortex.explain(error) if blames_file(error) else None

    def report(self, error: BaseException) -> None:
        """Write it to standard error, which is the log."""
        log("".join(traceback.format_exception(error)))

    def retire(self) -> None:
        """End, because a client said so."""
        log("told to end")
        self.end()

    # -- looking after itself ---------------------------------------------------------------------------------------

    def _look_after(self, server: Server, lending: Lending) -> None:
        if not self._lock.is_in_force():
            log("the home is gone")
            self.end()
        elif not server.is_listening():
            log("the socket is gone")
            self.end()
        elif (error := _doubt(lending)) is not None and time.monotonic() > self._checked + _CHECK_SECONDS:
            self._checked = time.monotonic()
            with suppress(OwnerError):  # settings are being changed: another time
                lending.mend(error)
        elif self._is_idle(server, lending):
            log("idle")
            self.end()

    def _is_idle(self, server: Server, lending: Lending) -> bool:
        asked = max(self._greeted, lending.asked)
        if self._stays or time.monotonic() < asked + lending.config.owner.idle_minutes * 60:
            return False
        return not server.clients and not lending.in_use

    def _make_way(self, lending: Lending) -> None:
        """For a newer program: when it has been told so and nothing runs, or after a while."""
        time.sleep(_TICK / 2)
        lending.wait_for_calls()
        log("a newer program takes over")
        self.end()


def _take_for_damage(cortex: Cortex, error: Exception) -> None:
    if cortex.upkeep is not None:
        cortex.upkeep.damage = error


def _doubt(lending: Lending) -> Exception | None:
    """The error that makes the files look damaged."""
    cortex = lending.cortex
    return cortex.upkeep.damage if cortex is not None and cortex.upkeep is not None else None


def log(text: str) -> None:
    """A dated line on standard error, which is the log."""
    moment = datetime.now().astimezone().isoformat(sep=" ", timespec="seconds")
    with suppress(OSError):
        os.write(2, f"{moment} [{os.getpid()}] {text}\n".encode("utf-8", "backslashreplace"))
