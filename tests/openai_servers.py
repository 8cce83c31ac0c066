"""Servers that speak OpenAI's protocol and say what a test has written down for them, well or badly."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass(frozen=True, slots=True)
class Asked:
    """A request as it came."""

    path: str
    headers: dict[str, str]
    """Names in lower case."""
    body: Any
    """From JSON; None for a GET."""


class Wire:
    """The line to one client, for an answer to write on."""

    def __init__(self, handler: BaseHTTPRequestHandler, dropped: threading.Event) -> None:
        self._handler = handler
        self._dropped = dropped

    def head(self, status: int, content_type: str, *headers: tuple[str, str]) -> None:
        """The answer's beginning; its body ends with the connection."""
        self._handler.send_response(status)
        for name, value in (("Content-Type", content_type), ("Connection", "close"), *headers):
            self._handler.send_header(name, value)
        self._handler.end_headers()
        self._handler.close_connection = True

    def write(self, data: bytes) -> None:
        """Bytes as they are."""
        try:
            self._handler.wfile.write(data)
            self._handler.wfile.flush()
        except OSError:
            self._dropped.set()
            raise

    def wait_for_the_end(self) -> None:
        """Send nothing until the client has gone away."""
        with suppress(OSError):
            while self._handler.connection.recv(1024):
                pass
        self._dropped.set()


Answer = Callable[[Wire], None]


def event(data: object) -> bytes:
    """One server-sent event with this as JSON; text goes as it is."""
    return b"data: " + (data if isinstance(data, str) else json.dumps(data)).encode() + b"\n\n"


def delta(text: str | None, ended: str | None = None, **more: object) -> bytes:
    """The event that adds a piece to a reply."""
    choice = {"index": 0, "delta": {"content": text, **more}, "finish_reason": ended}
    return event({"object": "chat.completion.chunk", "choices": [choice]})


def says(text: str, pause: float = 0.0) -> Answer:
    """A whole reply, word by word, as a sound server sends it: chunked, with its role first and its figures last."""
    words = text.split(" ")
    pieces = [word + " " * (number < len(words)) for number, word in enumerate(words, start=1)]

    def answer(wire: Wire) -> None:
        wire.head(200, "text/event-stream; charset=utf-8", ("Transfer-Encoding", "chunked"))
        figures = event({"choices": [], "usage": {"completion_tokens": len(pieces)}})
        for data in (delta(None, role="assistant"), *map(delta, pieces), delta("", "stop"), figures, event("[DONE]")):
            wire.write(b"%x\r\n%b\r\n" % (len(data), data))
            time.sleep(pause)
        wire.write(b"0\r\n\r\n")

    return answer


def streams(*pieces: bytes, hangs: bool = False) -> Answer:
    """These bytes as the body of a stream of events, which then breaks off, or `hangs` until the client goes."""

    def answer(wire: Wire) -> None:
        wire.head(200, "text/event-stream")
        for piece in pieces:
            wire.write(piece)
        if hangs:
            wire.wait_for_the_end()

    return answer


def answers(status: int, body: str, content_type: str = "application/json", *headers: tuple[str, str]) -> Answer:
    """Something else than a stream."""

    def answer(wire: Wire) -> None:
        wire.head(status, content_type, *headers)
        wire.write(body.encode())

    return answer


def hangs(wire: Wire) -> None:
    """No answer at all, until the client goes."""
    wire.wait_for_the_end()


@dataclass(slots=True)
class Scripted:
    """A running server. `replies` are given in order, the last one again and again."""

    url: str
    replies: Sequence[Answer]
    models: Sequence[str]
    token: str
    tokenize: Callable[[str], int] | None
    """Counts the tokens of a text, as llama-server does; None: there is no such place."""
    asked: list[Asked] = field(default_factory=list)
    """Requests for a reply, in order."""
    dropped: threading.Event = field(default_factory=threading.Event)
    """A client went away before it had all."""

    def answer_to(self, asked: Asked) -> Answer:
        """What is said to a request."""
        if self.token and asked.headers.get("authorization") != f"Bearer {self.token}":
            return answers(401, json.dumps({"error": {"message": "Invalid API key"}}))
        if asked.path.endswith("/v1/models"):
            return answers(200, json.dumps({"object": "list", "data": [{"id": name} for name in self.models]}))
        if asked.path.endswith("/v1/chat/completions"):
            self.asked.append(asked)
            return self.replies[min(len(self.asked), len(self.replies)) - 1]
        if asked.path.endswith("/tokenize") and self.tokenize is not None:
            return answers(200, json.dumps({"tokens": list(range(self.tokenize(asked.body["content"])))}))
        return answers(404, json.dumps({"error": {"message": "File Not Found", "code": 404}}))


@contextmanager
def scripted(
    *replies: Answer, models: Sequence[str] = ("tiny",), token: str = "", tokenize: Callable[[str], int] | None = None
) -> Iterator[Scripted]:
    """A server on a free port of this machine, for as long as the test needs it."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            self._answer(None)

        def do_POST(self) -> None:
            self._answer(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))

        def _answer(self, body: Any) -> None:
            asked = Asked(self.path, {name.lower(): value for name, value in self.headers.items()}, body)
            with suppress(OSError):
                server.answer_to(asked)(Wire(self, server.dropped))

        def log_message(self, *arguments: Any) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as listening:
        listening.daemon_threads = True
        server = Scripted(f"http://127.0.0.1:{listening.server_address[1]}", replies, models, token, tokenize)
        threading.Thread(target=listening.serve_forever, args=(0.02,), daemon=True).start()
        try:
            yield server
        finally:
            listening.shutdown()
