"""Contents: what was found in each note, written and taken out as a whole."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Sequence

from exocortex.core.chunks import Chunk
from exocortex.core.links import alias_key, link_key, name_keys
from exocortex.core.notes import ParsedNote
from exocortex.core.words import fold

_PARTS = ("tags", "properties", "headings", "tasks", "anchors", "links", "aliases", "placements")


class Contents:
    """The tables of chunks, words, tags, links and tasks. Callers hold the transaction."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._db = connection

    def replace(self, row: int, note: ParsedNote, chunks: Sequence[Chunk]) -> tuple[list[str], list[str]]:
        """Put these contents in the place of a note's former ones; returns the chunk keys that came and went."""
        before = self._placed(row)
        self._clear_words(row)
        self._clear_parts(row)
        added = self._place(row, chunks)
        self._write_parts(row, note)
        self._db.execute("UPDATE notes SET title = ? WHERE id = ?", (note.title, row))
        self._write_words(row, "insert")
        return added, self._drop_unplaced(before)

    def clear(self, row: int) -> list[str]:
        """Take everything of a note out; returns the chunk keys that went."""
        before = self._placed(row)
        self._clear_words(row)
        self._clear_parts(row)
        return self._drop_unplaced(before)

    def rewrite_words(self) -> None:
        """Enter the words of every note anew: words folded otherwise could neither be found nor taken out."""
        for table in ("words", "spellings"):
            self._db.execute(f"INSERT INTO {table}({table}) VALUES('delete-all')")
        for (row,) in self._db.execute("SELECT id FROM notes WHERE digest IS NOT NULL").fetchall():
            self._write_words(row, "insert")

    def name(self, folder: str, path: str) -> None:
        """Let links find this file by its name."""
        keys = [(key, folder, path) for key in name_keys(path)]
        self._db.executemany("INSERT OR IGNORE INTO names(key, folder, path) VALUES(?, ?, ?)", keys)

    def unname(self, folder: str, path: str) -> None:
        """Let links find this file no more."""
        self._db.execute("DELETE FROM names WHERE folder = ? AND path = ?", (folder, path))

    # -- chunks -----------------------------------------------------------------------------------------------------

    def _placed(self, row: int) -> dict[int, str]:
        query = "SELECT chunks.id, chunks.key FROM placements JOIN chunks ON chunks.id = chunk WHERE note = ?"
        return {found["id"]: found["key"] for found in self._db.execute(query, (row,))}

    def _place(self, row: int, chunks: Sequence[Chunk]) -> list[str]:
        """Store the chunks that are new, place all; returns the keys that are new to the index."""
        added, places = [], []
        for ordinal, chunk in enumerate(chunks):
            cursor = self._db.execute(
                "INSERT INTO chunks(key, title, headings, text, embedded) VALUES(?, ?, ?, ?, ?)"
                " ON CONFLICT(key) DO NOTHING",
                (chunk.key, chunk.title, json.dumps(chunk.headings), chunk.text, chunk.embedded),
            )
            if cursor.rowcount:
                added.append(chunk.key)
                number = cursor.lastrowid
            else:
                (number,) = self._db.execute("SELECT id FROM chunks WHERE key = ?", (chunk.key,)).fetchone()
            places.append((row, ordinal, number, chunk.first_line, chunk.last_line))
        self._db.executemany("INSERT INTO placements VALUES(?, ?, ?, ?, ?)", places)
        return added

    def _drop_unplaced(self, before: dict[int, str]) -> list[str]:
        """Delete those of these chunks that no note holds any more; returns their keys."""
        gone = []
        for number, key in before.items():
            if self._db.execute("SELECT 1 FROM placements WHERE chunk = ? LIMIT 1", (number,)).fetchone() is None:
                self._db.execute("DELETE FROM chunks WHERE id = ?", (number,))
                gone.append(key)
        return gone

    # -- words ------------------------------------------------------------------------------------------------------

    def _clear_words(self, row: int) -> None:
        """What was never entered must not be taken out; a note without text has words too: its title."""
        if self._db.execute("SELECT 1 FROM notes WHERE id = ? AND digest IS NOT NULL", (row,)).fetchone():
            self._write_words(row, "delete")

    def _write_words(self, row: int, command: str) -> None:
        """Enter a note's words, or take them out: a contentless table must be told again what to forget."""
        (title,) = self._db.execute("SELECT title FROM notes WHERE id = ?", (row,)).fetchone()
        aliases = self._db.execute("SELECT alias FROM aliases WHERE note = ? ORDER BY rowid", (row,))
        names = fold("\n".join([title, *(alias["alias"] for alias in aliases)]))
        query = "SELECT text FROM placements JOIN chunks ON chunks.id = chunk WHERE note = ? ORDER BY ordinal"
        body = fold("".join(chunk["text"] for chunk in self._db.execute(query, (row,))))
        both = f"{names}\n{body}"
        if command == "insert":
            self._db.execute("INSERT INTO words(rowid, title, body) VALUES(?, ?, ?)", (row, names, body))
            self._db.execute("INSERT INTO spellings(rowid, body) VALUES(?, ?)", (row, both))
        else:
            values = (row, names, body)
            self._db.execute("INSERT INTO words(words, rowid, title, body) VALUES('delete', ?, ?, ?)", values)
            self._db.execute("INSERT INTO spellings(spellings, rowid, body) VALUES('delete', ?, ?)", (row, both))

    # -- parts ------------------------------------------------------------------------------------------------------

    def _clear_parts(self, row: int) -> None:
        for table in _PARTS:
            self._db.execute(f"DELETE FROM {table} WHERE note = ?", (row,))  # noqa: S608 - a fixed list of names

    def _write_parts(self, row: int, note: ParsedNote) -> None:
        many = self._db.executemany
        many("INSERT OR IGNORE INTO tags(note, tag) VALUES(?, ?)", [(row, tag) for tag in note.tags])
        many("INSERT INTO properties VALUES(?, ?, ?)", [(row, key, value) for key, value in note.properties])
        many("INSERT INTO headings VALUES(?, ?, ?, ?)", [(row, h.line, h.level, h.text) for h in note.headings])
        many("INSERT INTO tasks VALUES(?, ?, ?, ?)", [(row, t.line, t.done, t.text) for t in note.tasks])
        many("INSERT INTO anchors VALUES(?, ?, ?)", [(row, line, name) for name, line in note.anchors])
        many("INSERT INTO aliases VALUES(?, ?, ?)", [(row, alias_key(alias), alias) for alias in note.aliases])
        many(
            "INSERT INTO links VALUES(?, ?, ?, ?, ?, ?, ?)",
            [(row, x.line, x.kind.value, x.target, x.anchor, x.alias, link_key(x)) for x in note.links],
        )
