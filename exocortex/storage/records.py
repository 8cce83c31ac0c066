"""Record: a file in the home that is there whole or not at all, and locked for as long as its writer is at work on it.

The lock goes with the process, so a record that can be claimed was left behind by one that died or gave up. Knows
nothing of what records say.
"""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import TracebackType
from typing import Self

_READ_BYTES = 1 << 20
_NEW = os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
_PAUSE = 0.002
"""Seconds between tries for a lock that is held for a few file operations at a time."""


class Record:
    """A record of which this process holds the lock until it is closed or removed."""

    def __init__(self, path: Path, fd: int) -> None:
        self.path = path
        self._fd = fd

    @classmethod
    def write(cls, path: Path, data: bytes, *, durable: bool = True) -> Self:
        """Make it, on disk (file and folder) when this returns if `durable`; its folder is made if need be.

        Raises OSError, FileExistsError included, and then leaves nothing.
        """
        make_folder(path.parent)
        record = cls._new(path.with_name(temporary_name(path.stem)))
        try:
            write_all(record._fd, data)
            if durable:
                os.fsync(record._fd)
            record.rename(path.name)
            if durable:
                sync_folder(path.parent)
        except BaseException:
            with suppress(OSError):
                record.remove()
            record.close()
            raise
        return record

    @classmethod
    def _new(cls, path: Path) -> Self:
        """An empty one; whoever claims and removes it before it is locked takes nothing away but the first try."""
        while True:
            record = cls(path, os.open(path, _NEW, 0o600))
            try:
                fcntl.flock(record._fd, fcntl.LOCK_EX)
                if os.path.samestat(os.fstat(record._fd), os.stat(path, follow_symlinks=False)):
                    return record
            except FileNotFoundError:
                pass
            except BaseException:
                with suppress(OSError):
                    record.remove()
                record.close()
                raise
            record.close()

    @classmethod
    def claim(cls, path: Path) -> Self | None:
        """Take over one that was left behind; None if somebody is at work on it or it is gone."""
        try:
            fd = os.open(path, os.O_RDWR | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK)
        except FileNotFoundError:
            return None
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if os.path.samestat(os.fstat(fd), os.stat(path, follow_symlinks=False)):
                return cls(path, fd)
        except (BlockingIOError, FileNotFoundError):
            pass
        except BaseException:
            os.close(fd)
            raise
        os.close(fd)
        return None

    def read(self) -> bytes:
        """All of it."""
        os.lseek(self._fd, 0, os.SEEK_SET)
        return read_all(self._fd)

    def rename(self, name: str) -> None:
        """Give it another name in its folder."""
        new = self.path.with_name(name)
        os.rename(self.path, new)
        self.path = new

    def remove(self) -> None:
        """Take it away; raises OSError."""
        os.unlink(self.path)

    def close(self) -> None:
        """Let go of the lock; the record stays, for whoever claims it."""
        if self._fd >= 0:
            fd, self._fd = self._fd, -1
            os.close(fd)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


@contextmanager
def locked(path: Path, patience: float) -> Iterator[None]:
    """Hold the lock file `path` alone among processes and threads; raises TimeoutError after `patience` seconds."""
    make_folder(path.parent)
    fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK, 0o600)
    try:
        deadline = time.monotonic() + patience
        while True:
            try:
                fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() > deadline:
                    raise TimeoutError(f"{path} is held") from None
                time.sleep(_PAUSE)
        yield
    finally:
        os.close(fd)


def temporary_name(ulid: str) -> str:
    """What a file is called while it is being written, hidden and never taken for a note."""
    return f".exo-{ulid}.tmp"


def make_folder(folder: Path) -> None:
    """Make it and what leads to it, closed to others, and see to it that it outlasts a power cut."""
    if folder.is_dir():
        return
    make_folder(folder.parent)
    with suppress(FileExistsError):
        os.mkdir(folder, 0o700)
    sync_folder(folder.parent)


def sync_folder(folder: Path) -> None:
    """Put the names in it on disk."""
    fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)


def write_all(fd: int, data: bytes) -> None:
    """Write every byte, however few the system takes at a time."""
    rest = memoryview(data)
    while rest:
        rest = rest[os.write(fd, rest) :]


def read_all(fd: int) -> bytes:
    """The rest of the file."""
    parts = []
    while part := os.read(fd, _READ_BYTES):
        parts.append(part)
    return b"".join(parts)
