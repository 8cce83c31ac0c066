"""Ledger: which files should be notes, and how far each has come. On disk = indexed + pending + skipped."""

from __future__ import annotations

import json
import os
import sqlite3
import time
from collections.abc import Iterable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import date, datetime
from importlib.resources import files
from pathlib import Path

from exocortex.core.chunks import Chunk
from exocortex.core.notes import ParsedNote
from exocortex.core.status import FolderStatus, Skipped
from exocortex.core.words import FOLDING
from exocortex.storage.contents import Contents
from exocortex.storage.database import connect, connect_reader, transaction
from exocortex.storage.vault import FileStat
from exocortex.storage.vectors import Vectors

VERSION = 2

_MIGRATIONS = {
    1: "ALTER TABLE vectors ADD COLUMN changed INTEGER NOT NULL DEFAULT 0;"
    "CREATE INDEX vectors_changed ON vectors(fingerprint, changed);",
}

_THERE = (
    "notes.id NOT IN (SELECT ids.value FROM meta, json_each(meta.value) AS folders, json_each(folders.value) AS ids"
    " WHERE meta.key = 'frozen')"
)
"""SQL: a file that is on disk, as far as is known, or may be."""

Known = tuple[int, int, int, int, str | None]
"""(size, mtime_ns, ctime_ns, inode, reason) of a file."""


@dataclass(frozen=True, slots=True)
class FileRow:
    """A file as the ledger knows it."""

    row: int
    note: str | None
    folder: str
    file: FileStat
    state: str
    reason: str | None
    digest: str | None
    chunker: str | None
    """What cut its chunks, and counted their tokens; None if it must be read again even if its bytes are the same."""


@dataclass(frozen=True, slots=True)
class Found:
    """What was found in a file, as it goes into the index."""

    file: FileStat
    identity: str
    """The note's id."""
    digest: str
    note: ParsedNote
    chunks: Sequence[Chunk]
    chunker: str


class Ledger:
    """`index.db`: the files, and through `contents` and `vectors` what was found in them."""

    def __init__(self, home: Path) -> None:
        self.path = home / "index.db"
        schema = files("exocortex.storage").joinpath("schema.sql").read_text("utf-8")
        self.connection = connect(self.path, schema, VERSION, "NORMAL", _MIGRATIONS)
        self.contents = Contents(self.connection)
        self.vectors = Vectors(self.connection)
        self._keep_folding()

    @classmethod
    def reading(cls, home: Path) -> Ledger:
        """The same file through a connection of its own, for reading alone; open the writing one first."""
        ledger = cls.__new__(cls)
        ledger.path = home / "index.db"
        ledger.connection = connect_reader(ledger.path)
        ledger.contents = Contents(ledger.connection)
        ledger.vectors = Vectors(ledger.connection)
        return ledger

    def _keep_folding(self) -> None:
        """Words are stored as this program folds them."""
        if self.get("folding") != FOLDING:
            with self.transaction():
                self.contents.rewrite_words()
                self.put("folding", FOLDING)

    def close(self) -> None:
        """Close the file."""
        self.connection.close()

    def transaction(self) -> AbstractContextManager[None]:
        """All or nothing for everything written within."""
        return transaction(self.connection)

    # -- settings of the index itself -------------------------------------------------------------------------------

    def get(self, key: str) -> str | None:
        """A remembered value, such as the time of the last scan."""
        row = self.connection.execute("SELECT value FROM meta WHERE key = ?", (key,)).fetchone()
        return str(row["value"]) if row else None

    def put(self, key: str, value: str) -> None:
        """Remember a value."""
        self.connection.execute("INSERT OR REPLACE INTO meta(key, value) VALUES(?, ?)", (key, value))

    # -- files ------------------------------------------------------------------------------------------------------

    def known(self, folder: str) -> dict[str, Known]:
        """What is known of every file of a folder, by path; as bare tuples, for every search asks for all of them."""
        cursor = self.connection.cursor()
        cursor.row_factory = None
        query = "SELECT path, size, mtime_ns, ctime_ns, inode, reason FROM notes WHERE folder = ?"
        return {row[0]: row[1:] for row in cursor.execute(query, (folder,))}

    def files(self, folder: str, paths: Iterable[str]) -> list[FileRow]:
        """The files of a folder at these paths."""
        query = "SELECT * FROM notes WHERE folder = ? AND path IN (SELECT value FROM json_each(?)) ORDER BY path"
        return [_file_row(row) for row in self.connection.execute(query, (folder, json.dumps(list(paths))))]

    def with_inodes(self, folder: str, inodes: Iterable[int]) -> list[FileRow]:
        """The files of a folder that had these inodes when they were last looked at."""
        query = "SELECT * FROM notes WHERE folder = ? AND inode IN (SELECT value FROM json_each(?))"
        return [_file_row(row) for row in self.connection.execute(query, (folder, json.dumps(list(inodes))))]

    def pending(self) -> list[FileRow]:
        """Files on disk whose words aren't in yet, the most recently changed first."""
        query = f"SELECT * FROM notes WHERE state = 'pending' AND {_THERE} ORDER BY mtime_ns DESC, id"  # noqa: S608
        rows = self.connection.execute(query)
        return [_file_row(row) for row in rows]

    def outdated(self, chunker: str) -> list[FileRow]:
        """Indexed files on disk that were cut by another chunker."""
        query = (
            f"SELECT * FROM notes WHERE state = 'indexed' AND chunker IS NOT ? AND {_THERE}"  # noqa: S608
            " ORDER BY mtime_ns DESC, id"
        )
        rows = self.connection.execute(query, (chunker,))
        return [_file_row(row) for row in rows]

    def expect(self, folder: str, found: Iterable[FileStat]) -> None:
        """Enter new or changed files as pending; words that are in already go on serving."""
        self.connection.executemany(
            "INSERT INTO notes(folder, path, raw, size, mtime_ns, ctime_ns, inode, state)"
            " VALUES(?, ?, ?, ?, ?, ?, ?, 'pending') ON CONFLICT(folder, path) DO UPDATE SET raw = excluded.raw,"
            " size = excluded.size, mtime_ns = excluded.mtime_ns, ctime_ns = excluded.ctime_ns,"
            " inode = excluded.inode, state = 'pending', reason = NULL",
            [(folder, f.path, os.fsencode(f.raw), f.size, f.mtime_ns, f.ctime_ns, f.inode) for f in found],
        )

    def awaits(self, row: int, folder: str, file: FileStat, chunker: str) -> bool:
        """Whether this row still is that file as it was seen then, and what this chunker finds in it isn't in yet."""
        query = (
            "SELECT 1 FROM notes WHERE id = ? AND folder = ? AND path = ? AND size = ? AND mtime_ns = ?"
            " AND ctime_ns = ? AND inode = ? AND (state = 'pending' OR chunker IS NOT ?)"
        )
        stat = (file.size, file.mtime_ns, file.ctime_ns, file.inode)
        return self.connection.execute(query, (row, folder, file.path, *stat, chunker)).fetchone() is not None

    def write(self, row: int, found: Found) -> None:
        """A file's words are in: put what was found in it in the place of what was there."""
        file, note = found.file, found.note
        day = note.date or date_of(file.mtime_ns)
        added, gone = self.contents.replace(row, note, found.chunks)
        self.vectors.adopt(added)
        self.vectors.release(gone, time.time())
        self.connection.execute(
            "UPDATE notes SET note = ?, raw = ?, size = ?, mtime_ns = ?, ctime_ns = ?, inode = ?, state = 'indexed',"
            " reason = NULL, digest = ?, chunker = ?, date = ?, dated = ?, warnings = ? WHERE id = ?",
            (
                *(found.identity, os.fsencode(file.raw), file.size, file.mtime_ns, file.ctime_ns, file.inode),
                *(found.digest, found.chunker, day.isoformat(), note.date is not None, json.dumps(note.warnings), row),
            ),
        )

    def touch(self, row: int, file: FileStat) -> None:
        """The file's stat changed and its bytes didn't: nothing is pending any more."""
        day = date_of(file.mtime_ns).isoformat()
        self.connection.execute(
            "UPDATE notes SET raw = ?, size = ?, mtime_ns = ?, ctime_ns = ?, inode = ?, state = 'indexed',"
            " date = CASE WHEN dated THEN date ELSE ? END WHERE id = ?",
            (os.fsencode(file.raw), file.size, file.mtime_ns, file.ctime_ns, file.inode, day, row),
        )

    def move(self, row: int, file: FileStat, *, renamed: bool) -> None:
        """The file lies elsewhere in its folder now; under another name, it must be read for its title and date."""
        self.connection.execute(
            "UPDATE notes SET path = ?, raw = ?, ctime_ns = iif(ctime_ns, ?, 0), inode = ?,"
            " chunker = iif(?, NULL, chunker) WHERE id = ?",
            (file.path, os.fsencode(file.raw), file.ctime_ns, file.inode, renamed, row),
        )

    def park(self, rows: Iterable[int]) -> None:
        """Free the paths of files that are about to move, some of them to where another one still is."""
        self.connection.executemany("UPDATE notes SET path = '/' || id WHERE id = ?", [(row,) for row in rows])

    def freeze(self, folder: str, rows: Iterable[int]) -> None:
        """Of this folder just these files have vanished and are kept all the same: they aren't on disk, nor read."""
        frozen = json.loads(self.get("frozen") or "{}")
        before = frozen.pop(folder, None)
        if now := list(rows):
            frozen[folder] = now
        if now or before:
            self.put("frozen", json.dumps(frozen))

    def has_frozen(self, folder: str) -> bool:
        """Whether files of this folder have vanished and are kept."""
        return folder in json.loads(self.get("frozen") or "{}")

    def skip(self, folder: str, skipped: Sequence[tuple[FileStat, str]]) -> None:
        """Leave these files out, each for its reason; what was indexed of them leaves the index."""
        for file, reason in skipped:
            row = self.connection.execute(
                "SELECT id FROM notes WHERE folder = ? AND path = ?", (folder, file.path)
            ).fetchone()
            if row is not None:
                self.remove(row["id"])
            self.connection.execute(
                "INSERT INTO notes(folder, path, raw, size, mtime_ns, ctime_ns, inode, state, reason)"
                " VALUES(?, ?, ?, ?, ?, ?, ?, 'skipped', ?)",
                (folder, file.path, os.fsencode(file.raw), file.size, file.mtime_ns, file.ctime_ns, file.inode, reason),
            )

    def remove(self, row: int) -> None:
        """Take a file and everything found in it out of the index."""
        self.vectors.release(self.contents.clear(row), time.time())
        self.connection.execute("DELETE FROM notes WHERE id = ?", (row,))

    def retry_skipped(self) -> None:
        """Make every skipped file pending again."""
        self.connection.execute("UPDATE notes SET state = 'pending', reason = NULL WHERE state = 'skipped'")

    def has_skipped(self, folder: str, reasons: Iterable[str]) -> bool:
        """Whether a file of this folder is skipped for one of these reasons."""
        query = (
            "SELECT 1 FROM notes WHERE state = 'skipped' AND folder = ?"
            " AND reason IN (SELECT value FROM json_each(?)) LIMIT 1"
        )
        return self.connection.execute(query, (folder, json.dumps(list(reasons)))).fetchone() is not None

    def unembedded(self, rows: Iterable[int], fingerprint: str) -> list[str]:
        """Keys of the chunks of these files that this embedder hasn't embedded."""
        query = (
            "SELECT DISTINCT key FROM placements JOIN chunks ON chunks.id = chunk"
            " WHERE note IN (SELECT value FROM json_each(?)) AND embedded AND NOT EXISTS"
            " (SELECT 1 FROM vectors WHERE fingerprint = ? AND vectors.key = chunks.key)"
        )
        found = self.connection.execute(query, (json.dumps(list(rows)), fingerprint))
        return [str(row["key"]) for row in found]

    def folders(self) -> list[str]:
        """Names of the folders that have files here."""
        rows = self.connection.execute("SELECT folder FROM notes UNION SELECT folder FROM attachments ORDER BY folder")
        return [str(row["folder"]) for row in rows]

    def set_attachments(self, folder: str, paths: Iterable[str]) -> tuple[set[str], set[str]]:
        """Record a folder's other files; returns which are new and which are gone."""
        now = set(paths)
        rows = self.connection.execute("SELECT path FROM attachments WHERE folder = ?", (folder,))
        before = {str(row["path"]) for row in rows}
        added, gone = now - before, before - now
        self.change_attachments(folder, added, gone)
        return added, gone

    def attached(self, folder: str, paths: Iterable[str]) -> set[str]:
        """Those of these paths that are a folder's other files."""
        query = "SELECT path FROM attachments WHERE folder = ? AND path IN (SELECT value FROM json_each(?))"
        return {str(row["path"]) for row in self.connection.execute(query, (folder, json.dumps(list(paths))))}

    def change_attachments(self, folder: str, added: Iterable[str], gone: Iterable[str]) -> None:
        """Record which of a folder's other files are new and which are gone."""
        insert, delete = "INSERT INTO attachments VALUES(?, ?)", "DELETE FROM attachments WHERE folder = ? AND path = ?"
        self.connection.executemany(insert, [(folder, path) for path in added])
        self.connection.executemany(delete, [(folder, path) for path in gone])

    # -- the sums ---------------------------------------------------------------------------------------------------

    def folder_status(self, name: str, root: str, missing: bool) -> FolderStatus:
        """The folder's ledger line; what is frozen isn't on disk and counts apart."""
        query = (
            f"SELECT iif({_THERE}, state, 'frozen') AS state, count(*) AS n FROM notes WHERE folder = ?"  # noqa: S608
            " GROUP BY 1"
        )
        counts = {row["state"]: int(row["n"]) for row in self.connection.execute(query, (name,))}
        (others,) = self.connection.execute("SELECT count(*) FROM attachments WHERE folder = ?", (name,)).fetchone()
        indexed, pending, skipped = (counts.get(state, 0) for state in ("indexed", "pending", "skipped"))
        on_disk, frozen = indexed + pending + skipped, counts.get("frozen", 0)
        return FolderStatus(name, root, on_disk, indexed, pending, skipped, int(others), missing, frozen)

    def skipped(self) -> tuple[Skipped, ...]:
        """Every skipped file with its reason."""
        rows = self.connection.execute(
            f"SELECT folder, path, reason FROM notes WHERE state = 'skipped' AND {_THERE} ORDER BY folder, path"  # noqa: S608
        )
        return tuple(Skipped(row["folder"], row["path"], row["reason"]) for row in rows)

    def pending_count(self) -> int:
        """Files on disk whose words aren't in yet."""
        query = f"SELECT count(*) FROM notes WHERE state = 'pending' AND {_THERE}"  # noqa: S608
        (count,) = self.connection.execute(query).fetchone()
        return int(count)

    def chunk_count(self) -> int:
        """Passages stored, each once."""
        (count,) = self.connection.execute("SELECT count(*) FROM chunks").fetchone()
        return int(count)

    def scanned_at(self) -> datetime | None:
        """When the folders were last looked at."""
        value = self.get("scanned_at")
        return datetime.fromisoformat(value) if value else None


def date_of(mtime_ns: int) -> date:
    """The local day of a file's time; times no calendar has count as the epoch."""
    try:
        return datetime.fromtimestamp(mtime_ns / 1e9).date()
    except (OverflowError, OSError, ValueError):
        return date(1970, 1, 1)


def _file_row(row: sqlite3.Row) -> FileRow:
    file = FileStat(row["path"], os.fsdecode(row["raw"]), row["size"], row["mtime_ns"], row["inode"], row["ctime_ns"])
    return FileRow(
        row["id"], row["note"], row["folder"], file, row["state"], row["reason"], row["digest"], row["chunker"]
    )
