"""NoteRows: notes one below the other, each by its title, with where it is and when it was last changed."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, ClassVar

from textual.binding import Binding, BindingType
from textual.content import Content
from textual.widgets import OptionList
from textual.widgets.option_list import Option

from exocortex.tui import safe

if TYPE_CHECKING:
    from exocortex.core.notes import NoteRef
    from exocortex.tui.desk import Desk


class NoteRows(OptionList):
    """A list to choose a note from."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("j", "cursor_down", "Down", show=False),
        Binding("k", "cursor_up", "Up", show=False),
        Binding("g", "first", "First", show=False),
        Binding("G", "last", "Last", show=False),
    ]

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002 (Textual's name)
        super().__init__(id=id)
        self.notes: tuple[NoteRef, ...] = ()
        self._told: list[tuple[str, str, str]] = []

    def show(self, desk: Desk, notes: Sequence[NoteRef], changed: Sequence[datetime] = ()) -> None:
        """Put these in the place of what is shown, the first one chosen; `changed` may tell when each was."""
        self.notes = tuple(notes)
        times = [f"{desk.clock(moment)}  " for moment in changed] or [""] * len(notes)
        self._told = [(note.title, time, desk.place(note)) for note, time in zip(notes, times, strict=True)]
        self._fill(0)

    def on_resize(self) -> None:
        """Rows are cut to the width there is."""
        self._fill(self.highlighted or 0)

    def _fill(self, at: int) -> None:
        width = max(20, self.size.width - 3)
        with self.prevent(OptionList.OptionHighlighted):
            self.clear_options()
            self.add_options([Option(_row(*told, width)) for told in self._told])
            self.highlighted = at if self.notes else None

    @property
    def chosen(self) -> NoteRef | None:
        """The note the cursor is at."""
        at = self.highlighted
        return self.notes[at] if at is not None and at < len(self.notes) else None

    def action_cursor_up(self) -> None:
        """The one before; from the first one, back to where one types."""
        if not self.highlighted:
            self.screen.focus_previous()
            return
        super().action_cursor_up()


def _row(title: str, time: str, place: str, width: int) -> Content:
    rows = [safe.line(title, "bold"), safe.joined(safe.line(time, "$faint"), safe.line(place, "$muted"))]
    return Content("\n").join(row.truncate(width, ellipsis=True) for row in rows)
