"""T6, T7, T8, T15, T16, T18, T19: one owner whatever starts at once, whatever is killed, however fast notes change."""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from owned import OwnedPlace, make_owned
from owners import eventually
from places import EXO, TRACEBACK
from processes import need

from exocortex.config import load
from exocortex.core.errors import OwnerError
from exocortex.starting import reach_owner

LONG = bool(os.environ.get("EXO_LONG_FAULTS"))
"""The number that a release is held to, instead of one that takes seconds."""
BURST = 20_000 if LONG else 3_000
SAVES = 1000 if LONG else 40
BRANCH = 5_000 if LONG else 600


def indexed(place: OwnedPlace) -> int:
    """Notes whose words are in; the ledger adds up."""
    (folder,) = place.exo("status", "--json").json()["folders"]
    assert folder["on_disk"] == folder["indexed"] + folder["pending"] + folder["skipped"]
    return int(folder["indexed"])


def has(place: OwnedPlace, word: str) -> list[str]:
    """Notes found by a word that stands in them."""
    hits = place.exo("search", word, "--mode", "words", "--literal", "--json").json()["hits"]
    return [hit["path"] for hit in hits if word in hit["snippet"].lower()]


def test_t6_started_all_at_once_they_share_one_owner(owned: OwnedPlace) -> None:
    commands = [
        ("index",),
        *[("search", "deposit")] * 4,
        ("capture", "a thought about pangolins"),
        ("ask", "How much is the deposit?"),
        ("status",),
    ]
    started = [owned.start(*command) for command in commands]
    for command, process in zip(commands, started, strict=True):
        out, err = process.communicate(timeout=60)
        assert process.returncode == 0, (command, err)
        assert TRACEBACK.encode() not in err
        if command[0] == "search":
            assert b"Lease" in out
    assert len(owned.owners()) == 1
    assert eventually(lambda: indexed(owned) == 6, 20)
    assert has(owned, "pangolins")


def test_t7_clients_of_a_killed_owner_say_so_and_the_next_takes_over(owned: OwnedPlace) -> None:
    owned.exo("index")
    (first,) = owned.owners()
    watching = [owned.start("watch", "--json") for _ in range(3)]
    for one in watching:
        assert one.stdout is not None
        assert one.stdout.readline()
    os.kill(first, signal.SIGKILL)
    began = time.monotonic()
    for one in watching:
        _, err = one.communicate(timeout=10)
        assert one.returncode == 2
        assert b"ended" in err
        assert TRACEBACK.encode() not in err
    assert time.monotonic() - began < 2
    assert "Lease" in owned.exo("search", "deposit").out
    assert owned.owners() not in ([], [first])


def test_clients_of_an_owner_that_stands_still_are_told_within_five_seconds(owned: OwnedPlace) -> None:
    client = reach_owner(load(owned.environ), owned.environ, lambda _: None)
    (first,) = owned.owners()
    os.kill(first, signal.SIGKILL)
    assert client.search.find("deposit").hits
    (stopped,) = owned.owners()
    assert stopped != first
    watching = owned.start("watch", "--json")
    assert watching.stdout is not None
    assert watching.stdout.readline()
    try:
        os.kill(stopped, signal.SIGSTOP)
        began = time.monotonic()
        with client, pytest.raises(OwnerError, match=f"{stopped} holds the index and does not answer"):
            client.search.find("heron")
        _, err = watching.communicate(timeout=20)
        assert watching.returncode == 2
        assert f"kill -9 {stopped}".encode() in err
        assert time.monotonic() - began < 5
        for command in (["search", "deposit"], ["stop"]):
            began = time.monotonic()
            ended = owned.exo(*command)
            assert ended.code == 2
            assert f"kill -9 {stopped}" in ended.err
            assert time.monotonic() - began < 6
    finally:
        os.kill(stopped, signal.SIGCONT)
    assert "Lease" in owned.exo("search", "deposit").out
    assert owned.owners() == [stopped]


def test_t8_one_home_has_one_owner_however_it_is_spelled(owned: OwnedPlace, tmp_path: Path) -> None:
    owned.exo("search", "deposit")
    (tmp_path / "link").symlink_to(owned.home)
    spellings = [str(tmp_path / "link"), f"{owned.home}/../{owned.home.name}", "link/", str(owned.home) + "//"]
    pids = {owned.exo("status", "--json", cwd=tmp_path, EXO_HOME=one).json()["owner"]["pid"] for one in spellings}
    assert pids == set(owned.owners())
    owned.exo("search", "deposit", EXO_HOME=str(tmp_path / "link"))
    assert len(owned.owners()) == 1


def test_t15_folders_moved_in_and_out_are_followed(owned: OwnedPlace, tmp_path: Path) -> None:
    owned.exo("index")
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "in.md").write_text("A pangolin.\n")
    outside.rename(owned.vault / "inside")
    assert eventually(lambda: has(owned, "pangolin") == ["inside/in.md"], 15)
    (owned.vault / "inside" / "in.md").write_text("An aardvark.\n")
    assert eventually(lambda: has(owned, "aardvark") == ["inside/in.md"], 15)
    (owned.vault / "inside").rename(tmp_path / "gone")
    (tmp_path / "gone" / "in.md").write_text("An ocelot.\n")
    assert eventually(lambda: not has(owned, "aardvark"), 15)
    assert has(owned, "ocelot") == []
    (owned.vault / "Home").rename(owned.vault / "HOME")
    assert eventually(lambda: has(owned, "sourdough") and "HOME/Lease.md" in has(owned, "deposit"), 15)


def test_t16_a_burst_of_files_is_indexed_to_the_last(owned: OwnedPlace) -> None:
    owned.exo("index")
    before = indexed(owned)
    for number in range(BURST):
        folder = owned.vault / f"burst {number % 50}"
        folder.mkdir(exist_ok=True)
        (folder / f"{number}.md").write_text(f"# Note {number}\n\nA heron stood in harbour {number}.\n")
    assert eventually(lambda: indexed(owned) == before + BURST, 300)
    assert has(owned, f"harbour {BURST - 1}") != []


def _plainly(path: Path, text: str) -> None:
    with path.open("w") as file:
        file.flush()
        time.sleep(0.001)
        file.write(text)


def _like_vim(path: Path, text: str) -> None:
    path.rename(f"{path}~")
    path.write_text(text)
    os.unlink(f"{path}~")


def _like_code(path: Path, text: str) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_TRUNC)
    os.write(descriptor, text.encode())
    os.close(descriptor)


def _like_obsidian(path: Path, text: str) -> None:
    with path.open("r+") as file:
        file.write(text)
        file.truncate()
        os.fsync(file.fileno())


def _by_rename(path: Path, text: str) -> None:
    fresh = path.with_name(".save.tmp")
    fresh.write_text(text)
    fresh.replace(path)


def _by_sed(path: Path, text: str) -> None:
    subprocess.run([need("sed"), "-i", f"1c {text.strip()}", str(path)], check=True)


MANNERS = [_plainly, _like_vim, _like_code, _like_obsidian, _by_rename, _by_sed]


@pytest.mark.timeout(1800 if LONG else 120)
@pytest.mark.parametrize("save", MANNERS)
def test_t18_of_many_saves_the_last_is_indexed_and_none_is_seen_empty(
    owned: OwnedPlace, save: Callable[[Path, str], None]
) -> None:
    note = owned.vault / "storm.md"
    note.write_text("always pangolin0q\n")
    owned.exo("index")
    watching = owned.start("watch", "--json")
    assert watching.stdout is not None
    assert watching.stdout.readline()
    chance = random.Random(5)
    for number in range(1, SAVES + 1):
        save(note, f"always pangolin{number}q\n")
        time.sleep(chance.random() * 0.03)
        if number % (SAVES // 4) == 0:
            found = owned.exo("search", "always", "--mode", "words", "--literal", "--json").json()["hits"]
            assert [hit["path"] for hit in found if "always" in hit["snippet"]] == ["storm.md"]
    assert eventually(lambda: has(owned, f"pangolin{SAVES}q") == ["storm.md"], 5)
    assert has(owned, f"pangolin{SAVES - 1}q") == []
    assert eventually(lambda: not owned.exo("status", "--json").json()["chunks_to_embed"])
    watching.send_signal(signal.SIGINT)
    told = [json.loads(line) for line in watching.communicate(timeout=10)[0].splitlines()]
    assert 1 <= sum(event.get("embedded", 0) for event in told) <= 2 * SAVES


def _cpu(process: int) -> float:
    fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


@pytest.mark.timeout(900)
def test_t19_branches_switched_back_and_forth_end_with_the_right_notes_and_rest(tmp_path: Path) -> None:
    place = make_owned(tmp_path)

    def git(*arguments: str) -> None:
        command = [need("git"), "-c", "user.name=x", "-c", "user.email=x@example.org", *arguments]
        subprocess.run(command, cwd=place.vault, check=True, capture_output=True, env=place.environ)

    for branch in ("one", "two"):
        for number in range(BRANCH):
            (place.vault / f"{number}.md").write_text(
                f"# Note {number}\n\nOn branch {branch} it is {branch}{number}.\n"
            )
        if branch == "one":
            git("init", "-q", "-b", "one")
        else:
            git("checkout", "-q", "-b", "two")
        git("add", ".")
        git("commit", "-q", "-m", branch)
    try:
        place.exo("index")
        assert has(place, f"two{BRANCH - 1}")
        for branch in ("one", "two", "one", "two", "one"):
            git("checkout", "-q", branch)
        assert eventually(lambda: has(place, f"one{BRANCH - 1}") and not has(place, f"two{BRANCH - 1}"), 120)
        assert eventually(lambda: place.exo("status", "--json").json()["owner"]["progress"] is None, 120)
        assert not any(has(place, f"two{number}") for number in range(0, BRANCH, BRANCH // 10))
        assert indexed(place) == BRANCH + 5
        (owner,) = place.owners()
        time.sleep(3)
        before = _cpu(owner)
        time.sleep(3)
        assert _cpu(owner) - before < 0.15
    finally:
        place.end()


def test_a_home_that_is_removed_ends_its_owner(owned: OwnedPlace) -> None:
    owned.exo("search", "deposit")
    shutil.rmtree(owned.home)
    assert eventually(lambda: not owned.owners(), 5)
    assert owned.exo("search", "deposit").code == 2


def test_a_home_on_a_disk_that_is_read_only_is_named(owned: OwnedPlace) -> None:
    need("unshare")
    owned.exo("index")
    owned.exo("stop")
    script = f'mount --bind "{owned.home}" "{owned.home}" && mount -o remount,bind,ro "{owned.home}" && exec "$@"'
    command = ["unshare", "-rm", "sh", "-c", script, "sh", *EXO, "search", "deposit"]
    began = time.monotonic()
    ended = subprocess.run(command, capture_output=True, env=owned.environ, cwd="/", timeout=30)
    assert ended.returncode == 2
    assert b"written to" in ended.stderr
    assert TRACEBACK.encode() not in ended.stderr
    assert time.monotonic() - began < 5
