"""Soundness: what shows that a database file isn't what was written. Looks only, and changes nothing."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import datetime
from pathlib import Path

_MAGIC = b"SQLite format 3\0"
_NO_SCHEMA_YET = b"\0\0\0\0"
_ENCODING = 56
_FIXED = {20: b"\0", 21: b"\x40\x20\x20", 52: b"\0\0\0\0", _ENCODING: b"\0\0\0\1", 64: b"\0\0\0\0", 72: b"\0" * 20}
"""Bytes of the header that are the same in every file of ours (sqlite.org/fileformat.html, 1.3)."""
SAYS_SO = (sqlite3.Error, UnicodeError)
"""What reading a damaged file raises: SQLite's own words may be damaged too, and then can't be decoded."""
_FULL_TEXT = ("words", "spellings")


def header_fault(path: Path) -> str | None:
    """What is wrong with the first hundred bytes or the length of a closed file; None if nothing is, or it is new."""
    with open(path, "rb") as file:
        header = file.read(100)
        size = file.seek(0, 2)
    if not size:
        return None
    if len(header) < 100 or header[:16] != _MAGIC:
        return "it doesn't begin as a database does"
    page = int.from_bytes(header[16:18], "big")
    fixed = _FIXED
    if size == page and header[44:48] == _NO_SCHEMA_YET:  # the rest of a new database is still in its log, or nowhere
        fixed = {at: value for at, value in _FIXED.items() if at != _ENCODING}
    elif not 1 <= header[47] <= 4:
        return "its header makes no sense"
    if any(header[at : at + len(value)] != value for at, value in fixed.items()) or page != 4096:
        return "its header makes no sense"
    if not {header[18], header[19]} <= {1, 2}:
        return "its header makes no sense"
    pages = int.from_bytes(header[28:32], "big")
    if not log_of(path) and size < pages * page:
        return f"{pages * page - size:,} bytes are missing at its end"
    return None


def is_blank(path: Path) -> bool:
    """Whether nothing has been written to it, not even to its log, but perhaps its first page as SQLite lays it out."""
    with open(path, "rb") as file:
        header = file.read(100)
        size = file.seek(0, 2)
    return not size or (size == 4096 and header[44:48] == _NO_SCHEMA_YET and not log_of(path))


def log_of(path: Path) -> int:
    """Bytes in the write-ahead log beside it: more than none while nobody has the file open tell of a crash."""
    try:
        return path.with_name(f"{path.name}-wal").stat().st_size
    except FileNotFoundError:
        return 0


def read_only(path: Path) -> sqlite3.Connection:
    """A connection that changes nothing, not even by making the files that go with a write-ahead log."""
    mode = "mode=ro" if path.with_name(f"{path.name}-wal").exists() else "immutable=1"
    return sqlite3.connect(f"{path.absolute().as_uri()}?{mode}", uri=True, timeout=5, isolation_level=None)


def structure_fault(path: Path, *, deep: bool = False) -> str | None:
    """What SQLite finds wrong in a file that nobody writes to; None if nothing. Writes nothing.

    `deep` compares the tables with their indexes too.
    """
    try:
        fault = header_fault(path)
        if fault is not None:
            return fault
        with closing(read_only(path)) as connection:
            return connection_fault(connection, deep=deep)
    except (OSError, *SAYS_SO) as error:
        return str(error)


def connection_fault(connection: sqlite3.Connection, *, deep: bool = False) -> str | None:
    """The same through a connection."""
    try:
        check = "integrity_check" if deep else "quick_check"
        verdicts = [str(row[0]) for row in connection.execute(f"PRAGMA {check}(1000000)").fetchall()]
        (tables,) = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
    except SAYS_SO as error:
        return str(error)
    # The quick check of SQLite 3.40 says so of every row of a table WITHOUT ROWID whose key has another order than its
    # columns; what is missing where something must be is found among the values.
    faults = [verdict for verdict in verdicts if verdict != "ok" and not verdict.startswith("NULL value in ")]
    if faults:
        return faults[0].replace("\n", "; ")
    return None if tables else "it is empty"


def schema_fault(connection: sqlite3.Connection, schema: str) -> str | None:
    """Which table, index or column of this schema the file lacks; None if it has all."""
    with closing(sqlite3.connect(":memory:")) as model:
        model.executescript(schema)
        missing = sorted(_shape(model) - _shape(connection))
    return f"it lacks {' '.join(missing[0])}" if missing else None


def _shape(connection: sqlite3.Connection) -> set[tuple[str, ...]]:
    """Tables and indexes with what they belong to; columns with their type."""
    things = {tuple(row) for row in connection.execute("SELECT type, name, tbl_name FROM sqlite_master").fetchall()}
    tables = [name for kind, name, _ in things if kind == "table"]
    columns = {
        ("column", table, str(row[1]), str(row[2]))
        for table in tables
        for row in connection.execute(f"PRAGMA table_info({table})").fetchall()
    }
    return things | columns


def words_fault(connection: sqlite3.Connection) -> str | None:
    """What FTS5 finds wrong in the tables of words; needs a connection that may write, and writes nothing."""
    for table in _FULL_TEXT:
        try:
            connection.execute(f"INSERT INTO {table}({table}) VALUES('integrity-check')")
        except SAYS_SO as error:
            return f"{table}: {error}"
    return None


def value_faults(connection: sqlite3.Connection) -> Iterator[str]:
    """Tables with values that were never written so: of another type, text that isn't UTF-8, JSON that is none.

    SQLite keeps no checksums: a flipped bit within a row is in order to it.
    """
    rows = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table' AND sql LIKE 'CREATE TABLE%'")
    for (table,) in rows.fetchall():
        if table.startswith(_FULL_TEXT) or table.startswith("sqlite_"):
            continue
        try:
            if connection.execute(_misfits(connection, table)).fetchone() is not None or not _reads(connection, table):
                yield f"table {table} holds values of the wrong kind"
        except SAYS_SO:
            # What SQLite says here quotes the row, which is the user's own text.
            yield f"table {table} holds what can't be read"
    yield from _odd_settings(connection)


def _odd_settings(connection: sqlite3.Connection) -> Iterator[str]:
    """Values the index remembers of itself that aren't what they should be."""
    if connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'meta'").fetchone() is None:
        return
    for key, value in connection.execute("SELECT key, value FROM meta").fetchall():
        try:
            _PARSED.get(key, str)(value)
        except ValueError:
            yield f"its {key} makes no sense"


def _misfits(connection: sqlite3.Connection, table: str) -> str:
    """A query for a row of the table with a value that its column doesn't take."""
    wrong = []
    for _, name, kind, required, _, key in connection.execute(f"PRAGMA table_info({table})").fetchall():
        kinds = {kind.lower(), "integer"} if kind == "REAL" else {kind.lower()}
        if not required and not key:
            kinds.add("null")
        wrong.append(f"typeof({name}) NOT IN ({', '.join(repr(one) for one in sorted(kinds))})")
        if (table, name) in _JSON:
            wrong.append(f"NOT json_valid({name})")
        elif (table, name) == ("notes", "date"):
            wrong.append("date IS NOT date(date)")
    return f"SELECT 1 FROM {table} WHERE {' OR '.join(wrong)} LIMIT 1"  # noqa: S608 - names from the schema itself


_PARSED: dict[str, Callable[[str], object]] = {"scanned_at": datetime.fromisoformat, "vectors_published": int}
_JSON = frozenset({("notes", "warnings"), ("chunks", "headings")})


def _reads(connection: sqlite3.Connection, table: str) -> bool:
    """Whether every text of the table is UTF-8, which reading it shows."""
    for _ in connection.execute(f"SELECT * FROM {table}"):  # noqa: S608 - a name from the schema itself
        pass
    return True
