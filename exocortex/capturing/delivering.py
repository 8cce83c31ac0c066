"""Delivering: a captured text goes from the journal into a note, its own or one that there is, exactly once.

Whoever replays an entry, and however often that was begun: the note of its own bears its ULID, and of a text that went
into another note the writer's own record tells (`appending`).
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

from exocortex.capturing.appending import append, block_of, marks_of
from exocortex.capturing.destinations import INBOX, TODAY, Destination, find_note, todays
from exocortex.capturing.naming import paths_of
from exocortex.config import Config, Folder, ensure_home
from exocortex.core.errors import ConfigError, ExocortexError, UsageError, VaultError
from exocortex.core.ulid import ULID, make_ulid
from exocortex.storage import journal
from exocortex.storage.journal import Addition, Entry
from exocortex.storage.writing import NoteExistsError, create, digest, edit, mend, read_note, settle

if TYPE_CHECKING:
    from exocortex.storage.records import Record

_NOTE_SUFFIXES = (".md", ".markdown", ".txt")
_READ_BYTES = 1 << 20
_RULE = "---\n"
_FRONTMATTER = re.compile(r"---\n(?:.*\n)*?---\n")
_TAGS_FIELD = re.compile(r"^tags?[ \t]*:", re.MULTILINE)
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
    appended: bool = False
    """The note is one that has other texts in it."""
    notice: str = ""
    """What is otherwise than was asked for, in sentences."""


@dataclass(frozen=True, slots=True)
class _Done:
    """A text that is in a note."""

    path: Path
    appended: bool
    notice: str


def capture(
    config: Config,
    text: str,
    now: datetime,
    *,
    fields: Mapping[str, object] = MappingProxyType({}),
    tags: tuple[str, ...] = (),
    title: str = "",
    to: Destination | None = None,
    is_framed: bool = False,
    randomness: Callable[[int], bytes] = os.urandom,
) -> Captured:
    """Make a note of `text` in the inbox, or add it to the note `to`; when this returns it is on disk, or journalled.

    `now` has a time zone: the one that the note's name and date are in. `fields`, `tags` and `title` go into a new
    note's frontmatter, as JSON, which YAML reads; into that of the text if it `is_framed`, which is that it may begin
    with one. Raises UsageError for what can't be a note, ConfigError without a folder of notes, JournalError if nothing
    can be kept.
    """
    text = _checked(text)
    root = inbox_folder(config).root if to is None else to.folder.root
    ulid = make_ulid(int(now.timestamp() * 1000), randomness(10))
    given = {**({"title": title} if title else {}), **fields}
    opening = _FRONTMATTER.match(text) if is_framed else None
    body = text[opening.end() :] if opening else text
    note = _note(text, now, ulid, given, tags, opening)
    addition = None if to is None else _addition(_checked(body), now, tags, to)
    paths = tuple(paths_of(config.capture.inbox, now, body, ulid, title))
    ensure_home(config.home)
    entry = Entry(ulid, str(root), paths, digest(note.encode()), note, addition)
    with journal.write(config.home, entry) as record:
        return _deliver(config, record, entry, None)


def deliver(config: Config) -> list[Captured]:
    """Put what is left in the journal into notes; what can't be delivered says why, and never keeps the rest waiting.

    An entry counts as delivered if its note is there, or any note of that folder bears its ULID, moved or edited as it
    may be; one for a note that exists, if it was written into that. Safe in several processes at once. Raises
    JournalError if the journal can't be read.
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


def wanted(config: Config, to: str, now: datetime, cwd: Path) -> Destination | None:
    """What `inbox`, `today` or `NOTE[#HEADING]` names; None for the inbox.

    Raises UsageError if there is no such note, ConfigError if there is no folder of notes.
    """
    if to == INBOX:
        return None
    return todays(config, inbox_folder(config), now) if to == TODAY else find_note(config, to, cwd)


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
    """Carry it out, or find that done unless it is new (no `carriers`); the entry goes once its text is in a note."""
    root = Path(entry.root)
    folder = next((one.name for one in config.folders if one.root == root), "")
    done = None
    try:
        reason = _obstacle(root, folder)
        if not reason:
            done = _carried_out(root, entry, config.home, carriers)
    except VaultError as error:
        reason = error.message
    if done is None:
        return Captured(record.path, folder, entry.ulid, False, reason)
    with suppress(OSError):
        record.remove()
    return Captured(done.path, folder, entry.ulid, True, appended=done.appended, notice=done.notice)


def _carried_out(root: Path, entry: Entry, home: Path, carriers: Callable[[str], dict[str, str]] | None) -> _Done:
    """Where the text is; raises VaultError if it can't be anywhere now."""
    made = None if carriers is None else _made(root, entry, home)
    notice = ""
    if entry.addition is not None and made is None:
        appended = append(root, entry.addition, entry.ulid, home, is_new=carriers is None)
        if appended is not None:
            return _Done(appended.path, True, appended.notice)
        notice = f"{entry.addition.raw} is gone or can't take text, so this is a note of its own."
    if made is None and carriers is not None:
        made = _moved(root, entry, carriers)
    return _Done(made or _make(root, entry, home), False, notice)


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


def _note(
    text: str,
    now: datetime,
    ulid: str,
    fields: Mapping[str, object],
    tags: tuple[str, ...],
    opening: re.Match[str] | None,
) -> str:
    """The note of its own that a text becomes, its own frontmatter (`opening`) going on where ours ends."""
    if opening and tags and _TAGS_FIELD.search(opening[0]):
        text, tags = f"{text}\n{marks_of(tags)}\n", ()
    given = {**fields, **({"tags": list(tags)} if tags else {})}
    if opening:
        given = {name: value for name, value in given.items() if f"\n{name}:" not in opening[0]}
    head = [f"captured: {now.isoformat(timespec='seconds')}\n", f"id: {ulid}\n"]
    head += [f"{name}: {json.dumps(value, ensure_ascii=False)}\n" for name, value in given.items()]
    if opening:
        return f"---\n{''.join(head)}{text.removeprefix(_RULE)}"
    return f"---\n{''.join(head)}---\n\n{text}"


def _addition(text: str, now: datetime, tags: tuple[str, ...], to: Destination) -> Addition:
    """What is put into a note that exists: no frontmatter, which is a note's head."""
    return Addition(to.raw, to.heading, block_of(text, f"{now:%H:%M}", listed=to.listed, tags=tags), to.start)


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
