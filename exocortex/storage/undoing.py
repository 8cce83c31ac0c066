"""Undoing: the last change that Exocortex made in a folder of notes is taken back, unless the note changed since."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from exocortex.core.errors import UsageError, VaultError
from exocortex.storage.originals import Change, Originals, digest, local_time
from exocortex.storage.writing import EditConflictError, edit, remove

_OTHERS = "Other changes can still be taken back: exo undo --list, then exo undo CHANGE"


def changes(home: Path, *, now: Callable[[], datetime] = local_time) -> list[Change]:
    """What can be taken back, the last change first; raises VaultError."""
    try:
        return Originals(home, now).changes()
    except OSError as error:
        raise VaultError(f"The copies of edited notes in {home} can't be read: {error.strerror}.") from error


def undo(home: Path, ulid: str = "", *, now: Callable[[], datetime] = local_time) -> Change:
    """Take back the last change, or the one named; returns it.

    Raises UsageError if there is none, EditConflictError if the note has changed since, VaultError if it can't be done;
    the note is left as it is in each case.
    """
    found = changes(home, now=now)
    change = next((one for one in found if ulid in ("", one.ulid)), None)
    if change is None:
        what = f"There is no change {ulid} to take back." if ulid else "There is nothing to take back."
        raise UsageError(what, "What can be taken back: exo undo --list")
    try:
        if change.kind == "creation":
            remove(Path(change.root), change.raw, change.after, home, now=now)
        else:
            _put_back(Originals(home, now), change, home)
    except EditConflictError as error:
        raise EditConflictError(error.message, f"{error.hint}\n{_OTHERS}") from error
    try:
        Originals(home, now).forget(change)
    except OSError as error:
        raise VaultError(f"{change.raw} is as it was, but that can't be noted: {error.strerror}.") from error
    return change


def _put_back(originals: Originals, change: Change, home: Path) -> None:
    try:
        original = originals.original(change)
    except OSError as error:
        raise VaultError(f"The copy of {change.raw} from before can't be read: {error.strerror}.") from error

    def former(data: bytes) -> bytes:
        if digest(data) == change.before:
            return data
        if digest(data) != change.after:
            raise EditConflictError(
                f"{change.raw} has changed since; it was left alone.",
                f"Its text from before is in {originals.path_of_original(change)}",
            )
        return original

    edit(Path(change.root), change.raw, former, home, undoable=False)
