"""config.toml as text: which line sets what, and edits that leave everything else as the user wrote it.

Knows nothing of settings. Lines are found by feeding the TOML parser one statement at a time, so there is no second
parser to disagree with it.
"""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from exocortex.core.errors import ConfigError

FILE_NAME = "config.toml"
_MAX_BYTES = 1_000_000
_BYTE_ORDER_MARK = "\ufeff"


@dataclass(frozen=True, slots=True)
class ConfigFile:
    """The file as read; an absent one is empty."""

    path: Path
    text: str
    data: Mapping[str, Any]
    lines: Mapping[str, int]
    """1-based line of `section`, `section.key`, `folders.0`, `folders.0.path` …"""

    def where(self, name: str) -> str:
        """`config.toml line 7`: what sets `name`, or else what it lies in."""
        while name not in self.lines and "." in name:
            name = name.rpartition(".")[0]
        return f"{FILE_NAME} line {self.lines.get(name, 1)}"


@dataclass(frozen=True, slots=True)
class _Statement:
    """A header or a key with its value; `first` and `last` are 0-based lines."""

    first: int
    last: int
    is_header: bool
    is_array: bool
    data: Mapping[str, Any]


def read_config_file(home: Path) -> ConfigFile:
    """Read `home/config.toml`; raises ConfigError with the line if it can't be read or isn't TOML."""
    path = home / FILE_NAME
    try:
        with path.open("rb") as file:
            content = file.read(_MAX_BYTES + 1)
    except FileNotFoundError:
        return ConfigFile(path, "", {}, {})
    except OSError as error:
        raise ConfigError(f"{path} can't be read: {error.strerror}.", f"Look at it with: ls -l '{path}'") from error
    if len(content) > _MAX_BYTES:
        raise ConfigError(f"{path} is larger than 1 MB.", "Settings are a few lines; move that file away.")
    try:
        text = content.decode("utf-8")
        return ConfigFile(path, text, _parse(text), _lines(text))
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise ConfigError(f"{path} line {line}: this is not UTF-8.", "Save it as UTF-8.") from error
    except tomllib.TOMLDecodeError as error:
        raise _syntax_error(path, text, error) from error


def with_folder(file: ConfigFile, name: str, root: str) -> str:
    """The text with one more `[[folders]]` block at its end."""
    return _with_block(file.text, ("[[folders]]", f"name = {_quoted(name)}", f"path = {_quoted(root)}"))


def without_folder(file: ConfigFile, index: int) -> str:
    """The text without its `index`-th `[[folders]]` block; the comments around it stay."""
    lines = file.text.split("\n")
    statements = list(_statements(file.text))
    heads = [at for at, one in enumerate(statements) if one.is_array and "folders" in one.data]
    if index >= len(heads):
        return file.text
    inside = [statements[heads[index]]]
    for statement in statements[heads[index] + 1 :]:
        if statement.is_header:
            break
        inside.append(statement)
    first, after = inside[0].first, inside[-1].last + 1
    if first > 0 and not lines[first - 1].strip(f" \t\r{_BYTE_ORDER_MARK}") and not "".join(lines[after:][:1]).strip():
        first -= 1
    return "\n".join(lines[:first] + lines[after:])


def with_text(file: ConfigFile, section: str, key: str, value: str) -> str:
    """The text with `key` of `[section]` set to `value`, in its own line if it has one; the comment beside it stays."""
    end = "\r" if "\r\n" in file.text else ""
    here: tuple[str, ...] = ()
    for statement in _statements(file.text):
        path = list(_paths(statement.data))[-1]
        if statement.is_header:
            here = path
            if here == (section,) and f"{section}.{key}" not in file.lines:
                after = statement.last + 1
                return _with_line(file.text, after, after, f"{key} = {_quoted(value)}{end}")
        elif (*here, *path) == (section, key):
            line = f"{'.'.join(path)} = {_quoted(value)}{_comment(file.text, statement)}"
            return _with_line(file.text, statement.first, statement.last + 1, line)
    return _with_block(file.text, (f"[{section}]", f"{key} = {_quoted(value)}"))


def write_config_file(file: ConfigFile, text: str, data: Mapping[str, Any]) -> None:
    """Replace the file by `text`, atomically and 0600; a link to it keeps pointing at the new one.

    Raises ConfigError, and changes nothing, if `text` doesn't mean exactly `data` or can't be written.
    """
    if not _means(text, data):
        raise ConfigError(f"{file.path} is written in a way that can't be edited safely.", "Edit it by hand.")
    target = Path(os.path.realpath(file.path))
    try:
        _replace(target, text.encode("utf-8"))
    except OSError as error:
        raise ConfigError(f"{file.path} can't be written: {error.strerror}.", "Nothing was changed.") from error


def _with_block(text: str, block: tuple[str, ...]) -> str:
    """The text with these lines at its end, an empty one before them."""
    end = "\r\n" if "\r\n" in text else "\n"
    if text.strip(f"{_BYTE_ORDER_MARK}\r\n"):
        text = text + end * (not text.endswith("\n")) + end
    return text + end.join((*block, ""))


def _with_line(text: str, first: int, after: int, line: str) -> str:
    """The text with a line in place of those from `first` to before `after`."""
    lines = text.split("\n")
    return "\n".join([*lines[:first], line, *lines[after:]])


def _comment(text: str, statement: _Statement) -> str:
    """What follows a statement on its last line, the space before it included."""
    lines = text.split("\n")[statement.first : statement.last + 1]
    whole = "\n".join(lines)
    for at in range(len(whole) - len(lines[-1]), len(whole)):
        if whole[at] == "#" and _means(whole[:at], statement.data):
            return whole[len(whole[:at].rstrip()) :]
    return "\r" if whole.endswith("\r") else ""


def _replace(target: Path, content: bytes) -> None:
    import tempfile

    fd, name = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.")
    try:
        with open(fd, "wb") as temporary:
            temporary.write(content)
            temporary.flush()
            os.fsync(fd)
        os.replace(name, target)
    except BaseException:
        os.unlink(name)
        raise
    folder = os.open(target.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def _means(text: str, data: Mapping[str, Any]) -> bool:
    try:
        return _parse(text) == data
    except tomllib.TOMLDecodeError:
        return False


def _parse(text: str) -> dict[str, Any]:
    return tomllib.loads(text.removeprefix(_BYTE_ORDER_MARK))


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return '"' + re.sub("[\x00-\x1f\x7f]", lambda match: f"\\u{ord(match.group()):04x}", escaped) + '"'


def _statements(text: str) -> Iterator[_Statement]:
    lines = [line.rstrip("\r") for line in text.removeprefix(_BYTE_ORDER_MARK).split("\n")]
    at = 0
    while at < len(lines):
        start = lines[at].lstrip(" \t")
        if not start or start.startswith("#"):
            at += 1
            continue
        last, data = _whole_statement(lines, at)
        yield _Statement(at, last, start.startswith("["), start.startswith("[["), data)
        at = last + 1


def _whole_statement(lines: list[str], first: int) -> tuple[int, dict[str, Any]]:
    """Take lines until they parse: a statement ends where its first complete prefix does."""
    for last in range(first, len(lines)):
        if last > first and not any(mark in lines[last] for mark in ("]", '"""', "'''")):
            continue
        try:
            return last, tomllib.loads("\n".join(lines[first : last + 1]))
        except tomllib.TOMLDecodeError:
            continue
    return len(lines) - 1, {}


def _lines(text: str) -> dict[str, int]:
    lines: dict[str, int] = {}
    counts: dict[str, int] = {}
    prefix: tuple[str, ...] = ()
    for statement in _statements(text):
        paths = list(_paths(statement.data))
        if statement.is_header:
            prefix = paths[-1]
            if statement.is_array:
                count = counts.get(".".join(prefix), 0)
                counts[".".join(prefix)] = count + 1
                prefix = (*prefix, str(count))
            paths = [prefix]
        else:
            paths = [(*prefix, *path) for path in paths]
        for path in paths:
            lines.setdefault(".".join(path), statement.first + 1)
    return lines


def _paths(data: Mapping[str, Any]) -> Iterator[tuple[str, ...]]:
    """Every key of nested tables, outermost first."""
    for key, value in data.items():
        yield (key,)
        if isinstance(value, Mapping):
            yield from ((key, *inner) for inner in _paths(value))


def _syntax_error(path: Path, text: str, error: tomllib.TOMLDecodeError) -> ConfigError:
    found = re.search(r"\(at line (\d+), column \d+\)$", str(error))
    line = int(found.group(1)) if found else text.count("\n") + 1
    what = re.sub(r" \(at .*\)$", "", str(error))
    return ConfigError(f"{path} line {line}: {what}.", "See https://toml.io for how values are written.")
