"""Vectors: the embeddings as they are kept, by chunk key and embedder; what every vector index is built from."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import islice
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


@dataclass(frozen=True, slots=True)
class Changes:
    """What became of one embedder's vectors after some version."""

    version: int
    """The version they lead up to."""
    keys: tuple[str, ...]
    """New or changed."""
    matrix: Matrix
    """Their vectors, float32 of shape (len(keys), dimensions)."""
    gone: tuple[str, ...]
    """No longer among the living."""


class Vectors:
    """float16 rows in `index.db`. Callers hold the transaction; each connection has a Vectors of its own."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._db = connection
        (query_only,) = connection.execute("PRAGMA query_only").fetchone()
        self._writes = not query_only
        self._counts: dict[tuple[str, str], tuple[int, int]] = {}

    @property
    def uncommitted(self) -> bool:
        """Whether what is read now may yet be undone; a connection for reading sees only what can't be."""
        return self._writes and self._db.in_transaction

    @property
    def version(self) -> int:
        """Grows whenever chunks or living vectors may have changed, through whichever connection."""
        return self._number("vectors_version")

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
        version = self._raise(keys)
        rows = [(fingerprint, key, row.tobytes(), version) for key, row in zip(keys, matrix.astype("<f2"), strict=True)]
        self._db.executemany(
            "INSERT OR REPLACE INTO vectors(fingerprint, key, vector, changed) VALUES(?, ?, ?, ?)", rows
        )

    def adopt(self, keys: Sequence[str]) -> None:
        """These chunks exist (again): vectors kept for them are in use."""
        version = self._raise(keys)
        self._db.executemany(
            "UPDATE vectors SET unused_since = NULL, changed = ?"
            " WHERE fingerprint = ? AND key = ? AND unused_since IS NOT NULL",
            [(version, fingerprint, key) for fingerprint in self._fingerprints() for key in keys],
        )

    def release(self, keys: Sequence[str], now: float) -> None:
        """These chunks are gone: their vectors leave the searches and are kept a while."""
        version = self._raise(keys)
        self._db.executemany(
            "UPDATE vectors SET unused_since = ?, changed = ? WHERE fingerprint = ? AND key = ?",
            [(now, version, fingerprint, key) for fingerprint in self._fingerprints() for key in keys],
        )

    def purge(self, now: float) -> None:
        """Delete vectors that have waited long enough."""
        before = now - KEPT_SECONDS
        (last,) = self._db.execute("SELECT max(changed) FROM vectors WHERE unused_since < ?", (before,)).fetchone()
        if last is not None:
            self._outdate(int(last))
            self._db.execute("DELETE FROM vectors WHERE unused_since < ?", (before,))

    def keep_only(self, fingerprint: str) -> None:
        """Delete the vectors of every other embedder."""
        if set(self._fingerprints()) - {fingerprint}:
            self._outdate(self._raise(()))
            self._db.execute("DELETE FROM vectors WHERE fingerprint <> ?", (fingerprint,))

    # -- reading ----------------------------------------------------------------------------------------------------

    def count(self, fingerprint: str) -> int:
        """How many vectors of living chunks there are."""
        return self._counted("SELECT count(*) FROM vectors WHERE fingerprint = ? AND unused_since IS NULL", fingerprint)

    def dimensions(self, fingerprint: str) -> int:
        """The length of this embedder's vectors; 0 if there are none."""
        row = self._db.execute("SELECT length(vector) AS n FROM vectors WHERE fingerprint = ? LIMIT 1", (fingerprint,))
        found = row.fetchone()
        return found["n"] // 2 if found else 0

    def all_keys(self, fingerprint: str) -> list[str]:
        """The keys of every living vector."""
        query = "SELECT key FROM vectors WHERE fingerprint = ? AND unused_since IS NULL ORDER BY id"
        return [str(row["key"]) for row in self._db.execute(query, (fingerprint,))]

    def all(self, fingerprint: str) -> tuple[list[str], Matrix]:
        """Every living vector, as keys and a float32 matrix of shape (n, dimensions)."""
        query = "SELECT key, vector FROM vectors WHERE fingerprint = ? AND unused_since IS NULL ORDER BY id"
        return _matrix(self._db.execute(query, (fingerprint,)))

    def since(self, fingerprint: str, version: int) -> Changes | None:
        """What became of this embedder's vectors after `version`; None if that can't be told: read all of them anew."""
        now = self.version  # read first: what is committed in between is told again next time
        if version < self._number("vectors_deleted"):
            return None
        rows = self._db.execute(
            "SELECT key, vector, unused_since FROM vectors WHERE fingerprint = ? AND changed > ?",
            (fingerprint, version),
        ).fetchall()
        keys, matrix = _matrix(row for row in rows if row["unused_since"] is None)
        return Changes(now, tuple(keys), matrix, tuple(row["key"] for row in rows if row["unused_since"] is not None))

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
        return _matrix(self._db.execute(query, (fingerprint, json.dumps(list(keys)))))

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
        now = self.version
        version, count = self._counts.get((query, fingerprint), (-1, 0))
        if version != now or self.uncommitted:
            (count,) = self._db.execute(query, (fingerprint,)).fetchone()
            if not self.uncommitted:  # rolled back, this version would come again with other rows
                self._counts[query, fingerprint] = (now, int(count))
        return int(count)

    def _number(self, name: str) -> int:
        row = self._db.execute("SELECT value FROM meta WHERE key = ?", (name,)).fetchone()
        return int(row["value"]) if row else 0

    def _raise(self, keys: Sequence[str]) -> int:
        """A new version, of which these keys are to be published."""
        version = self.version + 1
        self._db.execute("INSERT OR REPLACE INTO meta(key, value) VALUES('vectors_version', ?)", (str(version),))
        self._db.executemany("INSERT OR IGNORE INTO unpublished(key) VALUES(?)", [(key,) for key in keys])
        return version

    def _outdate(self, version: int) -> None:
        """Rows are about to go for good: `since` can't tell it to anybody who has not read as far as `version`."""
        last = max(version, self._number("vectors_deleted"))
        self._db.execute("INSERT OR REPLACE INTO meta(key, value) VALUES('vectors_deleted', ?)", (str(last),))

    def _fingerprints(self) -> list[str]:
        """Every embedder with vectors; steps through the index from one to the next."""
        found: list[str] = []
        last = ""
        while True:
            (last,) = self._db.execute("SELECT min(fingerprint) FROM vectors WHERE fingerprint > ?", (last,)).fetchone()
            if last is None:
                return found
            found.append(str(last))


_MISSING = (
    "FROM chunks WHERE embedded AND NOT EXISTS"
    " (SELECT 1 FROM vectors WHERE fingerprint = ? AND vectors.key = chunks.key)"
)
_MISSING_PLACED = (
    "FROM chunks JOIN placements ON placements.chunk = chunks.id JOIN notes ON notes.id = placements.note"
    " WHERE embedded AND NOT EXISTS (SELECT 1 FROM vectors WHERE fingerprint = ? AND vectors.key = chunks.key)"
)


def _matrix(rows: Iterable[sqlite3.Row]) -> tuple[list[str], Matrix]:
    """Some thousand rows at a time, so that the bytes of all of them never lie beside the numbers."""
    import numpy as np

    keys: list[str] = []
    parts: list[Matrix] = []
    remaining = iter(rows)
    while batch := list(islice(remaining, 5_000)):
        keys += (str(row["key"]) for row in batch)
        flat = np.frombuffer(b"".join(row["vector"] for row in batch), dtype="<f2").astype(np.float32)
        parts.append(flat.reshape(len(batch), -1))
    return keys, np.concatenate(parts) if parts else np.zeros((0, 0), np.float32)
