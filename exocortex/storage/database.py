"""Opening SQLite files safely: private permissions, durable settings, versions that are checked before use."""

from __future__ import annotations

import os
import sqlite3
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TypeGuard

from exocortex.core.errors import IndexStoreError

APPLICATION_ID = 0x45584F31
"""`EXO1`, at a fixed place of the file's header."""

_FAULTS_OF_FILES = {
    *(sqlite3.SQLITE_BUSY, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_CORRUPT),
    *(sqlite3.SQLITE_FULL, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_NOTADB),
}


def connect(path: Path, schema: str, version: int, synchronous: str) -> sqlite3.Connection:
    """Open or create a database of this schema version; it knows the SQL function `folded(text)`.

    `synchronous` is `FULL` where an acknowledged write must survive a power cut and `NORMAL` where it may be redone.
    Raises IndexStoreError if the file can't be opened, is not ours, is damaged, or was written by a newer version; then
    nothing was changed.
    """
    try:
        _create(path)
        connection = sqlite3.connect(path, timeout=5, isolation_level=None, check_same_thread=False)
    except (OSError, sqlite3.Error) as error:
        raise _unusable(path, error) from error
    try:
        _check_owner(connection, path, version)
        _configure(connection, synchronous)
        _prepare(connection, schema, version)
    except sqlite3.Error as error:
        connection.close()
        raise explain(path, error) from error
    except BaseException:
        connection.close()
        raise
    connection.row_factory = sqlite3.Row
    connection.create_function("folded", 1, fold_case, deterministic=True)
    return connection


def connect_reader(path: Path) -> sqlite3.Connection:
    """Open a database that this process writes through another connection, for reading alone.

    It never checkpoints: SQLite before 3.51.3 can damage a WAL database where two connections do so at the same instant.
    """
    try:
        connection = sqlite3.connect(path, timeout=5, isolation_level=None, check_same_thread=False)
        for pragma in ("query_only = ON", "wal_autocheckpoint = 0", "temp_store = MEMORY", "cache_size = -16000"):
            connection.execute(f"PRAGMA {pragma}").fetchall()
    except sqlite3.Error as error:
        raise explain(path, error) from error
    connection.row_factory = sqlite3.Row
    connection.create_function("folded", 1, fold_case, deterministic=True)
    return connection


def fold_case(text: str | None) -> str:
    """Text for comparisons that mind neither case nor how an accent is encoded, in any alphabet."""
    return unicodedata.normalize("NFC", text or "").casefold()


def explain(path: Path, error: sqlite3.Error) -> IndexStoreError:
    """What a failure of SQLite means to the user: a disk that is full or closed to us, or a damaged file."""
    if isinstance(error, sqlite3.OperationalError):
        return _unusable(path, error)
    if path.name == "index.db":
        hint = f"Delete {path} and run `exo index`: it is rebuilt from your notes, nothing of yours is in it."
    else:
        hint = f"Move {path} away and run `exo index`."
    return IndexStoreError(f"{path} is damaged: {error}", hint)


def blames_file(error: BaseException | None) -> TypeGuard[sqlite3.Error]:
    """Whether SQLite found fault with a file or its disk, and not with what it was asked."""
    return isinstance(error, sqlite3.Error) and getattr(error, "sqlite_errorcode", 0) & 0xFF in _FAULTS_OF_FILES


def is_sound(connection: sqlite3.Connection) -> bool:
    """Whether SQLite finds the file's structure in order; reads all of it."""
    try:
        (verdict,) = connection.execute("PRAGMA quick_check(1)").fetchone()
    except sqlite3.DatabaseError:
        return False
    return bool(verdict == "ok")


def _unusable(path: Path, error: OSError | sqlite3.Error) -> IndexStoreError:
    what = error.strerror if isinstance(error, OSError) else str(error)
    return IndexStoreError(
        f"{path} cannot be used: {what}", f"See that {path.parent} can be written to and its disk has room."
    )


def _create(path: Path) -> None:
    if path.is_symlink():
        raise IndexStoreError(f"{path} is a link, which is not followed", "Put the file itself there, or nothing.")
    with suppress(FileExistsError):
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))


def _check_owner(connection: sqlite3.Connection, path: Path, version: int) -> None:
    """Before anything is set, for some settings are written into the file."""
    (found,) = connection.execute("PRAGMA user_version").fetchone()
    (owner,) = connection.execute("PRAGMA application_id").fetchone()
    (tables,) = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
    if owner != APPLICATION_ID and (tables or owner):
        raise IndexStoreError(f"{path} is not a file of Exocortex", "Move it away, then run the command again.")
    if found > version:
        raise IndexStoreError(
            f"{path} was written by a newer Exocortex (version {found}, this one reads {version})",
            "Upgrade Exocortex; nothing was changed.",
        )


def _configure(connection: sqlite3.Connection, synchronous: str) -> None:
    for pragma in (
        "journal_mode = WAL",
        f"synchronous = {synchronous}",
        "foreign_keys = ON",
        "secure_delete = ON",
        "trusted_schema = OFF",
        "cell_size_check = ON",
        "temp_store = MEMORY",
        "cache_size = -32000",
    ):
        connection.execute(f"PRAGMA {pragma}").fetchall()


def _prepare(connection: sqlite3.Connection, schema: str, version: int) -> None:
    """Write the schema into a new file; the version comes last, so a crash before it is made good next time."""
    (found,) = connection.execute("PRAGMA user_version").fetchone()
    if found == version:
        return
    connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
    connection.executescript(schema)
    connection.execute(f"PRAGMA user_version = {version}")


@contextmanager
def transaction(connection: sqlite3.Connection) -> Iterator[None]:
    """All or nothing; nested use joins the outer transaction."""
    if connection.in_transaction:
        yield
        return
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
    except BaseException:
        connection.execute("ROLLBACK")
        raise
    connection.execute("COMMIT")
