"""Sections: where in the bytes of a note a text goes, and what is put there. Nothing else of the note ever changes."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from exocortex.core.errors import VaultError
from exocortex.core.notes import Heading

_ENDINGS = re.compile(rb"\r\n|\r|\n")
_ITEM = re.compile(r"(?:[-*+]|\d{1,9}[.)])[ \t]")
_ITEM_OR_WITHIN = re.compile(rb"[ \t]+\S|[ \t>]*(?:[-*+]|\d{1,9}[.)])[ \t]")
_BLANK = re.compile(rb"[ \t]*(?:[\r\n]|\Z)")
_BOM = b"\xef\xbb\xbf"
_SPACE = b" \t\r\n\f\v"
_LEVEL = 2
"""Of a heading that is made because there was none."""
_DEEPEST = 6


class UnsuitableNoteError(VaultError):
    """A note can't take a text, whenever it is tried: it isn't UTF-8, or no text at all."""


@dataclass(frozen=True, slots=True)
class Insertion:
    """Bytes to be put into a note at one place."""

    at: int
    new: bytes
    made_heading: bool = False
    """The heading wasn't there, and is among them."""

    def into(self, data: bytes) -> bytes:
        """The note with them."""
        return data[: self.at] + self.new + data[self.at :]


def insertion(data: bytes, name: str, heading: str, block: str) -> Insertion:
    """Where `block` (lines with `\\n` between them) goes: below the last line of the section, or of the note.

    `heading` is written as in a link to it; one that isn't there is made at the end of what it is to lie in. What is
    put there has the note's line endings, is set off by empty lines where Markdown would take it for a part of
    something else, and ends in a newline unless the note itself doesn't. Raises UnsuitableNoteError.
    """
    try:
        data.decode()
    except UnicodeDecodeError:
        raise UnsuitableNoteError(f"{name} is not valid UTF-8.", "Convert it first, as with iconv.") from None
    headings = _headings(data, name) if heading else ()
    above, missing = _known_part(heading, headings)
    stop = len(data) if above is None else _end_of_section(data, above, headings)
    level = _LEVEL if above is None else above.level + 1
    made = [f"{'#' * min(level + depth, _DEEPEST)} {title}" for depth, title in enumerate(missing)]
    inserted = _below(data, stop, "\n\n".join((*made, block)))
    return Insertion(inserted.at, inserted.new, bool(missing))


def stands_in(data: bytes, block: str) -> bool:
    """Whether these very lines are in a note."""
    lines = _ENDINGS.sub(b"\n", data.removeprefix(_BOM))
    return f"\n{block}\n".encode() in b"\n" + lines + b"\n"


def is_item(line: str) -> bool:
    """Whether a line begins a list's item."""
    return _ITEM.match(line) is not None


def _headings(data: bytes, name: str) -> tuple[Heading, ...]:
    from exocortex.parsing import Unreadable, parse

    try:
        return parse(data, name).headings
    except Unreadable as error:
        raise UnsuitableNoteError(f"{name} can't be read: {error}.", "Look at it yourself.") from None


def _known_part(heading: str, headings: Sequence[Heading]) -> tuple[Heading | None, list[str]]:
    """The heading that is there of `A#B#C`, and the titles below it that aren't."""
    titles = [title for part in heading.split("#") if (title := " ".join(part.split()))]
    for known in range(len(titles), 0, -1):
        if found := _heading("#".join(titles[:known]), headings):
            return found, titles[known:]
    return None, titles


def _heading(anchor: str, headings: Sequence[Heading]) -> Heading | None:
    from exocortex.core.links import anchor_line

    line = anchor_line(anchor, headings, ())
    return next((one for one in headings if one.line == line), None)


def _end_of_section(data: bytes, heading: Heading, headings: Sequence[Heading]) -> int:
    """Offset of the next heading that isn't below this one, or of the end."""
    following = (one.line for one in headings if one.line > heading.line and one.level <= heading.level)
    return _start_of_line(data, next(following, 0))


def _start_of_line(data: bytes, line: int) -> int:
    """Offset of a 1-based line; of the end for none."""
    if not line:
        return len(data)
    at = 0
    for number, match in enumerate(_ENDINGS.finditer(data), start=2):
        at = match.end()
        if number == line:
            break
    return at


def _below(data: bytes, stop: int, block: str) -> Insertion:
    """Below the last line before `stop` that isn't blank."""
    ending = _line_ending(data[:stop]) or _line_ending(data) or b"\n"
    written = block.encode().replace(b"\n", ending)
    above = data[:stop].rstrip(_SPACE)
    if above in (b"", _BOM):
        is_line_open = data != above and not data.endswith((b"\r", b"\n"))
        return Insertion(len(data), ending * is_line_open + written + ending)
    newline = _ENDINGS.search(data, len(above), stop)
    at = stop if newline is None else newline.end()
    before = ending * (newline is None) + ending * (not _continues(above, block))
    ends_open = newline is None and at == len(data)
    after = b"" if ends_open else ending * (1 if _BLANK.match(data, at) else 2)
    return Insertion(at, before + written + after)


def _continues(above: bytes, block: str) -> bool:
    """Whether a list's item follows what is the same list's, most likely."""
    return is_item(block) and _ITEM_OR_WITHIN.match(_ENDINGS.split(above)[-1]) is not None


def _line_ending(data: bytes) -> bytes:
    """The last one in it, which is what somebody writing there would go on with."""
    last = data[-2:] if data.endswith((b"\r", b"\n")) else b""
    if not last:
        found = data.rfind(b"\n"), data.rfind(b"\r")
        at = max(found)
        last = data[max(0, at - 1) : at + 1] if at >= 0 else b""
    return b"\r\n" if last == b"\r\n" else last[-1:]
