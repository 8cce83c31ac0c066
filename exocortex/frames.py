"""Frames: JSON messages between two processes of one user over a local socket, each side shown to know the secret.

Bytes only, never pickles; every wait has an end, except that of the owner for a client's next question.
"""

from __future__ import annotations

import json
import os
import socket
import struct
import sys
from contextlib import suppress
from multiprocessing import AuthenticationError
from multiprocessing.connection import Connection, answer_challenge, deliver_challenge
from typing import Any

from exocortex.core.handshake import Build
from exocortex.core.wire import SCHEMA

HANDSHAKE_SECONDS = 2.0
SEND_SECONDS = 10.0
"""How long the other side may leave its buffer full."""


_CLOSED = (OSError, ValueError, TypeError)
"""What a connection raises that another thread closes in the middle of it."""


class LineClosed(Exception):  # noqa: N818 (an event of every conversation, not a fault)
    """The other side is gone, or does not keep to the protocol."""


class Line:
    """One end of a conversation."""

    def __init__(self, connected: socket.socket) -> None:
        self._connection = Connection(connected.detach())

    def authenticate(self, key: bytes, *, listening: bool, seconds: float = HANDSHAKE_SECONDS) -> None:
        """Both sides prove to know the key, neither letting the other wait longer; raises LineClosed."""
        self.limit_waiting(seconds)
        first, second = (deliver_challenge, answer_challenge) if listening else (answer_challenge, deliver_challenge)
        try:
            first(self._connection, key)
            second(self._connection, key)
        except (AuthenticationError, OSError, EOFError, AssertionError, ValueError) as error:
            raise LineClosed(str(error)) from error

    def limit_waiting(self, seconds: float) -> None:
        """How long to wait for the other side's next byte; 0 for as long as it takes. Raises LineClosed."""
        try:
            with socket.socket(fileno=os.dup(self._connection.fileno())) as same:
                same.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, _timeval(seconds))
                same.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, _timeval(SEND_SECONDS))
        except OSError as error:
            raise LineClosed(str(error)) from error

    def send(self, message: dict[str, Any]) -> None:
        """Send one message; raises LineClosed if nobody takes it."""
        try:
            self._connection.send_bytes(json.dumps(message, separators=(",", ":")).encode("ascii"))
        except _CLOSED as error:
            raise LineClosed(str(error)) from error

    def receive(self, most: int) -> dict[str, Any]:
        """The next message, of at most so many bytes; raises LineClosed at the end, and for anything else."""
        try:
            message = json.loads(self._connection.recv_bytes(most))
        except (*_CLOSED, EOFError, RecursionError, MemoryError) as error:
            raise LineClosed(str(error)) from error
        if not isinstance(message, dict):
            raise LineClosed("not a message")
        return message

    def has_news(self, seconds: float) -> bool:
        """Whether a message, or the end, is there within so long."""
        try:
            return self._connection.poll(seconds)
        except (*_CLOSED, EOFError):
            return True

    def close(self) -> None:
        """Hang up."""
        with suppress(OSError):
            self._connection.close()


def peer_uid(connected: socket.socket) -> int | None:
    """The user on the other side, where the system tells."""
    if sys.platform != "linux":
        return None
    _, uid, _ = struct.unpack("3i", connected.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12))
    return int(uid)


def this_build(protocol: int) -> Build:
    """Which program this process runs."""
    import exocortex

    here = os.path.dirname(exocortex.__file__)
    folders = [here, *(entry.path for entry in os.scandir(here) if entry.is_dir())]
    files = (entry for folder in folders for entry in os.scandir(folder) if entry.name.endswith((".py", ".sql")))
    changed = max((entry.stat().st_mtime for entry in files), default=0.0)
    return Build(protocol, SCHEMA, exocortex.__version__, changed)


def _timeval(seconds: float) -> bytes:
    return struct.pack("ll", int(seconds), int(seconds % 1 * 1_000_000))
