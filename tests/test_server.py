"""The socket against everybody who isn't a well-behaved client: nobody hangs, nobody else notices."""

from __future__ import annotations

import os
import socket
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from owners import RunningOwner, eventually
from vaults import NOTES, Vault

from exocortex.bootstrap import open_owned
from exocortex.calling import meet
from exocortex.config.meeting import Meeting, make_key, read_key, read_meeting, socket_path, write_meeting
from exocortex.core.codec import pack
from exocortex.core.errors import ConfigError, IndexHeldError
from exocortex.core.handshake import MOST_REQUEST, PROTOCOL, Build, Hello
from exocortex.frames import Line, LineClosed, this_build
from exocortex.owner import Owner
from exocortex.server import MOST_CLIENTS
from exocortex.starting import find_owner


@pytest.fixture
def owner(tmp_path: Path, vault: Vault) -> Iterator[RunningOwner]:
    """Over a few notes."""
    vault.fill(NOTES)
    running = RunningOwner(tmp_path / "home", vault.root, tmp_path / "run")
    yield running
    running.close()


def raw(owner: RunningOwner) -> socket.socket:
    """Just the socket."""
    meeting = read_meeting(owner.config.home)
    assert meeting is not None
    connected = socket.socket(socket.AF_UNIX)
    connected.settimeout(5)
    connected.connect(str(meeting.socket))
    return connected


def line(owner: RunningOwner) -> Line:
    """Past the secret, before the hello."""
    connected = raw(owner)
    connected.settimeout(None)
    opened = Line(connected)
    key = read_key(owner.config.home)
    assert key is not None
    opened.authenticate(key, listening=False)
    return opened


def answers(owner: RunningOwner) -> bool:
    """Whether a proper client is served, and quickly."""
    began = time.monotonic()
    with owner.client() as client:
        return bool(client.notes.recent(1)) and time.monotonic() - began < 5


def hung_up(connected: socket.socket, seconds: float) -> bool:
    """Whether the other side ends the line within so long."""
    connected.settimeout(seconds)
    try:
        while connected.recv(65536):
            pass
    except TimeoutError:
        return False
    except OSError:
        return True
    return True


def test_silent_clients_keep_nobody_waiting_and_are_hung_up_on(owner: RunningOwner) -> None:
    silent = [raw(owner) for _ in range(10)]
    assert answers(owner)
    assert all(hung_up(one, 5) for one in silent)
    for one in silent:
        one.close()


@pytest.mark.parametrize(
    "sent",
    [
        b"GET / HTTP/1.1\r\n\r\n",
        b"\0" * 1000,
        b"\xff" * 1000,
        struct.pack("!i", 100_000_000) + b"x" * 100_000,
        struct.pack("!i", -1) + struct.pack("!Q", 1 << 62),
        struct.pack("!i", 20) + b"#CHALLENGE#" + b"y" * 9,
    ],
)
def test_garbage_instead_of_the_secret(owner: RunningOwner, sent: bytes) -> None:
    connected = raw(owner)
    connected.sendall(sent)
    assert hung_up(connected, 5)
    connected.close()
    assert answers(owner)


def test_a_wrong_secret_gets_nothing(owner: RunningOwner) -> None:
    connected = raw(owner)
    connected.settimeout(None)
    with pytest.raises(LineClosed):
        Line(connected).authenticate(b"k" * 32, listening=False)
    assert answers(owner)


@pytest.mark.parametrize("message", [{}, {"hello": 1}, {"build": {}, "config": None}, {"build": None, "config": 3}])
def test_a_hello_that_makes_no_sense(owner: RunningOwner, message: dict[str, object]) -> None:
    opened = line(owner)
    opened.send(message)
    with pytest.raises(LineClosed):
        opened.receive(MOST_REQUEST)
    assert answers(owner)


def greeted(owner: RunningOwner) -> Line:
    """Ready for questions."""
    opened = line(owner)
    opened.send(pack(Hello(this_build(PROTOCOL), None)))
    assert opened.receive(MOST_REQUEST)["welcome"]["verdict"] == "welcome"
    return opened


@pytest.mark.parametrize(
    ("request_", "said"),
    [
        ({"call": "search.nothing"}, "no call"),
        ({"call": "os.system", "arguments": {"command": "true"}}, "no call"),
        ({"call": "search.find", "arguments": {"text": 1}}, "expected"),
        ({"call": "search.find", "arguments": {"text": "x", "limit": "many"}}, "expected"),
        ({"call": "search.find"}, "unexpectedly|TypeError|argument"),
        ({}, "no call"),
    ],
)
def test_a_question_that_makes_no_sense_is_answered_so(
    owner: RunningOwner, request_: dict[str, object], said: str
) -> None:
    opened = greeted(owner)
    opened.send(request_)
    error = opened.receive(MOST_REQUEST)["error"]
    assert error["kind"] == "owner"
    opened.send({"call": "notes.tags", "arguments": {}})
    assert "result" in opened.receive(MOST_REQUEST)


def test_a_frame_of_a_hundred_megabytes_ends_the_line_and_costs_nothing(owner: RunningOwner) -> None:
    opened = greeted(owner)
    before = _memory()
    with pytest.raises(LineClosed):
        opened.send({"call": "search.find", "arguments": {"text": "x" * 100_000_000}})
        opened.receive(MOST_REQUEST)
    assert answers(owner)
    assert _memory() - before < 350e6  # the text is made in this very process, thrice


def _memory() -> float:
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def test_deeply_nested_json_ends_the_line_only(owner: RunningOwner) -> None:
    connected = raw(owner)
    connected.settimeout(None)
    fd = connected.fileno()
    duplicate = os.dup(fd)
    opened = Line(connected)
    key = read_key(owner.config.home)
    assert key is not None
    opened.authenticate(key, listening=False)
    deep = b"[" * 200_000
    os.write(duplicate, struct.pack("!i", len(deep)) + deep)
    with pytest.raises(LineClosed):
        opened.receive(MOST_REQUEST)
    os.close(duplicate)
    assert answers(owner)


def test_a_client_that_stops_reading_is_let_go(owner: RunningOwner, vault: Vault) -> None:
    vault.write("big.txt", "heron harbour\n" * 300_000)
    with owner.client() as client:
        list(client.index.run())
    opened = greeted(owner)
    for _ in range(3):
        opened.send({"call": "notes.show", "arguments": {"note": "big.txt"}})
    assert answers(owner)
    opened.close()


def test_more_clients_than_there_is_room_for(owner: RunningOwner) -> None:
    kept = [greeted(owner) for _ in range(MOST_CLIENTS - 1)]
    surplus = [raw(owner) for _ in range(5)]
    assert sum(hung_up(one, 3) for one in surplus) >= 4
    for one in kept:
        one.close()
    for other in surplus:
        other.close()
    assert eventually(lambda: meet(owner.config))
    assert answers(owner)


def _with_version(owner: RunningOwner, version: str, changed: float) -> str:
    opened = line(owner)
    mine = this_build(PROTOCOL)
    opened.send(pack(Hello(replace(mine, version=version, changed=mine.changed + changed), None)))
    verdict: str = opened.receive(MOST_REQUEST)["welcome"]["verdict"]
    opened.close()
    return verdict


def test_an_older_program_is_told_and_changes_nothing(owner: RunningOwner) -> None:
    assert _with_version(owner, "0.0.9", 0) == "newer"
    assert _with_version(owner, this_build(PROTOCOL).version, -10) == "newer"
    assert not owner.has_ended(0.7)
    assert answers(owner)


def test_an_older_program_may_end_a_newer_one_and_nothing_else(owner: RunningOwner) -> None:
    for call, ended in (("index.status", False), ("owner.retire", True)):
        opened = line(owner)
        opened.send(pack(Hello(replace(this_build(PROTOCOL), version="0.0.9"), None)))
        assert opened.receive(MOST_REQUEST)["welcome"]["verdict"] == "newer"
        opened.send({"call": call, "arguments": {}})
        if ended:
            assert opened.receive(MOST_REQUEST) == {"result": None}
        else:
            with pytest.raises(LineClosed):
                opened.receive(MOST_REQUEST)
        opened.close()
        assert owner.has_ended(5 if ended else 0.5) == ended


def test_a_newer_program_is_made_way_for(owner: RunningOwner) -> None:
    assert _with_version(owner, "99.0", 0) == "older"
    assert owner.has_ended(7)


@pytest.mark.parametrize(
    ("one", "other"), [("0.2.0", "0.1.9"), ("0.10.0", "0.9.0"), ("1.0", "0.99.1"), ("0.1.0.1", "0.1.0")]
)
def test_versions_are_compared_by_their_numbers(one: str, other: str) -> None:
    newer, older = Build(1, 1, one, 0), Build(1, 1, other, 9)
    assert newer.is_newer_than(older)
    assert not older.is_newer_than(newer)


def test_only_one_owner(owner: RunningOwner) -> None:
    with pytest.raises(IndexHeldError):
        Owner(owner.config, owner.environ, open_owned)
    assert answers(owner)


def test_the_socket_is_closed_to_others_and_goes_with_the_owner(owner: RunningOwner) -> None:
    meeting = read_meeting(owner.config.home)
    assert meeting is not None
    assert meeting.socket.stat().st_mode & 0o777 == 0o600
    assert meeting.socket.parent.stat().st_mode & 0o077 == 0
    assert (owner.config.home / "owner.key").stat().st_mode & 0o777 == 0o600
    owner.close()
    assert not meeting.socket.exists()
    assert read_meeting(owner.config.home) is None
    assert find_owner(owner.config) is None


def test_what_lies_in_the_sockets_place_is_replaced(tmp_path: Path, vault: Vault) -> None:
    runtime, home = tmp_path / "run", tmp_path / "home"
    runtime.mkdir(mode=0o700)
    place = socket_path(home, {"XDG_RUNTIME_DIR": str(runtime)})
    for stale in ("socket", "file"):
        if stale == "socket":
            left = socket.socket(socket.AF_UNIX)
            left.bind(str(place))
            left.close()
        else:
            place.write_text("not a socket")
        running = RunningOwner(home, vault.root, runtime)
        assert answers_at_all(running)
        running.close()


def answers_at_all(owner: RunningOwner) -> bool:
    """Whether a proper client is served."""
    with owner.client() as client:
        return client.index.status().home == str(owner.config.home)


def test_a_record_that_leads_nowhere_or_to_somebody_else(tmp_path: Path, owner: RunningOwner) -> None:
    home = tmp_path / "another home"
    home.mkdir(mode=0o700)
    config = replace(owner.config, home=home)
    assert meet(config) is None
    write_meeting(home, Meeting(1, tmp_path / "nothing"))
    make_key(home)
    assert meet(config) is None
    real = read_meeting(owner.config.home)
    assert real is not None
    write_meeting(home, real)
    assert meet(config) is None  # the secret is another one
    for junk in ("", "{}", "[]", '{"pid": "x", "socket": 5}', "\0"):
        (home / "owner.json").write_text(junk)
        assert meet(config) is None


def test_a_listener_that_never_answers_is_given_up(tmp_path: Path, owner: RunningOwner) -> None:
    home = tmp_path / "another home"
    home.mkdir(mode=0o700)
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(str(tmp_path / "mute"))
    listener.listen()
    write_meeting(home, Meeting(1, tmp_path / "mute"))
    make_key(home)
    began = time.monotonic()
    assert meet(replace(owner.config, home=home)) is None
    assert time.monotonic() - began < 5
    listener.close()


def test_without_a_runtime_folder_the_socket_lies_in_one_of_our_own(tmp_path: Path) -> None:
    place = socket_path(tmp_path, {})
    assert place.parent.stat().st_uid == os.geteuid()
    assert place.parent.stat().st_mode & 0o077 == 0
    assert socket_path(tmp_path, {"XDG_RUNTIME_DIR": str(tmp_path / "no such")}) == place
    long = tmp_path / ("x" * 100)
    long.mkdir(mode=0o700)
    assert socket_path(tmp_path, {"XDG_RUNTIME_DIR": str(long)}) == place
    open_to_all = tmp_path / "open"
    open_to_all.mkdir()
    open_to_all.chmod(0o777)
    assert socket_path(tmp_path, {"XDG_RUNTIME_DIR": str(open_to_all)}) == place


def test_a_folder_for_sockets_that_others_can_write_to_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    (tmp_path / f"exo-{os.geteuid()}").mkdir()
    (tmp_path / f"exo-{os.geteuid()}").chmod(0o777)
    with pytest.raises(ConfigError, match="this user alone"):
        socket_path(tmp_path / "home", {})


def test_one_home_has_one_socket_however_it_is_spelled(tmp_path: Path) -> None:
    (tmp_path / "home").mkdir()
    (tmp_path / "link").symlink_to("home")
    assert socket_path(tmp_path / "link", {}) == socket_path(tmp_path / "home" / ".." / "home", {})


def test_it_ends_when_its_home_is_gone(owner: RunningOwner) -> None:
    # The owner writes there meanwhile: a file may be gone before its turn, or have come after the listing.
    subprocess.run(["rm", "-rf", owner.config.home], check=False)
    assert owner.has_ended(5)


def test_it_ends_when_nobody_asks_anything(tmp_path: Path, vault: Vault) -> None:
    running = RunningOwner(tmp_path / "home", vault.root, tmp_path / "run", idle_minutes=0.03)
    client = running.client()
    assert not running.has_ended(2.5)  # somebody is there
    client.close()
    assert running.has_ended(5)


def test_a_client_killed_in_the_middle_of_a_stream_leaves_no_trace(owner: RunningOwner, vault: Vault) -> None:
    script = (
        "import sys, time\nfrom pathlib import Path\nfrom exocortex.config import Config, Folder, EmbedderSettings\n"
        "from exocortex.calling import meet\nfrom exocortex.client import Client\n"
        "home, notes = map(Path, sys.argv[1:])\n"
        "config = Config(home, (Folder('notes', notes),), embedder=EmbedderSettings(name='hash'))\n"
        "client = Client(config, *meet(config, impose=False))\n"
        "for event in client.index.watch():\n    print('on', flush=True)\n"
    )
    command = [sys.executable, "-c", script, str(owner.config.home), str(vault.root)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, env={**os.environ, "PYTHONPATH": "."}) as watching:
        assert watching.stdout is not None
        assert watching.stdout.readline() == b"on\n"
        watching.kill()
    assert eventually(lambda: not any(thread.name == "stop" for thread in threading.enumerate()))
    assert answers(owner)


def test_messages_are_json_on_one_line_of_ascii() -> None:
    ours, theirs = socket.socketpair()
    one, other = Line(ours), Line(theirs)
    one.send({"text": "é\udcff\n"})
    assert other.receive(100) == {"text": "é\udcff\n"}
    one.send({"long": "x" * 100})
    with pytest.raises(LineClosed):
        other.receive(50)
