"""System: what the operating system tells of folders: which one a root is, where it lies, how many are watched."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Iterable
from pathlib import Path

from exocortex.storage.mounts import MOUNTS, mounts

Identity = tuple[int, int]
"""(device, inode)."""


def identity(root: Path) -> Identity | None:
    """Which folder this is; None if there is none that could be looked into."""
    try:
        status = os.stat(root)
        if not stat.S_ISDIR(status.st_mode) or not os.access(root, os.R_OK | os.X_OK):
            return None
    except OSError:
        return None
    return status.st_dev, status.st_ino


def remote_kind(root: Path, table: Path = MOUNTS) -> str | None:
    """The name of a file system that lies elsewhere, of this folder or of one mounted below it; None if all is local.

    Raises OSError if there is no such folder.
    """
    device = os.stat(root).st_dev
    number = f"{os.major(device)}:{os.minor(device)}"
    below = os.path.join(root, "")
    here = (one for one in mounts(table) if one.device == number or one.place.startswith(below))
    return next((one.kind for one in here if one.is_remote), None)


def count_folders(roots: Iterable[Path]) -> int:
    """The folders that can be watched: the roots and all below them, links not followed, each inode once."""
    seen: set[Identity] = set()
    left = [str(root) for root in roots]
    while left:
        here = left.pop()
        try:
            status = os.stat(here, follow_symlinks=False)
            if (status.st_dev, status.st_ino) in seen or not os.access(here, os.R_OK):
                continue
            seen.add((status.st_dev, status.st_ino))
            with os.scandir(here) as entries:
                left += [entry.path for entry in entries if entry.is_dir(follow_symlinks=False)]
        except OSError:
            continue
    return len(seen)


def count_watches(descriptor: int) -> int | None:
    """The watches of one inotify descriptor of this process; None where that can't be told."""
    try:
        with open(f"/proc/self/fdinfo/{descriptor}", "rb") as lines:
            return sum(line.startswith(b"inotify wd:") for line in lines)
    except OSError:
        return None


def watch_limit() -> int | None:
    """How many folders may be watched here; None where there is no such limit."""
    limits = []
    for place in ("/proc/sys/fs/inotify/max_user_watches", "/proc/sys/user/max_inotify_watches"):
        try:
            limits.append(int(Path(place).read_text()))
        except (OSError, ValueError):
            continue
    return min(limits, default=None)


class GitLocks:
    """Whether git is at work in one of the folders: it holds `.git/index.lock` while it changes files.

    A lock that has been there for longer than `stale` seconds was left behind by a git that died; it counts no more.
    """

    def __init__(self, roots: Iterable[Path], stale: float, clock: Callable[[], float]) -> None:
        self._places = [os.path.join(root, ".git", "index.lock") for root in roots]
        self._stale = stale
        self._clock = clock
        self._seen: dict[tuple[str, int, int], float] = {}

    def held(self) -> bool:
        """One stat a folder."""
        now = self._clock()
        seen = {}
        for place in self._places:
            try:
                status = os.stat(place, follow_symlinks=False)
            except OSError:
                continue
            key = (place, status.st_ino, status.st_mtime_ns)
            seen[key] = self._seen.get(key, now)
        self._seen = seen
        return any(now - since < self._stale for since in seen.values())
