"""NoteView: the lines of a note as they stand in the file, with some of them marked; quick for a note of any size.

Only the rows in sight are painted. Styling is by line and by simple patterns: nothing of a note is executed or fetched.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import ClassVar

from rich.cells import cell_len, chop_cells
from rich.segment import Segment
from rich.style import Style
from textual.binding import Binding, BindingType
from textual.geometry import Size
from textual.scroll_view import ScrollView
from textual.selection import Selection
from textual.strip import Strip

from exocortex.core.lines import split_lines
from exocortex.core.terminal import visible

_FENCE = re.compile(r"\s{0,3}(```|~~~)")
_HEADING = re.compile(r"#{1,6}\s")
_QUOTE = re.compile(r"\s{0,3}>")
_INLINE = re.compile(
    r"(?P<link>!?\[\[[^\[\]\n]+\]\]|\[[^\[\]\n]+\]\([^()\s]+\))"
    r"|(?P<code>`[^`\n]+`)"
    r"|(?P<strong>\*\*[^*\n]+\*\*)"
    r"|(?P<tag>(?<!\S)#[^\W\d][\w/-]*)"
    r"|(?P<mark>^\s*(?:[-*+]|\d+[.)])\s(?:\[[ xX]\]\s)?)"
)


@dataclass(frozen=True, slots=True)
class Row:
    """A row of the screen: a piece of a line."""

    line: int
    """1-based."""
    text: str


class NoteView(ScrollView, can_focus=True):
    """A note's lines, numbered; those that matter have a bar beside them."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {
        f"note-view--{name}" for name in ("number", "bar", "shown", "found", "heading", "faint", "link")
    }
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("j,down", "scroll_down", "Down", show=False),
        Binding("k,up", "scroll_up", "Up", show=False),
        Binding("g", "scroll_home", "Top", show=False),
        Binding("G", "scroll_end", "End", show=False),
        Binding("space", "page_down", "Page down", show=False),
    ]

    def __init__(self, *, numbered: bool = True, id: str | None = None, classes: str | None = None) -> None:  # noqa: A002 (Textual's name)
        super().__init__(id=id, classes=classes)
        self._numbered = numbered
        self._lines: list[str] = []
        self._kinds: list[str] = []
        self._rows: list[Row] = []
        self._starts: list[int] = []
        self._width = 0
        self._shown = (0, 0)
        self._found: re.Pattern[str] | None = None

    def show(self, text: str, first: int = 0, last: int = 0, words: Iterable[str] = ()) -> None:
        """Show a note, scrolled to its lines `first` to `last`; `words` in them are highlighted."""
        self._lines = [visible(one).expandtabs(4) for one in split_lines(text)]
        self._kinds = list(_kinds(self._lines))
        self._shown = (first, max(first, last))
        wanted = sorted({re.escape(word) for word in words if word.strip()}, key=len, reverse=True)
        self._found = re.compile("|".join(wanted), re.IGNORECASE) if wanted else None
        self._lay_out()
        self._go_to_row(self._row_of(first) - 2 if first else 0)

    def clear(self) -> None:
        """Show nothing, not even a first line."""
        self.show("")
        self._lines, self._rows = [], []

    @property
    def line(self) -> int:
        """The line to go to from here: the marked one if it is in sight, else the first in sight; 1-based."""
        top = self.scroll_offset.y
        if self._shown[0] and top <= self._row_of(self._shown[0]) < top + self.size.height:
            return self._shown[0]
        return self.top

    @property
    def top(self) -> int:
        """The first line in sight."""
        return self._line_at(self.scroll_offset.y)

    @property
    def in_sight(self) -> tuple[int, int]:
        """The first and the last line in sight."""
        return self.top, self._line_at(self.scroll_offset.y + self.size.height - 1)

    def go_to(self, line: int, *, mark: bool = False) -> None:
        """Scroll to a line, and mark it if need be."""
        if mark:
            self._shown = (line, line)
        self._go_to_row(self._row_of(line) - (2 if mark else 0))
        self.refresh()

    def seek(self, step: int) -> tuple[int, int]:
        """Mark and show the next line (-1: the one before) with one of the words; (which of them it is, how many)."""
        lines = [at for at, text in enumerate(self._lines, start=1) if self._found and self._found.search(text)]
        if not lines:
            return 0, 0
        here = self._shown[0] or self.top
        after = bisect_right(lines, here) if step > 0 else bisect_left(lines, here) - 1
        which = after % len(lines)
        self.go_to(lines[which], mark=True)
        return which + 1, len(lines)

    def on_resize(self) -> None:
        """Lines are wrapped anew when the width changes; the line one was at stays in sight."""
        if self._text_width() != self._width and self._lines:
            line, top = self.line, self.scroll_offset.y
            above = min(max(0, self._row_of(line) - top), max(0, self.size.height - 1))
            self._lay_out()
            self._go_to_row(self._row_of(line) - above)

    def _go_to_row(self, row: int) -> None:
        """By force: whether one may scroll is told by a scrollbar that isn't there before the next layout."""
        self.scroll_to(y=max(0, row), animate=False, immediate=True, force=True)

    def get_selection(self, selection: Selection) -> tuple[str, str] | None:
        """Text for the clipboard, as it is shown."""
        return selection.extract("\n".join(row.text for row in self._rows)), "\n"

    def selection_updated(self, selection: Selection | None) -> None:  # noqa: ARG002 (Textual's signature)
        """Paint it."""
        self.refresh()

    def _line_at(self, row: int) -> int:
        return self._rows[max(0, min(row, len(self._rows) - 1))].line if self._rows else 1

    def _number_width(self) -> int:
        return len(str(len(self._lines))) + 3 if self._numbered else 1

    def _text_width(self) -> int:
        return max(8, self.scrollable_content_region.width - self._number_width())

    def _lay_out(self) -> None:
        self._width = self._text_width()
        self._rows, self._starts = [], []
        for number, text in enumerate(self._lines, start=1):
            self._starts.append(len(self._rows))
            self._rows += [Row(number, piece) for piece in wrapped(text, self._width)]
        self.virtual_size = Size(self._width + self._number_width(), len(self._rows))
        self.refresh()

    def _row_of(self, line: int) -> int:
        return self._starts[min(line, len(self._starts)) - 1] if self._starts and line > 0 else 0

    def render_line(self, y: int) -> Strip:
        """One row, by its place in sight."""
        base = self.rich_style
        at = y + self.scroll_offset.y
        width = self.size.width
        if at >= len(self._rows):
            return Strip.blank(width, base)
        row = self._rows[at]
        is_shown = self._shown[0] <= row.line <= self._shown[1]
        shade = self.get_component_rich_style("note-view--shown") if is_shown else base
        strip = Strip([*self._edge(at, row, is_shown, shade), *self._painted(row, at, shade, is_shown)])
        return strip.extend_cell_length(width, shade).crop(0, width).apply_offsets(-self._number_width(), at)

    def _edge(self, at: int, row: Row, is_shown: bool, shade: Style) -> Iterator[Segment]:
        if not self._numbered:
            yield Segment(" ", shade)
            return
        bar = self.get_component_rich_style("note-view--bar", partial=True)
        number = self.get_component_rich_style("note-view--number", partial=True)
        is_first = bisect_right(self._starts, at) == row.line and self._starts[row.line - 1] == at
        yield Segment("▌" if is_shown else " ", shade + bar)
        yield Segment(f"{row.line if is_first else '':>{self._number_width() - 2}} ", shade + number)

    def _painted(self, row: Row, at: int, shade: Style, is_shown: bool) -> Iterable[Segment]:
        kind = self._kinds[row.line - 1]
        own = shade + self.get_component_rich_style(f"note-view--{kind}", partial=True) if kind else shade
        styles = [own] * len(row.text)
        if not kind:
            for match in _INLINE.finditer(row.text):
                name = "link" if match.lastgroup in ("link", "tag", "mark") else "faint"
                style = shade + Style(bold=True) if match.lastgroup == "strong" else own + self._part(name)
                styles[match.start() : match.end()] = [style] * (match.end() - match.start())
        if is_shown and self._found is not None:
            found = self._part("found")
            for match in self._found.finditer(row.text):
                for place in range(match.start(), match.end()):
                    styles[place] += found
        if (selection := self.text_selection) is not None and (span := selection.get_span(at)) is not None:
            start, end = span[0], len(row.text) if span[1] == -1 else span[1]
            chosen = self.screen.get_component_rich_style("screen--selection")
            styles[start:end] = [style + chosen for style in styles[start:end]]
        return _segments(row.text, styles)

    def _part(self, name: str) -> Style:
        return self.get_component_rich_style(f"note-view--{name}", partial=True)


def _segments(text: str, styles: Sequence[Style]) -> Iterator[Segment]:
    start = 0
    for at in range(1, len(text) + 1):
        if at == len(text) or styles[at] is not styles[start]:
            yield Segment(text[start:at], styles[start])
            start = at


def fences(lines: Iterable[str]) -> Iterator[tuple[int, int]]:
    """(line that opens, line that closes) of each fenced block of code; one that nothing closes goes to the end."""
    fence, start, number = "", 0, 0
    for number, text in enumerate(lines, start=1):
        if (match := _FENCE.match(text)) and fence in ("", match[1]):
            if fence:
                yield start, number
            fence, start = ("", 0) if fence else (match[1], number)
    if fence:
        yield start, number + 1


def _kinds(lines: Iterable[str]) -> Iterator[str]:
    """`heading`, `faint` (code, quotes, frontmatter) or nothing, for each line."""
    fence, is_front = "", False
    for number, text in enumerate(lines):
        if number == 0 and text.rstrip() == "---":
            is_front = True
            yield "faint"
        elif is_front:
            is_front = text.rstrip() not in ("---", "...")
            yield "faint"
        elif (match := _FENCE.match(text)) and fence in ("", match[1]):
            fence = "" if fence else match[1]
            yield "faint"
        elif fence or _QUOTE.match(text):
            yield "faint"
        else:
            yield "heading" if _HEADING.match(text) else ""


def wrapped(text: str, width: int) -> Iterator[str]:
    """A line in rows, cut between words where there are any."""
    text = text.rstrip()
    if (len(text) if text.isascii() else cell_len(text)) <= width:
        yield text
        return
    row = ""
    for word in re.findall(r"\s*\S+", text):
        if cell_len(row) + cell_len(word) <= width:
            row += word
            continue
        if row:
            yield row
            word = word.lstrip()
        *full, row = chop_cells(word, width) or [""]
        yield from full
    if row:
        yield row
