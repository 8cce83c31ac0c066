"""Opening SQLite files safely: private permissions, durable settings, versions that are checked before use."""

from __future__ import annotations

import os
import sqlite3
import unicodedata
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from types import MappingProxyType
from typing import TypeAlias, TypeGuard

from exocortex.core.errors import IndexStoreError

APPLICATION_ID = 0x45584F31
"""`EXO1`, at a fixed place of the file's header."""

_FAULTS_OF_FILES = {
    *(sqlite3.SQLITE_BUSY, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_CORRUPT),
    *(sqlite3.SQLITE_FULL, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_NOTADB),
}


class DamagedFileError(IndexStoreError):
    """A database file is not what was written; the next opening sets it aside and puts a good one in its place."""

    kind = "damaged"


Migration: TypeAlias = Callable[[sqlite3.Connection], None] | str
"""What brings a file to the next schema version: SQL, or a function; neither begins or ends a transaction."""

NO_MIGRATIONS: Mapping[int, Migration] = MappingProxyType({})


def connect(
    path: Path,
    schema: str,
    version: int,
    synchronous: str,
    migrations: Mapping[int, Migration] = NO_MIGRATIONS,
    save: Callable[[sqlite3.Connection], None] | None = None,
) -> sqlite3.Connection:
    """Open or create a database of this schema version; it knows the SQL function `folded(text)`.

    `synchronous` is `FULL` where an acknowledged write must survive a power cut and `NORMAL` where it may be redone.
    `migrations[n]` brings a file of version n to n + 1; all that are needed run in one transaction, after `save` has
    backed the file up. Raises IndexStoreError if the file can't be opened, is not ours, is damaged, was written by a
    newer version, or by one that no migration leads from; then nothing was changed.
    """
    try:
        _create(path)
        connection = sqlite3.connect(path, timeout=5, isolation_level=None, check_same_thread=False)
    except (OSError, sqlite3.Error) as error:
        raise _unusable(path, error) from error
    try:
        _check_owner(connection, path, version)
        _configure(connection, synchronous)
        _equip(connection)
        _prepare(connection, schema, version)
        _migrate(connection, path, version, migrations, save)
    except sqlite3.Error as error:
        connection.close()
        raise explain(path, error) from error
    except UnicodeError as error:
        # What SQLite says quotes the file, and a damaged one isn't UTF-8 any more.
        connection.close()
        raise damaged(path, "what it says of itself can't be read") from error
    except BaseException:
        connection.close()
        raise
    return connection


def connect_reader(path: Path) -> sqlite3.Connection:
    """Open a database that this process writes through another connection, for reading alone.

    It never checkpoints: SQLite before 3.51.3 can damage a WAL database where two connections do so at one instant.
    """
    try:
        connection = sqlite3.connect(path, timeout=5, isolation_level=None, check_same_thread=False)
        for pragma in ("query_only = ON", "wal_autocheckpoint = 0", "temp_store = MEMORY", "cache_size = -16000"):
            connection.execute(f"PRAGMA {pragma}").fetchall()
    except sqlite3.Error as error:
        raise explain(path, error) from error
    _equip(connection)
    return connection


def fold_case(text: str | None) -> str:
    """Text for comparisons that mind neither case nor how an accent is encoded, in any alphabet."""
    return unicodedata.normalize("NFC", text or "").casefold()


def explain(path: Path, error: sqlite3.Error) -> IndexStoreError:
    """What a failure of SQLite means to the user: a disk that is full or closed to us, or a damaged file.

    A damaged file gets a mark, so that the next opening looks through it and mends it.
    """
    if isinstance(error, sqlite3.OperationalError):
        return _unusable(path, error)
    return damaged(path, str(error))


def damaged(path: Path, what: str) -> DamagedFileError:
    """The error for a damaged file, which is marked for mending."""
    with suppress(OSError):
        os.close(os.open(suspicion(path), os.O_CREAT | os.O_WRONLY | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600))
    if path.name == "index.db":
        hint = "Run the command again: the file is set aside and rebuilt from your notes, nothing of yours is in it."
    else:
        hint = "Run the command again: the file is set aside and its newest good backup takes its place."
    return DamagedFileError(f"{path} is damaged: {what}", hint)


def suspicion(path: Path) -> Path:
    """Where the mark of a database found damaged in use stands, until it has been looked through."""
    return path.with_name(f"{path.name}.suspect")


def blames_file(error: BaseException | None) -> TypeGuard[sqlite3.Error]:
    """Whether SQLite found fault with a file or its disk, and not with what it was asked."""
    return isinstance(error, sqlite3.Error) and getattr(error, "sqlite_errorcode", 0) & 0xFF in _FAULTS_OF_FILES


def is_sound(connection: sqlite3.Connection) -> bool:
    """Whether SQLite finds the file in order, its indexes included; reads all of it."""
    try:
        (verdict,) = connection.execute("PRAGMA integrity_check(1)").fetchone()
    except (sqlite3.DatabaseError, UnicodeError):
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


def _equip(connection: sqlite3.Connection) -> None:
    connection.row_factory = sqlite3.Row
    connection.create_function("folded", 1, fold_case, deterministic=True)


def _prepare(connection: sqlite3.Connection, schema: str, version: int) -> None:
    """Write the schema into a new file; the version comes last, so a crash before it is made good next time."""
    if version_of(connection):
        return
    connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
    connection.executescript(schema)
    connection.execute(f"PRAGMA user_version = {version}")


def version_of(connection: sqlite3.Connection) -> int:
    """The schema version that the file bears; 0 until it is whole."""
    (found,) = connection.execute("PRAGMA user_version").fetchone()
    return int(found)


def _migrate(
    connection: sqlite3.Connection,
    path: Path,
    version: int,
    migrations: Mapping[int, Migration],
    save: Callable[[sqlite3.Connection], None] | None,
) -> None:
    """Step by step to `version`, all or nothing."""
    found = version_of(connection)
    if found == version:
        return
    if any(step not in migrations for step in range(found, version)):
        raise IndexStoreError(
            f"{path} was written by an older Exocortex (version {found}) that this one can't carry over",
            "Run `exo rebuild`, then `exo index`." if path.name == "index.db" else "Use an Exocortex in between first.",
        )
    if save is not None:
        save(connection)
    with transaction(connection):
        for step in range(version_of(connection), version):
            migration = migrations[step]
            if callable(migration):
                migration(connection)
            else:
                for statement in _statements(migration):
                    connection.execute(statement)
        connection.execute(f"PRAGMA user_version = {version}")


def _statements(script: str) -> Iterator[str]:
    """The script's statements one by one: `executescript` would end the transaction it runs in."""
    gathered = ""
    for piece in script.split(";")[:-1]:
        gathered += piece + ";"
        if sqlite3.complete_statement(gathered):
            yield gathered
            gathered = ""


@contextmanager
def transaction(connection: sqlite3.Connection) -> Iterator[None]:
    """All or nothing; nested use joins the outer transaction."""
    if connection.in_transaction:
        yield
        return
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
        connection.execute("COMMIT")
    except BaseException:
        # A full disk, an input/output error and a lack of memory make SQLite roll back by itself.
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise
