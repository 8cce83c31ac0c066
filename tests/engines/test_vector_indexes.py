"""The vector indexes: exact search, and Chroma against it, with real files and a hostile environment."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from exocortex.core.ports import VectorIndex
from exocortex.engines.chroma import SETTINGS_WITHOUT_PREFIX, ChromaIndex
from exocortex.engines.exact import ExactIndex

if TYPE_CHECKING:
    from exocortex.core.ports import Vectors

DIMENSIONS = 64


def directions(number: int, seed: int = 0) -> Vectors:
    matrix = np.random.default_rng(seed).standard_normal((number, DIMENSIONS)).astype(np.float32)
    unit: Vectors = matrix / np.linalg.norm(matrix, axis=1, keepdims=True)
    return unit


def exact(folder: Path) -> VectorIndex:
    return ExactIndex([], directions(0))


@pytest.fixture(params=[exact, ChromaIndex], ids=["exact", "chroma"])
def index(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[VectorIndex]:
    make: Callable[[Path], VectorIndex] = request.param
    made = make(tmp_path / "vectors")
    yield made
    made.close()


def test_what_went_in_is_nearest_to_itself(index: VectorIndex) -> None:
    vectors, keys = directions(200), [f"key{n}" for n in range(200)]
    index.upsert(keys, vectors)
    for row in range(0, 200, 10):
        (best, similarity), *_ = index.nearest(vectors[row], 3)
        assert best == keys[row]
        assert similarity == pytest.approx(1.0, abs=1e-3)


def test_upsert_replaces_and_delete_removes(index: VectorIndex) -> None:
    vectors = directions(3)
    index.upsert(["a", "b"], vectors[:2])
    index.upsert(["b"], vectors[2:])
    index.delete(["a", "never there"])
    assert sorted(index.keys()) == ["b"]
    assert index.count() == 1
    ((best, similarity),) = index.nearest(vectors[2], 5)
    assert best == "b"
    assert similarity == pytest.approx(1.0, abs=1e-3)


def test_an_empty_index_finds_nothing(index: VectorIndex) -> None:
    assert index.nearest(directions(1)[0], 5) == []


def test_chroma_finds_what_exact_search_finds(tmp_path: Path) -> None:
    vectors, keys = directions(3000), [f"key{n}" for n in range(3000)]
    chroma, everything = ChromaIndex(tmp_path / "vectors"), ExactIndex(keys, vectors)
    chroma.upsert(keys, vectors)
    found = wanted = 0
    for query in directions(50, seed=1):
        truth = {key for key, _ in everything.nearest(query, 10)}
        found += len(truth & {key for key, _ in chroma.nearest(query, 10)})
        wanted += len(truth)
    chroma.close()
    assert found / wanted >= 0.95


def test_chroma_reopens_with_its_vectors(tmp_path: Path) -> None:
    vectors = directions(10)
    first = ChromaIndex(tmp_path / "vectors")
    first.upsert([str(n) for n in range(10)], vectors)
    first.close()
    again = ChromaIndex(tmp_path / "vectors")
    assert again.count() == 10
    assert again.nearest(vectors[3], 1)[0][0] == "3"
    again.close()


def test_every_setting_of_chroma_that_the_environment_could_reach_is_hidden() -> None:
    from chromadb.config import Settings

    names = {name for name in Settings.model_fields if not name.startswith("chroma_")}
    assert names == SETTINGS_WITHOUT_PREFIX


def test_a_hostile_environment_does_not_reach_chroma(tmp_path: Path) -> None:
    (tmp_path / ".env").write_bytes(
        b"CHROMA_API_IMPL=chromadb.api.fastapi.FastAPI\nCHROMA_SERVER_HOST=192.0.2.1\nIS_PERSISTENT=\xff\n"
    )
    hostile = {
        "CHROMA_API_IMPL": "chromadb.api.fastapi.FastAPI",
        "CHROMA_SERVER_HOST": "192.0.2.1",
        "IS_PERSISTENT": "notabool",
        "chroma_otel_collection_endpoint": "http://192.0.2.1:4317",
        "HTTPS_PROXY": "http://192.0.2.1:3128",
    }
    program = (
        "import numpy, pathlib, sys\n"
        "from exocortex.engines.chroma import ChromaIndex\n"
        "index = ChromaIndex(pathlib.Path(sys.argv[1]))\n"
        "index.upsert(['a'], numpy.eye(3, dtype='float32')[:1])\n"
        "print(index.nearest(numpy.eye(3, dtype='float32')[0], 1)[0][0])\n"
        "index.close()\n"
    )
    log = tmp_path / "net.log"
    argv = ["strace", "-f", "-qq", "-e", "trace=%net", "-o", str(log), sys.executable, "-c", program]
    done = subprocess.run(
        [*argv, str(tmp_path / "vectors")],
        cwd=tmp_path,
        env={**os.environ, **hostile, "HOME": str(tmp_path), "PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert (done.returncode, done.stdout.strip()) == (0, "a"), done.stderr
    assert "AF_INET" not in log.read_text()
