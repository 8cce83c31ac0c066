"""RowList: rows under headings; each but the headings can be chosen, and may lead to a note's lines or be a task."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, ClassVar

from textual.binding import Binding, BindingType
from textual.content import Content
from textual.widgets import OptionList
from textual.widgets.option_list import Option

if TYPE_CHECKING:
    from exocortex.core.notes import NoteRef
    from exocortex.core.results import TaskOfNote

_LEAST_WIDTH = 24
_RIGHT_SHARE = 0.4
"""Of a row's width, at most, for what stands at its right edge."""


@dataclass(frozen=True, slots=True)
class Row:
    """A row; a heading can't be chosen."""

    text: Content
    right: Content = field(default_factory=lambda: Content(""))
    """At the right edge; cut from its beginning, for the end of a path says most."""
    indent: int = 0
    wraps: bool = False
    """Over as many rows of the screen as it takes, else cut."""
    note: NoteRef | None = None
    first: int = 0
    last: int = 0
    file: str = ""
    task: TaskOfNote | None = None
    is_heading: bool = False

    @property
    def identity(self) -> tuple[str, int, str]:
        """What makes it the same row in another list."""
        text = self.task.task.text if self.task else "" if self.note else self.text.plain
        return (self.note.id if self.note else self.file, self.first, text)


def heading(text: Content) -> Row:
    """A heading with a row free above it."""
    return Row(Content("\n") + text, wraps=True, is_heading=True)


class RowList(OptionList):
    """The rows, one of which is chosen; it stays so while the list changes around it."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("j", "cursor_down", "Down", show=False),
        Binding("k", "cursor_up", "Up", show=False),
        Binding("g", "first", "First", show=False),
        Binding("G", "last", "Last", show=False),
    ]

    def __init__(self, *, id: str | None = None, stays_on_top: bool = False) -> None:  # noqa: A002 (Textual's name)
        """With `stays_on_top` the cursor stays at the first row while others come before it."""
        super().__init__(id=id)
        self._stays_on_top = stays_on_top
        self.rows: Sequence[Row] = ()
        self._width = 0

    def show(self, rows: Iterable[Row]) -> None:
        """Put these in the place of what is shown."""
        kept, at = self.chosen, self.highlighted or 0
        if self._stays_on_top and at == 0:
            kept = None
        self.rows = tuple(rows)
        self._paint()
        same = (n for n, row in enumerate(self.rows) if kept is not None and row.identity == kept.identity)
        self._choose(next(same, min(at, len(self.rows) - 1)))

    @property
    def chosen(self) -> Row | None:
        """The row the cursor is at."""
        at = self.highlighted
        row = self.rows[at] if at is not None and at < len(self.rows) else None
        return row if row is not None and not row.is_heading else None

    def on_resize(self) -> None:
        """Rows are cut and wrapped to the width."""
        if self._row_width() != self._width and self.rows:
            at = self.highlighted
            self._paint()
            self.highlighted = at

    def _choose(self, wanted: int) -> None:
        """The nearest row from there on that is no heading, else the last before it."""
        rows = [n for n, row in enumerate(self.rows) if not row.is_heading]
        self.highlighted = next((n for n in rows if n >= wanted), rows[-1] if rows else None)

    def _row_width(self) -> int:
        return max(_LEAST_WIDTH, self.scrollable_content_region.width - 2)

    def _paint(self) -> None:
        self._width = self._row_width()
        with self.prevent(OptionList.OptionHighlighted):
            self.clear_options()
            self.add_options([Option(_painted(row, self._width), disabled=row.is_heading) for row in self.rows])


def _painted(row: Row, width: int) -> Content:
    text_width = width - row.indent
    if row.wraps:
        return Content("\n").join([line.pad_left(row.indent) for line in row.text.wrap(text_width)])
    right = _cut_left(row.right, round(width * _RIGHT_SHARE))
    room = text_width - right.cell_length - (2 if right.plain else 0)
    text = row.text.truncate(room, ellipsis=True)
    between = text_width - text.cell_length - right.cell_length
    return Content("").join([Content(" " * row.indent), text, Content(" " * between), right])


def _cut_left(text: Content, width: int) -> Content:
    """Its end, of so many cells."""
    if text.cell_length <= width:
        return text
    cut = 0
    while text[cut:].cell_length >= width:
        cut += 1
    return Content("…") + text[cut:]
