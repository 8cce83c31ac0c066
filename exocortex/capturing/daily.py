"""Daily: which note is today's, as the settings have it or, where they are silent, as the vault's Obsidian has it.

Obsidian's settings are read and never written. What of them isn't understood is told, and the default takes its place:
a thought must not wait for a setting.
"""

from __future__ import annotations

import json
import os
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from exocortex.capturing.templates import Values, fill, read_template, template_of
from exocortex.config import Config, Folder, ensure_home
from exocortex.core.date_format import UnknownTokenError, format_date
from exocortex.core.errors import ExocortexError
from exocortex.storage.writing import NoteExistsError, create, read_note

FOLDER, FORMAT = "Daily", "YYYY-MM-DD"
_OBSIDIAN = ".obsidian"
_SETTINGS = f"{_OBSIDIAN}/daily-notes.json"
_OWN = "Set [daily] folder and format in config.toml."
_NAME_BYTES = 250


@dataclass(frozen=True, slots=True)
class Daily:
    """A day's note, be it there or not."""

    folder: Folder
    raw: str
    """Relative to the folder."""
    start: str
    """What it is made of."""
    heading: str
    """What texts go below in it; empty: its end."""
    warnings: tuple[str, ...] = ()

    @property
    def path(self) -> Path:
        """Absolute."""
        return self.folder.root / self.raw


@dataclass(frozen=True, slots=True)
class _Wishes:
    """Where daily notes lie and what they are called."""

    folder: str
    format: str
    template: str = ""
    """The path of a note; empty: none."""
    warnings: tuple[str, ...] = ()


def daily_note(config: Config, folder: Folder, now: datetime) -> Daily:
    """The note of the day of `now`, in this folder of notes."""
    own = config.daily
    obsidian = _obsidian(folder.root)
    place = own.folder or obsidian.folder
    raw, complaint = _raw(place, own.format or obsidian.format, now)
    said = list(obsidian.warnings)
    if complaint:
        said.append(complaint)
    start = ""
    try:
        start = _start(config, folder.root, "" if own.template else obsidian.template, raw, now)
    except ExocortexError as error:
        said.append(f"Today's note is made without its template. {error.told}")
    return Daily(folder, raw, start, own.heading, tuple(said))


def make(daily: Daily, home: Path) -> bool:
    """See to it that the note is there; whether it had to be made. Raises VaultError, ConfigError."""
    if os.path.exists(daily.path):
        return False
    ensure_home(home)
    try:
        create(daily.folder.root, daily.raw, daily.start.encode(), home)
    except NoteExistsError:
        return False
    return True


def _obsidian(root: Path) -> _Wishes:
    """What Obsidian would do; our default for a folder that isn't a vault of its."""
    if not (root / _OBSIDIAN).is_dir():
        return _Wishes(FOLDER, FORMAT)
    data = None
    with suppress(ExocortexError):
        data = read_note(root, _SETTINGS)
    if data is None and not (root / _SETTINGS).exists():
        return _Wishes(".", FORMAT)
    try:
        shape = json.loads(data or b"")
        texts = [str(shape.get(key) or "") for key in ("folder", "format", "template")]
    except (ValueError, AttributeError):
        return _Wishes(FOLDER, FORMAT, warnings=(f"{_SETTINGS} can't be read; {FOLDER}/{FORMAT} is used. {_OWN}",))
    return _Wishes(texts[0] or ".", texts[1] or FORMAT, texts[2])


def _raw(folder: str, pattern: str, now: datetime) -> tuple[str, str]:
    """The note's path, and what was wrong with the wishes."""
    parts = [part for part in folder.split("/") if part not in ("", ".")]
    complaint = ""
    if not all(map(_is_name, parts)):
        parts, complaint = [FOLDER], f"The folder {folder!r} of daily notes can't be used; {FOLDER} is. {_OWN}"
    try:
        names = format_date(now, pattern).removesuffix(".md").split("/")
    except UnknownTokenError as error:
        names, what = [], f"{error} in the format {pattern!r} of daily notes is not understood"
    else:
        what = f"The format {pattern!r} of daily notes gives no name for a file"
    if not names or not all(map(_is_name, names)):
        names, complaint = [format_date(now, FORMAT)], f"{what}; {FORMAT} is used. {_OWN}"
    return "/".join((*parts, *names)) + ".md", complaint


def _is_name(part: str) -> bool:
    is_plain = part.isprintable() and part == part.strip() and "\\" not in part
    return bool(part) and is_plain and part not in (".", "..") and len(part.encode(errors="replace")) <= _NAME_BYTES


def _start(config: Config, root: Path, template: str, raw: str, now: datetime) -> str:
    """What the note begins as; raises ExocortexError if its template can't be used."""
    title = raw.rpartition("/")[2].removesuffix(".md")
    own = config.daily.template
    if own:
        return _filled(read_template(config.home, own), now, title, f"The template {own}")
    if not template:
        return ""
    path = template.strip("/").removesuffix(".md") + ".md"
    data = read_note(root, path)
    if data is None:
        raise ExocortexError(f"{path} is not there.", f"It is named in {_SETTINGS}.")
    return _filled(template_of(data, path), now, title, path, strict=False)


def _filled(template: str, now: datetime, title: str, where: str, *, strict: bool = True) -> str:
    return fill(template, Values(now, title), where, strict=strict).text
