"""Notes made and taken away."""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from exocortex.core.errors import VaultError
from exocortex.storage.originals import Originals, digest, local_time
from exocortex.storage.writing.files import (
    NoteExistsError,
    changed_since,
    content,
    exists,
    folder_of,
    give_up,
    link,
    open_file,
    told,
    unlink,
    write_new,
)
from exocortex.storage.writing.mending import end_removal, mend_left


def create(root: Path, raw: str, data: bytes, home: Path, *, now: Callable[[], datetime] = local_time) -> Path:
    """Make a note, and the folders it lies in, on disk when this returns; its absolute path.

    Never writes to a file that exists (NoteExistsError) nor outside of `root` nor through a link. It is as open to
    others as the folder that it lies in. Raises VaultError, and then there is no note, or a whole one.
    """
    with told(raw, "created"), folder_of(root, raw, make=True) as (folder, name):
        if exists(folder, name):
            raise NoteExistsError(f"{raw} exists already.", "Choose another name.")
        with Originals(home, now).begin("creation", root, raw, None, data) as pending:
            try:
                _place(folder, name, pending.change.temporary, data)
            except (OSError, VaultError):
                give_up(pending, folder)
                raise
            is_clean = unlink(folder, pending.change.temporary)
            os.fsync(folder)
            if is_clean:
                pending.finish()
    return root / raw


def remove(root: Path, raw: str, expected: str, home: Path, *, now: Callable[[], datetime] = local_time) -> None:
    """Take a note away whose bytes have the digest `expected`; a copy is kept.

    Raises EditConflictError if it has changed or is gone, VaultError if that fails, the note as it was either way.
    """
    originals = Originals(home, now)
    with told(raw, "removed"), originals.locked():
        mend_left(originals)
        with folder_of(root, raw) as (folder, name):
            data = content(folder, name)
            if digest(data) != expected:
                raise changed_since(raw)
            with originals.begin("removal", root, raw, data, None) as pending:
                try:
                    os.rename(name, pending.change.temporary, src_dir_fd=folder, dst_dir_fd=folder)
                except OSError:
                    pending.drop()
                    raise
                end_removal(originals, pending, folder)


def settle(root: Path, raw: str) -> None:
    """See to it that a note that is there outlasts a power cut; raises VaultError."""
    with told(raw, "put on disk"), folder_of(root, raw) as (folder, name):
        with open_file(folder, name) as fd:
            os.fsync(fd)
        os.fsync(folder)


def read_note(root: Path, raw: str) -> bytes | None:
    """A note's bytes through no link, None if there is no such file; raises VaultError."""
    with told(raw, "read"):
        try:
            with folder_of(root, raw) as (folder, name):
                return content(folder, name)
        except FileNotFoundError:
            return None


def _place(folder: int, name: str, temporary: str, data: bytes) -> None:
    """Make a file under a name that is free, whole at once; where there are no hard links, whole or removed again."""
    write_new(folder, temporary, data, None)
    if not link(folder, temporary, name):
        raise NoteExistsError(f"{name} exists already.", "Choose another name.")
