"""Edits of notes that exist, by compare and swap."""

from __future__ import annotations

import os
import stat
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from exocortex.core.errors import VaultError
from exocortex.storage.exchange import UNSUPPORTED, exchange
from exocortex.storage.originals import Originals, digest, local_time
from exocortex.storage.writing.files import (
    EditConflictError,
    content,
    folder_of,
    give_up,
    link,
    open_file,
    read_file,
    told,
    unlink,
    write_new,
)
from exocortex.storage.writing.mending import mend_left

_TRIES = 50
_PAUSE = 0.01
"""Seconds before an edit that met another one is made again."""
_BOM = "\ufeff"


@dataclass(frozen=True, slots=True)
class Edited:
    """What became of an edit."""

    raw: str
    """The file written to: what the note's name is, or points at."""
    before: str
    """Digest of the former bytes."""
    after: str
    """The same as `before` if there was nothing to change."""
    change: str = ""
    """ULID to take it back by; empty if there is nothing to take back."""
    warnings: tuple[str, ...] = ()


class _StrandedError(VaultError):
    """What another program wrote lies in the file beside the note, until it is put back."""


def edit(
    root: Path,
    raw: str,
    change: Callable[[bytes], bytes],
    home: Path,
    *,
    undoable: bool = True,
    cause: str = "",
    now: Callable[[], datetime] = local_time,
) -> Edited:
    """Put `change(bytes)` in the place of a note's bytes; `change` is called again if the note changes meanwhile.

    `Originals.outcome` tells later what became of it, if it has a `cause`.

    Raises VaultError, the note as it was, if that can't be done; EditConflictError if others never stop writing.
    """
    originals = Originals(home, now)
    with told(raw, "edited"), originals.locked():
        mend_left(originals)
        raw = _real_name(root, raw)
        with folder_of(root, raw) as (folder, name):
            for _ in range(_TRIES):
                edited = _edit_once(originals, root, raw, (folder, name), change, undoable, cause)
                if edited is not None:
                    return edited
                time.sleep(_PAUSE)
    raise EditConflictError(
        f"{raw} is being changed by another program all the time; nothing was written.", "Try again when it is done."
    )


def edit_text(root: Path, raw: str, change: Callable[[str], str], home: Path) -> Edited:
    """Edit a note as text with lines ended by `\\n`; its BOM, line endings and final newline stay as they were.

    A note with line endings of several kinds is handed over with all of them. Raises VaultError if it isn't UTF-8.
    """

    def changed(data: bytes) -> bytes:
        try:
            text = data.decode()
        except UnicodeDecodeError:
            raise VaultError(f"{raw} is not valid UTF-8; nothing was written.", "Convert it first.") from None
        bom = _BOM if text.startswith(_BOM) else ""
        text = text.removeprefix(_BOM)
        ending = _line_ending(text)
        new = change(text.replace(ending, "\n"))
        if text and text.endswith(ending) != new.endswith("\n"):
            new = new + "\n" if text.endswith(ending) else new.rstrip("\n")
        return (bom + new.replace("\n", ending)).encode()

    return edit(root, raw, changed, home)


def _edit_once(
    originals: Originals,
    root: Path,
    raw: str,
    place: tuple[int, str],
    change: Callable[[bytes], bytes],
    undoable: bool,
    cause: str,
) -> Edited | None:
    """One try; None if another program was at the note."""
    folder, name = place
    try:
        before, status = read_file(folder, name)
    except FileNotFoundError:
        return None
    after = change(before)
    if after == before:
        return Edited(raw, digest(before), digest(before))
    with originals.begin("edit", root, raw, before, after, cause) as pending:
        try:
            swapped = _swap(folder, name, pending.change.temporary, before, after)
        except _StrandedError:
            raise
        except (OSError, VaultError):
            give_up(pending, folder)
            raise
        if not swapped:
            give_up(pending, folder, original=True)
            return None
        if unlink(folder, pending.change.temporary):
            with suppress(OSError):
                os.fsync(folder)
            pending.finish(undoable=undoable)
    return Edited(raw, digest(before), digest(after), pending.change.ulid if undoable else "", _warnings(raw, status))


def _swap(folder: int, name: str, temporary: str, before: bytes, after: bytes) -> bool:
    """Put `after` in the place of `before` and sync it; False, all as it was, if something else is there by now.

    Raises OSError, all as it was, or _StrandedError.
    """
    try:
        with open_file(folder, name) as like:
            write_new(folder, temporary, after, like)
    except FileNotFoundError:
        return False
    try:
        exchange(folder, temporary, name)
    except FileNotFoundError:
        return False
    except OSError as error:
        if error.errno not in UNSUPPORTED:
            raise
        return _replace(folder, name, temporary, before)
    try:
        if content(folder, temporary) == before:
            os.fsync(folder)
            # Once more, for a program that wrote into the old file while the folder was being synced.
            if content(folder, temporary) == before:
                return True
    except (OSError, VaultError):
        _swap_back(folder, name, temporary, after)
        raise
    _swap_back(folder, name, temporary, after)
    return False


def _swap_back(folder: int, name: str, temporary: str, after: bytes) -> None:
    """Give the note back what was displaced; what comes out and isn't what went in is newer, and goes back in turn."""
    failure = "other programs keep writing to it"
    inside: bytes | None = after
    for _ in range(_TRIES):
        try:
            outside = _text_or_none(folder, temporary)
            exchange(folder, temporary, name)
            if _text_or_none(folder, temporary) == inside:
                return
            inside = outside
        except FileNotFoundError:
            if link(folder, temporary, name):
                return
        except OSError as error:
            failure = str(error)
    raise _StrandedError(
        f"{name} could not be put back as it was ({failure}): its version from before lies beside it as {temporary}.",
        "The next change of a note puts it back; or rename it yourself.",
    )


def _text_or_none(folder: int, name: str) -> bytes | None:
    """None too for a folder or a link, which may have taken the note's place."""
    with suppress(OSError, VaultError):
        return content(folder, name)
    return None


def _replace(folder: int, name: str, temporary: str, before: bytes) -> bool:
    """As `_swap`, for file systems that can't exchange names."""
    if content(folder, name) != before:
        return False
    with open_file(folder, name) as like:
        os.rename(temporary, name, src_dir_fd=folder, dst_dir_fd=folder)
        try:
            os.fsync(folder)
        except OSError:
            write_new(folder, temporary, before, like)
            os.rename(temporary, name, src_dir_fd=folder, dst_dir_fd=folder)
            raise
    return True


def _real_name(root: Path, raw: str) -> str:
    """Where writing to a note goes: to the file that a link names, if that lies in the folder too."""
    with folder_of(root, raw) as (folder, name):
        if not stat.S_ISLNK(os.stat(name, dir_fd=folder, follow_symlinks=False).st_mode):
            return raw
    real = os.path.realpath(root / raw, strict=True)
    inside = os.path.realpath(root).rstrip("/") + "/"
    if not real.startswith(inside):
        raise VaultError(f"{raw} is a link to {real}, outside the folder; nothing was written.", "Edit that file.")
    return real.removeprefix(inside)


def _line_ending(text: str) -> str:
    """The one kind of line ending a text has; `\\n` if there are several kinds, or none."""
    bare = text.replace("\r\n", "")
    if "\r\n" in text:
        return "\n" if "\r" in bare or "\n" in bare else "\r\n"
    return "\r" if "\r" in bare and "\n" not in bare else "\n"


def _warnings(raw: str, status: os.stat_result) -> tuple[str, ...]:
    if status.st_nlink < 2:
        return ()
    return (f"{raw} has {status.st_nlink - 1} more name(s) elsewhere (hard links), which keep its former text.",)
