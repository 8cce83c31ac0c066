"""Digests of large files, and copies checked by them, as generators of progress. Knows nothing of models."""

from __future__ import annotations

import hashlib
import os
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from threading import Event as StopEvent

from exocortex.core.errors import ModelError
from exocortex.core.events import Progress
from exocortex.storage.records import write_all

_CHUNK = 1 << 20
_PAUSE = 0.1
"""Seconds between two events."""


@dataclass(frozen=True, slots=True)
class Identity:
    """What a file's bytes are known again by without reading them."""

    inode: int
    modified_ns: int
    size: int


@dataclass(frozen=True, slots=True)
class Digest:
    """A file's sha256, and its identity while it was read."""

    sha256: str
    identity: Identity


def identity_of(status: os.stat_result) -> Identity:
    """The identity in what `stat` says."""
    return Identity(status.st_ino, status.st_mtime_ns, status.st_size)


def digest(path: Path, stop: StopEvent | None = None) -> Iterator[Progress | Digest]:
    """Read a file to its end; the digest comes last, and not at all if `stop` was set.

    Raises ModelError if the file is written to meanwhile, OSError if it can't be read.
    """
    fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        yield from _read(fd, path, -1, stop)
    finally:
        os.close(fd)


def copy(source: Path, target: Path, stop: StopEvent | None = None) -> Iterator[Progress | Digest]:
    """The same while the bytes are copied to a new file of this user alone, which is on disk when the digest comes.

    A copy that isn't whole is removed. Raises OSError too if `target` exists or can't be written.
    """
    fd = os.open(source, os.O_RDONLY | os.O_CLOEXEC)
    try:
        into = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        whole = False
        try:
            for event in _read(fd, source, into, stop):
                if isinstance(event, Digest):
                    os.fsync(into)
                    whole = True
                yield event
        finally:
            os.close(into)
            if not whole:
                os.unlink(target)
    finally:
        os.close(fd)


def _read(fd: int, path: Path, into: int, stop: StopEvent | None) -> Iterator[Progress | Digest]:
    """Read an open file to its end, writing it to the descriptor `into` if that is one."""
    before = os.fstat(fd)
    hashed, done, began = hashlib.sha256(), 0, time.monotonic()
    said = began
    while part := os.read(fd, _CHUNK):
        if stop is not None and stop.is_set():
            return
        hashed.update(part)
        if into >= 0:
            write_all(into, part)
        done += len(part)
        now = time.monotonic()
        if now - said >= _PAUSE or done == before.st_size:
            said = now
            yield Progress("checksum" if into < 0 else "copy", done, before.st_size, now - began)
    if identity_of(os.fstat(fd)) != identity_of(before) or done != before.st_size:
        raise ModelError(f"{path} was written to while it was being read.", "Try again when it is complete.")
    yield Digest(hashed.hexdigest(), identity_of(before))
