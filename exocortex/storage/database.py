"""Opening SQLite files safely: private permissions, durable settings, versions that are checked before use."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from exocortex.core.errors import IndexStoreError

APPLICATION_ID = 0x45584F31
"""`EXO1`, at a fixed place of the file's header."""


def connect(path: Path, schema: str, version: int, synchronous: str) -> sqlite3.Connection:
    """Open or create a database of this schema version.

    `synchronous` is `FULL` where an acknowledged write must survive a power cut and `NORMAL` where it may be redone.
    Raises IndexStoreError if the file is not ours, is damaged, or was written by a newer version.
    """
    if not path.exists():
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
    try:
        connection = sqlite3.connect(path, timeout=5, isolation_level=None, check_same_thread=False)
        _configure(connection, synchronous)
        _check_version(connection, path, version)
        connection.executescript(schema)
        connection.execute(f"PRAGMA user_version = {version}")
    except sqlite3.DatabaseError as error:
        raise _damaged(path, error) from error
    connection.row_factory = sqlite3.Row
    return connection


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


def _check_version(connection: sqlite3.Connection, path: Path, version: int) -> None:
    (found,) = connection.execute("PRAGMA user_version").fetchone()
    (owner,) = connection.execute("PRAGMA application_id").fetchone()
    (tables,) = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
    if tables and owner != APPLICATION_ID:
        raise IndexStoreError(f"{path} is not a file of Exocortex", "Move it away, then run the command again.")
    if found > version:
        raise IndexStoreError(
            f"{path} was written by a newer Exocortex (version {found}, this one reads {version})",
            "Upgrade Exocortex; nothing was changed.",
        )
    connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")


def _damaged(path: Path, error: sqlite3.DatabaseError) -> IndexStoreError:
    if path.name == "index.db":
        hint = f"Delete {path} and run `exo index`: it is rebuilt from your notes, nothing of yours is in it."
    else:
        hint = f"Move {path} away and run `exo index`."
    return IndexStoreError(f"{path} cannot be read: {error}", hint)


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
