"""Capturing: a thought becomes a note of its own, on disk before anybody is told so.

Needs no index and no owner. What can't become a note now (the folder is away, the disk is full) waits in the journal,
and each entry becomes a note exactly once, whoever replays it and however often that was begun.
"""

from __future__ import annotations

import json
import os
import re
import unicodedata
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

from exocortex.config import Config, Folder, ensure_home
from exocortex.core.errors import ConfigError, ExocortexError, UsageError, VaultError
from exocortex.core.ulid import ULID, make_ulid
from exocortex.storage import journal
from exocortex.storage.journal import Entry
from exocortex.storage.writing import NoteExistsError, create, digest, edit, mend, read_note, settle

if TYPE_CHECKING:
    from exocortex.storage.records import Record

_WORDS_BYTES = 60
_NOTE_SUFFIXES = (".md", ".markdown", ".txt")
_NEVER_IN_NAMES = re.compile(r'[/\\:*?"<>|#^\[\]]')
_JOINERS = "\u200c\u200d"
"""Without width but part of words in Persian, Hindi and of most emoji."""
_READ_BYTES = 1 << 20
_ULID = re.compile(ULID.pattern.encode())
_NOTHING_SAVED = "Nothing was saved; the text is still where it came from."


@dataclass(frozen=True, slots=True)
class Captured:
    """What became of a captured text."""

    path: Path
    """The note, absolute; if it isn't delivered, the journal's file that holds the text."""
    folder: str
    """Name of the folder of notes; empty if that isn't known."""
    ulid: str
    delivered: bool
    reason: str = ""
    """Why it isn't, as the rest of a sentence."""


def capture(
    config: Config,
    text: str,
    now: datetime,
    *,
    fields: Mapping[str, object] = MappingProxyType({}),
    randomness: Callable[[int], bytes] = os.urandom,
) -> Captured:
    """Make a note of `text` in the inbox; when this returns the text is on disk, as a note or in the journal.

    `now` has a time zone: the one that the note's name and date are in. `fields` go into its frontmatter, as JSON,
    which YAML reads. Raises UsageError for what can't be a note, ConfigError without a folder of notes, JournalError
    if nothing can be kept.
    """
    text = _checked(text)
    folder = inbox_folder(config)
    ulid = make_ulid(int(now.timestamp() * 1000), randomness(10))
    head = {"captured": now.isoformat(timespec="seconds"), "id": ulid}
    lines = [f"{name}: {value}\n" for name, value in head.items()]
    lines += [f"{name}: {json.dumps(value, ensure_ascii=False)}\n" for name, value in fields.items()]
    note = f"---\n{''.join(lines)}---\n\n{text}"
    paths = tuple(_paths(config.capture.inbox, now, text, ulid))
    ensure_home(config.home)
    entry = Entry(ulid, str(folder.root), paths, digest(note.encode()), note)
    with journal.write(config.home, entry) as record:
        return _deliver(config, record, entry, None)


def deliver(config: Config) -> list[Captured]:
    """Make notes of what is left in the journal; what can't be delivered says why, and never keeps the rest waiting.

    An entry counts as delivered if its note is there, or any note of that folder bears its ULID, moved or edited as it
    may be. Safe in several processes at once. Raises JournalError if the journal can't be read.
    """
    with suppress(VaultError):
        mend(config.home)
    journal.sweep(config.home)
    found: dict[str, dict[str, str]] = {}

    def carriers(root: str) -> dict[str, str]:
        if root not in found:
            found[root] = dict(_carriers(root))
        return found[root]

    replayed = (_replay(config, path, carriers) for path in journal.left(config.home))
    return [captured for captured in replayed if captured is not None]


def waiting(config: Config) -> bool:
    """Whether the journal holds anything, if only what another process is at work on; raises JournalError."""
    return bool(journal.left(config.home) or journal.unfinished(config.home))


def inbox_folder(config: Config) -> Folder:
    """The folder of notes that captured texts go to; raises ConfigError if there is none."""
    wanted = config.capture.folder
    for folder in config.folders:
        if not wanted or folder.name == wanted:
            return folder
    if config.folders:
        known = ", ".join(folder.name for folder in config.folders)
        raise ConfigError(f"capture.folder is {wanted!r}, but there is no folder of that name.", f"There are: {known}")
    raise ConfigError("There is no folder of notes yet.", "Type: exo init ~/notes")


def _replay(config: Config, path: Path, carriers: Callable[[str], dict[str, str]]) -> Captured | None:
    """What becomes of one entry; None while somebody else is at work on it."""
    try:
        record = journal.claim(path)
        if record is None:
            return None
        with record:
            return _deliver(config, record, journal.read(record), carriers)
    except ExocortexError as error:
        return Captured(path, "", path.stem, False, error.message)


def _deliver(
    config: Config, record: Record, entry: Entry, carriers: Callable[[str], dict[str, str]] | None
) -> Captured:
    """Make the note, or find it made unless it is new (no `carriers`); the entry goes once the note is on disk."""
    root = Path(entry.root)
    folder = next((one.name for one in config.folders if one.root == root), "")
    try:
        reason = _obstacle(root, folder)
        path = None
        if not reason and carriers is not None:
            path = _made(root, entry, config.home) or _moved(root, entry, carriers)
        if not reason and path is None:
            path = _make(root, entry, config.home)
    except VaultError as error:
        path, reason = None, error.message
    if path is None:
        return Captured(record.path, folder, entry.ulid, False, reason)
    with suppress(OSError):
        record.remove()
    return Captured(path, folder, entry.ulid, True)


def _obstacle(root: Path, folder: str) -> str:
    if not folder:
        return f"{root} is not among the folders of notes any more"
    if not os.path.isdir(root):  # Path.is_dir raises where a folder on the way is closed to us
        return f"{root} is not there"
    return "" if os.access(root, os.W_OK | os.X_OK) else f"{root} can't be written to"


def _made(root: Path, entry: Entry, home: Path) -> Path | None:
    """Where the entry's note was made before, if it is still as made; one half made (without links) is completed."""
    data = entry.data
    for raw in entry.paths:
        with suppress(VaultError):
            there = read_note(root, raw)
            if there is None:
                continue
            if entry.ulid.encode() in there and there != data and data.startswith(there):
                edit(root, raw, lambda old: data if data.startswith(old) else old, home)
                there = read_note(root, raw)
            if there == data:
                settle(root, raw)
                return root / raw
    return None


def _moved(root: Path, entry: Entry, carriers: Callable[[str], dict[str, str]]) -> Path | None:
    raw = carriers(entry.root).get(entry.ulid)
    if raw is None:
        return None
    settle(root, raw)
    return root / raw


def _make(root: Path, entry: Entry, home: Path) -> Path:
    for raw in entry.paths:
        with suppress(NoteExistsError):
            return create(root, raw, entry.data, home)
    raise VaultError(f"{entry.paths[-1]} exists already.", "Move it away.")


def _carriers(root: str) -> Iterator[tuple[str, str]]:
    """Every ULID in the notes below a folder, with the note's path; what can't be read is passed over."""
    for here, _, names in os.walk(root):
        for name in names:
            if not name.lower().endswith(_NOTE_SUFFIXES):
                continue
            path = os.path.join(here, name)
            with suppress(OSError):
                for ulid in _ulids_in(path):
                    yield ulid.decode(), os.path.relpath(path, root)


def _ulids_in(path: str) -> Iterator[bytes]:
    flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
    with open(os.open(path, flags), "rb") as file:
        rest = b""
        while part := file.read(_READ_BYTES):
            yield from _ULID.findall(rest + part)
            rest = part[-25:]


def _checked(text: str) -> str:
    """The text with `\\n` at the end of each line; raises UsageError if it can't be a note."""
    if not text.strip():
        raise UsageError("There is no text to capture.", _NOTHING_SAVED)
    if "\0" in text:
        raise UsageError("This is not text: it has zero bytes in it.", _NOTHING_SAVED)
    try:
        text.encode()
    except UnicodeEncodeError:
        raise UsageError("The text is not valid UTF-8.", f"Convert it first, as with iconv. {_NOTHING_SAVED}") from None
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    return text if text.endswith("\n") else text + "\n"


def _paths(inbox: str, now: datetime, text: str, ulid: str) -> Iterator[str]:
    """Where the note may go: its own name, the same with a part of its ULID, with all of it."""
    folder = "".join(f"{part}/" for part in inbox.split("/") if part not in ("", "."))
    stem = f"{now:%Y-%m-%d %H%M} {_first_words(text)}".rstrip()
    for tail in ("", f" {ulid[-6:]}", f" {ulid}"):
        yield f"{folder}{stem}{tail}.md"


def _first_words(text: str) -> str:
    """What a file may be called after a text on any system: 60 bytes at most, cut between words where there are any."""
    first = next((words for line in text.split("\n") if (words := _safe_words(line))), "")
    cut = first.encode()[:_WORDS_BYTES].decode(errors="ignore")
    if cut != first and unicodedata.combining(first[len(cut)]):
        cut = cut[:-1]
    if cut != first and " " in cut and first[len(cut)] != " ":
        cut = cut.rpartition(" ")[0]
    return cut.strip(f" .-{_JOINERS}")


def _safe_words(line: str) -> str:
    kept = (
        " " if character.isspace() else character
        for character in _NEVER_IN_NAMES.sub(" ", unicodedata.normalize("NFC", line[:1000]))
        if character.isspace() or character in _JOINERS or not unicodedata.category(character).startswith("C")
    )
    return " ".join("".join(kept).split()).strip(f" .-{_JOINERS}")
