"""IndexLock: the right to open the index, held by one process at a time and given back by the kernel when it dies."""

from __future__ import annotations

import fcntl
import os
import shlex
import sys
import time
from datetime import datetime
from pathlib import Path, PurePath
from types import TracebackType

from exocortex.core.errors import IndexHeldError, IndexStoreError

FILE_NAME = "owner.lock"
OWNER_COMMAND = " serve"
"""What an owner's command line has and no other's."""
_WORD = 30
"""Characters of an argument that are shown."""
_TRIES = 5
_PAUSE = 0.01
"""Seconds between tries while the file names nobody: its holder is about to write, or `holder` is looking."""


class IndexLock:
    """An exclusive `flock` on `home/owner.lock`, never waited for.

    The text in the file (pid, start, command) only serves the message: who died without clearing it holds nothing.
    """

    def __init__(self, home: Path, command: str | None = None) -> None:
        self._path = home / FILE_NAME
        self._command = _called() if command is None else command
        self._fd: int | None = None

    def acquire(self) -> None:
        """Take the lock at once, or raise IndexHeldError naming the process that has it.

        Raises IndexStoreError if the lock file can't be opened or written, or its file system has no locks.
        """
        if self._fd is not None:
            return
        who = ""
        for _ in range(_TRIES):
            fd = _open(self._path)
            try:
                if not _lock(fd):
                    who = _read_holder(fd)
                elif _is_at(fd, self._path):
                    _write_holder(fd, self._command)
                    self._fd = fd
                    return
            except OSError as error:
                raise _unusable(self._path, error) from error
            finally:
                if self._fd is None:
                    os.close(fd)
            if who:
                break
            time.sleep(_PAUSE)
        raise IndexHeldError(
            f"Another process holds the index: {who or 'it has not said which'}.",
            "It serves every command; end it with: exo stop"
            if OWNER_COMMAND in who
            else "Wait until it is done or end it, then try again.",
        )

    def release(self) -> None:
        """Give the lock back; the file stays, because removing it would let two processes each lock their own."""
        if self._fd is None:
            return
        fd, self._fd = self._fd, None
        os.ftruncate(fd, 0)
        # A forked child shares the lock: unlocking, unlike closing, frees it whoever still has the file open.
        fcntl.flock(fd, fcntl.LOCK_UN)
        os.close(fd)

    def is_in_force(self) -> bool:
        """Whether the lock is held and its file still lies where others look for it."""
        return self._fd is not None and _is_at(self._fd, self._path)

    def __enter__(self) -> IndexLock:
        self.acquire()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.release()


def holder(home: Path) -> str | None:
    """Who holds the index of `home`, in words ("" if unknown), or None if nobody does; changes nothing."""
    try:
        fd = os.open(home / FILE_NAME, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK)
    except OSError:
        return None
    try:
        fcntl.flock(fd, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return _read_holder(fd)
    finally:
        os.close(fd)
    return None


def _called() -> str:
    """This process's command line as people typed it or would have; what is long in it is cut."""
    name, *arguments = sys.argv or [""]
    typed = "exo" if name.endswith("__main__.py") else PurePath(name).name
    cut = [one if len(one) <= _WORD else f"{one[: _WORD - 1]}…" for one in arguments]
    return " ".join([typed, *(shlex.quote(one) if " " in one else one for one in cut)])


def _open(path: Path) -> int:
    try:
        return os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK, 0o600)
    except OSError as error:
        raise _unusable(path, error) from error


def _lock(fd: int) -> bool:
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _is_at(fd: int, path: Path) -> bool:
    """Whether `path` still names the locked file: one removed in between guards nothing."""
    try:
        return os.path.samestat(os.fstat(fd), os.stat(path, follow_symlinks=False))
    except FileNotFoundError:
        return False


def _write_holder(fd: int, command: str) -> None:
    started = datetime.now().astimezone().isoformat(sep=" ", timespec="seconds")
    line = " ".join(command.split())[:200]
    os.ftruncate(fd, 0)
    os.pwrite(fd, f"process {os.getpid()}, since {started}: {line}\n".encode("utf-8", "replace"), 0)


def _read_holder(fd: int) -> str:
    """The holder's one line; "" until it is there whole."""
    text = os.pread(fd, 4096, 0).decode("utf-8", "replace")
    return text.partition("\n")[0] if "\n" in text else ""


def _unusable(path: Path, error: OSError) -> IndexStoreError:
    return IndexStoreError(
        f"{path} can't be locked: {error.strerror}.",
        "Set EXO_HOME to a folder of your own on a local disk with room on it.",
    )
