"""State: what cannot be rebuilt from the notes: which note is which, through moves and deletions; what was answered."""

from __future__ import annotations

import os
import sqlite3
import threading
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from exocortex.storage.archive import ARCHIVE_SCHEMA, Archive
from exocortex.storage.backups import Backup, Backups
from exocortex.storage.database import Migration, connect, is_sound, transaction

VERSION = 2
TOMBSTONE_SECONDS = 7 * 24 * 3600.0
"""How long a deleted note can come back as itself."""

_IDENTITIES = """
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
SCHEMA = _IDENTITIES + ARCHIVE_SCHEMA

_MIGRATIONS: Mapping[int, Migration] = MappingProxyType({1: ARCHIVE_SCHEMA})
"""From each version that ever landed to the next."""


@dataclass(frozen=True, slots=True)
class Identity:
    """A note's identity and where it was last seen."""

    id: str
    folder: str
    path: str
    digest: str
    inode: int


class State:
    """`state.db`: every write is on disk when it returns. A file of an older version is backed up, then brought up.

    One connection and a lock on it: of two that write, SQLite before 3.51.3 may damage the file.
    """

    def __init__(self, home: Path, backups: Backups | None = None) -> None:
        self.path = home / "state.db"
        self._backups = backups or Backups(home)
        self._connection = connect(self.path, SCHEMA, VERSION, "FULL", _MIGRATIONS, self._save)
        self._guard = threading.RLock()
        self.archive = Archive(self._connection, self._guard)

    def back_up(self) -> Backup | None:
        """Copy the file if it changed and the last copy is half an hour old; raises IndexStoreError.

        None if nothing was to be done. It may be called as often as one likes.
        """
        with self._guard:
            return self._backups.keep_up(self._connection)

    def _save(self, connection: sqlite3.Connection) -> None:
        self._backups.take(connection)

    def close(self) -> None:
        """Close the file."""
        self._connection.close()

    def identify(self, folder: str, path: str, digest: str) -> str | None:
        """The id of the note at this place, or of a deleted one with this content; None if it is a new one."""
        rows = self._rows("SELECT id FROM notes WHERE folder = ? AND path = ?", folder, path) or self._rows(
            "SELECT id FROM tombstones WHERE digest = ?"
            " ORDER BY (folder = ? AND path = ?) DESC, deleted_at DESC LIMIT 1",
            *(digest, folder, path),
        )
        return str(rows[0]["id"]) if rows else None

    def remember(self, identities: Iterable[Identity]) -> None:
        """Record where these notes are now, in one durable step."""
        with self._guard, transaction(self._connection):
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

    def identities(self) -> list[Identity]:
        """Every note that is there, by its place."""
        rows = self._rows("SELECT id, folder, path, digest, inode FROM notes ORDER BY folder, path")
        return [Identity(*row) for row in rows]

    def places(self, folder: str) -> set[str]:
        """The paths in this folder at which notes were last seen."""
        return {str(row["path"]) for row in self._rows("SELECT path FROM notes WHERE folder = ?", folder)}

    def place(self, note: str) -> tuple[str, str] | None:
        """Folder and path of the note of this id, wherever it is by now; None if it is gone."""
        rows = self._rows("SELECT folder, path FROM notes WHERE id = ?", note)
        return (str(rows[0]["folder"]), str(rows[0]["path"])) if rows else None

    def _rows(self, query: str, *values: object) -> list[sqlite3.Row]:
        with self._guard:
            return self._connection.execute(query, values).fetchall()

    def is_sound(self) -> bool:
        """Whether the file's structure is in order; reads all of it."""
        with self._guard:
            return is_sound(self._connection)

    def bury(self, places: Iterable[tuple[str, str]], now: float) -> None:
        """Turn the notes at these (folder, path) places into tombstones, and drop tombstones past their time."""
        with self._guard, transaction(self._connection):
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
