"""Templates: plain files in `templates/` of the home, with a few fields that are filled in; nothing in them is run."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from exocortex.core.date_format import UnknownTokenError, format_date
from exocortex.core.errors import UsageError

FOLDER = "templates"
FIELDS = ("date", "time", "clipboard", "cursor", "title", "text")
_FIELD = re.compile(r"\{\{([^{}\r\n]*)\}\}")
_NAME = re.compile(r"[^/\\\0.][^/\\\0]*")
_MOST_BYTES = 1_000_000
_DATE, _TIME = "YYYY-MM-DD", "HH:mm"


@dataclass(frozen=True, slots=True)
class Values:
    """What the fields stand for."""

    now: datetime
    title: str
    text: str = ""
    clipboard: Callable[[], str] = str
    """Asked only if the template has that field."""


@dataclass(frozen=True, slots=True)
class Filled:
    """A template with its fields filled in."""

    text: str
    line: int
    """1-based: where the template wants the cursor, or else the last one."""


def names(home: Path) -> list[str]:
    """The templates there are."""
    return sorted(path.stem for path in (home / FOLDER).glob("*.md"))


def read_template(home: Path, name: str) -> str:
    """The text of a template; raises UsageError naming those there are."""
    path = home / FOLDER / f"{name.removesuffix('.md')}.md"
    known = ", ".join(names(home))
    hint = f"There are: {known}" if known else f"Templates are files: {home / FOLDER}/NAME.md"
    if not _NAME.fullmatch(name):
        raise UsageError(f"{name!r} is not the name of a template.", hint)
    try:
        with path.open("rb") as file:
            data = file.read(_MOST_BYTES + 1)
    except FileNotFoundError:
        raise UsageError(f"There is no template {name}.", hint) from None
    except OSError as error:
        raise UsageError(f"{path} can't be read: {error.strerror}.", "Make it readable to you.") from None
    return template_of(data, str(path))


def template_of(data: bytes, where: str) -> str:
    """The text of a template from its bytes; raises UsageError if it is none."""
    if len(data) > _MOST_BYTES:
        raise UsageError(f"{where} is larger than 1 MB: that is no template.", "Make it shorter.")
    try:
        return data.decode("utf-8-sig").replace("\r\n", "\n").replace("\r", "\n")
    except UnicodeDecodeError:
        raise UsageError(f"{where} is not valid UTF-8.", "Save it as UTF-8.") from None


def fill(template: str, values: Values, where: str, *, strict: bool = True) -> Filled:
    """Put the values in; a text that has no field of its own goes to the cursor, or to the end.

    `{{date:FORMAT}}` and `{{time:FORMAT}}` take a format as moment.js has it. Raises UsageError for a field there is
    none of; if not `strict`, that is left as it is, for another program to fill.
    """
    if values.text and not _has(template, "text"):
        template = _with_text_field(template)
    parts: list[str] = []
    end, cursor = 0, None
    for match in _FIELD.finditer(template):
        parts.append(template[end : match.start()])
        end = match.end()
        if match[1].strip() == "cursor":
            cursor = "".join(parts) if cursor is None else cursor
            continue
        value = _value(match[1], values)
        if value is None and strict:
            line = template.count("\n", 0, match.start()) + 1
            known = " ".join(f"{{{{{name}}}}}" for name in FIELDS)
            raise UsageError(f"{where} line {line}: there is no field {match[0]}.", f"There are: {known}")
        parts.append(match[0] if value is None else value)
    text = "".join((*parts, template[end:]))
    return Filled(text, (text.rstrip("\n") if cursor is None else cursor).count("\n") + 1)


def _value(field: str, values: Values) -> str | None:
    name, _, pattern = field.strip().partition(":")
    if name in ("date", "time"):
        try:
            return format_date(values.now, pattern or (_DATE if name == "date" else _TIME))
        except UnknownTokenError:
            return None
    if pattern:
        return None
    if name == "clipboard":
        return values.clipboard()
    return {"title": values.title, "text": values.text.strip("\n")}.get(name)


def _has(template: str, name: str) -> bool:
    return any(match[1].strip() == name for match in _FIELD.finditer(template))


def _with_text_field(template: str) -> str:
    if _has(template, "cursor"):
        return re.sub(r"\{\{\s*cursor\s*\}\}", "{{text}}{{cursor}}", template, count=1)
    return template + "\n" * (bool(template) and not template.endswith("\n")) + "{{text}}\n"
