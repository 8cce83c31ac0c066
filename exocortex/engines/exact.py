"""Exact nearest-neighbour search in memory: every vector is compared. Recall 1, no files, no library but NumPy."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from exocortex.core.ports import Vectors


class ExactIndex:
    """A matrix of shape (n, dimensions) and its keys; a query over 100,000 × 384 takes tens of milliseconds."""

    def __init__(self, keys: Sequence[str], matrix: Vectors) -> None:
        self._keys = list(keys)
        self._matrix = matrix

    def upsert(self, keys: Sequence[str], vectors: Vectors) -> None:
        """Store or replace these vectors."""
        import numpy as np

        self.delete(keys)
        self._matrix = np.concatenate([self._matrix.reshape(-1, vectors.shape[1]), vectors])
        self._keys += keys

    def delete(self, keys: Sequence[str]) -> None:
        """Remove these keys; unknown ones are ignored."""
        gone = set(keys)
        kept = [row for row, key in enumerate(self._keys) if key not in gone]
        self._keys = [self._keys[row] for row in kept]
        self._matrix = self._matrix[kept]

    def nearest(self, vector: Vectors, limit: int) -> list[tuple[str, float]]:
        """The most similar keys, best first; equal similarities in key order."""
        import numpy as np

        if not self._keys:
            return []
        scores = self._matrix @ vector
        limit = min(limit, len(self._keys))
        best = np.argpartition(-scores, limit - 1)[:limit]
        ranked = sorted(((float(scores[row]), self._keys[row]) for row in best), key=lambda pair: (-pair[0], pair[1]))
        return [(key, score) for score, key in ranked]

    def count(self) -> int:
        """How many keys are stored."""
        return len(self._keys)

    def keys(self) -> Iterable[str]:
        """Every stored key."""
        return iter(self._keys)

    def close(self) -> None:
        """Nothing to let go of."""
