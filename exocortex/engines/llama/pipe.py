"""Pipe: what the language model's process and its parent tell each other, as JSON frames over a pair of sockets."""

from __future__ import annotations

import json
import socket
import struct
from contextlib import suppress
from typing import Any

MOST = 64 * 1024 * 1024
"""Bytes of a frame; a prompt of a million tokens is shorter."""

_LENGTH = struct.Struct(">I")


class PipeClosed(Exception):  # noqa: N818 (an event of every conversation, not a fault)
    """The other side is gone."""


class Pipe:
    """One end. Sending and receiving may be done by two threads."""

    def __init__(self, end: socket.socket) -> None:
        self._end = end

    def send(self, message: dict[str, Any]) -> None:
        """Send one message; raises PipeClosed."""
        content = json.dumps(message, separators=(",", ":")).encode("ascii")
        try:
            self._end.sendall(_LENGTH.pack(len(content)) + content)
        except OSError as error:
            raise PipeClosed(str(error)) from error

    def receive(self, seconds: float | None = None) -> dict[str, Any] | None:
        """The next message; None if none begins within so long. Raises PipeClosed."""
        try:
            self._end.settimeout(seconds)
            first = self._end.recv(1)
            self._end.settimeout(None)
        except TimeoutError:
            return None
        except OSError as error:
            raise PipeClosed(str(error)) from error
        (length,) = _LENGTH.unpack(first + self._exactly(_LENGTH.size - 1) if first else self._exactly(_LENGTH.size))
        if length > MOST:
            raise PipeClosed("a frame is too long")
        message: dict[str, Any] = json.loads(self._exactly(length))
        return message

    def _exactly(self, count: int) -> bytes:
        content = bytearray()
        while len(content) < count:
            try:
                piece = self._end.recv(count - len(content))
            except OSError as error:
                raise PipeClosed(str(error)) from error
            if not piece:
                raise PipeClosed("the other side hung up")
            content += piece
        return bytes(content)

    def close(self) -> None:
        """Hang up; whoever waits on the other side, or here, is told."""
        with suppress(OSError):
            self._end.shutdown(socket.SHUT_RDWR)
        self._end.close()
