"""A Chroma server: really run, behind a proxy that wants a token, taken away, and in places that are no such server."""

from __future__ import annotations

import http.client
import http.server
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path
from threading import Event
from typing import ClassVar

import numpy as np
import pytest
from owned import make_owned

from exocortex.bootstrap import chroma, vector_index
from exocortex.config import Config, PrivacySettings, StoreSettings
from exocortex.core.errors import ConfigError, EngineError
from exocortex.engines.chroma_server import ChromaServer, ChromaServerIndex, CollectionLostError
from exocortex.engines.exact import ExactIndex
from exocortex.meaning import Meaning
from exocortex.storage.ledger import Ledger

TOKEN = "the token"
Matrix = np.ndarray[tuple[int, ...], np.dtype[np.float32]]


def directions(rows: int, seed: int = 1) -> Matrix:
    matrix = np.random.default_rng(seed).standard_normal((rows, 32)).astype(np.float32)
    matrix /= np.linalg.norm(matrix, axis=1, keepdims=True)
    return matrix.astype(np.float16).astype(np.float32)


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        port: int = one.getsockname()[1]
        return port


class Served:
    """`chroma run` on a folder and a free port of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.port = free_port()
        self.start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        """Run it until it answers."""
        command = [Path(sys.executable).with_name("chroma"), "run", "--path", self.folder, "--host", "127.0.0.1"]
        self.process = subprocess.Popen(
            [*map(str, command), "--port", str(self.port)],
            cwd=self.folder.parent,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        deadline = time.monotonic() + 30
        while not self._answers():
            assert time.monotonic() < deadline, "chroma run does not answer"
            time.sleep(0.05)

    def stop(self) -> None:
        """Kill it, as a machine that loses power."""
        self.process.kill()
        self.process.wait()

    def _answers(self) -> bool:
        try:
            with closing(http.client.HTTPConnection("127.0.0.1", self.port, timeout=1)) as connection:
                connection.request("GET", "/api/v2/heartbeat")
                return connection.getresponse().status == 200
        except OSError:
            return False


class Authenticating(http.server.BaseHTTPRequestHandler):
    """Lets requests with the token through to the server behind it."""

    protocol_version = "HTTP/1.1"
    behind: ClassVar[int]

    def _forward(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if self.headers.get("X-Chroma-Token") != TOKEN:
            self._answer(401, b"who are you?")
            return
        with closing(http.client.HTTPConnection("127.0.0.1", self.behind, timeout=30)) as connection:
            connection.request(self.command, self.path, body, {"Content-Type": "application/json"})
            answer = connection.getresponse()
            self._answer(answer.status, answer.read())

    def _answer(self, status: int, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_GET = do_POST = do_PUT = do_DELETE = do_PATCH = _forward  # noqa: N815 - http.server looks for these names

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - its name there
        """Say nothing."""


class Web(Authenticating):
    """A server of something else."""

    def _forward(self) -> None:
        self._answer(200, b"<!doctype html><title>Welcome</title>" + b"<p>hello" * 1000)

    do_GET = do_POST = do_PUT = do_DELETE = do_PATCH = _forward  # noqa: N815


@contextmanager
def listening(handler: type[http.server.BaseHTTPRequestHandler]) -> Iterator[str]:
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}"
        finally:
            server.shutdown()
            thread.join()


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    server = Served(tmp_path_factory.mktemp("server") / "data")
    yield server
    server.stop()


@pytest.fixture
def home(tmp_path: Path) -> Path:
    (tmp_path / "home").mkdir()
    return tmp_path / "home"


@pytest.fixture
def server(served: Served, home: Path) -> ChromaServer:
    return ChromaServer(home, served.url)


def test_it_stores_finds_replaces_and_deletes(server: ChromaServer, tmp_path: Path) -> None:
    vectors, keys = directions(700), [f"key {row}" for row in range(700)]
    with closing(server(tmp_path / "one")) as index:
        index.upsert(keys, vectors)
        assert index.count() == 700
        assert set(index.keys()) == set(keys)
        index.upsert(["key 3"], directions(1, seed=5))
        index.delete([*keys[600:], "never there"])
        assert index.count() == 600
        (best, similarity), *_ = index.nearest(directions(1, seed=5)[0], 5)
        assert best == "key 3"
        assert similarity == pytest.approx(1, abs=1e-3)
    with closing(server(tmp_path / "one")) as again:
        assert again.count() == 600
    with closing(server(tmp_path / "two")) as anew:
        assert anew.count() == 0
        assert anew.nearest(vectors[0], 5) == []
    with pytest.raises(CollectionLostError):
        server(tmp_path / "one")


def test_two_homes_on_one_server_never_mix(served: Served, tmp_path: Path) -> None:
    indexes = []
    for name in ("mine", "yours"):
        (tmp_path / name).mkdir()
        indexes.append(ChromaServer(tmp_path / name, served.url)(tmp_path / name / "vectors"))
    indexes[0].upsert(["a"], directions(1))
    assert [index.count() for index in indexes] == [1, 0]
    (tmp_path / "copy").mkdir()
    (tmp_path / "copy" / "store.id").write_bytes((tmp_path / "mine" / "store.id").read_bytes())
    copied = ChromaServer(tmp_path / "copy", served.url)(tmp_path / "copy" / "vectors")
    assert copied.count() == 0
    assert indexes[0].count() == 1
    for index in (*indexes, copied):
        index.close()


def test_a_tenant_and_a_database_are_made_if_they_are_missing(server: ChromaServer, tmp_path: Path) -> None:
    for name in ("here", "here"):
        with closing(replace(server, tenant="a-team", database="its-notes")(tmp_path / name)) as index:
            index.upsert(["a"], directions(1))
            assert index.count() == 1


def test_the_token_is_sent_and_proxies_and_chromas_own_variables_are_not_heeded(
    served: Served, home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "HTTPS_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    monkeypatch.setenv("CHROMA_SERVER_HOST", "192.0.2.1")
    monkeypatch.setenv("CHROMA_API_IMPL", "chromadb.api.rust.RustBindingsAPI")
    handler = type("Behind", (Authenticating,), {"behind": served.port})
    with listening(handler) as url:
        with closing(ChromaServer(home, url, TOKEN)(tmp_path / "vectors")) as index:
            index.upsert(["a", "b"], directions(2))
            assert index.nearest(directions(2)[1], 1)[0][0] == "b"
        for token in ("", "another"):
            with pytest.raises(EngineError, match="refused us") as refused:
                ChromaServer(home, url, token)(tmp_path / "vectors")
            assert "store.token" in refused.value.hint
    assert os.environ["HTTP_PROXY"] == "http://127.0.0.1:9"
    assert TOKEN not in repr(ChromaServer(home, url, TOKEN))


def test_what_is_no_chroma_server_is_told_in_one_line(home: Path, tmp_path: Path) -> None:
    with listening(Web) as url, pytest.raises(EngineError, match="is no Chroma server") as strange:
        ChromaServer(home, url)(tmp_path / "vectors")
    assert "<" not in strange.value.message
    with pytest.raises(EngineError, match="failed: "):
        ChromaServer(home, f"http://127.0.0.1:{free_port()}")(tmp_path / "vectors")


def test_a_server_that_never_answers_is_given_up_soon(home: Path, tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        began = time.monotonic()
        with pytest.raises(EngineError, match="failed: "):
            ChromaServer(home, f"http://127.0.0.1:{silent.getsockname()[1]}")(tmp_path / "vectors")
        assert time.monotonic() - began < 4


def test_a_server_that_gets_stuck_holds_up_an_index_for_seconds_and_is_told(tmp_path: Path) -> None:
    running = Served(tmp_path / "data")
    place = make_owned(tmp_path / "place", EXO_STORE_URL=running.url)
    try:
        assert place.exo("index").code == 0
        running.process.send_signal(signal.SIGSTOP)
        (place.vault / "new.md").write_text("A pangolin.\n")
        began = time.monotonic()
        ended = place.exo("index")
        assert time.monotonic() - began < 8
        assert (ended.code, ended.out[:5]) == (0, "Done:")
        assert f"Searching without the Chroma server: The Chroma server {running.url} failed: timed out" in ended.err
        assert "new.md" in place.exo("search", "pangolin", "--mode", "words").out
    finally:
        place.end()
        running.process.send_signal(signal.SIGCONT)
        running.stop()


def test_another_machine_needs_the_users_consent(tmp_path: Path) -> None:
    def opening(url: str, allowed: bool = False) -> object:
        privacy = PrivacySettings(notes_leave_this_machine=allowed)
        return vector_index(Config(tmp_path, store=StoreSettings(url=url), privacy=privacy))

    assert opening("") is chroma
    for url in ("http://127.0.0.1:8000", "http://localhost:8000", "https://[::1]:8000", "http://127.1.2.3"):
        assert isinstance(opening(url), ChromaServer)
    for url in (
        "http://192.0.2.1:8000",
        "http://localhost.example.org",
        "http://127.0.0.1@example.org/",
        "http://0.0.0.0",
    ):
        with pytest.raises(ConfigError, match="leave this machine") as refused:
            opening(url)
        assert "privacy.notes_leave_this_machine" in refused.value.hint
        assert isinstance(opening(url, allowed=True), ChromaServer)
    for url in ("http://", "http://:80", "http://host:port"):
        with pytest.raises(ConfigError, match=r"store\.url"):
            opening(url, allowed=True)


def test_a_server_taken_away_costs_no_search_and_is_used_again_when_it_is_back(tmp_path: Path, home: Path) -> None:
    running = Served(tmp_path / "data")
    times = [1_000.0]
    with closing(Ledger(home)) as ledger:
        meaning = Meaning(
            home, ledger, ChromaServer(home, running.url), exact_up_to=0, in_memory=True, clock=lambda: times[-1]
        )
        ledger.vectors.store("f", [f"key {row}" for row in range(600)], directions(600))
        list(meaning.publish("f", Event()))
        assert meaning.recall(ledger.vectors, "f", 20) == 1

        def answers() -> float:
            began = time.monotonic()
            for vector in directions(5, seed=9):
                exact = ExactIndex(*ledger.vectors.all("f")).nearest(vector, 5)
                found = meaning.beside(ledger.vectors, "f", vector).nearest(5)
                assert [key for key, _ in found] == [key for key, _ in exact]
            return time.monotonic() - began

        try:
            answers()
            assert meaning.notices() == ()
            running.stop()
            assert answers() < 3
            assert "without the Chroma server" in meaning.notices()[0]
            ledger.vectors.store("f", ["new"], directions(1, seed=9))
            assert list(meaning.publish("f", Event())) == []
            times.append(times[-1] + 61)
            with pytest.raises(EngineError):
                list(meaning.publish("f", Event()))
            answers()
            running.start()
            times.append(times[-1] + 61)
            assert list(meaning.publish("f", Event()))[-1].done == 1
            answers()
            assert meaning.recall(ledger.vectors, "f", 20) == 1
            assert meaning.notices() == ()
            assert ledger.vectors.unpublished() == []
        finally:
            running.stop()
            meaning.close()
        assert not list(home.glob("vectors/*.quarantine-*"))


def test_a_server_that_lost_everything_is_filled_again(tmp_path: Path, home: Path) -> None:
    running = Served(tmp_path / "data")
    with closing(Ledger(home)) as ledger:
        meaning = Meaning(home, ledger, ChromaServer(home, running.url), exact_up_to=0)
        ledger.vectors.store("f", [f"key {row}" for row in range(300)], directions(300))
        list(meaning.publish("f", Event()))
        running.stop()
        running.folder = tmp_path / "empty"
        running.start()
        try:
            assert meaning.beside(ledger.vectors, "f", directions(300)[7]).nearest(1)[0][0] == "key 7"
            assert list(meaning.publish("f", Event()))[-1].done == 300
            assert meaning.recall(ledger.vectors, "f", 20) == 1
        finally:
            running.stop()
            meaning.close()


def test_it_is_a_vector_index(server: ChromaServer, tmp_path: Path) -> None:
    with closing(server(tmp_path / "one")) as index:
        assert isinstance(index, ChromaServerIndex)
        assert server.remote
