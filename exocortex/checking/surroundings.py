"""Surroundings: the home's folder, its disk, its file system, SQLite itself, and who holds the index."""

from __future__ import annotations

import os
import shlex
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

from exocortex.checking.findings import Finding
from exocortex.config import Config
from exocortex.core.counting import counted
from exocortex.storage.backups import FREE_BYTES, FREE_SHARE
from exocortex.storage.database import connect_reader
from exocortex.storage.lock import holder
from exocortex.storage.mounts import Mount, mount_of, mounts

_SYNCED_NAMES = ("dropbox", "onedrive", "icloud", "mobile documents", "google drive", "nextcloud", "syncthing")
_SYNCED_MARKS = (".stfolder", ".dropbox", ".dropbox.cache", ".csync_journal.db", ".sync")
_WRITTEN = ("state.db", "index.db", "owner.lock")
_WATCHES_SHARE = 0.8
_WATCHES = Path("/proc/sys/fs/inotify/max_user_watches")


def check_surroundings(config: Config, trouble: Finding | None = None) -> Iterator[Finding]:
    """What can be seen without opening a file of ours; `trouble` is what is known of the index's holder already."""
    if not config.home.is_dir():
        yield Finding("home", "warning", f"There is nothing at {config.home} yet.", "exo init ~/notes")
        return
    yield check_privacy(config.home)
    yield check_room(config.home)
    yield check_sqlite(sqlite3.sqlite_version_info, guarded=readers_never_checkpoint())
    yield from check_places(config, mounts())
    yield check_watches(config, _number_in(_WATCHES))
    yield trouble or check_holder(config.home)


def check_privacy(home: Path) -> Finding:
    """Whether the home is the user's alone, which closes what lies in it, and can be written to."""
    status = home.stat()
    if status.st_uid != os.geteuid():
        return Finding("home", "error", f"{home} belongs to another user.")
    if status.st_mode & 0o077:
        return Finding("home", "error", f"{home} is open to other users.", f"chmod 700 {shlex.quote(str(home))}")
    closed = next((path for path in (home, *map(home.joinpath, _WRITTEN)) if _is_closed(path)), None)
    if closed is not None:
        hint = "Make it so, or set EXO_HOME to a folder on a disk that can."
        return Finding("home", "error", f"{closed} can't be written to. {hint}")
    strange = [path for path in _below(home) if _is_strange(path)]
    if strange:
        what = f"{counted(len(strange), 'file')} in {home} ({strange[0].name} …) belong to another user."
        return Finding("home", "warning", what)
    return Finding("home", "ok", f"{home} is closed to everybody else.")


def check_room(home: Path) -> Finding:
    """Whether its disk has room."""
    usage = shutil.disk_usage(home)
    room = f"{usage.free / 1e9:,.1f} GB" if usage.free >= 1e9 else f"{usage.free / 1e6:,.1f} MB"
    free = f"{room} are free on the disk of {home}"
    if usage.free < FREE_BYTES or usage.free < usage.total * FREE_SHARE:
        return Finding("disk", "warning", f"Only {free}: no more backups are made.")
    return Finding("disk", "ok", f"{free}.")


def check_sqlite(version: tuple[int, ...], *, guarded: bool) -> Finding:
    """Whether SQLite has the bug by which two connections that checkpoint at one instant damage a file.

    3.7.0 to 3.51.2, mended in 3.51.3, 3.50.7 and 3.44.6 (sqlite.org/wal.html#walresetbug).
    """
    name = f"SQLite {'.'.join(map(str, version[:3]))}"
    if not has_reset_bug(version):
        return Finding("sqlite", "ok", f"{name} is free of the WAL-reset bug.")
    if guarded:
        return Finding("sqlite", "ok", f"{name} has the WAL-reset bug, which one writer alone can't set off.")
    return Finding("sqlite", "error", f"{name} has the WAL-reset bug, and nothing here guards against it.")


def has_reset_bug(version: tuple[int, ...]) -> bool:
    """By its number."""
    version = version[:3]
    mended = (3, 44, 6) <= version < (3, 45, 0) or (3, 50, 7) <= version < (3, 51, 0) or version >= (3, 51, 3)
    return version >= (3, 7, 0) and not mended


def readers_never_checkpoint() -> bool:
    """Whether the connections that only read leave the log alone."""
    with closing(connect_reader(Path(":memory:"))) as reader:
        (pages,) = reader.execute("PRAGMA wal_autocheckpoint").fetchone()
    return bool(pages == 0)


_ELSEWHERE = "Type exo stop, move the folder to a disk of this machine, and set EXO_HOME to where it is then."


def check_places(config: Config, table: list[Mount]) -> Iterator[Finding]:
    """Whether home and notes lie where locks and notices of change can be relied on."""
    home = mount_of(config.home, table)
    if home is not None and home.is_remote:
        what = f"{config.home} is on a network file system ({home.kind}), where SQLite fails."
        yield Finding("place", "error", f"{what} {_ELSEWHERE}")
    elif service := synced_by(config.home):
        what = f"{config.home} is synchronised ({service}), which can damage databases."
        yield Finding("place", "error", f"{what} {_ELSEWHERE}")
    else:
        yield Finding("place", "ok", f"{config.home} is on a disk of this machine.")
    for folder in config.folders:
        mount = mount_of(folder.root, table)
        if mount is not None and mount.is_remote and config.watch.mode == "auto":
            message = (
                f"{folder.root} is on a network file system ({mount.kind}): others' changes aren't announced there."
            )
            yield Finding(
                "watching", "warning", f'{message} Write mode = "poll" below [watch] in {config.home / "config.toml"}.'
            )


def synced_by(home: Path) -> str | None:
    """What a synchronised folder around the home is called; None if there is none."""
    for folder in (home, *home.parents):
        if any(folder.name.lower().startswith(name) for name in _SYNCED_NAMES):
            return folder.name
        mark = next((mark for mark in _SYNCED_MARKS if (folder / mark).exists()), None)
        if mark is not None:
            return f"{folder} has {mark}"
    return None


def check_watches(config: Config, limit: int | None) -> Finding:
    """Whether the system lets every folder of notes be watched."""
    if config.watch.mode != "auto" or limit is None:
        return Finding("watching", "ok", f"Changes are noticed by looking (watch.mode is {config.watch.mode}).")
    needed = sum(1 for folder in config.folders for _ in os.walk(folder.root))
    have = f"{counted(needed, 'folder')} to watch, and the system allows {limit:,}"
    if needed > limit * _WATCHES_SHARE:
        wanted = max(524_288, needed * 4)
        return Finding("watching", "warning", f"There are {have}.", f"sudo sysctl fs.inotify.max_user_watches={wanted}")
    return Finding("watching", "ok", f"There are {have}." if needed != 1 else f"There is {have}.")


def check_holder(home: Path) -> Finding:
    """Who holds the index."""
    who = holder(home)
    if who is None:
        return Finding("owner", "ok", "Nobody holds the index at the moment.")
    return Finding("owner", "ok", f"The index is held by {who or 'a process that has not said which'}.")


def _below(home: Path) -> Iterator[Path]:
    """Everything in the home, as far as it is still there when it is looked at."""
    for here, folders, names in os.walk(home):
        yield from (Path(here, name) for name in (*folders, *names))


def _is_closed(path: Path) -> bool:
    return path.exists() and not os.access(path, os.W_OK)


def _is_strange(path: Path) -> bool:
    try:
        return path.lstat().st_uid != os.geteuid()
    except OSError:
        return False


def _number_in(path: Path) -> int | None:
    try:
        return int(path.read_text("ascii"))
    except (OSError, ValueError):
        return None
