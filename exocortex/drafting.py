"""Drafting: a text written in the user's own editor, in a file that outlasts whatever ends us or the editor.

Each has its own file in `home/drafts` and, beside it, a lock that goes with the process and says what the text was in
the beginning. Knows nothing of what becomes of the text.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path
from types import TracebackType
from typing import Self

from exocortex.config import ensure_home
from exocortex.drafts import FOLDER, DraftError
from exocortex.storage.records import Record, make_folder, write_all

_TEXT, _LOCK = ".md", ".lock"
_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC


@dataclass(frozen=True, slots=True)
class Written:
    """What is in the file once the editor has ended."""

    text: str
    is_changed: bool
    """Whether that is more than it began with."""


class Drafting:
    """A draft that is being written; it stays for the next time unless it is dropped before its block ends."""

    def __init__(self, path: Path, lock: Record, beginning: str, *, is_old: bool) -> None:
        self.path = path
        self.is_old = is_old
        """Whether it was left behind by an earlier attempt."""
        self._lock = lock
        self._beginning = beginning

    def read(self) -> Written:
        """The text as it is now; raises DraftError if it can't be read."""
        try:
            text = self.path.read_bytes().decode("utf-8-sig")
        except FileNotFoundError:
            return Written("", is_changed=False)
        except (OSError, UnicodeDecodeError) as error:
            what = error.strerror if isinstance(error, OSError) else "it is not valid UTF-8"
            raise DraftError(f"{self.path} can't be read: {what}.", "Look at it yourself; it stays there.") from None
        return Written(text, _digest(text) != self._beginning)

    def drop(self) -> None:
        """It is kept elsewhere by now, or not wanted."""
        with suppress(OSError):
            self.path.unlink(missing_ok=True)
        with suppress(OSError):
            self._lock.remove()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._lock.close()


def begin(home: Path, ulid: str, text: str) -> Drafting:
    """A draft with this text, on disk; raises DraftError."""
    folder = home / FOLDER
    try:
        ensure_home(home)
        make_folder(folder)
        lock = Record.write(folder / f"{ulid}{_LOCK}", _digest(text).encode())
        path = folder / f"{ulid}{_TEXT}"
        _write(path, text.encode())
    except OSError as error:
        raise DraftError(
            f"A draft can't be kept: {folder} can't be written: {error.strerror}.", "Make room, or make it writable."
        ) from error
    return Drafting(path, lock, _digest(text), is_old=False)


def left_behind(home: Path) -> Drafting | None:
    """The newest draft that nobody is at work on, to go on with; those without a text are cleared away."""
    for path in _locks(home):
        try:
            lock = Record.claim(path)
        except OSError:
            continue
        if lock is None:
            continue
        text = path.with_suffix(_TEXT)
        if text.is_file():
            return Drafting(text, lock, lock.read().decode(errors="replace"), is_old=True)
        with lock, suppress(OSError):
            lock.remove()
    return None


def _locks(home: Path) -> Iterator[Path]:
    with suppress(OSError):
        names = sorted((name for name in os.listdir(home / FOLDER) if name.endswith(_LOCK)), reverse=True)
        yield from (home / FOLDER / name for name in names)


def _write(path: Path, data: bytes) -> None:
    fd = os.open(path, _NEW, 0o600)
    try:
        write_all(fd, data)
        os.fsync(fd)
    finally:
        os.close(fd)


def _digest(text: str) -> str:
    """Of what is written, not of how its lines end or whether a last newline was added, as editors do."""
    lines = text.replace("\r\n", "\n").rstrip()
    return blake2b(lines.encode(), digest_size=16).hexdigest()
