"""Afresh: every note read and entered again, on a copy of the index, and what then isn't as it was."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Sequence
from hashlib import blake2b
from pathlib import Path

from exocortex.config import Config
from exocortex.core.chunks import Chunk
from exocortex.core.lines import line_of, line_starts
from exocortex.core.notes import ParsedNote
from exocortex.parsing import Unreadable, parse
from exocortex.storage.contents import Contents
from exocortex.storage.ledger import date_of
from exocortex.storage.vault import NoteChangedError, NoteSkippedError, read

_PARTS = {
    "tags": "tag",
    "properties": "key, value",
    "headings": "line, level, text",
    "tasks": "line, done, text",
    "anchors": "line, name",
    "links": "line, kind, target, anchor, alias, key",
    "aliases": "key, alias",
}
_WORDS = {"words": "SELECT term, doc, col, offset FROM temp.instances", "spellings": "SELECT * FROM vocabulary"}


def differences(config: Config, index: sqlite3.Connection) -> tuple[int, list[str]]:
    """How many notes were compared, and which differ, by `folder:path`; files changed since are passed over.

    Writes into `index`, which is a copy.
    """
    index.execute("CREATE VIRTUAL TABLE temp.instances USING fts5vocab(main, words, instance)")
    roots = {folder.name: folder.root for folder in config.folders}
    before = _words(index)
    compared, different = 0, []
    for row in index.execute("SELECT * FROM notes WHERE state = 'indexed' ORDER BY folder, path").fetchall():
        if row["folder"] not in roots:
            continue
        same = _is_same(index, row, roots[row["folder"]], config.index.max_file_bytes)
        if same is not None:
            compared += 1
        if same is False:
            different.append(f"{row['folder']}:{row['path']}")
    if not different and compared:
        Contents(index).rewrite_words()
        different += [f"the table of {name}" for name, digest in _words(index).items() if digest != before[name]]
    return compared, different


def _is_same(index: sqlite3.Connection, row: sqlite3.Row, root: Path, max_bytes: int) -> bool | None:
    """None if the file isn't the one that was read."""
    try:
        data, file = read(root, row["path"], max_bytes)
    except (NoteChangedError, NoteSkippedError, ValueError):
        return None
    if (file.size, file.mtime_ns) != (row["size"], row["mtime_ns"]):
        return None
    if blake2b(data, digest_size=16).hexdigest() != row["digest"]:
        # Without a time of change the file was fresh when it was read, and may have been written to since.
        return False if row["ctime_ns"] == file.ctime_ns else None
    try:
        note = parse(data, Path(row["path"]).name)
    except Unreadable:
        return False
    chunks = _chunks(index, row["id"], note)
    if chunks is None or not _is_row(row, note):
        return False
    held = _parts(index, row["id"])
    Contents(index).replace(row["id"], note, chunks)
    return held == _parts(index, row["id"])


def _is_row(row: sqlite3.Row, note: ParsedNote) -> bool:
    day = note.date or date_of(row["mtime_ns"])
    found = (note.title, day.isoformat(), int(note.date is not None), list(note.warnings))
    return found == (row["title"], row["date"], row["dated"], json.loads(row["warnings"]))


def _chunks(index: sqlite3.Connection, note_row: int, note: ParsedNote) -> list[Chunk] | None:
    """The note's passages as they are stored; None if together they aren't its text, or not where they should be."""
    rows = index.execute(
        "SELECT chunks.*, first_line, last_line FROM placements JOIN chunks ON chunks.id = chunk WHERE note = ?"
        " ORDER BY ordinal",
        (note_row,),
    ).fetchall()
    if "".join(row["text"] for row in rows) != note.text:
        return None
    starts, offset, chunks = line_starts(note.text), 0, []
    for row in rows:
        if (row["first_line"], row["last_line"]) != _lines(row["text"], starts, offset) or row["title"] != note.title:
            return None
        headings = tuple(json.loads(row["headings"]))
        lines = (row["first_line"], row["last_line"])
        chunks.append(Chunk(row["key"], row["title"], headings, row["text"], *lines, bool(row["embedded"])))
        offset += len(row["text"])
    return chunks


def _lines(text: str, starts: Sequence[int], offset: int) -> tuple[int, int]:
    lead = len(text) - len(text.lstrip())
    first = line_of(starts, offset + (lead if lead < len(text) else 0))
    return first, max(first, line_of(starts, offset + len(text.rstrip()) - 1))


def _parts(index: sqlite3.Connection, row: int) -> list[list[tuple[object, ...]]]:
    """All that is kept of a note besides its passages."""
    parts = []
    for table, columns in _PARTS.items():
        found = index.execute(f"SELECT {columns} FROM {table} WHERE note = ?", (row,))  # noqa: S608 - a fixed list
        parts.append(sorted(map(tuple, found), key=repr))
    return parts


def _words(index: sqlite3.Connection) -> dict[str, bytes]:
    """A digest of every place of every word."""
    found = {}
    for name, query in _WORDS.items():
        digest = blake2b(digest_size=16)
        for row in index.execute(query):
            digest.update(repr(tuple(row)).encode())
        found[name] = digest.digest()
    return found
