"""Calling: the owner is met, asked, and heard out, over one line; whoever is silent for too long is told of."""

from __future__ import annotations

import os
import socket
import threading
import time
from collections.abc import Callable, Iterator
from threading import Event as StopEvent
from typing import Any

from exocortex.config import Config
from exocortex.config.meeting import Meeting, read_key, read_meeting
from exocortex.config.sharing import pack_settings
from exocortex.core.codec import CodecError, pack, signature, unpack
from exocortex.core.errors import OwnerError, error_of
from exocortex.core.handshake import MOST_REPLY, PROTOCOL, Hello, Welcome
from exocortex.frames import HANDSHAKE_SECONDS, Line, LineClosed, peer_uid, this_build

WELCOME_SECONDS = 15.0
"""An owner may have to end what runs, and open the index anew, before it welcomes a client with other settings."""

STALL_SECONDS = 5.0
"""How long the rest of a message that has begun may take."""

_PATIENCE, _PULSE_SECONDS = 1.0, 3.0
"""After so much silence the owner is asked on another line whether it answers anybody, and may take so long to."""

_GONE = "Asking again starts it anew; what went wrong stands in owner.log in the home."


def meet(config: Config, *, impose: bool = True, seconds: float = HANDSHAKE_SECONDS) -> tuple[Line, Welcome] | None:
    """A line to the owner of this home that listens now and its answer, or None if none answers within so long.

    With `impose`, these settings come into force there. Raises the errors that the owner answers with.
    """
    meeting, key = read_meeting(config.home), read_key(config.home)
    if meeting is None or key is None:
        return None
    line = _dial(meeting)
    if line is None:
        return None
    try:
        line.authenticate(key, listening=False, seconds=seconds)
        line.send(pack(Hello(this_build(PROTOCOL), pack_settings(config) if impose else None)))
        line.limit_waiting(WELCOME_SECONDS)
        reply = line.receive(MOST_REPLY)
        line.limit_waiting(STALL_SECONDS)
        _raise_failure(reply)
        return line, unpack(Welcome, reply.get("welcome"))
    except (LineClosed, CodecError):
        line.close()
        return None
    except BaseException:
        line.close()
        raise


def is_silent(config: Config, seconds: float) -> bool:
    """Whether somebody listens in this home and says nothing within so long, not even that there is no room.

    A conversation begins with the owner's challenge; reading its first byte asks nothing of the owner.
    """
    meeting = read_meeting(config.home)
    if meeting is None:
        return False
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        probe.settimeout(seconds)
        try:
            probe.connect(str(meeting.socket))
            probe.recv(1)
        except TimeoutError:
            return True
        except OSError:
            return False
    return False


def silent(process: int) -> OwnerError:
    """The owner lives and answers nobody."""
    return OwnerError(
        f"Process {process} holds the index and does not answer.",
        f"It is stopped or stuck. To let it go on: kill -CONT {process}; to end it, losing nothing: kill -9 {process}",
    )


def _dial(meeting: Meeting) -> Line | None:
    """A line to whoever listens there, if that is this user."""
    connected = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    connected.settimeout(HANDSHAKE_SECONDS)
    try:
        connected.connect(str(meeting.socket))
        if peer_uid(connected) not in (None, os.geteuid()):
            raise OSError("another user listens there")
    except OSError:
        connected.close()
        return None
    connected.settimeout(None)
    return Line(connected)


class Caller:
    """Questions and replies over one line; a question that only reads is asked once more if the owner dies over it."""

    def __init__(
        self, config: Config, line: Line, process: int, reconnect: Callable[[], tuple[Line, Welcome]] | None
    ) -> None:
        self._config = config
        self._process = process
        self._line = line
        self._heard = time.monotonic()
        self._reconnect = reconnect
        self._turn = threading.Lock()
        self._stream: object | None = None
        """Stands for the stream that is open."""

    def ask(self, call: str, **arguments: Any) -> Any:
        """The result of a call; raises the error it raised there, or OwnerError if the owner is gone."""
        with self._turn:
            try:
                return self._ask(call, arguments)
            except LineClosed as closed:
                if self._reconnect is None:
                    raise OwnerError("The process that holds the index ended.", _GONE) from closed
                self._line.close()
                self._line, welcome = self._reconnect()
                self._process = welcome.pid
            try:
                return self._ask(call, arguments)
            except LineClosed as closed:
                raise OwnerError("The process that holds the index ended, twice.", _GONE) from closed

    def stream(self, call: str, stop: StopEvent | None, **arguments: Any) -> Iterator[Any]:
        """The events of a call, each as it comes; leaving them unread, or setting `stop`, stops the work.

        Another question on this line ends it too.
        """
        kind = signature(call)[1].__args__[0]
        mine = object()
        with self._turn:
            self._end_stream()
            self._stream = mine
            self._begin(call, arguments)
        asked_to_stop = False
        try:
            while self._stream is mine:
                if stop is not None and stop.is_set() and not asked_to_stop:
                    self._line.send({"stop": True})
                    asked_to_stop = True
                reply = self._next(mine)
                if reply is not None:
                    yield unpack(kind, reply)
        except (LineClosed, CodecError) as closed:
            self._stream = None
            if not asked_to_stop:
                raise OwnerError("The process that holds the index ended before it was done.", _GONE) from closed
        finally:
            with self._turn:
                if self._stream is mine:
                    self._end_stream()

    def _begin(self, call: str, arguments: dict[str, Any]) -> None:
        try:
            self._send(call, arguments)
        except LineClosed as closed:
            self._stream = None
            raise OwnerError("The process that holds the index ended.", _GONE) from closed

    def _next(self, mine: object) -> Any:
        """The stream's next event; None if there is none yet, or no more."""
        with self._turn:
            if self._stream is not mine or not self._has_news(0.1):
                return None
            reply = self._line.receive(MOST_REPLY)
            if "event" in reply:
                return reply["event"]
            self._stream = None
            _raise_failure(reply)
            return None

    def _end_stream(self) -> None:
        """Stop a stream that is still open and read it to its end, so that the line can be used again."""
        if self._stream is None:
            return
        self._stream = None
        try:
            self._line.send({"stop": True})
            while "event" in self._reply():
                pass
        except (LineClosed, OwnerError):
            return

    def retire(self) -> None:
        """Ask the owner to end."""
        with self._turn:
            try:
                self._send("owner.retire", {})
                self._reply()
            except (LineClosed, OwnerError):
                return

    def close(self) -> None:
        """Hang up."""
        self._line.close()

    def _ask(self, call: str, arguments: dict[str, Any]) -> Any:
        self._end_stream()
        self._send(call, arguments)
        reply = self._reply()
        _raise_failure(reply)
        return unpack(signature(call)[1], reply.get("result"))

    def _send(self, call: str, arguments: dict[str, Any]) -> None:
        self._line.send({"call": call, "arguments": {name: pack(value) for name, value in arguments.items()}})
        self._heard = time.monotonic()

    def _reply(self) -> dict[str, Any]:
        while not self._has_news(_PATIENCE):
            pass
        return self._line.receive(MOST_REPLY)

    def _has_news(self, seconds: float) -> bool:
        """Whether something is there to be read within so long; raises OwnerError if nobody will ever send it."""
        if self._line.has_news(seconds):
            self._heard = time.monotonic()
            return True
        if time.monotonic() > self._heard + _PATIENCE:
            self._check_pulse()
            self._heard = time.monotonic()
        return False

    def _check_pulse(self) -> None:
        """A long call leaves an owner that answers others; one that is stopped or stuck answers nobody."""
        if not is_silent(self._config, _PULSE_SECONDS) or self._line.has_news(0):
            return
        self._line.close()
        raise silent(self._process)


def _raise_failure(reply: dict[str, Any]) -> None:
    if "error" in reply:
        error = reply["error"]
        raise error_of(str(error["kind"]), str(error["message"]), str(error["hint"]))
