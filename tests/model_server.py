"""A web server on this machine that serves one file as badly as it is told to."""

from __future__ import annotations

import hashlib
import re
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any


@dataclass
class Script:
    """What is served, and how; each request takes the first of `answers` and of `breaks`, while there are any."""

    data: bytes = field(repr=False)
    tag: str = '"1"'
    kind: str = "application/octet-stream"
    knows_ranges: bool = True
    says_length: bool = True
    claims: int | None = None
    """A length that isn't so."""
    answers: list[int] = field(default_factory=list)
    """Statuses without a body."""
    breaks: list[int] = field(default_factory=list)
    """Bytes after which the connection is cut."""
    leads_to: str = ""
    extra: dict[str, str] = field(default_factory=dict)
    pause: float = 0.0
    """Seconds between two pieces of 64 KiB."""
    asked: list[tuple[str, str, str]] = field(default_factory=list)
    """Path, Range and If-Range of every request."""

    @property
    def sha256(self) -> str:
        """Of what is served."""
        return hashlib.sha256(self.data).hexdigest()

    @property
    def ranges(self) -> list[str]:
        """The parts that were asked for."""
        return [wanted for _, wanted, _ in self.asked]


@contextmanager
def serving(script: Script) -> Iterator[str]:
    """The server, until the block ends; gives the address of its root."""

    class Handler(_Handler):
        played = script

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


class _Handler(BaseHTTPRequestHandler):
    played: Script

    def do_GET(self) -> None:
        script = self.played
        script.asked.append((self.path, self.headers.get("Range", ""), self.headers.get("If-Range", "")))
        cut = script.breaks.pop(0) if script.breaks else None  # taken before the answer: the next request may follow it
        if script.answers and (status := script.answers.pop(0)) != 200:
            self._plain(status)
        elif script.leads_to and not self.path.startswith("/end"):
            self._plain(302, Location=script.leads_to)
        else:
            self._file(script, self._start(script), cut)

    def _start(self, script: Script) -> int:
        wanted = re.fullmatch(r"bytes=(\d+)-", self.headers.get("Range", ""))
        known = script.tag and self.headers.get("If-Range") == script.tag
        return int(wanted[1]) if wanted and known and script.knows_ranges else 0

    def _plain(self, status: int, **headers: str) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def _file(self, script: Script, start: int, cut: int | None) -> None:
        size = len(script.data)
        if start >= size > 0 and start:
            self._plain(416, **{"Content-Range": f"bytes */{size}"})
            return
        self.send_response(206 if start else 200)
        if start:
            self.send_header("Content-Range", f"bytes {start}-{size - 1}/{size}")
        if script.says_length:
            self.send_header("Content-Length", str(size - start if script.claims is None else script.claims))
        if script.tag:
            self.send_header("ETag", script.tag)
        self.send_header("Content-Type", script.kind)
        for name, value in script.extra.items():
            self.send_header(name, value)
        self.end_headers()
        self._send(script, start, len(script.data) if cut is None else start + cut)

    def _send(self, script: Script, start: int, end: int) -> None:
        try:
            for at in range(start, end, 1 << 16):
                self.wfile.write(script.data[at : min(end, at + (1 << 16))])
                time.sleep(script.pause)
            if end < len(script.data):
                self.connection.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        self.close_connection = True

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 (the name of the standard library)
        """Nothing is written to the terminal."""
