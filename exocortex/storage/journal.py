"""Journal: captured texts that are not notes yet, one file each in `home/journal`, on disk before anybody is told so.

An entry says first where its note goes and how its bytes are known again, so that it can be replayed any number of
times. Knows nothing of what makes a note or of how it is delivered.
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
_SUFFIX = ".json"
_TEMPORARY = re.compile(re.escape(temporary_name("ULID")).replace("ULID", ULID.pattern))


@dataclass(frozen=True, slots=True)
class Entry:
    """A note to be made."""

    ulid: str
    root: str
    """The folder of notes, absolute."""
    paths: tuple[str, ...]
    """Where the note goes, relative to the root: the first of these that is free."""
    digest: str
    """Of the note's bytes."""
    note: str
    """All of the note's text."""

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
    data = json.dumps({"schema": _SCHEMA, "checksum": _checksum(fields), "entry": fields}, ensure_ascii=False).encode()
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
        if shape["schema"] == _SCHEMA and shape["checksum"] == _checksum(fields) and ULID.fullmatch(fields["ulid"]):
            return Entry(**{**fields, "paths": tuple(fields["paths"])})
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
