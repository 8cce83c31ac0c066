"""Server: answers the clients of one home over its socket, a thread each, and asks the owner for everything else."""

from __future__ import annotations

import os
import socket
import threading
from collections.abc import Callable, Generator, Iterator
from contextlib import AbstractContextManager, suppress
from pathlib import Path
from threading import Event as StopEvent
from typing import Any, Protocol

from exocortex.core.codec import CodecError, pack, streams, unpack, unpack_arguments
from exocortex.core.errors import ExocortexError, OwnerError
from exocortex.core.handshake import MOST_REQUEST, Hello, Welcome
from exocortex.core.service import CortexPort
from exocortex.frames import Line, LineClosed, peer_uid

MOST_CLIENTS = 64

_RETIRE = "owner.retire"
"""What even an older program may ask for."""


class Desk(Protocol):
    """What the server needs of the owner."""

    def greet(self, hello: Hello) -> Welcome:
        """Decide about a client; may bring its settings into force."""
        ...

    def lend(self, stop: StopEvent | None = None) -> AbstractContextManager[CortexPort]:
        """The index for the length of one call; `stop` is set if the owner can't wait for its end."""
        ...

    def explain(self, error: Exception) -> ExocortexError | None:
        """The damage to a file behind an error; the owner sees to it that it is mended. None if there is none."""
        ...

    def report(self, error: BaseException) -> None:
        """Keep what nobody expected for whoever mends the program."""
        ...

    def retire(self) -> None:
        """A client asked the owner to end."""
        ...


class Server:
    """Listens until it is closed."""

    def __init__(self, path: Path, key: bytes, desk: Desk) -> None:
        """Raises OSError if the socket can't be made. Whoever holds the lock may remove what lies at its path."""
        self._path = path
        self._key = key
        self._desk = desk
        self._lines: set[Line] = set()
        self._guard = threading.Lock()
        with suppress(FileNotFoundError):
            path.unlink()
        self._listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            self._listener.bind(str(path))
            os.chmod(path, 0o600)
            self._listener.listen(MOST_CLIENTS)
            self._socket = os.lstat(path)
        except BaseException:
            self._listener.close()
            raise
        self._thread = threading.Thread(target=self._accept, name="server", daemon=True)

    def start(self) -> None:
        """Begin to answer."""
        self._thread.start()

    def is_listening(self) -> bool:
        """Whether clients find this socket at its path."""
        try:
            return os.path.samestat(os.lstat(self._path), self._socket) and self._thread.is_alive()
        except OSError:
            return False

    @property
    def clients(self) -> int:
        """How many are connected."""
        return len(self._lines)

    def close(self) -> None:
        """Stop listening and hang up on everybody."""
        if self.is_listening():
            self._path.unlink(missing_ok=True)
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        with self._guard:
            lines = list(self._lines)
        for line in lines:
            line.close()

    def _accept(self) -> None:
        while True:
            try:
                connected, _ = self._listener.accept()
            except OSError:
                return
            if len(self._lines) >= MOST_CLIENTS or peer_uid(connected) not in (None, os.geteuid()):
                connected.close()
                continue
            line = Line(connected)
            with self._guard:
                self._lines.add(line)
            threading.Thread(target=self._converse, args=(line,), name="client", daemon=True).start()

    def _converse(self, line: Line) -> None:
        """From the handshake to the end; one silent client takes nobody's time but this thread's."""
        try:
            line.authenticate(self._key, listening=True)
            hello = unpack(Hello, line.receive(MOST_REQUEST))
            welcome = self._desk.greet(hello)
            line.send({"welcome": pack(welcome)})
            line.limit_waiting(0)
            while welcome.verdict == "welcome":
                self._answer(line, line.receive(MOST_REQUEST))
            if welcome.verdict == "newer" and line.receive(MOST_REQUEST).get("call") == _RETIRE:
                self._retire(line)
        except ExocortexError as error:
            with suppress(LineClosed):
                line.send(_failure(error))
        except (LineClosed, CodecError):
            pass
        finally:
            with self._guard:
                self._lines.discard(line)
            line.close()

    def _answer(self, line: Line, request: dict[str, Any]) -> None:
        if "stop" in request:
            return  # of a stream that was over already
        if request.get("call") == _RETIRE:
            self._retire(line)
            return
        try:
            reply = self._carry_out(line, str(request.get("call")), request.get("arguments", {}))
        except LineClosed:
            raise
        except CodecError as error:
            reply = _failure(OwnerError(f"The owner can't make sense of a request: {error}.", "Upgrade Exocortex."))
        except ExocortexError as error:
            reply = _failure(error)
        except Exception as error:  # noqa: BLE001 (a border: one request's failure ends neither the client nor the owner)
            reply = _failure(self._explained(error))
        line.send(reply)

    def _retire(self, line: Line) -> None:
        line.send({"result": None})
        self._desk.retire()

    def _carry_out(self, line: Line, call: str, arguments: Any) -> dict[str, Any]:
        values = unpack_arguments(call, arguments)
        noun, verb = call.split(".")
        stop = StopEvent()
        streaming = streams(call)
        with self._desk.lend(stop if streaming else None) as cortex:
            method: Callable[..., Any] = getattr(getattr(cortex, noun), verb)
            if not streaming:
                return {"result": pack(method(**values))}
            self._stream(line, method(**values, stop=stop), stop)
            return {"result": None}

    def _stream(self, line: Line, events: Iterator[Any], stop: StopEvent) -> None:
        """Each event as it comes; a message or the end of the line asks the work to stop."""
        over = threading.Event()
        listening = threading.Thread(target=_hear_stop, args=(line, stop, over), name="stop", daemon=True)
        listening.start()
        try:
            for event in events:
                line.send({"event": pack(event)})
        finally:
            stop.set()
            if isinstance(events, Generator):
                events.close()
            over.set()
            listening.join()

    def _explained(self, error: Exception) -> ExocortexError:
        explained = self._desk.explain(error)
        if explained is not None:
            return explained
        self._desk.report(error)
        return OwnerError(f"Something unexpected went wrong ({type(error).__name__}).", "The details are in owner.log.")


def _hear_stop(line: Line, stop: StopEvent, over: threading.Event) -> None:
    while not over.is_set():
        if line.has_news(0.1) and not over.is_set():
            try:
                line.receive(MOST_REQUEST)
            except LineClosed:
                stop.set()
                return
            stop.set()


def _failure(error: ExocortexError) -> dict[str, Any]:
    return {"error": {"kind": error.kind, "message": error.message, "hint": error.hint}}
