"""T3, T4: Chroma's files cut short by a kill or damaged: never a crash, nothing embedded again, always an answer."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from processes import CHECKOUT, need

from exocortex.engines.chroma import GRAPH

KILLS = 100 if os.environ.get("EXO_LONG_FAULTS") else 5
"""Kills during persist; EXO_LONG_FAULTS=1 makes them the 100 that a release is held to."""
VECTORS = 2_500
SEGMENT = ("data_level0.bin", "header.bin", "length.bin", "link_lists.bin", "index_metadata.pickle")

_HOME = """
import json, sys, time
from pathlib import Path
from threading import Event
import numpy as np
from exocortex.bootstrap import chroma
from exocortex.engines.exact import ExactIndex
from exocortex.engines.probe import in_a_child
from exocortex.meaning import Meaning
from exocortex.storage.ledger import Ledger

def directions(rows, seed):
    matrix = np.random.default_rng(seed).standard_normal((rows, 64)).astype(np.float32)
    return matrix / np.linalg.norm(matrix, axis=1, keepdims=True)

def opened(home, probe=in_a_child):
    ledger = Ledger(home)
    return ledger, Meaning(home, ledger, chroma, probe, exact_up_to=0, in_memory=True)

def store(ledger, rows, seed):
    with ledger.transaction():
        ledger.vectors.store("f", [f"key {row}" for row in rows], directions(len(rows), seed))
"""

_FILL = f"""
ledger, meaning = opened(Path(sys.argv[1]))
store(ledger, range({VECTORS}), 1)
list(meaning.publish("f", Event()))
meaning.close()
ledger.close()
"""

_CHANGE = """
ledger, meaning = opened(Path(sys.argv[1]), probe=lambda folder: True)
meaning.attach("f")
list(meaning.publish("f", Event()))
meaning.close()
"""

_STORE = f"""
ledger, meaning = opened(Path(sys.argv[1]))
store(ledger, range({VECTORS // 2}, {VECTORS} + 1500), 2)
ledger.close()
"""

_START = """
for home in map(Path, sys.argv[1:]):
    ledger, meaning = opened(home)
    vectors, version = ledger.vectors, ledger.vectors.version
    keys, matrix = vectors.all("f")
    exact = ExactIndex(keys, matrix)

    def asked():
        found, longest = 0, 0.0
        for vector in directions(20, 99):
            began = time.monotonic()
            near = meaning.beside(vectors, "f", vector).nearest(400)[:10]
            longest = max(longest, time.monotonic() - began)
            best = dict(exact.nearest(vector, len(keys)))
            assert all(abs(best[key] - score) < 1e-4 for key, score in near)
            found += len({key for key, _ in near} & set(list(best)[:10]))
        return found / 200, longest

    first = asked()
    meaning.attach("f")
    attached, noticed = asked(), meaning.notices()
    with ledger.transaction():
        vectors.adopt(["none"])
    list(meaning.publish("f", Event()))
    rebuilt = asked()
    served = meaning.recall(vectors, "f", 20)
    print(json.dumps({
        "home": home.name,
        "recall": [first[0], attached[0], rebuilt[0]],
        "seconds": max(first[1], attached[1], rebuilt[1]),
        "served": served,
        "noticed": noticed,
        "notices": meaning.notices(),
        "aside": len(list((home / "vectors").glob("*.quarantine-*"))),
        "stored": vectors.version - version - 1,
        "unpublished": len(vectors.unpublished()),
    }), flush=True)
    meaning.close()
    ledger.close()
"""


def run(script: str, *arguments: Path | str, before: tuple[str, ...] = ()) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*before, sys.executable, "-c", _HOME + script, *map(str, arguments)],
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(CHECKOUT), "LANG": "C.UTF-8"},
        cwd="/",
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )


def starts(*homes: Path) -> list[dict[str, Any]]:
    """One process opens every home in turn: it must live through all, and each must come back whole."""
    ended = run(_START, *homes)
    assert ended.returncode == 0, (ended.returncode, ended.stdout, ended.stderr)
    reports: list[dict[str, Any]] = [json.loads(line) for line in ended.stdout.splitlines()]
    assert [report["home"] for report in reports] == [home.name for home in homes]
    for report in reports:
        assert min(report["recall"]) >= 0.95, report
        assert report["seconds"] <= 2, report
        assert (report["stored"], report["unpublished"], report["notices"]) == (0, 0, []), report
        assert report["served"] >= 0.95, report
    return reports


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("published")
    filled = run(_FILL, home)
    assert filled.returncode == 0, filled.stderr
    return home


def segment_of(home: Path) -> Path:
    (segment,) = (path for path in home.glob("vectors/f-*/*") if path.is_dir())
    return segment


@pytest.mark.timeout(3600 if KILLS > 5 else 300)
def test_t3_killed_while_chroma_persists_it_starts_again_and_rebuilds_without_embedding(
    published: Path, tmp_path: Path
) -> None:
    strace = need("strace")
    waiting = tmp_path / "waiting"
    shutil.copytree(published, waiting)
    assert run(_STORE, waiting).returncode == 0

    def kill(name: str, when: int) -> tuple[Path, Path]:
        """Kill a publisher at its `when`th write to this file; its home as it then is, and without the mark."""
        home, unmarked = tmp_path / f"killed at {name}", tmp_path / f"{name} without the mark"
        shutil.copytree(waiting, home)
        # With --seccomp-bpf strace 6.1 injects nothing.
        tracing = (strace, "-f", "-qq", "-o", "/dev/null", "-e", "trace=write", "-P", str(segment_of(home) / name))
        ended = run(_CHANGE, home, before=(*tracing, "-e", f"inject=write:signal=KILL:when={when}"))
        reached = ended.returncode in (-signal.SIGKILL, 128 + signal.SIGKILL)
        assert reached or when > 1, (name, ended.returncode, ended.stderr)
        shutil.copytree(home, unmarked)
        (unmarked / "vectors" / "open").unlink(missing_ok=not reached)
        return home, unmarked

    for turn in range(KILLS // len(SEGMENT)):
        with ThreadPoolExecutor(2) as pool:
            killed, unmarked = zip(*pool.map(kill, SEGMENT, [1 + turn % 2] * len(SEGMENT)), strict=True)
        reports = starts(*killed, *unmarked)
        if turn % 2 == 0:
            assert all(one["aside"] == 1 and "was open when" in one["noticed"][0] for one in reports[: len(SEGMENT)])
        for home in (*killed, *unmarked):
            shutil.rmtree(home)


def flip(file: Path, *places: int) -> None:
    content = bytearray(file.read_bytes())
    for place in places:
        content[place] ^= 0xFF
    file.write_bytes(content)


def truncate(file: Path) -> None:
    os.truncate(file, file.stat().st_size // 2)


def zero(file: Path) -> None:
    file.write_bytes(bytes(file.stat().st_size))


def lose(segment: Path) -> None:
    shutil.rmtree(segment)


def grow(file: Path) -> None:
    """100 GB that take no room."""
    os.truncate(file, 100 * 10**9)


VECTOR = 4 * (2 * GRAPH["max_neighbors"] + 1)
ELEMENT = VECTOR + 4 * 64 + 8
"""Bytes of an element: its links on the lowest level and their number, its vector from there on, its label."""

DAMAGES: dict[str, Callable[[Path], None]] = {
    "the pickle truncated": lambda segment: truncate(segment / "index_metadata.pickle"),
    "the pickle emptied": lambda segment: os.truncate(segment / "index_metadata.pickle", 0),
    "the pickle deleted": lambda segment: (segment / "index_metadata.pickle").unlink(),
    "the links zeroed": lambda segment: zero(segment / "link_lists.bin"),
    "the links deleted": lambda segment: (segment / "link_lists.bin").unlink(),
    "the links a sparse 100 GB": lambda segment: grow(segment / "link_lists.bin"),
    "a number of links flipped": lambda segment: flip(segment / "data_level0.bin", 100 * ELEMENT),
    "a link flipped": lambda segment: flip(segment / "data_level0.bin", 100 * ELEMENT + 7),
    "the first links flipped": lambda segment: flip(segment / "data_level0.bin", *range(64)),
    "the data truncated": lambda segment: truncate(segment / "data_level0.bin"),
    "the data zeroed": lambda segment: zero(segment / "data_level0.bin"),
    "the header flipped": lambda segment: flip(segment / "header.bin", *range(30, 60)),
    "the header truncated": lambda segment: truncate(segment / "header.bin"),
    "the segment deleted": lose,
    "the catalogue truncated": lambda segment: truncate(segment.parent / "chroma.sqlite3"),
    "the catalogue zeroed": lambda segment: zero(segment.parent / "chroma.sqlite3"),
    "the catalogue deleted": lambda segment: (segment.parent / "chroma.sqlite3").unlink(),
}


def test_t4_damaged_files_are_set_aside_and_rebuilt_without_embedding(published: Path, tmp_path: Path) -> None:
    homes = []
    for name, damage in DAMAGES.items():
        homes.append(tmp_path / name)
        shutil.copytree(published, homes[-1])
        damage(segment_of(homes[-1]))
    for report in starts(*homes):
        assert report["aside"] == 1, report
        assert "damaged" in report["noticed"][0], report


def test_t4_a_flip_that_only_perturbs_a_vector_leaves_the_search_good(published: Path, tmp_path: Path) -> None:
    homes = []
    for place in (VECTOR + 3, VECTOR + 1, VECTOR + 4 * 63 + 2):
        homes.append(tmp_path / f"byte {place}")
        shutil.copytree(published, homes[-1])
        flip(segment_of(homes[-1]) / "data_level0.bin", 700 * ELEMENT + place)
    starts(*homes)
