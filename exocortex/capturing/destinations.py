"""Destinations: which note is meant by what a person types, found by walking the folders, without an index."""

from __future__ import annotations

import os
import unicodedata
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from exocortex.capturing.daily import daily_note
from exocortex.config import Config, Folder
from exocortex.core.errors import UsageError, VaultError
from exocortex.storage.walking import SUFFIXES, scan

INBOX, TODAY = "inbox", "today"
"""Destinations that aren't the name of a note."""
_LISTED = 8
_HEAD_BYTES = 1 << 16
"""A title that stands farther down is not looked for."""
_MOST_HEADING = 300


@dataclass(frozen=True, slots=True)
class Destination:
    """A note that a text is added to."""

    folder: Folder
    raw: str
    """Relative to the folder."""
    heading: str = ""
    """What it goes below; empty: the end of the note."""
    listed: bool = False
    """Whether a single line becomes a list's item, with the time."""
    start: str | None = None
    """What the note is made of if it isn't there; None: it isn't made."""
    warnings: tuple[str, ...] = ()

    @property
    def path(self) -> Path:
        """Absolute."""
        return self.folder.root / self.raw


def todays(config: Config, folder: Folder, now: datetime) -> Destination:
    """Today's note in a folder of notes."""
    daily = daily_note(config, folder, now)
    return Destination(folder, daily.raw, daily.heading, True, daily.start, daily.warnings)


def find_note(config: Config, argument: str, cwd: Path) -> Destination:
    """The note meant by `NOTE` or `NOTE#heading`: a path, a title, an alias, or the stem of a file's name.

    Raises UsageError, listing what may be meant, if there is none or several are; VaultError if the folder is away and
    the note is not named by its path.
    """
    name, _, heading = argument.partition("#")
    whole = _at_path(config, argument, cwd) if heading else None
    if whole is not None:
        return Destination(*whole)
    heading = " ".join(heading.split()).strip("#")
    if heading and (not any(map(str.isalnum, heading)) or len(heading) > _MOST_HEADING or not heading.isprintable()):
        raise UsageError(f"{heading[:40]!r} can't be a heading.", "As in: exo capture --to 'Garden#Plans' …")
    folder, raw = _at_path(config, name, cwd) or _by_name(config, name)
    if heading and raw.lower().endswith(".txt"):
        raise UsageError(f"{raw} is plain text, which has no headings.", f"Say: --to '{raw}'")
    return Destination(folder, raw, heading)


def _at_path(config: Config, argument: str, cwd: Path) -> tuple[Folder, str] | None:
    """The note at this path: from the working directory, from a folder of notes, or `folder:path`."""
    if not argument or "\0" in argument:
        return None
    for folder in config.folders:
        with suppress(ValueError):
            inner = os.path.relpath(os.path.realpath(cwd / argument), folder.root)
            if not inner.startswith("..") and _is_note(folder, inner):
                return folder, inner
    named, colon, rest = argument.partition(":")
    for folder in config.folders:
        is_named = bool(colon) and named == folder.name
        path = rest if is_named else argument
        if _is_below(path):
            for raw in (path, f"{path}.md"):
                if _is_note(folder, raw):
                    return folder, raw
            if (is_named or len(config.folders) == 1) and _may_be_note(folder, path):
                return folder, path
    return None


def _is_below(raw: str) -> bool:
    return all(part not in ("", ".", "..") for part in raw.split("/"))


def _is_note(folder: Folder, raw: str) -> bool:
    return raw.lower().endswith(SUFFIXES) and _is_text(raw) and os.path.isfile(folder.root / raw)


def _may_be_note(folder: Folder, raw: str) -> bool:
    """Whether this is a note's path in a folder that is away, which can't be looked into now."""
    return raw.lower().endswith(SUFFIXES) and _is_text(raw) and not os.path.isdir(folder.root)


def _by_name(config: Config, argument: str) -> tuple[Folder, str]:
    named, colon, rest = argument.partition(":")
    folders = [folder for folder in config.folders if colon and folder.name == named]
    wanted = rest if folders else argument
    notes = list(_notes(config, folders or list(config.folders)))
    found = [one for one in notes if _is_called(one[1], _folded(wanted))] if wanted.strip() else []
    found = found or [one for one in notes if wanted.strip() and _is_titled(one, _folded(wanted))]
    if len(found) == 1:
        return found[0]
    if found:
        listed = "\n".join(_spelled(config, one) for one in found[:_LISTED])
        more = f"\n… and {len(found) - _LISTED} more" if len(found) > _LISTED else ""
        raise UsageError(f"{argument} may be {len(found)} notes; nothing was saved.", f"Say which:\n{listed}{more}")
    raise UsageError(f"There is no note {argument!r}; nothing was saved.", _near(config, wanted, notes))


def _notes(config: Config, folders: list[Folder]) -> Iterator[tuple[Folder, str]]:
    for folder in folders:
        if not os.path.isdir(folder.root):
            hint = "Name the note by its path, as in Plans/Garden.md: then the text waits until the folder is back."
            raise VaultError(f"{folder.root} is not there, so no note in it can be looked up.", hint)
        for file in scan(folder, config.index.ignore).files:
            if _is_text(file.raw):
                yield folder, file.raw


def _is_called(raw: str, wanted: str) -> bool:
    path = _folded(raw)
    spellings = (path, _bare(path))
    return any(spelling == wanted or spelling.endswith(f"/{wanted}") for spelling in spellings)


def _is_titled(note: tuple[Folder, str], wanted: str) -> bool:
    """Whether its title or an alias is this; parsed only if all words of that stand in it somewhere."""
    folder, raw = note
    try:
        with (folder.root / raw).open("rb") as file:
            head = file.read(_HEAD_BYTES)
        head = head if len(head) < _HEAD_BYTES else head[: head.rfind(b"\n") + 1]
    except OSError:
        return False
    text = _folded(head.decode(errors="replace"))
    if not all(word in text for word in wanted.split()):
        return False
    from exocortex.parsing import Unreadable, parse

    try:
        parsed = parse(head, raw)
    except Unreadable:
        return False
    return wanted in (_folded(parsed.title), *map(_folded, parsed.aliases))


def _near(config: Config, wanted: str, notes: list[tuple[Folder, str]]) -> str:
    from difflib import get_close_matches

    by_stem = {_bare(_folded(one[1])).rpartition("/")[2]: one for one in notes}
    within = [stem for stem in by_stem if _folded(wanted) and _folded(wanted) in stem]
    near = dict.fromkeys((*get_close_matches(_folded(wanted), by_stem, _LISTED), *sorted(within, key=len)))
    listed = "\n".join(_spelled(config, by_stem[stem]) for stem in list(near)[:_LISTED])
    return f"Did you mean:\n{listed}" if listed else "Name a note by its path, its title, or its file's name."


def _spelled(config: Config, note: tuple[Folder, str]) -> str:
    folder, raw = note
    return raw if len(config.folders) < 2 else f"{folder.name}:{raw}"


def _folded(text: str) -> str:
    return " ".join(unicodedata.normalize("NFC", unicodedata.normalize("NFC", text).casefold()).split())


def _bare(folded: str) -> str:
    return next((folded[: -len(suffix)] for suffix in SUFFIXES if folded.endswith(suffix)), folded)


def _is_text(raw: str) -> bool:
    try:
        raw.encode()
    except UnicodeEncodeError:
        return False
    return True
