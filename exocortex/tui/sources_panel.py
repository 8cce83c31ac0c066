"""SourcesPanel: what an answer is made from, numbered as it cites them; there before its first word."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar

from textual.binding import Binding, BindingType
from textual.content import Content
from textual.widgets import OptionList
from textual.widgets.option_list import Option

from exocortex.tui import safe
from exocortex.tui.messages import OpenNote

if TYPE_CHECKING:
    from exocortex.core.answers import Citation
    from exocortex.tui.desk import Desk

_QUOTE = 90


class SourcesPanel(OptionList):
    """Citations; Enter opens one at its lines."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("j", "cursor_down", "Down", show=False),
        Binding("k", "cursor_up", "Up", show=False),
    ]

    def __init__(self, desk: Desk, *, id: str | None = None) -> None:  # noqa: A002 (Textual's name)
        super().__init__(id=id)
        self.desk = desk
        self.sources: tuple[Citation, ...] = ()
        self._width = 0

    def show(self, sources: Sequence[Citation]) -> None:
        """Put these in the place of what is shown."""
        self.sources = tuple(sources)
        self._paint()
        self.highlighted = None

    def on_resize(self) -> None:
        """Titles and places are cut to the width, which it has once it is on the screen."""
        if self.size.width != self._width:
            at = self.highlighted
            self._paint()
            self.highlighted = at

    def _paint(self) -> None:
        self._width = self.size.width
        self.clear_options()
        self.add_options([Option(_told(self.desk, one, max(16, self._width - 3))) for one in self.sources])

    def numbered(self, number: int) -> Citation | None:
        """The source of this number."""
        return next((one for one in self.sources if one.number == number), None)

    @property
    def chosen(self) -> Citation | None:
        """The one the cursor is at."""
        at = self.highlighted
        return self.sources[at] if at is not None and at < len(self.sources) else None


def opened(source: Citation) -> OpenNote:
    """The wish to read it at its lines."""
    return OpenNote(source.note, source.first_line, source.last_line)


def _told(desk: Desk, source: Citation, width: int) -> Content:
    number = safe.line(f"{source.number} ", "$accent")
    title = safe.joined(number, safe.line(source.note.title, "bold"))
    place = safe.line(f"{desk.place(source.note)}:{source.first_line}", "$muted")
    quote = " ".join(source.quote.split())
    cut = safe.line(quote[:_QUOTE] + ("…" if len(quote) > _QUOTE else ""))
    return Content("\n").join([title.truncate(width, ellipsis=True), place.truncate(width, ellipsis=True), cut, ""])
