"""Nothing leaves the machine, or tries to, whatever the environment asks for; all of it works without a network."""

from __future__ import annotations

import re
import shutil
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from places import EXO, NOTES, TRACEBACK, Ended, Place, make_place

INTERNET = re.compile(r"AF_INET6?|PF_INET6?|sin6?_addr")
HOSTILE_SETTINGS = {
    "CHROMA_API_IMPL": "chromadb.api.fastapi.FastAPI",
    "CHROMA_SERVER_HOST": "192.0.2.1",
    "CHROMA_SERVER_HTTP_PORT": "8000",
    "CHROMA_OTEL_COLLECTION_ENDPOINT": "http://192.0.2.1:4317",
    "CHROMA_OTEL_GRANULARITY": "all",
    "CHROMA_PRODUCT_TELEMETRY_IMPL": "chromadb.telemetry.product.posthog.Posthog",
    "ANONYMIZED_TELEMETRY": "true",
    "IS_PERSISTENT": "false",
    "ALLOW_RESET": "true",
}
HOSTILE_ENVIRONMENT = {
    **HOSTILE_SETTINGS,
    **{f"{name}_proxy".upper(): "http://192.0.2.1:3128" for name in ("http", "https", "all")},
    **{f"{name}_proxy": "http://192.0.2.1:3128" for name in ("http", "https", "all")},
    "HF_ENDPOINT": "http://192.0.2.1",
    "HF_HUB_OFFLINE": "0",
    "OTEL_EXPORTER_OTLP_ENDPOINT": "http://192.0.2.1:4317",
    "ORT_TELEMETRY_ENABLED": "1",
    "DO_NOT_TRACK": "0",
}
CHROMA_ALONE = """
import sys
from pathlib import Path
import numpy as np
from exocortex.bootstrap import chroma
index = chroma(Path(sys.argv[1]))
index.upsert(["a", "b"], np.eye(2, 384, dtype="float32"))
assert index.nearest(np.eye(2, 384, dtype="float32")[0], 1)[0][0] == "a"
index.close()
"""
ASK = ["ask", "How much is the deposit?"]


@pytest.fixture(scope="module", autouse=True)
def _programs() -> None:
    for program in ("strace", "unshare"):
        assert shutil.which(program), f"{program} is missing on this machine: sh tests/programs.sh names the package"


@pytest.fixture
def place(tmp_path: Path) -> Place:
    """A vault for the bundled embedder; no cache, no settings, and a working directory that means harm."""
    made = make_place(tmp_path, NOTES)
    del made.environ["EXO_EMBEDDER_NAME"]
    (tmp_path / "user").mkdir()
    lines = "".join(f"{name}={value}\n" for name, value in HOSTILE_SETTINGS.items())
    for folder in (tmp_path, made.vault, tmp_path / "user"):
        (folder / ".env").write_text(lines)
    return made


def _traced(place: Place, command: list[str], **environ: str) -> tuple[Ended, str]:
    """Run it under strace, children and all; returns every call that has to do with sockets."""
    log = place.vault.parent / "net.log"
    strace = ["strace", "-f", "--seccomp-bpf", "-qq", "-e", "trace=%net", "-e", "signal=none", "-o", str(log)]
    ended = subprocess.run(
        [*strace, *command],
        capture_output=True,
        timeout=120,
        env=place.environ | environ,
        cwd=place.vault.parent,
    )
    calls = log.read_text(errors="replace")
    log.unlink()
    return Ended(ended.returncode, ended.stdout.decode(), ended.stderr.decode()), calls


def test_an_attempt_would_be_seen(place: Place) -> None:
    for family in ("AF_INET", "AF_INET6"):
        code = f"import socket, subprocess, sys; socket.socket(socket.{family}, socket.SOCK_DGRAM)"
        child = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {code!r}])"
        _, calls = _traced(place, [sys.executable, "-c", child])
        assert INTERNET.search(calls)
    _, calls = _traced(place, [sys.executable, "-c", "import socket; socket.getaddrinfo('example.org', 80)"])
    assert INTERNET.search(calls)


@pytest.mark.parametrize("environ", [{}, HOSTILE_ENVIRONMENT], ids=["plain", "hostile"])
def test_no_command_tries_the_network(place: Place, environ: dict[str, str]) -> None:
    commands = [
        ["init", str(place.vault)],
        ["index", "--json"],
        ["search", "deposit"],
        ASK,
        ["similar", "Lease"],
        ["search", "-v", "--explain", "how warm is it?"],
        ["config"],
    ]
    for command in commands:
        ended, calls = _traced(place, [*EXO, *command], **environ)
        assert not INTERNET.search(calls), (command, calls)
        assert (ended.code, TRACEBACK in ended.err) == (0, False), (command, ended.err)
    assert sorted(path.name for path in (place.vault.parent / "user").iterdir()) == [".env"]


def test_chroma_alone_tries_no_network(place: Place) -> None:
    for environ in ({}, HOSTILE_ENVIRONMENT):
        folder = str(place.vault.parent / f"vectors {len(environ)}")
        ended, calls = _traced(place, [sys.executable, "-c", CHROMA_ALONE, folder], **environ)
        assert (ended.code, ended.err) == (0, "")
        assert not INTERNET.search(calls)


def test_settings_of_chroma_that_make_no_sense_do_no_harm(place: Place) -> None:
    (place.vault.parent / ".env").write_bytes(b"\xff\xfe=\xff\n")
    place.exo("init", str(place.vault))
    for command in (["index"], ["search", "deposit"], ASK):
        ended = place.exo(*command, cwd=place.vault.parent, IS_PERSISTENT="notabool", CHROMA_SERVER_HTTP_PORT="x")
        assert ended.code == 0, ended.err


def test_a_crash_tries_no_network_either(place: Place) -> None:
    code = """
import os, sys
from exocortex.cli.face import Face
from exocortex.cli.process import run
def fail(self): raise RuntimeError("oh")
Face.config = fail
sys.exit(run(["recent"], os.environ))
"""
    ended, calls = _traced(place, [sys.executable, "-c", code], **HOSTILE_ENVIRONMENT)
    assert ended.code == 2
    assert not INTERNET.search(calls)


def test_all_of_it_works_where_there_is_no_network(place: Place) -> None:
    for command in (["demo"], ["init", str(place.vault)], ["index"], ["search", "deposit"], ASK):
        ended = subprocess.run(
            ["unshare", "-rn", *EXO, *command],
            capture_output=True,
            timeout=120,
            env=place.environ | {"TMPDIR": str(place.vault.parent)},
            cwd=place.vault.parent,
        )
        assert (ended.returncode, b"Traceback" in ended.stderr) == (0, False), ended.stderr.decode()


def test_the_namespace_has_no_network(place: Place) -> None:
    code = "import socket; socket.create_connection(('127.0.0.1', int(__import__('sys').argv[1])), 2)"
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = str(server.getsockname()[1])
        reached = subprocess.run([sys.executable, "-c", code, port], capture_output=True, check=False)
        cut_off = subprocess.run(["unshare", "-rn", sys.executable, "-c", code, port], capture_output=True, check=False)
    assert reached.returncode == 0
    assert cut_off.returncode != 0
    assert b"unreachable" in cut_off.stderr
