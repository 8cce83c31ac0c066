"""Partial: what has come of a file so far, kept as `<name>.part` beside the models, and what it is part of."""

from __future__ import annotations

import fcntl
import json
import os
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from exocortex.core.errors import FetchError
from exocortex.storage.records import write_all

SUFFIX = ".part"
_NOTE = ".part-of"
_MOST_NOTE = 1 << 14


@dataclass(frozen=True, slots=True)
class Left:
    """A file that has come in part."""

    name: str
    address: str
    """Where the rest is; empty if that isn't known any more."""
    length: int
    """Bytes."""


@dataclass(frozen=True, slots=True)
class _Note:
    """What a part is part of."""

    address: str = ""
    tag: str = ""
    """What the server tells versions of the file apart by."""


def left(folder: Path) -> list[Left]:
    """Every file below `folder` that has come in part, by name."""
    found = []
    for file in sorted(folder.glob(f"*{SUFFIX}")):
        name = file.name.removesuffix(SUFFIX)
        with suppress(OSError):
            found.append(Left(name, _note(folder, name).address, file.lstat().st_size))
    return found


def length_of(folder: Path, name: str, address: str) -> int:
    """Bytes that have come of this file from this address, and can be gone on from."""
    note = _note(folder, name)
    try:
        return (folder / f"{name}{SUFFIX}").lstat().st_size if note.tag and note.address == address else 0
    except OSError:
        return 0


def drop(folder: Path, name: str) -> None:
    """Remove what has come of a file; raises FetchError if it is still coming."""
    with Partial(folder, name, "") as partial:
        partial.discard()


class Partial:
    """A file on its way, this process's alone until it is closed. What came from another address is started anew."""

    def __init__(self, folder: Path, name: str, address: str) -> None:
        """Raises FetchError if another process is at it, or it can't be written."""
        self._folder = folder
        self._name = name
        self._address = address
        self.file = folder / f"{name}{SUFFIX}"
        try:
            self._fd = os.open(self.file, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise self._unwritable(error) from error
        try:
            fcntl.flock(self._fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(self._fd)
            raise FetchError(f"Another command is fetching {name}.", "Wait for it.") from None
        note = _note(folder, name)
        self.tag = note.tag if note.address == address else ""
        if not self.tag:  # without one, nothing would tell whether the rest belongs to it
            os.ftruncate(self._fd, 0)

    @property
    def length(self) -> int:
        """Bytes that are there."""
        return os.fstat(self._fd).st_size

    def begin(self, tag: str) -> None:
        """Start anew with the version of the file that the server calls so."""
        self.tag = tag
        try:
            os.ftruncate(self._fd, 0)
            note = json.dumps({"address": self._address, "tag": tag}).encode()
            flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_CLOEXEC
            with open(os.open(self._note_file, flags, 0o600), "wb") as file:
                file.write(note)
        except OSError as error:
            raise self._unwritable(error) from error

    def append(self, data: bytes) -> None:
        """Add what has come; raises FetchError if there is no room."""
        try:
            write_all(self._fd, data)
        except OSError as error:
            raise self._unwritable(error) from error

    def head(self, length: int) -> bytes:
        """Its first bytes."""
        return os.pread(self._fd, length, 0)

    def sync(self) -> None:
        """Put it on disk."""
        try:
            os.fsync(self._fd)
        except OSError as error:
            raise self._unwritable(error) from error

    def discard(self) -> None:
        """Remove it: it is of no use."""
        self.file.unlink(missing_ok=True)
        self.forget()

    def forget(self) -> None:
        """Remove the note beside it, when it has become a model."""
        self._note_file.unlink(missing_ok=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if not self.length:
            self.discard()
        os.close(self._fd)

    @property
    def _note_file(self) -> Path:
        return self._folder / f"{self._name}{_NOTE}"

    def _unwritable(self, error: OSError) -> FetchError:
        return FetchError(
            f"{self.file} can't be written: {error.strerror}.", "Make room; what has come is kept, and gone on from."
        )


def _note(folder: Path, name: str) -> _Note:
    try:
        with open(os.open(folder / f"{name}{_NOTE}", os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC), "rb") as file:
            shape = json.loads(file.read(_MOST_NOTE))
        return _Note(str(shape["address"]), str(shape["tag"]))
    except (OSError, ValueError, KeyError, TypeError):
        return _Note()
