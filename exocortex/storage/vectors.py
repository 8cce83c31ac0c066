"""Vectors: the embeddings as they are kept, by chunk key and embedder; what every vector index is built from."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from exocortex.core.chunks import embedding_input

if TYPE_CHECKING:
    from exocortex.core.ports import Vectors as Matrix

KEPT_SECONDS = 7 * 24 * 3600.0
"""How long a vector without a chunk waits for it to come back (a deleted note restored, a branch switched)."""


@dataclass(frozen=True, slots=True)
class Unembedded:
    """A chunk whose vector is missing."""

    key: str
    text: str
    """Its embedding input."""


class Vectors:
    """float16 rows in `index.db`. Callers hold the transaction."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._db = connection
        self.version = 0
        """Grows whenever chunks or living vectors may have changed; for caches of them within this process."""
        self._counts: dict[tuple[str, str], tuple[int, int]] = {}

    # -- what is missing --------------------------------------------------------------------------------------------

    def missing_count(self, fingerprint: str) -> int:
        """How many chunks this embedder hasn't embedded."""
        return self._counted(f"SELECT count(*) {_MISSING}", fingerprint)

    def notes_missing(self, fingerprint: str) -> int:
        """How many notes have such a chunk."""
        return self._counted(f"SELECT count(DISTINCT placements.note) {_MISSING_PLACED}", fingerprint)

    def missing(self, fingerprint: str) -> list[str]:
        """Keys of the chunks this embedder hasn't embedded, those of recently changed notes first."""
        query = (
            f"SELECT chunks.key AS key, max(notes.mtime_ns) AS changed {_MISSING_PLACED}"
            " GROUP BY chunks.id ORDER BY changed DESC, chunks.id"
        )
        return [str(row["key"]) for row in self._db.execute(query, (fingerprint,))]

    def inputs(self, keys: Sequence[str]) -> list[Unembedded]:
        """The embedding inputs of these chunks, as far as they still exist."""
        found = []
        for key in keys:
            row = self._db.execute("SELECT title, headings, text FROM chunks WHERE key = ?", (key,)).fetchone()
            if row is not None:
                found.append(Unembedded(key, embedding_input(row["title"], json.loads(row["headings"]), row["text"])))
        return found

    # -- writing ----------------------------------------------------------------------------------------------------

    def store(self, fingerprint: str, keys: Sequence[str], matrix: Matrix) -> None:
        """Keep these vectors, shape (len(keys), dimensions)."""
        rows = [(fingerprint, key, row.tobytes()) for key, row in zip(keys, matrix.astype("<f2"), strict=True)]
        self._db.executemany("INSERT OR REPLACE INTO vectors(fingerprint, key, vector) VALUES(?, ?, ?)", rows)
        self._mark(keys)

    def adopt(self, keys: Sequence[str]) -> None:
        """These chunks exist (again): vectors kept for them are in use."""
        self._db.executemany("UPDATE vectors SET unused_since = NULL WHERE key = ?", [(key,) for key in keys])
        self._mark(keys)

    def release(self, keys: Sequence[str], now: float) -> None:
        """These chunks are gone: their vectors leave the searches and are kept a while."""
        self._db.executemany("UPDATE vectors SET unused_since = ? WHERE key = ?", [(now, key) for key in keys])
        self._mark(keys)

    def purge(self, now: float) -> None:
        """Delete vectors that have waited long enough."""
        self._db.execute("DELETE FROM vectors WHERE unused_since < ?", (now - KEPT_SECONDS,))

    def keep_only(self, fingerprint: str) -> None:
        """Delete the vectors of every other embedder."""
        others = "SELECT 1 FROM vectors WHERE fingerprint < ? OR fingerprint > ? LIMIT 1"
        if self._db.execute(others, (fingerprint, fingerprint)).fetchone():
            self._db.execute("DELETE FROM vectors WHERE fingerprint <> ?", (fingerprint,))
            self.version += 1

    # -- reading ----------------------------------------------------------------------------------------------------

    def count(self, fingerprint: str) -> int:
        """How many vectors of living chunks there are."""
        return self._counted("SELECT count(*) FROM vectors WHERE fingerprint = ? AND unused_since IS NULL", fingerprint)

    def all_keys(self, fingerprint: str) -> list[str]:
        """The keys of every living vector."""
        query = "SELECT key FROM vectors WHERE fingerprint = ? AND unused_since IS NULL ORDER BY id"
        return [str(row["key"]) for row in self._db.execute(query, (fingerprint,))]

    def all(self, fingerprint: str) -> tuple[list[str], Matrix]:
        """Every living vector, as keys and a float32 matrix of shape (n, dimensions)."""
        query = "SELECT key, vector FROM vectors WHERE fingerprint = ? AND unused_since IS NULL ORDER BY id"
        return _matrix(self._db.execute(query, (fingerprint,)).fetchall())

    def known(self, fingerprint: str, keys: Iterable[str]) -> set[str]:
        """Those of these keys that have a vector, in use or kept."""
        query = "SELECT key FROM vectors WHERE fingerprint = ? AND key IN (SELECT value FROM json_each(?))"
        return {str(row["key"]) for row in self._db.execute(query, (fingerprint, json.dumps(list(keys))))}

    def of(self, fingerprint: str, keys: Iterable[str]) -> tuple[list[str], Matrix]:
        """The living vectors among these keys."""
        query = (
            "SELECT key, vector FROM vectors WHERE fingerprint = ? AND unused_since IS NULL"
            " AND key IN (SELECT value FROM json_each(?))"
        )
        return _matrix(self._db.execute(query, (fingerprint, json.dumps(list(keys)))).fetchall())

    # -- the vector index's outstanding work ------------------------------------------------------------------------

    def unpublished(self, limit: int = -1) -> list[str]:
        """Keys whose presence in the vector index may be out of date, at most `limit` (all if it is negative)."""
        query = "SELECT key FROM unpublished ORDER BY key LIMIT ?"
        return [str(row["key"]) for row in self._db.execute(query, (limit,))]

    def mark_published(self, keys: Sequence[str]) -> None:
        """The vector index holds these as they are now."""
        self._db.executemany("DELETE FROM unpublished WHERE key = ?", [(key,) for key in keys])

    def _counted(self, query: str, fingerprint: str) -> int:
        """A count over all rows, taken anew only when they have changed."""
        version, count = self._counts.get((query, fingerprint), (-1, 0))
        if version != self.version:
            (count,) = self._db.execute(query, (fingerprint,)).fetchone()
            self._counts[query, fingerprint] = (self.version, int(count))
        return int(count)

    def _mark(self, keys: Sequence[str]) -> None:
        self._db.executemany("INSERT OR IGNORE INTO unpublished(key) VALUES(?)", [(key,) for key in keys])
        self.version += 1


_MISSING = (
    "FROM chunks WHERE embedded AND NOT EXISTS"
    " (SELECT 1 FROM vectors WHERE fingerprint = ? AND vectors.key = chunks.key)"
)
_MISSING_PLACED = (
    "FROM chunks JOIN placements ON placements.chunk = chunks.id JOIN notes ON notes.id = placements.note"
    " WHERE embedded AND NOT EXISTS (SELECT 1 FROM vectors WHERE fingerprint = ? AND vectors.key = chunks.key)"
)


def _matrix(rows: Sequence[sqlite3.Row]) -> tuple[list[str], Matrix]:
    import numpy as np

    keys = [str(row["key"]) for row in rows]
    flat = np.frombuffer(b"".join(row["vector"] for row in rows), dtype="<f2").astype(np.float32)
    return keys, flat.reshape(len(keys), -1) if keys else flat.reshape(0, 0)
