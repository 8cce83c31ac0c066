"""The process in the background, as people meet it: it comes when needed, tells about itself, and goes."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from owned import OwnedPlace, command_of, make_owned, survivors
from owners import eventually


def test_the_first_command_starts_it_and_the_next_ones_share_it(owned: OwnedPlace) -> None:
    assert owned.owners() == []
    assert "Lease" in owned.exo("search", "deposit").out
    (first,) = owned.owners()
    assert "Lease" in owned.exo("search", "deposit").out
    assert owned.owners() == [first]
    status = owned.exo("status", "--json").json()
    assert status["owner"]["pid"] == first
    assert status["owner"]["memory_bytes"] > 10e6
    assert status["owner"]["watch"]["mode"] == "events"
    assert f"process {first}" in owned.exo("status").out


def test_it_belongs_to_nobody_and_keeps_nothing_open(owned: OwnedPlace, tmp_path: Path) -> None:
    held = tmp_path / "disk"
    held.mkdir()
    ended = subprocess.run(
        ["bash", "-c", f'x=$({owned_command()} search deposit); echo "got ${{x:0:4}}"'],
        env=owned.environ,
        cwd=held,
        capture_output=True,
        timeout=20,
    )
    assert ended.stdout.startswith(b"got Home")
    (owner,) = owned.owners()
    process = Path(f"/proc/{owner}")
    assert eventually(lambda: os.readlink(process / "cwd") == "/")
    assert os.getsid(owner) != os.getsid(0)
    places = list(open_places(process))
    assert not any(place.startswith("/dev/pts") or str(held) in place for place in places)
    parent = int((process / "stat").read_text().rpartition(")")[2].split()[1])
    assert parent not in (os.getpid(),)
    assert "search" not in command_of(parent)


def open_places(process: Path) -> Iterator[str]:
    """What a living process has open, but for what it closes meanwhile."""
    for one in (process / "fd").iterdir():
        with suppress(FileNotFoundError):
            yield os.readlink(one)


def owned_command() -> str:
    """How a shell calls this program."""
    from places import EXO

    return " ".join(EXO)


@pytest.mark.parametrize("command", ["status", "stop", "config", "--help"])
def test_some_commands_never_start_one(owned: OwnedPlace, command: str) -> None:
    assert owned.exo(command).code == 0
    assert owned.owners() == []


def test_without_an_owner_the_work_is_done_here(owned: OwnedPlace) -> None:
    assert owned.exo("--no-owner", "index").code == 0
    assert "Lease" in owned.exo("search", "deposit", "--no-owner").out
    assert owned.owners() == []
    owned.exo("search", "deposit")
    refused = owned.exo("--no-owner", "search", "deposit")
    assert refused.code == 2
    assert str(owned.owners()[0]) in refused.err


def test_it_can_be_ended_and_starts_again(owned: OwnedPlace) -> None:
    owned.exo("search", "deposit")
    (first,) = owned.owners()
    said = owned.exo("stop")
    assert said.code == 0
    assert str(first) in said.err
    assert owned.owners() == []
    assert "Nothing is running" in owned.exo("stop").err
    owned.exo("search", "deposit")
    assert owned.owners() not in ([], [first])


def test_it_goes_when_nobody_needs_it(tmp_path: Path) -> None:
    place = make_owned(tmp_path, EXO_OWNER_IDLE_MINUTES="0.02")
    place.exo("search", "deposit")
    assert eventually(lambda: not survivors(str(place.home)), 10)


def test_a_command_after_a_kill_finds_things_in_order(owned: OwnedPlace) -> None:
    owned.exo("index")
    for _ in range(3):
        (owner,) = owned.owners()
        os.kill(owner, signal.SIGKILL)
        found = owned.exo("search", "deposit")
        assert found.code == 0
        assert "Lease" in found.out


def test_watching_starts_one_that_stays(owned: OwnedPlace) -> None:
    assert owned.exo("index").code == 0
    with owned.start("watch", "--json") as watching:
        assert watching.stdout is not None
        assert json.loads(watching.stdout.readline())["event"] == "notice"
        (owned.vault / "new.md").write_text("A pangolin.\n")
        saved: list[str] = []
        while "notes:new.md" not in saved:
            event = json.loads(watching.stdout.readline())
            saved += event["changed"] if event["event"] == "saved" else []
        watching.send_signal(signal.SIGINT)
        assert watching.wait(5) == 130
    assert len(owned.owners()) == 1
    assert "new.md" in owned.exo("search", "pangolin", "--mode", "words").out


def test_a_service_says_so_and_ends_on_a_signal(owned: OwnedPlace) -> None:
    with owned.start("serve") as serving:
        assert serving.stderr is not None
        assert b"Holding the index" in serving.stderr.readline()
        assert owned.exo("search", "deposit").code == 0
        other = owned.exo("serve")
        assert other.code == 2
        assert str(serving.pid) in other.err
        serving.send_signal(signal.SIGTERM)
        assert serving.wait(5) == 0
    assert not (owned.home / "owner.json").exists()


def test_a_home_with_a_long_name(tmp_path: Path) -> None:
    deep = tmp_path / "/".join(["a long name of a folder"] * 8)
    deep.mkdir(parents=True)
    place = make_owned(deep)
    assert len(str(place.home)) > 200
    assert place.exo("search", "deposit").code == 0
    assert len(place.owners()) == 1
    place.end()


def test_another_kind_of_process_that_holds_the_index_is_named_and_waited_for_a_while(owned: OwnedPlace) -> None:
    (owned.vault / "big.txt").write_text("heron harbour lease\n" * 200_000)
    with owned.start("--no-owner", "watch") as holding:
        assert holding.stdout is not None
        holding.stdout.readline()
        try:
            began = time.monotonic()
            asking = owned.start("search", "deposit")
            assert asking.stderr is not None
            assert f"Waiting for process {holding.pid}, since" in asking.stderr.readline().decode()
            assert time.monotonic() - began < 2
            _, err = asking.communicate(timeout=20)
            assert asking.returncode == 2
            assert f"Another process holds the index: process {holding.pid}" in err.decode()
            assert time.monotonic() - began < 7
            waiting = owned.start("search", "deposit")
            assert waiting.stderr is not None
            assert b"Waiting" in waiting.stderr.readline()
        finally:
            holding.send_signal(signal.SIGINT)
        assert holding.wait(10) == 130
        out, _ = waiting.communicate(timeout=20)
        assert b"Lease" in out


def test_what_keeps_it_from_starting_is_said(owned: OwnedPlace) -> None:
    (owned.home / "index.db").mkdir()
    ended = owned.exo("search", "deposit")
    assert ended.code == 2
    assert "index.db" in ended.err
    (owned.home / "index.db").rmdir()
    assert owned.exo("search", "deposit").code == 0


def test_a_folder_added_while_it_runs_is_taken_in(owned: OwnedPlace, tmp_path: Path) -> None:
    owned.exo("search", "deposit")
    more = tmp_path / "more"
    more.mkdir()
    (more / "extra.md").write_text("A pangolin.\n")
    assert owned.exo("init", str(more)).code == 0
    assert "extra.md" in owned.exo("search", "pangolin", "--mode", "words").out
    assert len(owned.owners()) == 1


def test_a_search_loads_nothing_heavy_where_an_owner_runs(owned: OwnedPlace) -> None:
    owned.exo("search", "deposit")
    command = [sys.executable, "-X", "importtime", "-m", "exocortex", "search", "deposit"]
    ended = subprocess.run(command, env=owned.environ, capture_output=True, cwd="/", timeout=30)
    assert ended.returncode == 0
    loaded = {line.rpartition(b"|")[2].strip().decode() for line in ended.stderr.splitlines()}
    assert "exocortex.client" in loaded
    heavy = {"chromadb", "numpy", "textual", "onnxruntime", "tokenizers", "watchdog", "sqlite3", "markdown_it", "rich"}
    assert not loaded & heavy


def test_where_no_owner_is_to_be_started_watching_is_done_by_the_command_itself(owned: OwnedPlace) -> None:
    watching = owned.start("watch", "--json", EXO_OWNER_START="false")
    try:
        assert watching.stdout is not None
        while json.loads(watching.stdout.readline())["event"] != "indexed":  # what is saved before is one of many
            pass
        (owned.vault / "Home" / "Lease.md").write_text("# Lease\n\nThe deposit is back.\n")
        saved: list[str] = []
        while "notes:Home/Lease.md" not in saved:
            event = json.loads(watching.stdout.readline())
            saved += event["changed"] if event["event"] == "saved" else []
        assert owned.owners() == []
    finally:
        watching.send_signal(signal.SIGINT)
    watching.communicate(timeout=10)
    assert watching.returncode == 130


def test_doctor_finds_a_home_in_order_that_was_made_a_moment_ago(owned: OwnedPlace) -> None:
    assert owned.exo("search", "deposit").code == 0
    ended = owned.exo("doctor", "--json")
    findings = {one["what"]: one["severity"] for one in ended.json()["findings"]}
    assert findings["state.db"] == findings["index.db"] == "ok"
