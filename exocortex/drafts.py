"""Drafts: a text that is being written and is no note yet, kept in the home so that nothing ends it but its writer."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from exocortex.config import ensure_home
from exocortex.core.errors import ExocortexError
from exocortex.storage.records import make_folder, sync_folder, write_all

FOLDER = "drafts"
_NAME = "capture.txt"
_TAGS = "tags: "
_NEW = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_CLOEXEC


class DraftError(ExocortexError):
    """A draft can't be kept or read: it is only where it was typed."""

    kind = "draft"


@dataclass(frozen=True, slots=True)
class Draft:
    """What was typed so far."""

    text: str = ""
    tags: str = ""
    """As typed, one line."""

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to lose."""
        return not self.text.strip() and not self.tags.strip()


def keep(home: Path, draft: Draft) -> None:
    """Put a draft in the place of the last one; on disk, 0600 and whole, when this returns. Raises DraftError."""
    if draft.is_empty:
        return drop(home)
    data = f"{_TAGS}{' '.join(draft.tags.split())}\n\n{draft.text}".encode(errors="replace")
    path = _path(home)
    try:
        ensure_home(home)
        make_folder(path.parent)
        _write(path.with_suffix(".new"), data)
        os.replace(path.with_suffix(".new"), path)
        sync_folder(path.parent)
    except OSError as error:
        raise DraftError(
            f"The draft can't be kept: {path} can't be written: {error.strerror}.", "Save it, or copy it out."
        ) from error
    return None


def read(home: Path) -> Draft:
    """The draft that is kept, an empty one if there is none; raises DraftError."""
    try:
        text = _path(home).read_bytes().decode(errors="replace")
    except FileNotFoundError:
        return Draft()
    except OSError as error:
        raise DraftError(f"{_path(home)} can't be read: {error.strerror}.", "Look at it yourself.") from error
    head, _, rest = text.partition("\n\n")
    if not head.startswith(_TAGS) or "\n" in head:
        return Draft(text)
    return Draft(rest, head.removeprefix(_TAGS))


def drop(home: Path) -> None:
    """Forget it, for it became a note or was emptied; raises DraftError."""
    try:
        _path(home).unlink(missing_ok=True)
    except OSError as error:
        raise DraftError(f"{_path(home)} can't be removed: {error.strerror}.", "Remove it yourself.") from error


def _path(home: Path) -> Path:
    return home / FOLDER / _NAME


def _write(path: Path, data: bytes) -> None:
    fd = os.open(path, _NEW, 0o600)
    try:
        write_all(fd, data)
        os.fsync(fd)
    finally:
        os.close(fd)
