"""Mounts: which file system a folder lies on, and whether it is one of this machine's own disks."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

MOUNTS = Path("/proc/self/mountinfo")
_REMOTE = (
    *("9p", "afs", "ceph", "cifs", "davfs", "glusterfs", "lustre", "ncpfs", "nfs", "smb"),
    *("prl_fs", "vboxsf", "virtiofs"),
)
"""Beginnings of the names of network file systems, and of folders that a virtual machine shares with its host."""


@dataclass(frozen=True, slots=True)
class Mount:
    """A place where a file system begins."""

    place: str
    kind: str
    """The file system's name."""
    device: str = ""
    """Its number, as `major:minor`."""

    @property
    def is_remote(self) -> bool:
        """Whether its files lie on another machine, or behind a program that may put them anywhere.

        Then others change them without the kernel being told, and locks can't be relied on. `fuseblk` is a disk of this
        machine whose file system is a program (NTFS, exFAT): all its changes go through the kernel.
        """
        return self.kind.startswith(_REMOTE) or self.kind == "fuse" or self.kind.startswith("fuse.")


def mounts(table: Path = MOUNTS) -> list[Mount]:
    """The file systems of this machine (proc_pid_mountinfo(5)); none where it has no such table."""
    try:
        lines = os.fsdecode(table.read_bytes()).split("\n")
    except OSError:
        return []
    rows = [
        (front.split(" "), back.split(" ")) for front, dash, back in (line.partition(" - ") for line in lines) if dash
    ]
    return [Mount(_unescaped(front[4]), back[0], front[2]) for front, back in rows]


def mount_of(path: Path, table: Sequence[Mount]) -> Mount | None:
    """The file system that a path lies on."""
    real = os.path.realpath(path)
    around = [one for one in table if real == one.place or real.startswith(one.place.rstrip("/") + "/")]
    # The last of those mounted at one place is the one to be seen.
    return max(reversed(around), key=lambda one: len(one.place), default=None)


def _unescaped(place: str) -> str:
    """Its blanks and backslashes are written in octal."""
    return re.sub(r"\\([0-7]{3})", lambda match: chr(int(match[1], 8)), place)
