"""What is left out of the index: `.exoignore` files (gitignore syntax), the user's own patterns, and sane defaults."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from fnmatch import translate

FILE_NAME = ".exoignore"
DEFAULT_FOLDERS = ("node_modules", "__pycache__")
"""Besides every folder whose name starts with a dot (`.git .obsidian .trash .stfolder .venv` …)."""
DEFAULT_FILES = (
    *(".*.sw?", "*~", ".#*", "#*#", "4913", "*.tmp", "*.part"),  # what editors leave while they save
    *(".syncthing.*.tmp", "~syncthing~*", "*.icloud", ".~lock.*", "._*"),  # what synchronisers and other systems leave
    FILE_NAME,
)
_DEFAULT_FILE = re.compile("|".join(translate(pattern) for pattern in DEFAULT_FILES))


@dataclass(frozen=True, slots=True)
class Pattern:
    """One line of gitignore syntax, compiled."""

    regex: re.Pattern[str]
    ignores: bool
    """False for a line that begins with `!` and takes back what an earlier one ignored."""

    def matches(self, path: str, is_folder: bool) -> bool:
        """Whether it names this very entry (`path` is relative to the pattern's folder), not only one it lies in.

        The walk never enters an ignored folder, so an entry is judged by itself, as git does: a pattern that named its
        parent may have been taken back by a later one.
        """
        match = self.regex.search(f"{path}/" if is_folder else path)
        if match is None:
            return False
        if match.groupdict().get(_FOLDER_MARK) is None:
            return match.end() <= len(path)
        return match.start(_FOLDER_MARK) == len(path) or bool(is_folder and self.regex.match(f"{path}/", len(path)))


_FOLDER_MARK = "ps_d"
"""The group in pathspec's expressions that matches the slash after a folder's name."""


@dataclass(frozen=True, slots=True)
class Rules:
    """The patterns in force in one folder of the walk."""

    levels: tuple[tuple[int, tuple[Pattern, ...]], ...] = ()
    """(length of the prefix that paths lose, patterns), the deepest file's first; in each, the last line first."""

    def nested(self, prefix: str, patterns: tuple[Pattern, ...]) -> Rules:
        """These rules and, before them, those of an ignore file in folder `prefix` ("" or ending in `/`)."""
        return Rules(((len(prefix), patterns[::-1]), *self.levels)) if patterns else self

    def ignore(self, path: str, name: str, is_folder: bool) -> bool:
        """Whether the entry `name` at `path` (NFC, from the root) is left out; patterns win over the defaults."""
        for start, patterns in self.levels:
            for pattern in patterns:
                if pattern.matches(path[start:], is_folder):
                    return pattern.ignores
        if is_folder:
            return name.startswith(".") or name in DEFAULT_FOLDERS
        return _DEFAULT_FILE.match(name) is not None


def compile_patterns(lines: Iterable[str]) -> tuple[tuple[Pattern, ...], list[int]]:
    """Compile gitignore lines in order; also give the 1-based numbers of those that make no sense."""
    from pathspec import GitIgnoreSpec
    from pathspec.pattern import RegexPattern

    patterns: list[Pattern] = []
    wrong: list[int] = []
    for number, line in enumerate(lines, 1):
        try:
            compiled = list(GitIgnoreSpec.from_lines([_spelled_out(unicodedata.normalize("NFC", line))]).patterns)
        except ValueError:
            wrong.append(number)
            continue
        patterns += (
            Pattern(one.regex, one.include)
            for one in compiled
            if isinstance(one, RegexPattern) and one.regex is not None and one.include is not None
        )
    return tuple(patterns), wrong


def _spelled_out(line: str) -> str:
    """`a/**/` names folders below `a`, to git; to pathspec it names `a` as well, which `a/**/*/` doesn't."""
    bare = line.rstrip(" ")
    return f"{bare}*/" if bare.endswith("/**/") else line


def split_lines(content: bytes) -> list[str]:
    """The lines of an ignore file, whatever its line ends, its byte order mark and broken bytes put aside."""
    return content.decode("utf-8-sig", "replace").replace("\r\n", "\n").split("\n")
