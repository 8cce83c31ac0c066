"""The matrix of vectors in memory is, after any changes, what the ledger holds; older snapshots stay as they were."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest

from exocortex.engines.exact import ExactIndex
from exocortex.meaning.living import Living, Snapshot
from exocortex.storage.ledger import Ledger
from exocortex.storage.vectors import KEPT_SECONDS

Matrix = np.ndarray[tuple[int, ...], np.dtype[np.float32]]


def directions(rows: int, seed: int = 1) -> Matrix:
    matrix = np.random.default_rng(seed).standard_normal((rows, 16)).astype(np.float32)
    matrix /= np.linalg.norm(matrix, axis=1, keepdims=True)
    return matrix.astype(np.float16).astype(np.float32)


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    with closing(Ledger(tmp_path)) as opened:
        yield opened


@pytest.fixture
def reader(ledger: Ledger, tmp_path: Path) -> Iterator[Ledger]:
    with closing(Ledger.reading(tmp_path)) as opened:
        yield opened


def matches(snapshot: Snapshot, keys: list[str], matrix: Matrix) -> None:
    """It finds what comparing these finds, and knows the similarity of each, and of few."""
    vector = directions(1, seed=77)[0]
    expected = dict(ExactIndex(keys, matrix).nearest(vector, len(keys)))
    found = snapshot.compared(vector).nearest(20)
    assert [key for key, _ in found] == list(expected)[:20]
    assert snapshot.similarities(vector, [*keys, "none"]) == pytest.approx(expected, abs=1e-6)
    few = keys[:: max(1, len(keys) // 10)]
    assert snapshot.similarities(vector, few) == pytest.approx({key: expected[key] for key in few}, abs=1e-6)
    assert sorted(map(tuple, snapshot.of(keys).tolist())) == sorted(map(tuple, matrix.tolist()))


def test_it_follows_every_kind_of_change(ledger: Ledger, reader: Ledger) -> None:
    random, living, vectors = np.random.default_rng(8), Living(), ledger.vectors
    for step in range(90):
        keys = list(dict.fromkeys(f"key {number}" for number in random.integers(0, 4000, 300)))
        with ledger.transaction():
            if step % 6 < 3:
                vectors.store("f", keys, directions(len(keys), seed=step))
            elif step % 6 == 3:
                vectors.release(keys, float(step))
            elif step % 6 == 4:
                vectors.adopt(keys)
            else:
                vectors.purge(step / 2 + KEPT_SECONDS)
        matches(living.now(reader.vectors, "f"), *vectors.all("f"))


def test_rows_no_longer_in_use_are_given_back(ledger: Ledger, reader: Ledger) -> None:
    living, keys = Living(), [f"key {row}" for row in range(3000)]
    for seed in range(4):
        ledger.vectors.store("f", keys, directions(3000, seed))
        snapshot = living.now(reader.vectors, "f")
    assert len(snapshot.dead) < 6000
    matches(snapshot, *ledger.vectors.all("f"))


def test_a_snapshot_is_not_disturbed_by_the_next(ledger: Ledger, reader: Ledger) -> None:
    living = Living()
    ledger.vectors.store("f", ["a", "b", "c"], directions(3))
    before = living.now(reader.vectors, "f")
    first = before.compared(directions(3)[0]).nearest(3)
    ledger.vectors.store("f", ["a", "d"], directions(2, seed=5))
    ledger.vectors.release(["b"], 0.0)
    after = living.now(reader.vectors, "f")
    assert before.compared(directions(3)[0]).nearest(3) == first
    assert {key for key, _ in after.compared(directions(3)[0]).nearest(9)} == {"a", "c", "d"}


def test_what_may_be_undone_is_not_kept(ledger: Ledger, reader: Ledger) -> None:
    living = Living()
    ledger.vectors.store("f", ["a"], directions(1))
    with pytest.raises(KeyboardInterrupt), ledger.transaction():
        ledger.vectors.store("f", ["b"], directions(1, seed=2))
        assert set(living.now(ledger.vectors, "f").rows) == {"a", "b"}
        assert set(living.now(reader.vectors, "f").rows) == {"a"}
        raise KeyboardInterrupt
    ledger.vectors.store("f", ["c"], directions(1, seed=3))
    assert set(living.now(reader.vectors, "f").rows) == {"a", "c"}


def test_nothing_is_nothing(reader: Ledger) -> None:
    empty = Living().now(reader.vectors, "f")
    assert empty.compared(directions(1)[0]).nearest(5) == []
    assert empty.similarities(directions(1)[0], ["a"]) == {}
