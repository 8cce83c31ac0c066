"""Databases: whether `index.db` and `state.db` are in order, agree with each other, and can be had back."""

from __future__ import annotations

import shlex
import sqlite3
import threading
from collections.abc import Generator, Iterator
from contextlib import closing
from pathlib import Path

from exocortex.checking.findings import Finding
from exocortex.config import Config
from exocortex.core.counting import counted
from exocortex.storage.archive import Archive
from exocortex.storage.backups import Backups
from exocortex.storage.damage import INDEX, STATE, VERSIONS, all_faults, damaged_files, is_lost
from exocortex.storage.database import APPLICATION_ID, fold_case, version_of
from exocortex.storage.soundness import SAYS_SO, header_fault, read_only, structure_fault

LARGE = 400_000_000
"""Bytes up to which an index is copied into memory to be looked through; a larger one only if asked for all."""

REBUILD, RESTORE, READ = "exo rebuild", "exo restore", "exo index"
_MEND = {INDEX: REBUILD, STATE: RESTORE}


def check_databases(config: Config, *, deep: bool) -> Generator[Finding, None, sqlite3.Connection | None]:
    """Each file by itself, then both together; returns a copy of a sound index, in memory, for closer looks."""
    home = config.home
    copies: dict[str, sqlite3.Connection | None] = {}
    for name in (STATE, INDEX):
        finding, copies[name] = check_file(home / name, deep=deep)
        yield finding
    state, index = copies[STATE], copies[INDEX]
    if state is not None:
        with closing(state):
            yield check_answers(state)
            if index is not None:
                yield check_identities(state, index, Backups(home))
    yield from check_backups(home)
    yield from check_leftovers(home)
    return index


def check_answers(state: sqlite3.Connection) -> Finding:
    """Receipts and conversations against their checksums: to SQLite a flipped bit within a row is in order."""
    damaged = Archive(state, threading.RLock()).damaged()
    if damaged:
        what = counted(len(damaged), "record of an answer", "records of answers")
        return Finding("answers", "error", f"{what} in state.db isn't what was written, as {damaged[0]}.", RESTORE)
    return Finding("answers", "ok", "Receipts and conversations are what was written.")


def check_file(path: Path, *, deep: bool) -> tuple[Finding, sqlite3.Connection | None]:
    """Structure, words and values of one database; and a copy of it if it is sound, current and not too large."""
    name = path.name
    if path.is_symlink() or not path.is_file():
        return _no_file(path), None
    if name == INDEX and path.stat().st_size > LARGE and not deep:
        fault = structure_fault(path)
        message = f"{name} is in order as far as was looked; all of it: exo doctor --deep"
        return (_broken(name, fault) if fault else Finding(name, "ok", message)), None
    try:
        fault = header_fault(path)
        copy = None if fault else copied(path)
    except (OSError, *SAYS_SO) as error:
        fault, copy = str(error), None
    if copy is None:
        return _broken(name, fault or "it can't be read"), None
    return _checked(name, copy, deep=deep)


def _no_file(path: Path) -> Finding:
    """What stands in the place of a database, or once stood there."""
    name, home = path.name, path.parent
    place = shlex.quote(str(path))
    if path.is_symlink():
        return Finding(name, "error", f"{path} is a link, which is not followed.", f"mv {place} {place}.away")
    if path.exists():
        return Finding(name, "error", f"{path} should be a file, and is none.", f"mv {place} {place}.away")
    if name == STATE and is_lost(home):
        mend = RESTORE if Backups(home).newest_good() else READ
        return Finding(name, "error", f"{path} is missing.", mend)
    return Finding(name, "warning", f"{path} isn't there yet.", READ)


def copied(path: Path) -> sqlite3.Connection:
    """A copy in memory, that can be written to and searched without a trace on the disk."""
    with closing(read_only(path)) as source:
        copy = sqlite3.connect(":memory:", isolation_level=None)
        try:
            source.backup(copy)
        except BaseException:
            copy.close()
            raise
    copy.row_factory = sqlite3.Row
    copy.create_function("folded", 1, fold_case, deterministic=True)
    return copy


def _checked(name: str, copy: sqlite3.Connection, *, deep: bool) -> tuple[Finding, sqlite3.Connection | None]:
    try:
        finding = _other_program(name, copy)
        fault = None if finding else all_faults(copy, name, deep=deep)
    except SAYS_SO as error:
        finding, fault = None, str(error)
    if finding is None and fault is None and version_of(copy) == VERSIONS[name]:
        return Finding(name, "ok", f"{name} is in order."), copy
    copy.close()
    if finding is None and fault is None:
        finding = Finding(name, "ok", f"{name} is of an older version; the next command brings it up to date.")
    return finding or _broken(name, fault or ""), None


def _other_program(name: str, copy: sqlite3.Connection) -> Finding | None:
    (owner,) = copy.execute("PRAGMA application_id").fetchone()
    if owner != APPLICATION_ID:
        return Finding(name, "error", f"{name} doesn't bear the mark of a file of Exocortex.", _MEND[name])
    if version_of(copy) > VERSIONS[name]:
        return Finding(name, "error", f"{name} was written by a newer Exocortex; upgrade this one.")
    return None


def check_identities(state: sqlite3.Connection, index: sqlite3.Connection, backups: Backups) -> Finding:
    """Whether both know the same notes by the same ids."""
    known = {tuple(row) for row in index.execute(_IDS.format("note") + " AND digest IS NOT NULL").fetchall()}
    strange = known - _ids(state)
    if strange:
        where = min(f"{row[1]}:{row[2]}" for row in strange)
        message = f"{counted(len(strange), 'note')} ({where} …) have other ids in {INDEX} than in {STATE}."
        return Finding("identities", "error", message, _mend_of_identities(strange, backups))
    return Finding("identities", "ok", f"{counted(len(known), 'note')} are known by the same ids in both files.")


_IDS = "SELECT {0}, folder, path FROM notes WHERE {0} IS NOT NULL"


def _ids(state: sqlite3.Connection) -> set[tuple[object, ...]]:
    return {tuple(row) for row in state.execute(_IDS.format("id")).fetchall()}


def _mend_of_identities(strange: set[tuple[object, ...]], backups: Backups) -> str:
    """A backup that knows these ids shows that the state is the one that lost them; else the index is made anew."""
    for backup in backups.list():
        try:
            with closing(read_only(backup.path)) as copy:
                if strange & _ids(copy):
                    return f"{RESTORE} {backup.number}"
        except SAYS_SO:
            continue
    return REBUILD


def check_backups(home: Path) -> Iterator[Finding]:
    """Whether the state could be put back."""
    copies = Backups(home).list()
    if not copies:
        yield Finding("backups", "ok", f"There is no backup of {STATE} yet; one is made in the background.")
        return
    fault = structure_fault(copies[0].path, deep=True)
    at = copies[0].at.astimezone().strftime("%Y-%m-%d %H:%M")
    if fault is None:
        yield Finding("backups", "ok", f"{counted(len(copies), 'backup')} of {STATE}, the newest of {at}.")
        return
    good = Backups(home).newest_good()
    other = f"the newest good one is of {good.at.astimezone():%Y-%m-%d %H:%M}" if good else "none is good"
    message = f"The newest backup of {STATE} ({copies[0].path.name}) is damaged ({fault}); {other}."
    yield Finding("backups", "warning", message, "exo restore --list")


def check_leftovers(home: Path) -> Iterator[Finding]:
    """Files set aside for damage, and captures that are not notes yet."""
    for path in damaged_files(home):
        message = f"{path.name} was damaged and set aside; delete it when you need it no more."
        yield Finding("damaged", "ok", message)
    waiting = [path for path in (home / "journal").glob("*.json") if not path.name.startswith(".")]
    if waiting:
        number = counted(len(waiting), "captured thought waits", "captured thoughts wait")
        yield Finding("captures", "warning", f"{number} to be written as notes.", READ)


def _broken(name: str, fault: str) -> Finding:
    return Finding(name, "error", f"{name} is damaged: {fault}.", _MEND[name])
