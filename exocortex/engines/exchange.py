"""Exchange: one HTTP request and its answer, as bytes come in, dropped within a moment whatever the server does.

A thread of its own connects, asks and reads, so that whoever waits can stop waiting at any time. Knows nothing of what
is asked; heeds neither proxies nor redirects, for both would carry a request somewhere else than the settings say.
"""

from __future__ import annotations

import http.client
import socket
import ssl
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from queue import Empty, Full, Queue
from threading import Event as StopEvent
from threading import Thread

from exocortex.core.errors import EngineError
from exocortex.engines.address import Address

CONNECT_SECONDS = 5.0
_TICK = 0.05
_PIECE = 16_384
_AHEAD = 64
"""Pieces read before anybody takes them: a server that sends without end fills this, not the memory."""


@dataclass(frozen=True, slots=True)
class Head:
    """How an answer begins."""

    status: int
    content_type: str
    """Without parameters, in lower case."""


class StoppedError(Exception):
    """Whoever asked no longer wants the answer."""


class Exchange:
    """Begun as it is made, on a thread; `close` it in the end. Only `stop` interrupts the waiting in between."""

    def __init__(
        self, address: Address, path: str, headers: Mapping[str, str], body: bytes | None, stop: StopEvent
    ) -> None:
        self._address = address
        self._stop = stop
        self._closed = StopEvent()
        self._socket: socket.socket | None = None
        self._came: Queue[Head | bytes | Exception] = Queue(_AHEAD)
        self._thread = Thread(target=self._run, args=(path, dict(headers), body), name="exchange", daemon=True)
        self._thread.start()

    def head(self, seconds: float) -> Head:
        """Wait so long for the answer to begin. Raises EngineError, or StoppedError as soon as `stop` is set."""
        head = self._next(seconds)
        assert isinstance(head, Head), "it comes first, and only once"
        return head

    def piece(self, seconds: float) -> bytes:
        """The next piece of the body, empty at its end. Raises as `head` does."""
        piece = self._next(seconds)
        assert isinstance(piece, bytes), "the head came before"
        return piece

    def body(self, seconds: float, most: int) -> bytes:
        """The body as a whole, or a little more than its first `most` bytes."""
        body = b""
        while len(body) < most and (piece := self.piece(seconds)):
            body += piece
        return body

    def close(self) -> None:
        """Drop the connection; the thread ends by itself."""
        self._closed.set()
        if self._socket is not None:
            with suppress(OSError):
                self._socket.shutdown(socket.SHUT_RDWR)

    def _next(self, seconds: float) -> Head | bytes:
        deadline = time.monotonic() + seconds
        while not self._stop.is_set():
            try:
                came = self._came.get(timeout=_TICK)
            except Empty:
                if time.monotonic() > deadline:
                    raise EngineError(
                        f"{self._address.url} sent nothing for {seconds:g} seconds",
                        "See whether that server is still working, and start it again if it isn't.",
                    ) from None
                continue
            if isinstance(came, Exception):
                raise EngineError(*_told(self._address, came)) from came
            return came
        raise StoppedError

    # -- on the thread ----------------------------------------------------------------------------------------------

    def _run(self, path: str, headers: dict[str, str], body: bytes | None) -> None:
        connection = _connection(self._address)
        try:
            self._ask(connection, path, headers, body)
        except Exception as error:  # noqa: BLE001 - raised where the answer is waited for
            self._put(error)
        finally:
            connection.close()

    def _ask(
        self, connection: http.client.HTTPConnection, path: str, headers: dict[str, str], body: bytes | None
    ) -> None:
        connection.connect()
        connection.sock.settimeout(None)
        self._socket = connection.sock
        if self._closed.is_set():
            return
        connection.request("GET" if body is None else "POST", path, body, headers)
        with connection.getresponse() as answer:
            self._put(Head(answer.status, answer.headers.get_content_type()))
            while (piece := answer.read1(_PIECE)) and self._put(piece):
                pass
        self._put(b"")

    def _put(self, came: Head | bytes | Exception) -> bool:
        """Wait until there is room; False once nobody wants it any more."""
        while not self._closed.is_set():
            with suppress(Full):
                self._came.put(came, timeout=_TICK)
                return True
        return False


def _connection(address: Address) -> http.client.HTTPConnection:
    if address.secure:
        context = ssl.create_default_context()
        return http.client.HTTPSConnection(address.host, address.port, timeout=CONNECT_SECONDS, context=context)
    return http.client.HTTPConnection(address.host, address.port, timeout=CONNECT_SECONDS)


def _told(address: Address, error: Exception) -> tuple[str, str]:
    """What happened and what to do, for people."""
    if isinstance(error, ConnectionRefusedError):
        return f"Nothing listens at {address.url}", f"Start the server, or see to {address.setting}."
    if isinstance(error, ssl.SSLError):
        return f"{address.url} can't be trusted: {error.reason}", f"See to its certificate, and to {address.setting}."
    if isinstance(error, http.client.IncompleteRead | http.client.RemoteDisconnected | ConnectionError):
        return f"{address.url} broke off", "See what that server's own log says, and try again."
    if isinstance(error, http.client.HTTPException):
        return f"{address.url} does not speak HTTP ({type(error).__name__})", f"See to {address.setting}."
    if isinstance(error, OSError):
        reason = error.strerror or str(error) or type(error).__name__
        return f"{address.url} can't be reached: {reason}", f"See to {address.setting}, and to the network."
    return f"The exchange with {address.url} failed: {type(error).__name__}", f"See to {address.setting}."
