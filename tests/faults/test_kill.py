"""T1, T2: an indexer killed at any moment and started again ends with what it would have had undisturbed."""

from __future__ import annotations

import json
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from random import Random

import pytest
from processes import EXO, Place, need, state_of
from vaults import dump, without_identities

MOMENTS = 200 if os.environ.get("EXO_LONG_FAULTS") else 20
"""Kills at random; EXO_LONG_FAULTS=1 makes them the 200 that a release is held to."""
NOTES = 5000 if os.environ.get("EXO_LONG_FAULTS") else 300
PARAGRAPHS = 2 if NOTES > 300 else 6
POINTS = (
    *(("fdatasync", number) for number in (1, 3, 5, 8, 11)),
    *(("fsync", number) for number in (1, 5)),
    *(("unlink,unlinkat", number) for number in (1, 4)),
    *(("pwrite64", number) for number in (3, 60, 300, 500)),
)
FEWEST_POINTS_REACHED = 10

_WORDS = "heron harbour lease boiler bread ledger tide letter winter garden north engine paper river salt".split()

_IN_CHROMA = """
import json, sys
from pathlib import Path
from exocortex.engines.chroma import ChromaIndex
for folder in sys.argv[1:]:
    index = ChromaIndex(Path(folder))
    rows = index._collection.get(include=["embeddings"])
    index.close()
    print(json.dumps({key: vector[:8] for key, vector in zip(rows["ids"], rows["embeddings"].tolist())}))
"""


def _write_notes(vault: Path, count: int) -> None:
    """Notes with all that the index keeps of one, some with equal text, dated so that ages differ."""
    random = Random(3)
    for number in range(count):
        path = vault / f"folder {number % 7}" / f"note {number}.md"
        path.parent.mkdir(parents=True, exist_ok=True)
        body = "\n\n".join(
            " ".join(random.choices(_WORDS, k=30)) + f" #{random.choice(_WORDS)}" for _ in range(PARAGRAPHS)
        )
        links = (
            f"See [[note {number // 2}]] and [[nowhere {number}|that]].\n\n- [ ] task {number}\n- [x] done ^id{number}"
        )
        text = f"---\ntags: [a/{number % 5}]\nkey: {number}\n---\n# Title {number}\n\n{body}\n\n## Links\n\n{links}\n"
        path.write_text("# The same\n\nin many notes\n" if number % 10 == 0 else text)
        os.utime(path, ns=(10**18 + number * 10**9,) * 2)


def _pointed_at(root: Path, count: int) -> Place:
    place = Place(root)
    _write_notes(place.vault, count)
    assert place.exo("init", str(place.vault)).code == 0
    return place


def _afresh(place: Place) -> None:
    """A home that knows the folder and nothing else."""
    for path in place.home.iterdir():
        if path.name != "config.toml":
            shutil.rmtree(path) if path.is_dir() else path.unlink()


def _contents(place: Place) -> dict[str, list[str]]:
    """What the index holds, once its parts are known to agree with each other."""
    with closing(sqlite3.connect(place.home / "index.db")) as db:
        assert db.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        assert db.execute("PRAGMA foreign_key_check").fetchall() == []
        db.execute("INSERT INTO words(words) VALUES('integrity-check')")
        assert db.execute("SELECT count(*) FROM notes WHERE state <> 'indexed'").fetchone() == (0,)
        assert db.execute("SELECT count(*) FROM unpublished").fetchone() == (0,)
    tables = dump(place.home)
    ids = {tuple(json.loads(row)[:3]) for row in tables["identities"]}
    assert ids == {tuple(json.loads(row)) for row in tables["notes' ids"]}
    return without_identities(tables)


def _chroma(*places: Place) -> list[dict[str, list[float]]]:
    """Keys and the beginnings of their vectors, as Chroma has them; read by a process of its own, for it may crash."""
    folders = [
        path
        for place in places
        for path in (place.home / "vectors").iterdir()
        if path.is_dir() and "." not in path.name
    ]
    assert len(folders) == len(places)
    command = [sys.executable, "-c", _IN_CHROMA, *map(str, folders)]
    ended = subprocess.run(command, capture_output=True, env=places[0].environ, cwd="/", check=True, timeout=120)
    return [json.loads(line) for line in ended.stdout.splitlines()]


def _killed_after(place: Place, seconds: float) -> bool:
    """Start indexing, kill it so long after it has looked at the folder; False if it was done before that."""
    command = [*EXO, "index", "--json"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=place.environ, cwd="/") as job:
        assert job.stdout is not None
        assert job.stdout.readline(), job.stderr and job.stderr.read()
        try:
            job.wait(seconds)
        except subprocess.TimeoutExpired:
            job.kill()
        job.stdout.read()
        return job.wait() == -signal.SIGKILL


def _seconds_of_a_run(place: Place) -> float:
    began = time.monotonic()
    assert not _killed_after(place, 600)
    return time.monotonic() - began


@pytest.mark.timeout(10_800 if MOMENTS > 20 else 300)
def test_t1_killed_at_random_moments_it_ends_with_the_same_index(tmp_path: Path) -> None:
    place = _pointed_at(tmp_path, NOTES)
    before = state_of(place.vault)
    longest = _seconds_of_a_run(place)
    undisturbed, vectors = _contents(place), _chroma(place)
    random, kills = Random(26), 0
    while kills < MOMENTS:
        _afresh(place)
        while _killed_after(place, random.uniform(0, longest) * random.random()):
            kills += 1
        assert _contents(place) == undisturbed
    assert _chroma(place) == vectors
    assert state_of(place.vault) == before
    assert _survivors(place) == []


def test_after_a_kill_the_search_answers_at_once_with_what_is_done(tmp_path: Path) -> None:
    place = _pointed_at(tmp_path, 100)
    assert _killed_after(place, 0)
    assert len(place.json("search", "harbour", "--mode", "words")["hits"]) == 10
    assert _folder(place)["on_disk"] == 100


def _folder(place: Place) -> dict[str, int]:
    folder: dict[str, int] = place.json("status")["folders"][0]
    assert folder["on_disk"] == folder["indexed"] + folder["pending"] + folder["skipped"]
    return folder


def test_t2_aborted_at_a_system_call_it_ends_with_the_same_index(tmp_path: Path) -> None:
    need("strace")
    whole = _pointed_at(tmp_path / "whole", 40)
    assert whole.exo("index").code == 0
    undisturbed, before = _contents(whole), state_of(whole.vault)

    def aborted(number: int) -> bool:
        calls, when = POINTS[number]
        place = _with_settings_of(whole, tmp_path / str(number))
        inject = f"inject={calls}:signal=KILL:when={when}"
        # With --seccomp-bpf strace 6.1 injects nothing.
        strace = ["strace", "-f", "-qq", "-o", "/dev/null", "-e", f"trace={calls}", "-e", inject]
        ended = subprocess.run([*strace, *EXO, "index"], capture_output=True, env=place.environ, cwd="/", timeout=120)
        assert b"Traceback" not in ended.stderr
        assert place.exo("index").code == 0
        assert _contents(place) == undisturbed
        return ended.returncode in (-signal.SIGKILL, 128 + signal.SIGKILL)

    with ThreadPoolExecutor(2) as pool:
        reached = sum(pool.map(aborted, range(len(POINTS))))
    assert reached >= FEWEST_POINTS_REACHED
    expected, *found = _chroma(whole, *(Place(tmp_path / str(number)) for number in range(len(POINTS))))
    assert expected
    assert all(vectors == expected for vectors in found)
    assert state_of(whole.vault) == before


def _with_settings_of(other: Place, root: Path) -> Place:
    """Another home that knows the same folder."""
    place = Place(root)
    place.home.mkdir(mode=0o700, parents=True)
    shutil.copy(other.home / "config.toml", place.home)
    return place


def test_no_worker_outlives_a_killed_indexer(tmp_path: Path) -> None:
    place = Place(tmp_path)
    place.vault.mkdir()
    for number in range(400):
        (place.vault / f"{number}.md").write_text(f"# Note {number}\n\n" + "The heron stands in the harbour.\n\n" * 400)
    assert place.exo("init", str(place.vault)).code == 0
    with subprocess.Popen([*EXO, "index", "--json"], stdout=subprocess.PIPE, env=place.environ, cwd="/") as job:
        assert job.stdout is not None
        while json.loads(job.stdout.readline()).get("stage") != "words":
            pass
        workers = len(_survivors(place)) - 1
        job.kill()
    assert workers >= 1 or len(os.sched_getaffinity(0)) < 2
    deadline = time.monotonic() + 10
    while _survivors(place) and time.monotonic() < deadline:
        time.sleep(0.1)
    left = _survivors(place)
    for process in left:
        os.kill(process, signal.SIGKILL)
    assert left == []
    assert place.exo("index").code == 0
    assert _folder(place)["indexed"] == 400


def _survivors(place: Place) -> list[int]:
    """Living processes that were started for this home."""
    return list(_started_with(f"EXO_HOME={place.home}".encode()))


def _started_with(variable: bytes) -> Iterator[int]:
    for process in Path("/proc").iterdir():
        if not process.name.isdigit():
            continue
        try:
            state = (process / "stat").read_text().rpartition(")")[2].split()[0]
            environ = (process / "environ").read_bytes().split(b"\0")
        except OSError:
            continue
        if state != "Z" and variable in environ:
            yield int(process.name)
