"""Backups of `state.db`: whole, checked copies beside it in the home, thinned as they grow old."""

from __future__ import annotations

import os
import re
import shutil
import sqlite3
from collections.abc import Callable, Iterable, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from exocortex.core.errors import IndexStoreError, UsageError
from exocortex.storage.database import damaged, suspicion
from exocortex.storage.soundness import connection_fault, structure_fault

APART = timedelta(minutes=30)
"""Least time between two copies made in the background."""
DAILY, WEEKLY, MONTHLY = 12, 10, 9
"""Days, weeks and months of which the newest copy is kept, after Anki."""
FREE_SHARE, FREE_BYTES = 0.01, 200_000_000
"""Room on the disk below which nothing is copied unasked."""

_NAME = re.compile(r"state-(\d{6,})-(\d{8}T\d{6})Z\.db")
_STAMP = "%Y%m%dT%H%M%S"
_HEADER = 100
"""Bytes at the start of a database that count its changes, beside what the tables hold anyway."""


@dataclass(frozen=True, slots=True)
class Backup:
    """A copy of `state.db` as it was."""

    path: Path
    number: int
    """Grows from copy to copy: their order, whatever the clock said."""
    at: datetime
    """When it was made, by the clock of then; UTC."""
    size: int


@dataclass(frozen=True, slots=True)
class _Compared:
    """The state and the newest copy when they were last compared, and were equal then."""

    copy: Backup | None
    connection: sqlite3.Connection
    counters: tuple[int, int]
    at: datetime

    def are(self, copy: Backup | None, connection: sqlite3.Connection) -> bool:
        """Whether they are these, and unchanged since."""
        return copy == self.copy and connection is self.connection and _counters(connection) == self.counters


def now_utc() -> datetime:
    """The time, for whoever isn't handed another clock."""
    return datetime.now(UTC)


class Backups:
    """The copies in `home/backups/state/`. Making one needs a connection; putting one back, the lock on the index."""

    def __init__(self, home: Path, now: Callable[[], datetime] = now_utc) -> None:
        self._home = home
        self._now = now
        self._compared: _Compared | None = None
        self.folder = home / "backups" / "state"

    def list(self) -> list[Backup]:
        """Every copy, the newest first."""
        try:
            found = [_backup(path) for path in self.folder.iterdir()]
        except OSError:
            return []
        return sorted((one for one in found if one is not None), key=lambda one: one.number, reverse=True)

    def newest_good(self) -> Backup | None:
        """The newest copy that is in order; None if there is none."""
        return next((one for one in self.list() if structure_fault(one.path, deep=True) is None), None)

    def named(self, which: str) -> Backup:
        """The copy of this number or file name; raises UsageError."""
        for one in self.list():
            if which in (one.path.name, str(one.path), str(one.number)):
                return one
        raise UsageError(f"There is no backup called “{which}”.", "See: exo restore --list")

    def keep_up(self, connection: sqlite3.Connection) -> Backup | None:
        """Copy the state if it changed since the last copy and that is half an hour old; thin the copies out.

        Whether it changed costs nothing to tell, but the first time. None if nothing was to be done, or the disk is all
        but full. Raises IndexStoreError.
        """
        newest = next(iter(self.list()), None)
        last = self._compared
        if last is not None and last.are(newest, connection):
            return None
        if any(self._is_recent(one.at) for one in (newest, last) if one is not None) or short_of_room(self._home):
            return None
        return self.take(connection)

    def take(self, connection: sqlite3.Connection) -> Backup | None:
        """Copy the state now, unless the last copy is equal; leaves nothing half done.

        Raises IndexStoreError; DamagedFileError if it is the state that can't be copied, and not the disk's fault.
        """
        try:
            counters = _counters(connection)
            self._make_folder()
            partial = self.folder / ".partial"
            try:
                _copy(connection, partial)
                made = self._adopt(partial)
            finally:
                for file in self.folder.glob(".partial*"):
                    file.unlink(missing_ok=True)
            self._thin()
        except (OSError, sqlite3.Error) as error:
            fault = connection_fault(connection, deep=True) if _tells_of_damage(error) else None
            if fault is not None:
                raise damaged(self._home / "state.db", fault) from error
            raise IndexStoreError(
                f"No backup of the state could be made: {_reason(error)}.",
                f"See that {self._home} can be written to and its disk has room.",
            ) from error
        self._compared = _Compared(next(iter(self.list()), None), connection, counters, self._now())
        return made

    def put_back(self, backup: Backup, aside: str) -> Path | None:
        """Make this copy the state; the file in its place goes to `state.db.<aside>-<time>`, which is returned.

        The caller holds the lock and has no connection open. Raises IndexStoreError; then the state is as it was.
        """
        fault = structure_fault(backup.path, deep=True)
        if fault is not None:
            raise IndexStoreError(f"The backup {backup.path.name} is damaged: {fault}.", "See: exo restore --list")
        state, partial = self._home / "state.db", self._home / ".state.partial"
        try:
            # It stands while there may be no state, lest the next opening take that for a home without any.
            suspicion(state).touch(0o600)
            shutil.copyfile(backup.path, partial)
            partial.chmod(0o600)
            _sync(partial)
            kept = set_aside(state, aside, self._now())
            os.replace(partial, state)
            _sync(self._home)
            suspicion(state).unlink()
        except OSError as error:
            raise IndexStoreError(
                f"The backup can't be put back: {_reason(error)}.", f"See that the disk of {self._home} has room."
            ) from error
        finally:
            with suppress(OSError):
                partial.unlink()
        return kept

    def _is_recent(self, at: datetime) -> bool:
        """After the clock was set back what was last lies in the future: that is no reason to wait for it."""
        return timedelta(0) <= self._now() - at < APART

    def _make_folder(self) -> None:
        for folder in (self.folder.parent, self.folder):
            folder.mkdir(mode=0o700, exist_ok=True)

    def _adopt(self, partial: Path) -> Backup | None:
        """Give the copy its name, if it is in order and not the same as the last."""
        fault = structure_fault(partial, deep=True)
        if fault is not None:
            raise sqlite3.DatabaseError(f"the copy is damaged ({fault})")
        newest = next(iter(self.list()), None)
        if newest is not None and _content(newest.path) == _content(partial):
            return None
        number = newest.number + 1 if newest else 1
        path = self.folder / f"state-{number:06}-{self._now().astimezone(UTC):{_STAMP}}Z.db"
        os.replace(partial, path)
        _sync(self.folder)
        return _backup(path)

    def _thin(self) -> None:
        copies = self.list()
        for one in set(copies) - kept(copies):
            one.path.unlink(missing_ok=True)


def kept(backups: Sequence[Backup]) -> set[Backup]:
    """Those to keep of these, newest first: all of the newest day, the newest of 12 days, of 10 weeks, of 9 months.

    It counts days that have copies and asks no clock, so that one that jumps deletes nothing it wouldn't anyway.
    """
    if not backups:
        return set()
    keep = {one for one in backups if one.at.date() == backups[0].at.date()}
    keep |= _newest_of_each(backups, lambda at: at.date(), DAILY)
    keep |= _newest_of_each(backups, lambda at: at.isocalendar()[:2], WEEKLY)
    return keep | _newest_of_each(backups, lambda at: (at.year, at.month), MONTHLY)


def short_of_room(folder: Path) -> bool:
    """Whether the folder's disk is so full that nothing should be copied unasked."""
    try:
        usage = shutil.disk_usage(folder)
    except OSError:
        return False
    return usage.free < FREE_BYTES or usage.free < usage.total * FREE_SHARE


def set_aside(path: Path, why: str, now: datetime) -> Path | None:
    """Rename a database and its log to `<name>.<why>-<time>`, which opens as it was; None if it is missing."""
    if not path.exists():
        return None
    aside = _free(path, f"{path.name}.{why}-{now.astimezone(UTC):{_STAMP}}Z")
    for ending in ("-wal", "-shm"):
        with suppress(FileNotFoundError):
            os.rename(f"{path}{ending}", f"{aside}{ending}")
    os.rename(path, aside)
    _sync(path.parent)
    return aside


def _free(path: Path, name: str) -> Path:
    """A name that no other has and that sorts after those of the same second."""
    numbered = re.compile(rf"{re.escape(name)}(?:\.(\d+))?")
    taken = [int(match[1] or 1) for one in path.parent.iterdir() if (match := numbered.fullmatch(one.name))]
    return path.with_name(f"{name}.{max(taken) + 1}" if taken else name)


def _newest_of_each(backups: Iterable[Backup], bucket: Callable[[datetime], object], most: int) -> set[Backup]:
    first: dict[object, Backup] = {}
    for one in backups:
        first.setdefault(bucket(one.at), one)
    return set(list(first.values())[:most])


def _backup(path: Path) -> Backup | None:
    match = _NAME.fullmatch(path.name)
    if match is None:
        return None
    try:
        at = datetime.strptime(match[2], _STAMP).replace(tzinfo=UTC)
        return Backup(path, int(match[1]), at, path.stat().st_size)
    except (OSError, ValueError):
        return None


def _copy(source: sqlite3.Connection, path: Path) -> None:
    """By SQLite's backup interface, which a writer beside it doesn't disturb; on disk when this returns."""
    path.unlink(missing_ok=True)
    os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    with closing(sqlite3.connect(path, isolation_level=None)) as copy:
        source.backup(copy)
        # A copy that is a file of its own, with no journal beside it.
        copy.execute("PRAGMA journal_mode = DELETE").fetchall()
    _sync(path)


def _counters(connection: sqlite3.Connection) -> tuple[int, int]:
    """What changes with every change of the file: by other connections, and by this one."""
    (version,) = connection.execute("PRAGMA data_version").fetchone()
    return int(version), connection.total_changes


def _tells_of_damage(error: OSError | sqlite3.Error) -> bool:
    """Whether the state should be looked through, which on a full disk would only take time."""
    return isinstance(error, sqlite3.DatabaseError) and not isinstance(error, sqlite3.OperationalError)


def _content(path: Path) -> bytes:
    with open(path, "rb") as file:
        file.seek(_HEADER)
        return file.read()


def _sync(path: Path) -> None:
    fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)


def _reason(error: OSError | sqlite3.Error) -> str:
    return error.strerror or str(error) if isinstance(error, OSError) else str(error)
