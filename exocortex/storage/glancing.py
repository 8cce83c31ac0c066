"""The glance at single paths of a folder of notes: what lies there, judged by the same rules as the walk through all.

Costs what the paths cost, not the folder: a stat of each and of the folders on its way, and their ignore files.
"""

from __future__ import annotations

import os
import stat
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum

from exocortex.config import Folder
from exocortex.storage.ignoring import FILE_NAME as IGNORE_FILE
from exocortex.storage.ignoring import Rules
from exocortex.storage.walking import FileStat, file_stat, first_rules, inner_rules, is_note, is_utf8


class What(Enum):
    """What a glance can find."""

    NOTE = "a file that may be a note"
    OTHER = "a file without a parser"
    IGNORED = "left out by the rules"
    GONE = "nothing is there"
    LOST = "not even the folder is there"
    ODD = "a folder, a link, a pipe, an ignore file, something behind a link, or a name that is no UTF-8"
    UNCLEAR = "the system does not say"


@dataclass(frozen=True, slots=True)
class Sight:
    """What lies at a path."""

    raw: str
    path: str
    what: What
    file: FileStat | None = None
    """Only of notes."""
    links: int = 1
    """Names that a note's file has."""


class Glance:
    """Looks at single paths below a folder's root; for one use, since it remembers the rules it passed."""

    def __init__(self, folder: Folder, ignore_patterns: Iterable[str]) -> None:
        self._root = str(folder.root)
        self._passed: dict[str, Rules | What] = {}
        try:
            self._passed[""] = self._with_ignore_file(first_rules(ignore_patterns)[0], "", "")
        except OSError:
            self._passed[""] = What.UNCLEAR

    def at(self, raw: str) -> Sight:
        """What is at this path, relative and as the system spells it."""
        path = unicodedata.normalize("NFC", raw)
        prefix, slash, name = raw.rpartition("/")
        if "\0" in raw or not is_utf8(raw) or any(part in ("", ".", "..") for part in raw.split("/")):
            return Sight(raw, path, What.ODD)
        rules = self._reach(prefix + slash)
        if isinstance(rules, What):
            return Sight(raw, path, rules)
        try:
            status = os.lstat(f"{self._root}/{raw}")
        except (FileNotFoundError, NotADirectoryError):
            return Sight(raw, path, What.GONE)
        except OSError:
            return Sight(raw, path, What.UNCLEAR)
        return self._judge(raw, path, unicodedata.normalize("NFC", name), status, rules)

    def _judge(self, raw: str, path: str, name: str, status: os.stat_result, rules: Rules) -> Sight:
        is_folder = stat.S_ISDIR(status.st_mode)
        if name == IGNORE_FILE:
            return Sight(raw, path, What.ODD)
        if rules.ignore(path, name, is_folder):
            return Sight(raw, path, What.IGNORED)
        if not stat.S_ISREG(status.st_mode):
            return Sight(raw, path, What.ODD)
        if not is_note(name):
            return Sight(raw, path, What.OTHER)
        return Sight(raw, path, What.NOTE, file_stat(path, raw, status), status.st_nlink)

    def _reach(self, raw_prefix: str) -> Rules | What:
        """The rules in this folder, or what keeps the walk out of it."""
        known = self._passed.get(raw_prefix)
        if known is not None:
            return known
        here = ""
        rules = self._passed[""]
        for part in raw_prefix.split("/")[:-1]:
            if isinstance(rules, What):
                break
            here += f"{part}/"
            if here not in self._passed:
                self._passed[here] = self._enter(rules, here, part)
            rules = self._passed[here]
        return rules

    def _enter(self, rules: Rules, raw_prefix: str, name: str) -> Rules | What:
        prefix = unicodedata.normalize("NFC", raw_prefix)
        try:
            mode = os.lstat(f"{self._root}/{raw_prefix[:-1]}").st_mode
        except (FileNotFoundError, NotADirectoryError):
            mode = 0
        except OSError:
            return What.UNCLEAR
        if mode == 0 or stat.S_ISDIR(mode):
            if rules.ignore(prefix[:-1], unicodedata.normalize("NFC", name), True):
                return What.IGNORED
            return What.LOST if mode == 0 else self._with_rules_of(rules, raw_prefix, prefix)
        return What.ODD

    def _with_rules_of(self, rules: Rules, raw_prefix: str, prefix: str) -> Rules | What:
        try:
            return self._with_ignore_file(rules, raw_prefix, prefix)
        except OSError:
            return What.UNCLEAR

    def _with_ignore_file(self, rules: Rules, raw_prefix: str, prefix: str) -> Rules:
        if not os.path.lexists(f"{self._root}/{raw_prefix}{IGNORE_FILE}"):
            return rules
        return inner_rules(rules, self._root, raw_prefix, prefix)[0]
