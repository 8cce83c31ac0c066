"""Catalog: the questions put to `index.db` about notes: which there are, which meet a filter, what is in one."""

from __future__ import annotations

import json
import os
import sqlite3
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from itertools import groupby, islice
from pathlib import PurePosixPath
from typing import Any

from exocortex.core.chunks import Chunk
from exocortex.core.notes import Heading, Link, LinkKind, NoteRef, Task
from exocortex.core.query import DateRange, Filter
from exocortex.core.words import fts_match
from exocortex.storage.database import fold_case


@dataclass(frozen=True, slots=True)
class NoteRow:
    """An indexed note as the catalog knows it."""

    row: int
    ref: NoteRef
    raw: str
    """Relative to its folder, as the operating system spells it."""
    modified: datetime
    digest: str
    warnings: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class PlacedChunk:
    """A chunk at one of its places."""

    note: int
    ordinal: int
    chunk: Chunk


class Catalog:
    """Reads `index.db`; a note is known by its row number within this file."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._db = connection

    def names(self, folder: str) -> FolderNames:
        """The names links in this folder are resolved by."""
        return FolderNames(self._db, folder)

    # -- notes ------------------------------------------------------------------------------------------------------

    def notes(self, rows: Iterable[int]) -> dict[int, NoteRow]:
        """These notes, by row."""
        query = f"{_NOTES} AND id IN (SELECT value FROM json_each(?))"  # noqa: S608 - fixed texts
        found = self._db.execute(query, (json.dumps(list(rows)),))
        return {row["id"]: _note_row(row) for row in found}

    def count(self) -> int:
        """How many notes have their words in."""
        (count,) = self._db.execute("SELECT count(*) FROM notes WHERE digest IS NOT NULL").fetchone()
        return int(count)

    def recent(self, limit: int) -> list[NoteRow]:
        """The notes whose files changed last, newest first."""
        return [_note_row(row) for row in self._db.execute(f"{_NOTES} ORDER BY mtime_ns DESC, id LIMIT ?", (limit,))]

    def at(self, folder: str, path: str) -> NoteRow | None:
        """The note at this place."""
        row = self._db.execute(f"{_NOTES} AND folder = ? AND path = ?", (folder, path)).fetchone()
        return _note_row(row) if row else None

    def below(self, folder: str, path: str) -> list[NoteRow]:
        """Notes at any depth below this path of a folder, in any case, by path; all of the folder if it is empty."""
        prefix = f"{path.strip('/')}/" if path.strip("/") else ""
        query = f"{_NOTES} AND folder = ? AND substr(folded(path), 1, length(folded(?))) = folded(?) ORDER BY path"
        return [_note_row(row) for row in self._db.execute(query, (folder, prefix, prefix))]

    def changed_between(self, first: datetime, end: datetime) -> list[NoteRow]:
        """Notes whose files changed from `first` on and before `end`, newest first."""
        query = f"{_NOTES} AND mtime_ns >= ? AND mtime_ns < ? ORDER BY mtime_ns DESC, id"
        return [_note_row(row) for row in self._db.execute(query, (_nanoseconds(first), _nanoseconds(end)))]

    def unchanged_since(self, before: datetime, drawn: str, limit: int) -> list[NoteRow]:
        """Notes with text whose files have not changed since, in the order of their digests from `drawn` on, in a ring.

        Digests are even, so each note is as likely to be next after a random one, and others that come and go rarely
        change which one that is.
        """
        query = f"{_NOTES} AND mtime_ns < ? AND id IN (SELECT note FROM placements) {_RING} LIMIT ?"  # noqa: S608 - fixed texts
        return [_note_row(row) for row in self._db.execute(query, (_nanoseconds(before), drawn, limit))]

    def dated_between(self, first: date, last: date) -> set[int]:
        """Rows of the notes that say themselves that they are of one of these days."""
        query = "SELECT id FROM notes WHERE digest IS NOT NULL AND dated AND date BETWEEN ? AND ?"
        return {int(row["id"]) for row in self._db.execute(query, (first.isoformat(), last.isoformat()))}

    def by_path(self, path: str) -> list[NoteRow]:
        """Notes at this path in any folder."""
        return [_note_row(row) for row in self._db.execute(f"{_NOTES} AND path = ?", (path,))]

    def called(self, name: str) -> list[NoteRow]:
        """Notes with this title or file name, with or without its suffix, in any case."""
        wanted = fold_case(name)
        places = self._db.execute("SELECT id, title, path FROM notes WHERE digest IS NOT NULL")
        return list(self.notes(row["id"] for row in places if wanted in _names(row["title"], row["path"])).values())

    def nearest_names(self, name: str, limit: int = 3) -> list[str]:
        """Paths of notes that are called almost so."""
        from rapidfuzz import fuzz, process

        paths = [str(row["path"]) for row in self._db.execute("SELECT path FROM notes WHERE digest IS NOT NULL")]
        found = process.extract(name, paths, scorer=fuzz.WRatio, limit=limit, score_cutoff=70)
        return [path for path, _, _ in found]

    # -- filters ----------------------------------------------------------------------------------------------------

    def property_names(self) -> frozenset[str]:
        """Every property some note has: what `key:value` may filter by."""
        return frozenset(str(row["key"]) for row in self._db.execute("SELECT DISTINCT key FROM properties"))

    def property_values(self, most: int) -> Iterator[tuple[str, tuple[tuple[str, int], ...]]]:
        """Each property with its values that fit on a line, most used first, and how many notes have them."""
        counted = self._db.execute(
            "SELECT key, value, count(DISTINCT note) AS notes FROM properties"
            " WHERE length(value) BETWEEN 1 AND 80 AND instr(value, char(10)) = 0"
            " GROUP BY key, value ORDER BY key, notes DESC, value"
        )
        for key, rows in groupby(counted, lambda row: str(row["key"])):
            yield key, tuple((row["value"], row["notes"]) for row in islice(rows, most))

    def places(self) -> Iterator[tuple[str, str]]:
        """(folder, path) of every note."""
        for row in self._db.execute("SELECT folder, path FROM notes WHERE digest IS NOT NULL"):
            yield row["folder"], row["path"]

    def matching(self, filters: Sequence[Filter], dates: Sequence[DateRange], excluded: str) -> set[int] | None:
        """Rows of the notes that meet every condition; None if there is no condition.

        `excluded` is a MATCH expression that none may meet, or empty.
        """
        if not (filters or dates or excluded):
            return None
        conditions, values = ["digest IS NOT NULL"], list[Any]()
        for one in filters:
            condition, value = _condition(one)
            conditions.append(f"NOT {condition}" if one.negated else condition)
            values += value
        for days in dates:
            conditions.append("date BETWEEN ? AND ?")
            values += [(days.first or date.min).isoformat(), (days.last or date.max).isoformat()]
        if excluded:
            conditions.append("id NOT IN (SELECT rowid FROM words WHERE words MATCH ?)")
            values.append(excluded)
        query = f"SELECT id FROM notes WHERE {' AND '.join(conditions)}"  # noqa: S608 - conditions are fixed texts
        return {int(row["id"]) for row in self._db.execute(query, values)}

    # -- words ------------------------------------------------------------------------------------------------------

    def ranked(self, match: str, weights: tuple[float, float], limit: int, among: set[int] | None) -> dict[int, float]:
        """BM25 of the best notes for a MATCH expression, greater is better; `weights` are of title and body."""
        if not match:
            return {}
        only = "" if among is None else " AND +rowid IN (SELECT value FROM json_each(?))"
        query = f"SELECT rowid, bm25(words, ?, ?) AS score FROM words WHERE words MATCH ?{only}"  # noqa: S608 - fixed texts
        query += " ORDER BY score LIMIT ?"
        values: list[Any] = [*weights, match]
        if among is not None:
            values.append(json.dumps(sorted(among)))
        return {row["rowid"]: -float(row["score"]) for row in self._db.execute(query, [*values, limit])}

    def known_term(self, term: str) -> bool:
        """Whether any note has this word (unstemmed, folded)."""
        return self._db.execute("SELECT 1 FROM vocabulary WHERE term = ?", (term,)).fetchone() is not None

    def has_stem(self, term: str) -> bool:
        """Whether any note has a word of the same stem."""
        query = "SELECT 1 FROM words WHERE words MATCH ? LIMIT 1"
        return self._db.execute(query, (f'"{term}"',)).fetchone() is not None

    def with_all(self, phrases: Sequence[str], among: set[int] | None) -> set[int]:
        """Those of these notes (None: all) that hold every phrase."""
        query = "SELECT rowid FROM words WHERE words MATCH ?"
        found = {int(row["rowid"]) for row in self._db.execute(query, (fts_match((), phrases),))}
        return found if among is None else found & among

    def vocabulary(self, shortest: int, longest: int) -> list[tuple[str, int]]:
        """Every word of these lengths with the number of notes that have it."""
        query = "SELECT term, doc FROM vocabulary WHERE length(term) BETWEEN ? AND ?"
        return [(row["term"], row["doc"]) for row in self._db.execute(query, (shortest, longest))]

    # -- chunks -----------------------------------------------------------------------------------------------------

    def chunks_of(self, notes: Iterable[int]) -> list[PlacedChunk]:
        """All chunks of these notes, by note and in order."""
        among = "placements.note IN (SELECT value FROM json_each(?))"
        query = f"{_CHUNKS} WHERE {among} ORDER BY note, ordinal"
        headings: dict[str, tuple[str, ...]] = {}
        return [_placed(row, headings) for row in self._db.execute(query, (json.dumps(list(notes)),))]

    def places_of(self, keys: Iterable[str]) -> list[tuple[str, int]]:
        """(chunk key, note) for every place these chunks lie at."""
        query = (
            "SELECT key, note FROM chunks JOIN placements ON placements.chunk = chunks.id"
            " WHERE key IN (SELECT value FROM json_each(?))"
        )
        return [(key, note) for key, note in self._db.execute(query, (json.dumps(list(keys)),))]

    def keys_of(self, notes: Iterable[int]) -> list[tuple[str, int]]:
        """(chunk key, note) for every chunk of these notes that is found by meaning."""
        query = (
            "SELECT key, note FROM placements JOIN chunks ON chunks.id = placements.chunk"
            " WHERE note IN (SELECT value FROM json_each(?)) AND embedded"
        )
        return [(key, note) for key, note in self._db.execute(query, (json.dumps(list(notes)),))]

    # -- parts of a note --------------------------------------------------------------------------------------------

    def tags_of(self, row: int) -> tuple[str, ...]:
        """The note's tags."""
        return tuple(str(one["tag"]) for one in self._parts("tags", row))

    def digests(self, notes: Iterable[str]) -> dict[str, str]:
        """Of the content that is indexed, by the notes' ids."""
        query = "SELECT note, digest FROM notes WHERE note IN (SELECT value FROM json_each(?))"
        rows = self._db.execute(query, (json.dumps(sorted(set(notes))),))
        return {str(row["note"]): str(row["digest"]) for row in rows}

    def bearing(self, key: str) -> set[str]:
        """Ids of the notes that have this property, whatever its value but no."""
        query = (
            "SELECT notes.note FROM properties JOIN notes ON notes.id = properties.note"
            " WHERE key = ? AND folded(value) NOT IN ('false', 'no', '')"
        )
        return {str(row["note"]) for row in self._db.execute(query, (key,))}

    def properties_of(self, row: int) -> tuple[tuple[str, str], ...]:
        """The note's frontmatter fields."""
        return tuple((one["key"], one["value"]) for one in self._parts("properties", row))

    def aliases_of(self, row: int) -> tuple[str, ...]:
        """Its other names."""
        return tuple(str(one["alias"]) for one in self._parts("aliases", row))

    def headings_of(self, row: int) -> tuple[Heading, ...]:
        """Its outline."""
        return tuple(Heading(one["level"], one["text"], one["line"]) for one in self._parts("headings", row))

    def anchors_of(self, row: int) -> tuple[tuple[str, int], ...]:
        """Its block ids and their lines."""
        return tuple((one["name"], one["line"]) for one in self._parts("anchors", row))

    def tasks_of(self, row: int) -> tuple[Task, ...]:
        """Its tasks."""
        return tuple(Task(one["text"], bool(one["done"]), one["line"]) for one in self._parts("tasks", row))

    def links_of(self, row: int) -> tuple[Link, ...]:
        """Its links as written."""
        return tuple(_link(one) for one in self._parts("links", row))

    def _parts(self, table: str, row: int) -> sqlite3.Cursor:
        order = "tag" if table == "tags" else "rowid"
        return self._db.execute(f"SELECT * FROM {table} WHERE note = ? ORDER BY {order}", (row,))  # noqa: S608

    # -- over all notes ---------------------------------------------------------------------------------------------

    def tagged(self) -> list[tuple[str, int]]:
        """(tag, note) pairs."""
        return [(row["tag"], row["note"]) for row in self._db.execute("SELECT tag, note FROM tags")]

    def tasks(self, done: bool, among: set[int] | None) -> list[tuple[int, Task]]:
        """(note, task) pairs, by place."""
        query = (
            "SELECT tasks.* FROM tasks JOIN notes ON notes.id = tasks.note WHERE done = ? ORDER BY folder, path, line"
        )
        rows = self._db.execute(query, (done,))
        return [
            (row["note"], Task(row["text"], bool(row["done"]), row["line"]))
            for row in rows
            if among is None or row["note"] in among
        ]

    def links_named(self, keys: Iterable[str]) -> list[tuple[int, Link]]:
        """(note, link) pairs of links written with one of these keys."""
        query = "SELECT * FROM links WHERE key IN (SELECT value FROM json_each(?)) ORDER BY note, line"
        return [(row["note"], _link(row)) for row in self._db.execute(query, (json.dumps(list(keys)),))]


class FolderNames:
    """The names of one folder's files and aliases, as link resolution asks for them."""

    def __init__(self, connection: sqlite3.Connection, folder: str) -> None:
        self._db = connection
        self._folder = folder

    def files_named(self, key: str) -> Sequence[str]:
        """Paths of files with this name."""
        query = "SELECT path FROM names WHERE key = ? AND folder = ? ORDER BY path"
        return [str(row["path"]) for row in self._db.execute(query, (key, self._folder))]

    def notes_aliased(self, key: str) -> Sequence[str]:
        """Paths of notes with this alias."""
        notes = "aliases JOIN notes ON notes.id = aliases.note"
        query = f"SELECT path FROM {notes} WHERE key = ? AND folder = ? ORDER BY path"  # noqa: S608 - fixed texts
        return [str(row["path"]) for row in self._db.execute(query, (key, self._folder))]


_NOTES = "SELECT * FROM notes WHERE digest IS NOT NULL"
_RING = "ORDER BY digest < ?, digest, id"
_CHUNKS = "SELECT * FROM placements JOIN chunks ON chunks.id = placements.chunk"

_HAS = {
    "task": "id IN (SELECT note FROM tasks)",
    "open-task": "id IN (SELECT note FROM tasks WHERE NOT done)",
    "link": "id IN (SELECT note FROM links)",
    "tag": "id IN (SELECT note FROM tags)",
    "alias": "id IN (SELECT note FROM aliases)",
    "date": "dated",
}


def _condition(one: Filter) -> tuple[str, list[str]]:
    """A filter as SQL, with its values."""
    value = one.value
    match one.key:
        case "tag":
            # Tags are stored in lower case; in the order of their bytes, 0 follows the slash.
            tag = unicodedata.normalize("NFC", value.removeprefix("#")).lower()
            return "id IN (SELECT note FROM tags WHERE tag = ? OR tag > ? AND tag < ?)", [tag, f"{tag}/", f"{tag}0"]
        case "path":
            return "instr(folded(path), folded(?)) > 0", [value]
        case "folder":
            return "folded(folder) = folded(?)", [value]
        case "title":
            return "instr(folded(title), folded(?)) > 0", [value]
        case "has":
            return _HAS[value], []
    return "id IN (SELECT note FROM properties WHERE key = ? AND folded(value) = folded(?))", [one.key, value]


def _names(title: str, path: str) -> tuple[str, ...]:
    """What a note answers to: its title, its path and its file name, both also without the suffix."""
    title, path = fold_case(title), fold_case(path)
    bare = path[: -len(PurePosixPath(path).suffix) or None]
    return title, path, bare, path.rpartition("/")[2], bare.rpartition("/")[2]


def _note_row(row: sqlite3.Row) -> NoteRow:
    day = date.fromisoformat(row["date"]) if row["date"] else None
    ref = NoteRef(row["note"], row["folder"], row["path"], row["title"], day)
    modified = datetime.fromtimestamp(row["mtime_ns"] / 1e9).astimezone()
    return NoteRow(row["id"], ref, os.fsdecode(row["raw"]), modified, row["digest"], tuple(json.loads(row["warnings"])))


def _nanoseconds(moment: datetime) -> int:
    return int(moment.timestamp()) * 1_000_000_000


def _placed(row: sqlite3.Row, headings: dict[str, tuple[str, ...]]) -> PlacedChunk:
    """`headings` keeps what was read of the rows before: neighbours mostly stand below the same."""
    written = row["headings"]
    if written not in headings:
        headings[written] = tuple(json.loads(written))
    chunk = Chunk(
        row["key"],
        row["title"],
        headings[written],
        row["text"],
        row["first_line"],
        row["last_line"],
        bool(row["embedded"]),
    )
    return PlacedChunk(row["note"], row["ordinal"], chunk)


def _link(row: sqlite3.Row) -> Link:
    return Link(LinkKind(row["kind"]), row["target"], row["anchor"], row["alias"], row["line"])
