"""What writers that died left behind, cleared away without losing anything that is nowhere else."""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime
from pathlib import Path

from exocortex.core.errors import VaultError
from exocortex.storage.exchange import exchange
from exocortex.storage.originals import Originals, Pending, digest, local_time
from exocortex.storage.writing.files import (
    changed_since,
    content,
    folder_of,
    give_up,
    link,
    told,
)


def mend(home: Path, *, now: Callable[[], datetime] = local_time) -> None:
    """Clear away what writers that died left in the folders of notes; raises VaultError."""
    originals = Originals(home, now)
    with told("What was left behind", "mended"), originals.locked():
        mend_left(originals)


def mend_left(originals: Originals) -> None:
    """End what dead processes began, the lock being held; what can't be ended now stays for the next time."""
    for pending in originals.left_behind():
        change = pending.change
        # A folder that is away, a disk that fails, and a note that turned out to have changed.
        with pending, suppress(OSError, VaultError), folder_of(Path(change.root), change.raw) as (folder, name):
            if change.kind == "removal":
                end_removal(originals, pending, folder)
            else:
                _mend_one(originals, pending, folder, name)


def _mend_one(originals: Originals, pending: Pending, folder: int, name: str) -> None:
    change = pending.change
    left = content(folder, change.temporary)
    if left is not None and change.kind == "edit":
        known = (change.before, change.after)
        if digest(left) not in known and digest(content(folder, name)) == change.after:
            # What an editor saved just before the exchange, which nobody was left to give back.
            exchange(folder, change.temporary, name)
            left = content(folder, change.temporary) or b""
        if digest(left) not in known:
            originals.keep(f"{change.ulid}-displaced", left)
    if left is not None:
        os.unlink(change.temporary, dir_fd=folder)
    there = digest(content(folder, name))
    if there == change.after:
        pending.finish()
    elif change.cause and there != change.before and digest(left) != change.after:
        # It came out, or was never written, or was taken away in the end; and somebody has saved the note since.
        pending.doubt()
    else:
        pending.drop()


def end_removal(originals: Originals, pending: Pending, folder: int) -> None:
    """Drop the file that the note was renamed to; if it isn't what was read any more, it gets its name back."""
    change = pending.change
    name = os.path.basename(change.raw)
    try:
        data = content(folder, change.temporary)
        if digest(data) == change.before:
            os.fsync(folder)
            os.unlink(change.temporary, dir_fd=folder)
            return pending.finish(undoable=False)
    except OSError:
        with suppress(OSError):
            if link(folder, change.temporary, name):
                give_up(pending, folder)
        raise
    if data is not None and not link(folder, change.temporary, name):
        originals.keep(f"{change.ulid}-displaced", data)
    give_up(pending, folder)
    raise changed_since(change.raw)
