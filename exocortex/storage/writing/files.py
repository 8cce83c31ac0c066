"""Files in a folder of notes, by descriptor and name: the folder is reached through no link, no file is opened blindly.

Failures are OSError unless said otherwise.
"""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from exocortex.core.errors import VaultError
from exocortex.storage.exchange import UNSUPPORTED
from exocortex.storage.originals import Pending
from exocortex.storage.records import read_all, write_all

_STEP = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC
_READ = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC
_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
_NO_LINKS = UNSUPPORTED | {errno.EPERM, errno.EMLINK}
_HINTS = {
    errno.ENOSPC: "Make room on the disk, then try again.",
    errno.EROFS: "The disk is read-only; make it writable.",
    errno.ENOENT: "Is its folder there? See: exo folders",
}


class EditConflictError(VaultError):
    """The note changed under the edit, again and again, or isn't what it must be; nothing was overwritten."""

    kind = "conflict"


class NoteExistsError(VaultError):
    """There is a file of that name already; it was left alone."""

    kind = "exists"


@contextmanager
def told(raw: str, what: str) -> Iterator[None]:
    """Failures of the system, in words."""
    try:
        yield
    except TimeoutError:
        raise VaultError(
            f"{raw} can't be {what}: another exo has been writing for very long.", "End it, then try again."
        ) from None
    except OSError as error:
        hint = _HINTS.get(error.errno or 0, "Nothing was changed; see to that, then try again.")
        raise VaultError(f"{raw} can't be {what}: {error.strerror}.", hint) from error


@contextmanager
def folder_of(root: Path, raw: str, *, make: bool = False) -> Iterator[tuple[int, str]]:
    """A descriptor of the folder that `raw` lies in, reached through no link, and its name there."""
    *folders, name = raw.split("/")
    if any(part in ("", ".", "..") for part in (*folders, name)):
        raise VaultError(f"{raw!r} is not the path of a note.", "It must lie below the folder of notes.")
    here = os.open(root, _STEP)
    try:
        for folder in folders:
            inner = _step(here, folder, make)
            os.close(here)
            here = inner
        yield here, name
    finally:
        os.close(here)


def _step(here: int, folder: str, make: bool) -> int:
    try:
        return os.open(folder, _STEP | os.O_NOFOLLOW, dir_fd=here)
    except NotADirectoryError:
        hint = "Nothing is written through links; name the folder itself."
        raise VaultError(f"{folder} is a link or a file, not a folder.", hint) from None
    except FileNotFoundError:
        if not make:
            raise
    with suppress(FileExistsError):
        os.mkdir(folder, 0o700, dir_fd=here)
        os.chmod(folder, stat.S_IMODE(os.fstat(here).st_mode), dir_fd=here)
    os.fsync(here)
    return _step(here, folder, False)


@contextmanager
def open_file(folder: int, name: str) -> Iterator[int]:
    """A descriptor to read from; a link is an error, a pipe doesn't block."""
    fd = os.open(name, _READ, dir_fd=folder)
    try:
        yield fd
    finally:
        os.close(fd)


def read_file(folder: int, name: str) -> tuple[bytes, os.stat_result]:
    """A file's bytes and stat; raises VaultError if it is no regular file."""
    with open_file(folder, name) as fd:
        status = os.fstat(fd)
        if not stat.S_ISREG(status.st_mode):
            raise VaultError(f"{name} is not a file.", "Only files can be notes.")
        return read_all(fd), status


def content(folder: int, name: str) -> bytes | None:
    """A file's bytes, None if it is missing; raises as `read_file` does."""
    try:
        return read_file(folder, name)[0]
    except FileNotFoundError:
        return None


def write_new(folder: int, name: str, data: bytes, like: int | None) -> None:
    """Make a file and sync it: with the mode, owner and attributes of `like`, or as open as the folder is."""
    fd = os.open(name, _NEW, 0o600, dir_fd=folder)
    try:
        if like is None:
            os.fchmod(fd, stat.S_IMODE(os.fstat(folder).st_mode) & 0o666)
        else:
            _dress(fd, like)
        write_all(fd, data)
        os.fsync(fd)
    except BaseException:
        unlink(folder, name)
        raise
    finally:
        os.close(fd)


def _dress(fd: int, like: int) -> None:
    """Owner, mode and extended attributes, as far as this user may set them."""
    model = os.fstat(like)
    with suppress(OSError):
        os.fchown(fd, model.st_uid, model.st_gid)
    os.fchmod(fd, stat.S_IMODE(model.st_mode))
    if not hasattr(os, "listxattr"):
        return
    with suppress(OSError):
        for attribute in os.listxattr(like):
            with suppress(OSError):
                os.setxattr(fd, attribute, os.getxattr(like, attribute))


def link(folder: int, temporary: str, name: str) -> bool:
    """Give a file a second name; False if that is taken."""
    try:
        os.link(temporary, name, src_dir_fd=folder, dst_dir_fd=folder, follow_symlinks=False)
    except FileExistsError:
        return False
    except OSError as error:
        if error.errno not in _NO_LINKS:
            raise
        return _copy(folder, temporary, name)
    return True


def _copy(folder: int, temporary: str, name: str) -> bool:
    data = content(folder, temporary) or b""
    try:
        write_new(folder, name, data, None)
    except FileExistsError:
        return False
    return True


def exists(folder: int, name: str) -> bool:
    """Whether the name is taken, be it by a link to nowhere."""
    try:
        os.stat(name, dir_fd=folder, follow_symlinks=False)
    except FileNotFoundError:
        return False
    return True


def unlink(folder: int, name: str) -> bool:
    """Remove a file; False if it is still there."""
    try:
        os.unlink(name, dir_fd=folder)
    except FileNotFoundError:
        pass
    except OSError:
        return False
    return True


def give_up(pending: Pending, folder: int, *, original: bool = False) -> None:
    """A change that did not happen leaves nothing behind; what can't be removed now is left to be mended."""
    if unlink(folder, pending.change.temporary):
        pending.drop(original=original)
    else:
        pending.leave()


def changed_since(raw: str) -> EditConflictError:
    """The refusal to take away what somebody has worked on."""
    return EditConflictError(f"{raw} has changed since, or is gone; it was left alone.", "Look at it yourself.")
