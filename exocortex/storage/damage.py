"""Damage: a database that can't be trusted is set aside, and what is known otherwise takes its place.

`index.db` is rebuilt from the notes. `state.db`, damaged or missing, comes from its newest good backup; notes that
came or moved since are taken over from `index.db`, which names them too. What is set aside stays in the home, to be
looked at.
"""

from __future__ import annotations

import os
import re
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing, suppress
from datetime import UTC, datetime
from importlib.resources import files
from pathlib import Path
from types import MappingProxyType

from exocortex.core.errors import ExocortexError, IndexStoreError
from exocortex.storage.backups import Backups, now_utc, set_aside
from exocortex.storage.database import APPLICATION_ID, blames_file, damaged, suspicion, version_of
from exocortex.storage.ledger import VERSION as INDEX_VERSION
from exocortex.storage.soundness import (
    SAYS_SO,
    connection_fault,
    header_fault,
    is_blank,
    log_of,
    read_only,
    schema_fault,
    value_faults,
    words_fault,
)
from exocortex.storage.state import SCHEMA as STATE_SCHEMA
from exocortex.storage.state import VERSION as STATE_VERSION
from exocortex.storage.state import Identity, State

INDEX, STATE = "index.db", "state.db"
VERSIONS = MappingProxyType({INDEX: INDEX_VERSION, STATE: STATE_VERSION})
"""The schema versions that this program writes."""
KEPT = 2
"""Damaged indexes that stay in the home, the newest; damaged states all stay."""

MISSING = "it is missing"

_ID = re.compile("[0-9a-f]{16}")


def is_suspect(home: Path) -> bool:
    """Whether a file should be looked through before it is used: it wasn't closed, or shows damage at first sight."""
    return any(_is_suspect(home, name) for name in (INDEX, STATE))


def is_lost(home: Path) -> bool:
    """Whether a state that once held something is missing, or has nothing left; to SQLite either is a new one."""
    path = home / STATE
    if path.is_symlink() or (path.exists() and not is_blank(path)):
        return False
    return bool(Backups(home).list() or (home / INDEX).exists())


def mend(home: Path, *, now: Callable[[], datetime] = now_utc) -> tuple[str, ...]:
    """Look through the files that are suspect and put good ones in the place of damaged ones.

    Returns what people should know, a sentence each. The caller holds the lock and has nothing open. Raises
    IndexStoreError if the disk doesn't let it; then the next call goes on from there.
    """
    faults = {name: _fault(home, name) for name in (INDEX, STATE) if _is_suspect(home, name)}
    notices = []
    try:
        if faults.get(STATE):
            notices.append(_mend_state(home, faults[STATE] or "", faults.get(INDEX) is None, now))
        if faults.get(INDEX):
            notices.append(_mend_index(home, faults[INDEX] or "", now))
        for name in faults:
            suspicion(home / name).unlink(missing_ok=True)
    except OSError as error:
        raise IndexStoreError(
            f"A damaged file in {home} can't be set aside: {error.strerror}.",
            f"See that {home} can be written to and its disk has room.",
        ) from error
    return tuple(notices)


def blame(home: Path, error: BaseException) -> IndexStoreError | None:
    """The damage that explains an error nobody expected, marked for mending; None if both files are in order.

    For the border where such errors end: a flipped bit within a row is no error to SQLite, and any to what reads it.
    """
    if isinstance(error, ExocortexError) or not isinstance(error, Exception):
        return None
    for name in (STATE, INDEX):
        fault = _fault(home, name, as_found=False) if (home / name).exists() else None
        if fault is not None:
            return damaged(home / name, fault)
    if blames_file(error) and error.sqlite_errorcode & 0xFF in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB):
        return damaged(home / INDEX, str(error))
    if isinstance(error, sqlite3.OperationalError) and "decode to UTF-8" in str(error):
        return damaged(home / INDEX, "it holds text that isn't UTF-8")
    return None


def adopt_identities(home: Path) -> int:
    """Tell the state of every note that a sound `index.db` names, under the id it has there; returns how many.

    The caller holds the lock and has nothing open. Raises IndexStoreError if the state can't be written.
    """
    found = _identities(home)
    if found:
        with closing(State(home)) as state:
            state.remember(found)
    return len(found)


def index_schema() -> str:
    """The schema of `index.db`, as SQL."""
    return files("exocortex.storage").joinpath("schema.sql").read_text("utf-8")


def drop_disposable(home: Path, *, index: bool = True) -> list[Path]:
    """Delete what can be made again from the notes and `state.db`: Chroma's files and, with `index`, `index.db`.

    Returns what was there. The caller holds the lock and has nothing open. Raises IndexStoreError.
    """
    database = home / INDEX
    names = [database, *(database.with_name(INDEX + ending) for ending in ("-wal", "-shm")), suspicion(database)]
    found = [path for path in names if index and os.path.lexists(path)]
    try:
        for path in found:
            path.unlink()
        if (home / "vectors").is_dir():
            found.append(home / "vectors")
            shutil.rmtree(home / "vectors")
    except OSError as error:
        hint = (
            "Move that folder away." if isinstance(error, IsADirectoryError) else f"See that {home} can be written to."
        )
        raise IndexStoreError(f"{error.filename} can't be deleted: {error.strerror}.", hint) from error
    return found


def set_log_aside(path: Path, now: datetime) -> None:
    """Rename the log of a database that is missing: it would be read into the one that takes its place."""
    if os.path.lexists(path):
        return
    for ending in ("-wal", "-shm"):
        with suppress(FileNotFoundError):
            os.rename(f"{path}{ending}", f"{path}.damaged-{now.astimezone(UTC):%Y%m%dT%H%M%S}Z{ending}")


def damaged_files(home: Path) -> list[Path]:
    """The files that were set aside for damage, the newest first by their names."""
    found = [path for name in (INDEX, STATE) for path in home.glob(f"{name}.damaged-*")]
    return sorted((path for path in found if not path.name.endswith(("-wal", "-shm"))), reverse=True)


def _is_suspect(home: Path, name: str) -> bool:
    path = home / name
    try:
        if suspicion(path).exists() or (name == STATE and is_lost(home)):
            return True
        return path.exists() and (log_of(path) > 0 or header_fault(path) is not None)
    except OSError:
        return False


def _fault(home: Path, name: str, *, as_found: bool = True) -> str | None:
    """What is wrong with a file, looked at in every way that costs less than reading the notes again.

    `as_found`, a file that merely wasn't closed is spared the look at every value, and the comparison of tables with
    their indexes: no kill alters either.
    """
    path = home / name
    marked = as_found and suspicion(path).exists()
    try:
        if not path.exists():
            return MISSING if name == STATE and (marked or is_lost(home)) else None
        if path.is_symlink():
            return None
        fault = header_fault(path)
        if fault is None and name == STATE and is_lost(home):
            fault = "it is empty"
        return fault or _fault_inside(
            path, name, values=marked or not as_found, deep=not as_found, certain=marked and name == INDEX
        )
    except OSError:
        return None


def _fault_inside(path: Path, name: str, *, values: bool, deep: bool, certain: bool) -> str | None:
    """Through a connection, which first takes in the log that a killed process left."""
    try:
        with closing(sqlite3.connect(path, timeout=5, isolation_level=None)) as connection:
            if not _is_ours(connection, name):
                return None
            fault = all_faults(connection, name, values=values, deep=deep)
    except sqlite3.OperationalError:
        return None
    except SAYS_SO as error:
        return str(error)
    return fault or ("SQLite found it so while it was in use" if certain else None)


def all_faults(connection: sqlite3.Connection, name: str, *, values: bool = True, deep: bool = False) -> str | None:
    """The first thing found wrong in a file of ours, through a connection that may write; None if nothing is."""
    fault = connection_fault(connection, deep=deep or name == STATE)
    if fault is not None or version_of(connection) != VERSIONS[name]:
        return fault
    fault = schema_fault(connection, index_schema() if name == INDEX else STATE_SCHEMA)
    if fault is None and name == INDEX:
        fault = words_fault(connection)
    return fault or (next(value_faults(connection), None) if values else None)


def _is_ours(connection: sqlite3.Connection, name: str) -> bool:
    """Another program's file, or a newer one, is refused when it is opened; a half-made one is made good then."""
    (owner,) = connection.execute("PRAGMA application_id").fetchone()
    return bool(owner == APPLICATION_ID and 1 <= version_of(connection) <= VERSIONS[name])


def _mend_index(home: Path, fault: str, now: Callable[[], datetime]) -> str:
    aside = set_aside(home / INDEX, "damaged", now())
    kept = [path for path in damaged_files(home) if path.name.startswith(INDEX)]
    for old in kept[KEPT:]:
        for path in (old, *(old.with_name(old.name + ending) for ending in ("-wal", "-shm"))):
            path.unlink(missing_ok=True)
    where = f" (kept as {aside.name})" if aside else ""
    return f"The index was damaged ({fault}); it is rebuilt from your notes{where}."


def _mend_state(home: Path, fault: str, index_is_sound: bool, now: Callable[[], datetime]) -> str:
    backups = Backups(home, now)
    set_log_aside(home / STATE, now())
    backup = backups.newest_good()
    if backup is not None:
        aside = backups.put_back(backup, "damaged")
        source = f"its backup of {backup.at.astimezone():%Y-%m-%d %H:%M} took its place"
    else:
        aside = set_aside(home / STATE, "damaged", now())
        source = "without a good backup a new one took its place"
    taken = 0
    with suppress(ExocortexError):
        taken = adopt_identities(home) if index_is_sound else 0
    known = f", and the index told which note is which (of {taken:,})" if taken else ""
    where = f" The damaged file is kept as {aside.name}." if aside else ""
    what = f"{STATE} was missing" if fault == MISSING else f"The state was damaged ({fault})"
    return f"{what}; {source}{known}.{where}"


def _identities(home: Path) -> list[Identity]:
    """The notes that `index.db` names, if it is sound and of a version whose notes bear these columns."""
    path = home / INDEX
    if not path.is_file() or path.is_symlink():
        return []
    try:
        with closing(read_only(path)) as connection:
            if connection_fault(connection) is not None:
                return []
            rows = connection.execute(
                "SELECT note, folder, path, digest, inode FROM notes WHERE note IS NOT NULL AND digest IS NOT NULL"
            ).fetchall()
    except SAYS_SO:
        return []
    return [Identity(*row) for row in rows if [*map(type, row)] == [str, str, str, str, int] and _ID.fullmatch(row[0])]
