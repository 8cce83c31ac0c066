"""Appending: a text goes into a note that exists, exactly once, whatever died on the way and whoever saves meanwhile.

Nothing in the note says which text it was: a mark there would be for us alone. What tells is the record that the writer
of notes puts on disk before it exchanges a note for its new version (`storage.originals`), with the digests of both and
the ULID of the journal's entry. An entry that is carried out again finds there whether that happened. Only where a
process died in that moment and another program saved the note before ours looked at it again does the record leave it
open; then the text is appended unless its very lines are in the note.
"""

from __future__ import annotations

import os
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from exocortex.capturing.sections import UnsuitableNoteError, insertion, is_item, stands_in
from exocortex.core.errors import VaultError
from exocortex.storage.journal import Addition
from exocortex.storage.originals import Originals, local_time
from exocortex.storage.writing import NoteExistsError, create, edit

_PATIENCE = 0.3
"""Seconds for an editor that takes a note away before it writes it anew."""
_PATIENCE_BEFORE_MAKING = 0.03
"""The same where a note that isn't there is made, as the day's first one is every morning."""
_PAUSE = 0.01


@dataclass(frozen=True, slots=True)
class Appended:
    """A text that is in a note."""

    path: Path
    notice: str = ""
    """What is otherwise than was asked for, as a sentence."""


def block_of(text: str, clock: str, *, listed: bool, tags: tuple[str, ...] = ()) -> str:
    """The lines that a text is in a note that has others: a single one that is to be `listed` begins with the time."""
    text = text.strip("\n").rstrip()
    marks = marks_of(tags)
    if "\n" in text:
        return f"{text}\n\n{marks}" if marks else text
    line = f"{text.strip()} {marks}".rstrip()
    return f"- {clock} {line}" if listed and not is_item(line) else line


def marks_of(tags: tuple[str, ...]) -> str:
    """The tags as they stand in a text."""
    return " ".join(f"#{tag}" for tag in tags)


def append(root: Path, addition: Addition, ulid: str, home: Path, *, is_new: bool) -> Appended | None:
    """Put the text there unless that was done before, on disk when this returns; None if it isn't for that note.

    That is if the note is gone and none is to be made in its place, or if it can't take any text. `is_new`: nobody has
    tried it before. Raises VaultError, the note as it was, if it is to be tried again later.
    """
    outcome = "none" if is_new else _outcome(home, ulid)
    if outcome == "made":
        return Appended(root / addition.raw)
    if outcome == "under way":
        raise VaultError(f"{addition.raw} could not be mended after a crash.", "See: exo doctor")
    if not _is_there(root, addition.raw, _PATIENCE if addition.start is None else _PATIENCE_BEFORE_MAKING):
        if addition.start is None:
            return None
        with suppress(NoteExistsError):
            create(root, addition.raw, addition.start.encode(), home)
    try:
        return _append(root, addition, ulid, home, in_doubt=outcome == "in doubt")
    except UnsuitableNoteError:
        return None


def _append(root: Path, addition: Addition, ulid: str, home: Path, *, in_doubt: bool) -> Appended:
    made_heading = False

    def appended(data: bytes) -> bytes:
        nonlocal made_heading
        if in_doubt and stands_in(data, addition.block):
            return data
        inserted = insertion(data, addition.raw, addition.heading, addition.block)
        made_heading = inserted.made_heading
        return inserted.into(data)

    edited = edit(root, addition.raw, appended, home, cause=ulid)
    notice = f"There was no heading “{addition.heading}” in it; there is one now." if made_heading else ""
    return Appended(root / edited.raw, " ".join((notice, *edited.warnings)).strip())


def _outcome(home: Path, ulid: str) -> str:
    try:
        return Originals(home, local_time).outcome(ulid)
    except OSError as error:
        raise VaultError(f"{home} can't be read: {error.strerror}.", "Make it readable to you.") from error


def _is_there(root: Path, raw: str, patience: float) -> bool:
    """Whether there is a note to write to; raises VaultError if it is closed to us."""
    deadline = time.monotonic() + patience
    while True:
        try:
            os.stat(root / raw)
            break
        except (FileNotFoundError, NotADirectoryError):
            if time.monotonic() > deadline:
                return False
            time.sleep(_PAUSE)
        except OSError as error:
            raise VaultError(f"{raw} can't be read: {error.strerror}.", "Make it readable to you.") from error
    if not os.access(root / raw, os.R_OK | os.W_OK):
        raise VaultError(f"{raw} can't be written to.", "Make it writable to you.")
    return True
