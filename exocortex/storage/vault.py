"""The folders of notes on disk: what the walk through them finds, and the bytes of one note.

Reading follows no link and never blocks. Knows nothing about formats, chunks or the index.
"""

from __future__ import annotations

import errno
import os
import stat
import unicodedata
from pathlib import Path

from exocortex.core.errors import VaultError
from exocortex.storage.walking import (
    MEGABYTE,
    SUFFIXES,
    FileStat,
    Scan,
    Skipped,
    closing,
    file_stat,
    kind,
    printable,
    read_all,
    scan,
)

__all__ = [
    "SUFFIXES",
    "FileStat",
    "NoteChangedError",
    "NoteSkippedError",
    "Scan",
    "Skipped",
    "printable",
    "read",
    "scan",
]


class NoteSkippedError(VaultError):
    """A file can't be read as a note, now or until it changes; `reason` says why."""

    def __init__(self, path: str, reason: str) -> None:
        super().__init__(f"{path}: {reason}.")
        self.path = path
        self.reason = reason


class NoteChangedError(VaultError):
    """A file was written to or removed while it was being read: the next scan will tell what became of it."""


def read(root: Path, raw: str, max_bytes: int) -> tuple[bytes, FileStat]:
    """Read the file `raw` below `root`, and its stat as it was while being read; follows no link and never blocks.

    Raises NoteSkippedError if it isn't a regular file, too large, or unreadable; NoteChangedError if twice it changed
    underway, or is gone.
    """
    try:
        return _read_once(root, raw, max_bytes)
    except NoteChangedError:
        return _read_once(root, raw, max_bytes)


def _read_once(root: Path, raw: str, max_bytes: int) -> tuple[bytes, FileStat]:
    path = unicodedata.normalize("NFC", raw)
    try:
        with closing(_open_below(root, raw)) as fd:
            before = os.fstat(fd)
            if not stat.S_ISREG(before.st_mode):
                raise NoteSkippedError(printable(path), kind(before.st_mode))
            data = b"" if before.st_size > max_bytes else read_all(fd, max_bytes + 1)
            status = file_stat(path, raw, os.fstat(fd))
    except OSError as error:
        raise _read_error(printable(path), error) from error
    if status != file_stat(path, raw, before):
        raise NoteChangedError(f"{printable(path)} changed while it was being read.", "It is read again next time.")
    if max(status.size, len(data)) > max_bytes:
        size = f"{max(status.size, len(data)) / MEGABYTE:.1f} MB"
        raise NoteSkippedError(printable(path), f"larger than {max_bytes / MEGABYTE:g} MB ({size})")
    return data, status


def _open_below(root: Path, raw: str) -> int:
    """Open step by step: a folder swapped for a link between scan and reading leads nowhere."""
    *folders, name = raw.split("/")
    if ".." in (*folders, name) or raw.startswith("/"):
        raise OSError(errno.EINVAL, "outside the folder")
    step = os.O_DIRECTORY | os.O_CLOEXEC | getattr(os, "O_PATH", os.O_RDONLY)
    here = os.open(root, step)
    try:
        for folder in folders:
            inner = os.open(folder, step | os.O_NOFOLLOW, dir_fd=here)
            os.close(here)
            here = inner
        flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC
        return os.open(name, flags, dir_fd=here)
    finally:
        os.close(here)


def _read_error(path: str, error: OSError) -> VaultError:
    if error.errno in (errno.ENOENT, errno.ENOTDIR):
        return NoteChangedError(f"{path} is gone.", "The next scan notices.")
    if error.errno == errno.ELOOP:
        return NoteSkippedError(path, "a link, not a file")
    if error.errno == errno.ENXIO:
        return NoteSkippedError(path, "a socket, not a file")
    return NoteSkippedError(path, f"can't be read: {error.strerror}")
