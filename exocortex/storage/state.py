"""State: what cannot be rebuilt from the notes. So far: which note is which, through moves and deletions."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from exocortex.storage.database import connect, is_sound, transaction

VERSION = 1
TOMBSTONE_SECONDS = 7 * 24 * 3600.0
"""How long a deleted note can come back as itself."""

_SCHEMA = """
CREATE TABLE IF NOT EXISTS notes(
  id TEXT PRIMARY KEY,
  folder TEXT NOT NULL,
  path TEXT NOT NULL,
  digest TEXT NOT NULL,
  inode INTEGER NOT NULL,
  UNIQUE(folder, path)
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS notes_digest ON notes(digest);
CREATE TABLE IF NOT EXISTS tombstones(
  id TEXT PRIMARY KEY,
  folder TEXT NOT NULL,
  path TEXT NOT NULL,
  digest TEXT NOT NULL,
  deleted_at REAL NOT NULL
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS tombstones_digest ON tombstones(digest);
"""


@dataclass(frozen=True, slots=True)
class Identity:
    """A note's identity and where it was last seen."""

    id: str
    folder: str
    path: str
    digest: str
    inode: int


class State:
    """`state.db`: every write is on disk when it returns."""

    def __init__(self, home: Path) -> None:
        self.path = home / "state.db"
        self._connection = connect(self.path, _SCHEMA, VERSION, "FULL")

    def close(self) -> None:
        """Close the file."""
        self._connection.close()

    def identify(self, folder: str, path: str, digest: str) -> str | None:
        """The id of the note at this place, or of a deleted one with this content; None if it is a new one."""
        row = self._connection.execute("SELECT id FROM notes WHERE folder = ? AND path = ?", (folder, path)).fetchone()
        if row is None:
            row = self._connection.execute(
                "SELECT id FROM tombstones WHERE digest = ? ORDER BY (folder = ? AND path = ?) DESC, deleted_at DESC",
                (digest, folder, path),
            ).fetchone()
        return str(row["id"]) if row else None

    def remember(self, identities: Iterable[Identity]) -> None:
        """Record where these notes are now, in one durable step."""
        with transaction(self._connection):
            for note in identities:
                self._connection.execute("DELETE FROM tombstones WHERE id = ?", (note.id,))
                self._connection.execute(
                    "DELETE FROM notes WHERE folder = ? AND path = ? AND id <> ?", (note.folder, note.path, note.id)
                )
                self._connection.execute(
                    "INSERT INTO notes(id, folder, path, digest, inode) VALUES(?, ?, ?, ?, ?) ON CONFLICT(id) DO UPDATE"
                    " SET folder = excluded.folder, path = excluded.path, digest = excluded.digest,"
                    " inode = excluded.inode",
                    (note.id, note.folder, note.path, note.digest, note.inode),
                )

    def places(self, folder: str) -> set[str]:
        """The paths in this folder at which notes were last seen."""
        rows = self._connection.execute("SELECT path FROM notes WHERE folder = ?", (folder,))
        return {str(row["path"]) for row in rows}

    def is_sound(self) -> bool:
        """Whether the file's structure is in order; reads all of it."""
        return is_sound(self._connection)

    def bury(self, places: Iterable[tuple[str, str]], now: float) -> None:
        """Turn the notes at these (folder, path) places into tombstones, and drop tombstones past their time."""
        with transaction(self._connection):
            for folder, path in places:
                self._connection.execute(
                    "INSERT OR REPLACE INTO tombstones SELECT id, folder, path, digest, ? FROM notes"
                    " WHERE folder = ? AND path = ?",
                    (now, folder, path),
                )
                self._connection.execute("DELETE FROM notes WHERE folder = ? AND path = ?", (folder, path))
            self._connection.execute("DELETE FROM tombstones WHERE deleted_at < ?", (now - TOMBSTONE_SECONDS,))


def new_identity() -> str:
    """A fresh note id: 16 hex digits from the operating system's randomness."""
    return os.urandom(8).hex()
