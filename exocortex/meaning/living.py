"""Living: the vectors in use as one matrix in memory, kept current by what changed; exact search over it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from threading import Lock
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from exocortex.core.ports import Vectors as Matrix
    from exocortex.storage.vectors import Changes, Vectors

_SPARE_ROWS = 1_000
_MOST_DEAD = 0.25


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The vectors as of one version. Rows are only ever added, so whoever reads one is not disturbed by the next."""

    version: int
    matrix: Matrix
    """float32 (rows, dimensions), rows no longer in use among them."""
    dead: NDArray[np.bool_]
    """Which rows those are."""
    keys: list[str]
    """By row; later snapshots add to the same list."""
    rows: dict[str, int]
    """By key; as of the latest snapshot."""

    @property
    def living(self) -> list[str]:
        """The keys in use; unlike `rows`, no later snapshot changes them under whoever goes through them."""
        return [key for key, gone in zip(self.keys, self.dead.tolist(), strict=False) if not gone]

    def compared(self, vector: Matrix) -> Compared:
        """`vector` beside all of them."""
        return Compared(self, self.matrix @ vector if self.keys else self.matrix[:, :0].sum(axis=1))

    def similarities(self, vector: Matrix, keys: Iterable[str]) -> dict[str, float]:
        """The cosine similarity of each of these keys that has a vector."""
        found, rows = self._rows(keys)
        if not rows:
            return {}
        if len(rows) * 3 > len(self.dead):  # copying a third of the rows costs as much as multiplying all of them
            return dict(zip(found, (self.matrix @ vector)[rows].tolist(), strict=True))
        return dict(zip(found, (self.matrix[rows] @ vector).tolist(), strict=True))

    def of(self, keys: Iterable[str]) -> Matrix:
        """The vectors of those of these keys that have one."""
        return self.matrix[self._rows(keys)[1]]

    def _rows(self, keys: Iterable[str]) -> tuple[list[str], list[int]]:
        most, rows = len(self.dead), self.rows
        pairs = [(key, row) for key in dict.fromkeys(keys) if (row := rows.get(key, most)) < most]
        return [key for key, _ in pairs], [row for _, row in pairs]


@dataclass(frozen=True, slots=True)
class Compared:
    """One vector and its cosine similarity to every row of a snapshot."""

    snapshot: Snapshot
    scores: Matrix
    """float32 (rows,)."""

    def nearest(self, limit: int) -> list[tuple[str, float]]:
        """The keys most similar, best first; equal similarities in key order."""
        import numpy as np

        dead, keys = self.snapshot.dead, self.snapshot.keys
        limit = min(limit, len(dead) - int(dead.sum()))
        if limit <= 0:
            return []
        scores = np.where(dead, -np.inf, self.scores) if dead.any() else self.scores
        best = np.argpartition(scores, len(scores) - limit)[-limit:]
        ranked = sorted((-float(scores[row]), keys[row]) for row in best)
        return [(key, -score) for score, key in ranked]

    def similarities(self, keys: Iterable[str]) -> dict[str, float]:
        """The cosine similarity of each of these keys that has a vector."""
        found, rows = self.snapshot._rows(keys)
        return dict(zip(found, self.scores[rows].tolist(), strict=True)) if rows else {}

    def pooled(self, places: Sequence[tuple[str, int]]) -> dict[int, float]:
        """Of (chunk key, note) pairs, each note's best similarity; notes without vectors are left out."""
        import numpy as np

        if not places:
            return {}
        keys, owners = zip(*places, strict=True)
        most, known = len(self.snapshot.dead), self.snapshot.rows.get
        rows, notes = np.array([known(key, most) for key in keys]), np.array(owners)
        there = rows < most
        best = np.full(int(notes.max()) + 1, -np.inf, np.float32)
        np.maximum.at(best, notes[there], self.scores[rows[there]])
        return {note: score for note in dict.fromkeys(owners) if (score := float(best[note])) > -np.inf}


class Living:
    """A snapshot for each embedder, brought up to date when asked for; may be asked by several threads."""

    def __init__(self) -> None:
        self._held: dict[str, Snapshot] = {}
        self._lock = Lock()

    def now(self, vectors: Vectors, fingerprint: str) -> Snapshot:
        """The vectors as they are, read through the caller's connection."""
        if vectors.uncommitted:
            return _load(vectors, fingerprint)
        held = self._held.get(fingerprint)
        if held is not None and held.version >= vectors.version:
            return held
        with self._lock:
            held = self._held.get(fingerprint)
            if held is None or held.version < vectors.version:
                held = self._brought_up(held, vectors, fingerprint)
            return held

    def keep_only(self, fingerprint: str | None) -> None:
        """Let go of every other embedder's vectors; None: of all."""
        with self._lock:
            for other in [one for one in self._held if one != fingerprint]:
                del self._held[other]

    def _brought_up(self, held: Snapshot | None, vectors: Vectors, fingerprint: str) -> Snapshot:
        changes = None if held is None or not held.keys else vectors.since(fingerprint, held.version)
        new = _load(vectors, fingerprint) if held is None or changes is None else _with(held, changes)
        if new.keys:
            self._held[fingerprint] = new
        else:
            self._held.pop(fingerprint, None)
        return new


def _load(vectors: Vectors, fingerprint: str) -> Snapshot:
    import numpy as np

    version = vectors.version
    keys, matrix = vectors.all(fingerprint)
    return Snapshot(version, matrix, np.zeros(len(keys), np.bool_), keys, {key: row for row, key in enumerate(keys)})


def _with(held: Snapshot, changes: Changes) -> Snapshot:
    """The next snapshot; the room of `held`'s matrix beyond its rows is written to, its rows never."""
    import numpy as np

    old, new = len(held.dead), len(held.dead) + len(changes.keys)
    room = held.matrix.base if isinstance(held.matrix.base, np.ndarray) else held.matrix
    if len(room) < new:
        room = np.empty((new + new // 8 + _SPARE_ROWS, held.matrix.shape[1]), np.float32)
        room[:old] = held.matrix
    if changes.keys:
        room[old:new] = changes.matrix
    dead = np.zeros(new, np.bool_)
    dead[:old] = held.dead
    held.keys.extend(changes.keys)
    for key in (*changes.keys, *changes.gone):
        row = held.rows.pop(key, None)
        if row is not None:
            dead[row] = True
    held.rows.update(zip(changes.keys, range(old, new), strict=True))
    snapshot = Snapshot(changes.version, room[:new], dead, held.keys, held.rows)
    return _packed(snapshot) if int(dead.sum()) > _MOST_DEAD * new + _SPARE_ROWS else snapshot


def _packed(snapshot: Snapshot) -> Snapshot:
    """The same without the rows that are no longer in use."""
    import numpy as np

    alive = np.flatnonzero(~snapshot.dead)
    keys = [snapshot.keys[row] for row in alive]
    rows = {key: row for row, key in enumerate(keys)}
    return Snapshot(snapshot.version, snapshot.matrix[alive], np.zeros(len(keys), np.bool_), keys, rows)
