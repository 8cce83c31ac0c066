"""The probe: a sound folder passes, a damaged one fails before it is opened, and no probe outlives who started it."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest

from exocortex.engines.chroma import GRAPH, ChromaIndex
from exocortex.engines.probe import finds_itself, in_a_child, looks_sound, write_sample

ROWS = 1200
WIDTH = 16
ELEMENT = 4 * (2 * GRAPH["max_neighbors"] + 1) + 4 * WIDTH + 8
"""Bytes of an element: its links on the lowest level and their number, its vector, its label."""
KEYS = [f"key {row}" for row in range(ROWS)]
CHECKOUT = Path(__file__).parents[2]


def directions() -> np.ndarray[tuple[int, ...], np.dtype[np.float32]]:
    matrix = np.random.default_rng(1).standard_normal((ROWS, WIDTH)).astype(np.float32)
    matrix /= np.linalg.norm(matrix, axis=1, keepdims=True)
    return matrix


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    with closing(ChromaIndex(tmp_path / "vectors")) as index:
        index.upsert(KEYS, directions())
    return tmp_path / "vectors"


def segment_of(folder: Path) -> Path:
    (segment,) = (path for path in folder.iterdir() if path.is_dir())
    return segment


def test_a_sound_folder_passes(folder: Path) -> None:
    assert looks_sound(folder)
    sample = write_sample(folder, ROWS, KEYS[:20], directions()[:20])
    assert in_a_child(folder)
    assert sample.exists()
    assert sample.parent == folder.parent


@pytest.mark.parametrize(("count", "first"), [(ROWS - 1, 0), (ROWS, 1)])
def test_a_folder_of_other_vectors_fails(folder: Path, count: int, first: int) -> None:
    write_sample(folder, count, KEYS[first : first + 20], directions()[:20])
    assert not in_a_child(folder)


def test_few_vectors_that_chroma_has_not_written_out_yet_look_sound(tmp_path: Path) -> None:
    with closing(ChromaIndex(tmp_path / "few")) as index:
        index.upsert(KEYS[:50], directions()[:50])
    with closing(ChromaIndex(tmp_path / "none")):
        pass
    assert looks_sound(tmp_path / "few")
    assert looks_sound(tmp_path / "none")


def test_a_missing_folder_fails(tmp_path: Path) -> None:
    assert not looks_sound(tmp_path / "none")
    assert not in_a_child(tmp_path / "none")


def test_every_flipped_byte_of_the_graph_that_leads_astray_is_seen(folder: Path) -> None:
    data = segment_of(folder) / "data_level0.bin"
    content = data.read_bytes()
    for row in range(0, ROWS, 37):
        for byte in (0, 6, 7):  # the number of links; the upper half of the first link
            flipped = bytearray(content)
            flipped[row * ELEMENT + byte] ^= 0xFF
            data.write_bytes(flipped)
            assert not looks_sound(folder), (row, byte)
    data.write_bytes(content)
    assert looks_sound(folder)


@pytest.mark.parametrize(
    "damage",
    [
        lambda segment: os.truncate(segment / "link_lists.bin", 100 * 10**9),
        lambda segment: os.truncate(segment / "link_lists.bin", 1000),
        lambda segment: os.truncate(segment / "data_level0.bin", 5000),
        lambda segment: os.truncate(segment / "index_metadata.pickle", 100),
        lambda segment: (segment / "index_metadata.pickle").unlink(),
        lambda segment: os.truncate(segment / "header.bin", 0),
        lambda segment: (segment / "link_lists.bin").write_bytes(bytes((segment / "link_lists.bin").stat().st_size)),
    ],
    ids=["sparse", "links cut", "data cut", "pickle cut", "pickle gone", "header empty", "links zeroed"],
)
def test_damage_is_seen_without_opening_and_in_no_time(folder: Path, damage: Callable[[Path], object]) -> None:
    damage(segment_of(folder))
    began = time.monotonic()
    assert not looks_sound(folder)
    assert time.monotonic() - began < 1


def test_a_probe_that_hangs_is_ended(folder: Path) -> None:
    os.mkfifo(folder.parent / "vectors.sample")
    began = time.monotonic()
    assert not in_a_child(folder, seconds=2)
    assert time.monotonic() - began < 5


def test_no_probe_outlives_the_process_that_started_it(folder: Path) -> None:
    os.mkfifo(folder.parent / "vectors.sample")
    script = "import pathlib, sys, exocortex.engines.probe as probe; probe.in_a_child(pathlib.Path(sys.argv[1]))"
    with subprocess.Popen([sys.executable, "-c", script, str(folder)], env={"PYTHONPATH": str(CHECKOUT)}) as parent:
        (probe,) = _wait_for(lambda: _children(parent.pid))
        parent.kill()
    _wait_for(lambda: [] if Path(f"/proc/{probe}").exists() and "Z" not in _state(probe) else [0])


def _children(pid: int) -> list[int]:
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def _state(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return "Z"


def _wait_for(what: Callable[[], list[int]]) -> list[int]:
    deadline = time.monotonic() + 10
    while not (found := what()):
        assert time.monotonic() < deadline
        time.sleep(0.02)
    return found


def test_a_vector_found_by_itself_or_by_its_twin_counts() -> None:
    assert finds_itself(["a", "b"], [[("a", 0.5), ("c", 0.4)], [("c", 0.999)]])
    assert finds_itself(["a"], [[("c", 1.0), ("a", 1.0), ("d", 0.1)]])
    assert not finds_itself(["a"], [[("c", 1.0), ("a", 0.5)]])
    assert not finds_itself(["a", "b"], [[("a", 1.0)], [("c", 0.9)]])
    assert not finds_itself(["a"], [[]])
    assert finds_itself([], [])
