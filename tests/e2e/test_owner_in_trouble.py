"""What people are told of a process in the background that is stuck, or that can't start."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from owned import OwnedPlace
from places import EXO, TRACEBACK, Ended

from exocortex.config import load
from exocortex.config.meeting import Meeting, socket_path, write_meeting
from exocortex.storage.lock import IndexLock, holder

IN_A_DISK = """
mount -t tmpfs -o size=300k,mode=700 tmpfs "$1" && printf %s "$2" > "$1/config.toml" || exit 9
home=$1; shift 2
cat /dev/zero > "$home/filler" 2>/dev/null
"$@"; code=$?
ls -A "$home" >&2
exit $code
"""


@pytest.fixture
def stuck(owned: OwnedPlace) -> Iterator[int]:
    """An owner that is stopped; its process."""
    assert owned.exo("index").code == 0
    (process,) = owned.owners()
    os.kill(process, signal.SIGSTOP)
    yield process
    os.kill(process, signal.SIGCONT)


def in_a_namespace(place: OwnedPlace, script: str, *arguments: str) -> Ended:
    """Run a script as the root of a namespace of its own, where mounting concerns nobody else."""
    command = ["unshare", "-rm", "sh", "-c", script, "sh", *arguments]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=60, env=place.environ, cwd="/", check=False)
    assert TRACEBACK not in ended.stderr
    return Ended(ended.returncode, ended.stdout, ended.stderr)


def read_only(place: OwnedPlace, *command: str) -> Ended:
    """Run `exo` where the home can't be written to."""
    script = f'mount --bind "{place.home}" "{place.home}" && mount -o remount,bind,ro "{place.home}" && exec "$@"'
    return in_a_namespace(place, script, *EXO, *command)


@pytest.mark.parametrize("command", [["status"], ["serve"], ["--no-owner", "search", "deposit"], ["search", "deposit"]])
def test_every_command_tells_a_stuck_owner_alike_and_soon(owned: OwnedPlace, stuck: int, command: list[str]) -> None:
    began = time.monotonic()
    ended = owned.exo(*command)
    assert time.monotonic() - began < 7
    assert ended.code == 2
    assert f"Process {stuck} holds the index and does not answer." in ended.err
    assert f"kill -CONT {stuck}; to end it, losing nothing: kill -9 {stuck}" in ended.err
    assert "Starting" not in ended.err


def test_a_stuck_owner_is_waited_for_by_a_short_name(owned: OwnedPlace, stuck: int) -> None:
    said = owned.exo("search", "deposit").err.splitlines()[0]
    assert said.startswith(f"Waiting for process {stuck}, since 2")
    assert said.partition(": ")[2].startswith("exo --home ")
    assert len(said) < 150


def test_the_name_of_whoever_holds_the_index_shows_an_owner_however_long_its_home(tmp_path: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from exocortex.storage.lock import IndexLock\n"
        "lock = IndexLock(Path(sys.argv[2])); lock.acquire(); print('held', flush=True); sys.stdin.read()"
    )
    arguments = ["--home", str(tmp_path), "x" * 300, "serve", "--ready-fd", "5"]
    with subprocess.Popen(
        [sys.executable, "-c", code, *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        cwd=Path(__file__).parents[2],
    ) as holding:
        assert holding.stdout is not None
        assert holding.stdin is not None
        assert holding.stdout.readline()
        assert " serve --ready-fd 5" in str(holder(tmp_path))
        holding.stdin.close()


def test_stop_needs_no_settings(owned: OwnedPlace) -> None:
    assert owned.exo("index").code == 0
    (owned.home / "config.toml").write_text("[search\n")
    ended = owned.exo("stop")
    assert (ended.code, "Ended" in ended.err) == (0, True)
    assert owned.owners() == []


def test_what_keeps_an_owner_from_starting_is_said_with_its_own_hint(owned: OwnedPlace) -> None:
    ended = owned.exo("search", "deposit", EXO_STORE_URL="http://192.0.2.1:8000")
    assert ended.code == 2
    first, *rest = [line for line in ended.err.splitlines() if "Starting" not in line]
    assert first.startswith("exo: The vectors would leave this machine for http://192.0.2.1:8000")
    assert "Set privacy.notes_leave_this_machine to true" in " ".join(rest)
    assert "--no-owner" not in ended.err


def test_a_folder_at_the_place_of_the_socket_is_named(owned: OwnedPlace) -> None:
    place = socket_path(owned.home, owned.environ)
    place.mkdir()
    for command in (["search", "deposit"], ["serve"]):
        ended = owned.exo(*command)
        assert ended.code == 2
        assert f"{place} can't be used: Is a directory." in ended.err
        assert "Move it away" in ended.err
    place.rmdir()
    assert owned.exo("search", "deposit").code == 0


def test_a_full_disk_is_named_and_nothing_half_written_stays(owned: OwnedPlace) -> None:
    settings = (owned.home / "config.toml").read_text()
    ended = in_a_namespace(owned, IN_A_DISK, str(owned.home), settings, *EXO, "search", "deposit")
    assert ended.code == 2
    assert "disk" in ended.err or "No space left" in ended.err
    assert "The process that holds the index did not start" not in ended.err
    assert "owner.json" not in ended.err


def test_little_room_is_told_in_a_unit_that_shows_it(owned: OwnedPlace) -> None:
    settings = (owned.home / "config.toml").read_text()
    said = in_a_namespace(owned, IN_A_DISK, str(owned.home), settings, *EXO, "doctor").out
    assert "Only 0.0 MB are free" in said


@pytest.mark.parametrize("command", [["serve"], ["search", "deposit"], ["--no-owner", "search", "deposit"]])
def test_a_home_that_is_read_only_is_named(owned: OwnedPlace, command: list[str]) -> None:
    assert owned.exo("--no-owner", "index").code == 0
    ended = read_only(owned, *command)
    assert ended.code == 2
    assert str(owned.home) in ended.err
    assert "written to" in ended.err or "Read-only file system" in ended.err
    assert "unexpected" not in ended.err


def test_what_an_owner_that_died_was_writing_is_swept_away(owned: OwnedPlace) -> None:
    home = owned.home
    (home / "owner.json.12345").touch()
    write_meeting(home, Meeting(os.getpid(), Path("/nowhere")))
    assert [path.name for path in home.glob("owner.json*")] == ["owner.json"]
    (home / "owner.json").unlink()
    (home / "owner.json").mkdir()
    with pytest.raises(IsADirectoryError):
        write_meeting(home, Meeting(os.getpid(), Path("/nowhere")))
    assert [path.name for path in home.glob("owner.json*")] == ["owner.json"]


def test_doctor_finds_an_owner_that_does_not_answer(owned: OwnedPlace, stuck: int) -> None:
    for alone in ([], ["--no-owner"]):
        ended = owned.exo("doctor", "--json", *alone)
        (one,) = [one for one in json.loads(ended.out)["findings"] if one["what"] == "owner"]
        assert (ended.code, one["severity"], one["mend"]) == (1, "error", f"kill -9 {stuck}")
        assert f"kill -CONT {stuck}" in one["message"]


def test_doctor_finds_a_home_that_is_read_only(owned: OwnedPlace) -> None:
    assert owned.exo("--no-owner", "index").code == 0
    ended = read_only(owned, "doctor", "--json")
    wrong = {one["what"]: one for one in json.loads(ended.out)["findings"] if one["severity"] != "ok"}
    assert (ended.code, set(wrong)) == (1, {"home"})
    assert "can't be written to" in wrong["home"]["message"]


@pytest.mark.parametrize(
    ("url", "severity", "said"),
    [
        ("http://192.0.2.1:8000", "error", "notes_leave_this_machine"),
        ("http://127.0.0.1:9", "warning", "failed"),
    ],
)
def test_doctor_finds_a_server_that_cannot_be_used(owned: OwnedPlace, url: str, severity: str, said: str) -> None:
    assert owned.exo("--no-owner", "index").code == 0
    ended = owned.exo("doctor", "--json", EXO_STORE_URL=url)
    wrong = {one["what"]: one for one in json.loads(ended.out)["findings"] if one["severity"] != "ok"}
    assert (ended.code, set(wrong)) == (1, {"store"})
    assert wrong["store"]["severity"] == severity
    assert said in wrong["store"]["message"]


def test_another_kind_of_process_is_named_to_a_service(owned: OwnedPlace) -> None:
    with IndexLock(load(owned.environ).home, "exo test"):
        ended = owned.exo("serve")
    assert ended.code == 2
    assert "Another process holds the index" in ended.err
