"""Journal: captured texts that are in no note yet, one file each in `home/journal`, on disk before anybody is told so.

An entry says first where its note goes and how its bytes are known again, so that it can be replayed any number of
times; one for a note that exists says where in it the text goes, and keeps the note that it becomes otherwise. Knows
nothing of what makes a note or of how it is delivered.
"""

from __future__ import annotations

import json
import os
import re
from contextlib import suppress
from dataclasses import asdict, dataclass
from hashlib import blake2b
from pathlib import Path
from typing import Any

from exocortex.core.errors import ExocortexError
from exocortex.core.ulid import ULID
from exocortex.storage.records import Record, temporary_name

FOLDER = "journal"
_SCHEMA = 1
_SCHEMA_OF_ADDITIONS = 2
"""Told apart, so that a version that knows only notes leaves additions alone."""
_SUFFIX = ".json"
_TEMPORARY = re.compile(re.escape(temporary_name("ULID")).replace("ULID", ULID.pattern))


@dataclass(frozen=True, slots=True)
class Addition:
    """Where a text goes in a note that exists."""

    raw: str
    """The note, relative to the root."""
    heading: str
    """What the text goes below, as in a link to it; empty: the end of the note."""
    block: str
    """The lines to put there, `\\n` between them."""
    start: str | None = None
    """What the note is made of if there is none; None: it isn't made."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A note to be made, or a text to be added to one."""

    ulid: str
    root: str
    """The folder of notes, absolute."""
    paths: tuple[str, ...]
    """Where the note goes, relative to the root: the first of these that is free."""
    digest: str
    """Of the note's bytes."""
    note: str
    """All of the note's text."""
    addition: Addition | None = None
    """Then the note is made only if the other one can't take the text."""

    @property
    def data(self) -> bytes:
        """The note's bytes."""
        return self.note.encode()


class JournalError(ExocortexError):
    """A captured text can't be put on disk: whoever has it must keep it."""

    kind = "journal"


class DamagedEntryError(JournalError):
    """An entry isn't what was written; it is left as it is, for a person to look at."""

    kind = "damaged"


def write(home: Path, entry: Entry) -> Record:
    """Put an entry on disk; it stays locked until the record is closed. Raises JournalError, nothing being kept."""
    fields = asdict(entry)
    if entry.addition is None:
        del fields["addition"]
    schema = _SCHEMA if entry.addition is None else _SCHEMA_OF_ADDITIONS
    data = json.dumps({"schema": schema, "checksum": _checksum(fields), "entry": fields}, ensure_ascii=False).encode()
    try:
        return Record.write(home / FOLDER / f"{entry.ulid}{_SUFFIX}", data)
    except OSError as error:
        raise JournalError(
            f"The text can't be kept: {home} can't be written: {error.strerror}.",
            "Make room or make it writable, then capture the text again; copy it now.",
        ) from error


def left(home: Path) -> list[Path]:
    """The entries that are there, the oldest first, whoever is at work on them; raises JournalError."""
    return [home / FOLDER / name for name in _names(home) if name.endswith(_SUFFIX)]


def unfinished(home: Path) -> list[Path]:
    """What is being written, or was when its writer died; raises JournalError."""
    return [home / FOLDER / name for name in _names(home) if _TEMPORARY.fullmatch(name)]


def sweep(home: Path) -> None:
    """Take away what writers that died left unfinished, which nobody was told is kept; raises JournalError."""
    for path in unfinished(home):
        with suppress(OSError):
            record = Record.claim(path)
            if record is not None:
                with record:
                    record.remove()


def claim(path: Path) -> Record | None:
    """An entry, locked until it is closed; None if somebody else is at work on it. Raises JournalError."""
    try:
        return Record.claim(path)
    except OSError as error:
        raise JournalError(f"{path} can't be read: {error.strerror}.", "Look at it yourself.") from error


def read(record: Record) -> Entry:
    """What an entry says; raises DamagedEntryError if that isn't what was written."""
    try:
        shape = json.loads(record.read())
        fields = shape["entry"]
        known = shape["schema"] == (_SCHEMA_OF_ADDITIONS if "addition" in fields else _SCHEMA)
        if known and shape["checksum"] == _checksum(fields) and ULID.fullmatch(fields["ulid"]):
            addition = Addition(**fields["addition"]) if "addition" in fields else None
            return Entry(**{**fields, "paths": tuple(fields["paths"]), "addition": addition})
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        pass
    raise DamagedEntryError(
        f"{record.path} is damaged: its text can't be made a note as it is.",
        "Its text may still be read in that file; copy it, then remove the file.",
    )


def _names(home: Path) -> list[str]:
    try:
        return sorted(os.listdir(home / FOLDER))
    except FileNotFoundError:
        return []
    except OSError as error:
        raise JournalError(f"{home / FOLDER} can't be read: {error.strerror}.", "Make it readable to you.") from error


def _checksum(fields: Any) -> str:
    return blake2b(json.dumps(fields, sort_keys=True).encode(), digest_size=16).hexdigest()
