"""Frontmatter: the YAML fields at the head of a note, read as plain text. Constructs no objects, follows no aliases."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import yaml

MAX_CHARACTERS = 64 * 1024
_MAX_DEPTH = 20
_MAX_WARNINGS = 5
_OPENING = re.compile(r"---[ \t]*(?:\r\n?|\n)")
_CLOSING = re.compile(r"[\r\n](?:---|\.\.\.)[ \t]*(?:\r\n?|\n|\Z)")
_FIELD = re.compile(r"""["']?([^\s"'#:,\[\]{}-][^"':\r\n]{0,100}?)["']?[ \t]*:(?:[ \t]+(.*)|[ \t]*)$""")
_ITEM = re.compile(r"[ \t]*-[ \t]+(.+)$")
_LIKE_A_FIELD = re.compile(r"""(?:\s*#[^\r\n]*[\r\n])*\s*["']?[^\s"'#:][^":\r\n]{0,100}:(?:[ \t]|[\r\n]|\Z)""")
_BRACKETS = re.compile(r"[\[\]{}]")
_NULLS = frozenset({"", "~", "null", "Null", "NULL"})
_WORDS = re.compile(r"[,\s]+")


@dataclass(frozen=True, slots=True)
class Frontmatter:
    """The fields of a note and where its body begins."""

    end: int
    """Offset of the first line after the closing `---`; 0 if there is no frontmatter."""
    properties: tuple[tuple[str, str], ...] = ()
    """As in ParsedNote: lower-case keys, lists as repeated pairs, nested maps as `a.b`; empty values left out."""
    warnings: tuple[str, ...] = ()

    def first(self, key: str) -> str | None:
        """The first value of a field, or None."""
        return next((value for name, value in self.properties if name == key), None)

    def tags(self) -> Iterator[str]:
        """Values of `tags` and `tag`, as a list or as one text separated by commas or spaces."""
        for key, value in self.properties:
            if key in ("tags", "tag"):
                yield from filter(None, _WORDS.split(value))

    def aliases(self) -> tuple[str, ...]:
        """Values of `aliases` and `alias`, as a list or as one text separated by commas."""
        values = [value for key, value in self.properties if key in ("aliases", "alias")]
        parts = values if len(values) > 1 else [part for value in values for part in value.split(",")]
        return tuple(dict.fromkeys(part.strip() for part in parts if part.strip()))


def read_frontmatter(text: str) -> Frontmatter:
    """Read the block between `---` lines at the very start of `text`; a lone `---` there is a rule, not frontmatter."""
    opening = _OPENING.match(text)
    if opening is None:
        return Frontmatter(0)
    fields_like = _LIKE_A_FIELD.match(text, opening.end(), opening.end() + 1000) is not None
    closing = _CLOSING.search(text, opening.end() - 1)
    if closing is None:
        return Frontmatter(0, warnings=("frontmatter has no closing ---",) if fields_like else ())
    source = text[opening.end() : closing.start() + 1]
    if len(source) > MAX_CHARACTERS:
        return _too_long(source, closing.end()) if fields_like else Frontmatter(0)
    return _read(source, closing.end(), fields_like)


def _read(source: str, end: int, fields_like: bool) -> Frontmatter:
    import yaml

    reader = _Reader()
    try:
        _check_depth(source)
        is_fields = reader.read(_events(source))
    except (yaml.YAMLError, ValueError) as error:
        if not fields_like:
            return Frontmatter(0)
        mark = getattr(error, "problem_mark", None)
        where = f" (line {mark.line + 2})" if mark else ""
        return Frontmatter(end, tuple(_by_line(source)), (f"frontmatter is not valid YAML{where}",))
    if not is_fields:
        return Frontmatter(0) if source.strip() else Frontmatter(end)
    return Frontmatter(end, tuple(reader.pairs), tuple(dict.fromkeys(reader.warnings))[:_MAX_WARNINGS])


def _check_depth(source: str) -> None:
    """libyaml takes quadratic time over deep brackets, so they are counted first (those in quotes too)."""
    depth = 0
    for bracket in _BRACKETS.findall(source):
        depth = depth + 1 if bracket in "[{" else max(0, depth - 1)
        if depth > 10 * _MAX_DEPTH:
            raise ValueError("nested too deeply")


def _events(source: str) -> Iterable[yaml.Event]:
    import yaml

    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    events: Iterable[yaml.Event] = yaml.parse(source, Loader=loader)
    return events


def _too_long(source: str, end: int) -> Frontmatter:
    warning = f"frontmatter is longer than {MAX_CHARACTERS // 1024} KB: read line by line, and only that far"
    return Frontmatter(end, tuple(_by_line(source[:MAX_CHARACTERS])), (warning,))


def _by_line(source: str) -> Iterator[tuple[str, str]]:
    """Top-level `key: value` lines and their `- item` lists, for what is not quite YAML: `title: Foo: bar`."""
    key = ""
    for line in re.split(r"\r\n?|\n", source):
        if field := _FIELD.match(line):
            key = _key(field[1])
            yield from ((key, value) for value in _loose_values(field[2] or ""))
        elif key and (item := _ITEM.match(line)):
            yield from ((key, value) for value in _loose_values(item[1]))


def _loose_values(text: str) -> Iterator[str]:
    text = text.strip()
    parts = text[1:-1].split(",") if text[:1] == "[" and text[-1:] == "]" else [text]
    for part in parts:
        value = part.strip().strip("\"'").strip()
        if value not in _NULLS:
            yield value


class _Reader:
    """Flattens a stream of YAML events into pairs. A stack of its own, so that depth costs no recursion."""

    def __init__(self) -> None:
        self.pairs: list[tuple[str, str]] = []
        self.warnings: list[str] = []
        self._stack: list[_Open] = []
        self._anchors: dict[str, str] = {}
        self._repeated = 0
        """Characters by alias: 64 KB of them can name 200 MB."""

    def read(self, events: Iterable[yaml.Event]) -> bool:
        """False if the first document is not a map. Raises YAMLError or ValueError for text that is not YAML."""
        import yaml

        for event in events:
            if isinstance(event, yaml.ScalarEvent):
                if not self._stack:
                    return False
                self._scalar(event)
            elif isinstance(event, yaml.CollectionStartEvent):
                is_map = isinstance(event, yaml.MappingStartEvent)
                if not self._stack and not is_map:
                    return False
                self._open(event, is_map)
            elif isinstance(event, yaml.CollectionEndEvent):
                self._stack.pop()
                if not self._stack:
                    return True
            elif isinstance(event, yaml.AliasEvent):
                if not self._stack:
                    return False
                self._alias(event.anchor)
        return False

    def _open(self, event: yaml.CollectionStartEvent, is_map: bool) -> None:
        self._tag(event.tag)
        path = self._place()
        if len(self._stack) >= _MAX_DEPTH:
            self.warnings.append(f"frontmatter is nested deeper than {_MAX_DEPTH}: the rest was left out")
            path = None
        self._stack.append(_Open(path, is_map, expects_key=is_map))

    def _scalar(self, event: yaml.ScalarEvent) -> None:
        self._tag(event.tag)
        value = event.value.strip()
        if event.anchor:
            self._anchors[event.anchor] = value
        self._value(value, is_null=not event.style and value in _NULLS)

    def _alias(self, anchor: str | None) -> None:
        value = self._anchors.get(anchor or "")
        self._repeated += len(value or "")
        if value is None:
            self.warnings.append("frontmatter repeats a list or map by alias: left out")
        elif self._repeated > MAX_CHARACTERS:
            self.warnings.append("frontmatter repeats too much by alias: the rest was left out")
            value = None
        self._value(value or "", is_null=value is None)

    def _value(self, value: str, is_null: bool) -> None:
        top = self._stack[-1]
        if top.expects_key:
            self._start_field(top, value)
        elif (path := self._place()) and value and not is_null:
            self.pairs.append((path, value))

    def _start_field(self, top: _Open, name: str) -> None:
        top.expects_key = False
        name = _key(name)
        top.key = name if top.path is not None else None
        if name in top.seen:
            self.warnings.append(f'frontmatter has the field "{name[:50]}" twice')
        top.seen.add(name)

    def _place(self) -> str | None:
        """Full key under which the value now beginning lies; None where it cannot be named."""
        if not self._stack:
            return ""
        top = self._stack[-1]
        if not top.is_map:
            return top.path
        if top.expects_key:  # a list or map as a key, such as an unfilled `{{title}}`
            top.expects_key, top.key = False, None
            return None
        top.expects_key = True
        if top.path is None or not top.key:
            return None
        return f"{top.path}.{top.key}" if top.path else top.key

    def _tag(self, tag: str | None) -> None:
        if tag and not tag.startswith("tag:yaml.org,2002:"):
            self.warnings.append(f"frontmatter has an unknown type {tag[:50]}: read as text")
        elif tag and tag.startswith("tag:yaml.org,2002:python"):
            self.warnings.append("frontmatter asks for a Python object: read as text")


@dataclass(slots=True)
class _Open:
    """A map or list that has not ended yet."""

    path: str | None
    """Key under which it lies, `""` at the top; None where it cannot be named."""
    is_map: bool
    expects_key: bool
    key: str | None = None
    seen: set[str] = field(default_factory=set)


def _key(name: str) -> str:
    return unicodedata.normalize("NFC", name.strip().lower())
