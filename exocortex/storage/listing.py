"""Listing: notes by where they lie, level by level and page by page, and notes by a part of their name.

Quick for a folder of a hundred thousand notes: SQLite counts and sorts, and only what is shown is read.
"""

from __future__ import annotations

import sqlite3
from datetime import date
from typing import Any

from exocortex.core.notes import NoteRef
from exocortex.core.results import FolderContents, Subfolder
from exocortex.core.words import clean
from exocortex.storage.database import fold_case


class Listing:
    """Reads `index.db`; shows the notes whose words are in."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._db = connection

    def contents(self, folder: str, path: str, after: str, limit: int) -> FolderContents:
        """What lies directly at this path of a folder: subfolders and notes by name, in any case."""
        path = clean(path).strip("/")
        prefix = f"{path}/" if path else ""
        within, values = _within(folder, prefix)
        folders = () if after else self._subfolders(within, values, prefix)
        notes, more = self._notes(within, values, prefix, after, limit)
        return FolderContents(folder, path, after, folders, notes, more)

    def _subfolders(self, within: str, values: list[Any], prefix: str) -> tuple[Subfolder, ...]:
        rest = "substr(path, ?)"
        query = (
            f"SELECT substr({rest}, 1, instr({rest}, '/') - 1) AS name, count(*) AS notes FROM notes"  # noqa: S608 - fixed texts
            f" WHERE {within} AND instr({rest}, '/') > 0 GROUP BY name ORDER BY name COLLATE NOCASE, name"
        )
        start = len(prefix) + 1
        found = self._db.execute(query, [start, start, *values, start])
        return tuple(Subfolder(prefix + row["name"], row["notes"]) for row in found)

    def _notes(
        self, within: str, values: list[Any], prefix: str, after: str, limit: int
    ) -> tuple[tuple[NoteRef, ...], int]:
        """One page, and how many come after it."""
        here = f"{within} AND instr(substr(path, ?), '/') = 0"
        values = [*values, len(prefix) + 1]
        if after:
            here += " AND (path COLLATE NOCASE > ? OR path COLLATE NOCASE = ? AND path > ?)"
            values += [after, after, after]
        page = f"SELECT {_REF} FROM notes WHERE {here} ORDER BY path COLLATE NOCASE, path LIMIT ?"  # noqa: S608
        notes = tuple(_ref(row) for row in self._db.execute(page, [*values, limit]))
        (left,) = self._db.execute(f"SELECT count(*) FROM notes WHERE {here}", values).fetchone()  # noqa: S608
        return notes, int(left) - len(notes)

    def named(self, text: str, limit: int) -> list[NoteRef]:
        """Notes with each of the words in their path or title: names that begin so first, then those that hold them."""
        words = clean(text).split()
        if not words:
            return []
        conditions = [_holds(word) for word in words]
        where = " AND ".join(condition for condition, _ in conditions)
        begins, start = _begins(words[0])
        holds, name = _holds(words[0], _NAME)
        query = (
            f"SELECT {_REF} FROM notes WHERE digest IS NOT NULL AND {where}"  # noqa: S608 - fixed texts
            f" ORDER BY NOT ({begins}), NOT {holds}, length(path), path LIMIT ?"
        )
        values = [value for _, both in conditions for value in both]
        return [_ref(row) for row in self._db.execute(query, [*values, *start, *name, limit])]


_REF = "note, folder, path, title, date"
_NAME = "replace(path, rtrim(path, replace(path, '/', '')), '')"
"""The last part of a path: what stands before it is what is left of it when letters of no folder are cut off."""


def _within(folder: str, prefix: str) -> tuple[str, list[Any]]:
    """The notes below a path. In the order of their bytes 0 follows the slash, so an index finds them."""
    if not prefix:
        return "digest IS NOT NULL AND folder = ?", [folder]
    return "digest IS NOT NULL AND folder = ? AND path > ? AND path < ?", [folder, prefix, f"{prefix[:-1]}0"]


def _holds(word: str, path: str = "path") -> tuple[str, list[str]]:
    """Whether it is in the title, or in this part of the path.

    LIKE knows the case of ASCII alone, and is ten times as fast as asking Python.
    """
    if word.isascii():
        pattern = f"%{_escaped(word)}%"
        return rf"({path} LIKE ? ESCAPE '\' OR title LIKE ? ESCAPE '\')", [pattern, pattern]
    folded = fold_case(word)
    return f"(instr(folded({path}), ?) > 0 OR instr(folded(title), ?) > 0)", [folded, folded]


def _begins(word: str) -> tuple[str, list[str]]:
    start = _escaped(word)
    return r"path LIKE ? ESCAPE '\' OR path LIKE ? ESCAPE '\' OR title LIKE ? ESCAPE '\'", [
        *(f"{start}%", f"%/{start}%", f"{start}%")
    ]


def _escaped(word: str) -> str:
    return "".join(f"\\{one}" if one in "\\%_" else one for one in word)


def _ref(row: sqlite3.Row) -> NoteRef:
    day = date.fromisoformat(row["date"]) if row["date"] else None
    return NoteRef(row["note"], row["folder"], row["path"], row["title"], day)
