"""Every setting, declared once: its default, what it means and what it may be. Knows nothing of files or flags."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from dataclasses import dataclass, field, fields
from typing import Any
from urllib.parse import urlsplit

from exocortex.core.date_format import is_format


def _setting(default: Any, meaning: str, expects: str, accepts: Callable[[Any], bool]) -> Any:
    return field(default=default, metadata={"meaning": meaning, "expects": expects, "accepts": accepts})


def _between(low: float, high: float) -> Callable[[float], bool]:
    return lambda value: math.isfinite(value) and low <= value <= high


def _plain(value: str) -> bool:
    return bool(value) and value.isprintable()


def _link_template(value: str) -> bool:
    parts = set(re.findall(r"{.*?}", value))
    return value.isprintable() and (not value or "{file}" in parts) and parts <= {"{file}", "{line}"}


def _any_bool(_value: bool) -> bool:
    return True


def _inner_path(value: str) -> bool:
    parts = value.split("/")
    return value.isprintable() and ".." not in parts and not value.startswith(("/", "~")) and "\\" not in value


def _server_url(value: str) -> bool:
    try:
        parts = urlsplit(value)
        reachable = bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False
    written = value.isprintable() and value.startswith(("http://", "https://")) and " " not in value
    return not value or (written and reachable)


def _date_format(value: str) -> bool:
    return value.isprintable() and ".." not in value and not value.startswith("/") and is_format(value)


_MODES = ("hybrid", "words", "meaning")
_WATCHES = ("auto", "poll", "off")
_BOOLEANS = {"true": True, "yes": True, "on": True, "1": True, "false": False, "no": False, "off": False, "0": False}


@dataclass(frozen=True, slots=True)
class IndexSettings:
    """`[index]`: which files become notes."""

    max_file_mb: float = _setting(
        5.0, "larger files are skipped, with a reason", "a number from 0.001 to 1000", _between(0.001, 1000)
    )
    ignore: tuple[str, ...] = _setting(
        (),
        "gitignore patterns for every folder, besides its .exoignore",
        "a list of patterns (in the environment, commas between them)",
        lambda patterns: all(map(_plain, patterns)),
    )

    @property
    def max_file_bytes(self) -> int:
        """The size limit in bytes; a megabyte is 1,000,000."""
        return int(self.max_file_mb * 1_000_000)


@dataclass(frozen=True, slots=True)
class EmbedderSettings:
    """`[embedder]`: what turns text into vectors."""

    name: str = _setting(
        "all-MiniLM-L6-v2",
        "which embedder; st:FOLDER or st:NAME: a sentence-transformers model on this machine, by its folder or by its"
        " name in the local cache",
        "a name",
        _plain,
    )
    threads: int = _setting(0, "threads it may use; 0: one a core", "a whole number from 0 to 256", _between(0, 256))


@dataclass(frozen=True, slots=True)
class SearchSettings:
    """`[search]`: how notes are found and shown."""

    mode: str = _setting("hybrid", "what to search by", f"one of {', '.join(_MODES)}", _MODES.__contains__)
    limit: int = _setting(10, "how many notes to show", "a whole number from 1 to 1000", _between(1, 1000))
    link: str = _setting(
        "file://{file}",
        "where a place shown in a terminal leads when clicked; empty: nowhere",
        "a text with {file}, and {line} if you like",
        _link_template,
    )
    reranker: str = _setting(
        "",
        "a cross-encoder on this machine, by its folder or by its name in the local cache, that puts the first notes in"
        " order; empty: none",
        "a text",
        str.isprintable,
    )


@dataclass(frozen=True, slots=True)
class OwnerSettings:
    """`[owner]`: the background process that holds the index for every command."""

    start: bool = _setting(
        True, "start it when a command needs the index; false: each command works alone", "true or false", _any_bool
    )
    idle_minutes: float = _setting(
        15.0, "it ends after so long without a request", "a number from 0.01 to 100000", _between(0.01, 100_000)
    )


@dataclass(frozen=True, slots=True)
class WatchSettings:
    """`[watch]`: how changes of the notes are noticed."""

    mode: str = _setting(
        "auto",
        "auto: by the system's events; poll: by looking every few seconds; off: when asked something",
        f"one of {', '.join(_WATCHES)}",
        _WATCHES.__contains__,
    )


@dataclass(frozen=True, slots=True)
class CaptureSettings:
    """`[capture]`: where captured thoughts go."""

    folder: str = _setting("", "name of the folder of notes; empty: the first", "a folder's name", str.isprintable)
    inbox: str = _setting("Inbox", "folder below it for new notes", "a path below the folder of notes", _inner_path)


@dataclass(frozen=True, slots=True)
class DailySettings:
    """`[daily]`: the note of each day. What is empty is as the vault's Obsidian has it, if it is one of those."""

    folder: str = _setting(
        "",
        "folder below the folder of notes; .: that folder itself; empty: as Obsidian has it, else Daily",
        "a path below the folder of notes",
        _inner_path,
    )
    format: str = _setting(
        "",
        "the file's name, as moment.js writes dates, / for subfolders; empty: as Obsidian has it, else YYYY-MM-DD",
        "a format such as YYYY/MM/YYYY-MM-DD",
        _date_format,
    )
    template: str = _setting(
        "",
        "what it is made of: a template in templates/ of the home; empty: as Obsidian has it, else nothing",
        "a template's name",
        str.isprintable,
    )
    heading: str = _setting("", "captured texts go below it; empty: the note's end", "a heading", str.isprintable)


@dataclass(frozen=True, slots=True)
class ScreenSettings:
    """`[screen]`: how the terminal UI looks. Which keys do what stands in keys.toml in the home."""

    theme: str = _setting(
        "exo-dark",
        "exo-dark, exo-light, exo-contrast, one of Textual's, or one of your own in themes/",
        "a name",
        _plain,
    )


@dataclass(frozen=True, slots=True)
class StoreSettings:
    """`[store]`: a Chroma server for the vectors, instead of a folder in the home."""

    url: str = _setting("", "the server; empty: none", "http://host:port or https://host:port", _server_url)
    token: str = _setting("", "sent as the header X-Chroma-Token", "a text", str.isprintable)
    tenant: str = _setting("default_tenant", "tenant on that server", "a name", _plain)
    database: str = _setting("default_database", "database on that server", "a name", _plain)


@dataclass(frozen=True, slots=True)
class ModelSettings:
    """`[model]`: the language model that writes answers."""

    name: str = _setting("", "which of `exo model list`; empty: none", "a model's name", str.isprintable)
    context: int = _setting(
        4096, "tokens that a prompt and its reply share", "a whole number from 512 to 1048576", _between(512, 1 << 20)
    )
    threads: int = _setting(
        0, "threads it may use; 0: one less than the cores", "a whole number from 0 to 256", _between(0, 256)
    )
    check_memory: bool = _setting(
        True, "refuse a model that is more than there is memory for", "true or false", _any_bool
    )
    url: str = _setting(
        "",
        "an OpenAI-compatible server instead (llama-server, Ollama, vLLM); empty: none",
        "http://host:port or https://host:port",
        _server_url,
    )
    server_model: str = _setting("", "the model's name on that server; empty: its only one", "a name", str.isprintable)
    token: str = _setting("", "sent to that server as a bearer token", "a text", str.isprintable)


@dataclass(frozen=True, slots=True)
class PrivacySettings:
    """`[privacy]`: what may leave the machine."""

    notes_leave_this_machine: bool = _setting(
        False, "allow servers on other machines, which then see what is in the notes", "true or false", _any_bool
    )


@dataclass(frozen=True, slots=True)
class Setting:
    """A field of a section, as loading and messages need it."""

    section: str
    key: str
    default: Any
    meaning: str
    expects: str
    accepts: Callable[[Any], bool]

    @property
    def name(self) -> str:
        """`section.key`."""
        return f"{self.section}.{self.key}"

    @property
    def variable(self) -> str:
        """Its name in the environment: `EXO_SECTION_KEY`."""
        return f"EXO_{self.section}_{self.key}".upper()

    def convert(self, value: object) -> Any:
        """The value in the setting's own type, from TOML or, if that is text, from text; raises ValueError."""
        kind = type(self.default)
        if kind is bool and isinstance(value, str):
            value = _BOOLEANS.get(value.strip().lower(), value)
        elif isinstance(value, str) and kind is not str:
            value = [part.strip() for part in value.split(",") if part.strip()] if kind is tuple else kind(value)
        if kind is tuple and isinstance(value, list | tuple) and all(isinstance(part, str) for part in value):
            value = tuple(value)
        elif kind is float and type(value) is int:
            value = float(value)
        if type(value) is not kind or not self.accepts(value):
            raise ValueError(value)
        return value


Section = (
    IndexSettings
    | EmbedderSettings
    | SearchSettings
    | OwnerSettings
    | WatchSettings
    | CaptureSettings
    | DailySettings
    | ScreenSettings
    | StoreSettings
    | PrivacySettings
    | ModelSettings
)

SECTIONS: dict[str, type[Section]] = {
    "index": IndexSettings,
    "embedder": EmbedderSettings,
    "search": SearchSettings,
    "owner": OwnerSettings,
    "watch": WatchSettings,
    "capture": CaptureSettings,
    "daily": DailySettings,
    "screen": ScreenSettings,
    "store": StoreSettings,
    "privacy": PrivacySettings,
    "model": ModelSettings,
}
SETTINGS = tuple(
    Setting(section, one.name, one.default, **one.metadata)
    for section, kind in SECTIONS.items()
    for one in fields(kind)
)
