"""RenderedView: a note as its Markdown means it; links in it are told of when they are clicked, and never opened."""

from __future__ import annotations

from typing import ClassVar

from textual import events
from textual.binding import Binding, BindingType
from textual.geometry import Size
from textual.scroll_view import ScrollView
from textual.selection import Selection
from textual.strip import Strip

from exocortex.tui import leads
from exocortex.tui.markdown_looks import COMPONENTS, code_theme_of, styles_of, with_selection
from exocortex.tui.messages import LinkChosen
from exocortex.tui.rendering import EMPTY, render

_MARGIN = 2
_WIDEST = 100
"""Columns; longer lines are hard to read."""


class RenderedView(ScrollView, can_focus=True):
    """Rows that are laid out once for a width, and painted when they are in sight."""

    COMPONENT_CLASSES: ClassVar[set[str]] = COMPONENTS
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("j,down", "scroll_down", "Down", show=False),
        Binding("k,up", "scroll_up", "Up", show=False),
        Binding("g", "scroll_home", "Top", show=False),
        Binding("G", "scroll_end", "End", show=False),
        Binding("space", "page_down", "Page down", show=False),
    ]

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002 (Textual's name)
        super().__init__(id=id)
        self._source = ""
        self._laid = EMPTY
        self._width = 0

    def show(self, text: str, at: int = 0) -> bool:
        """Show a note from its line `at` on; False if it can't be laid out."""
        try:
            self._lay_out(text)
        except Exception:  # noqa: BLE001 (the border: a library lays out what anyone may have written)
            return False
        self.go_to(at)
        return True

    @property
    def top(self) -> int:
        """The first line in sight."""
        return self._laid.line_at(self.scroll_offset.y)

    @property
    def in_sight(self) -> tuple[int, int]:
        """The first and the last line in sight."""
        return self.top, self._laid.line_at(self.scroll_offset.y + self.size.height - 1)

    @property
    def links(self) -> list[tuple[str, str]]:
        """(words, address) of each link in sight, in order."""
        start = self.scroll_offset.y
        found: list[tuple[str, str]] = []
        for strip in self._laid.strips[start : start + self.size.height]:
            for segment in strip:
                if segment.style is not None and (href := segment.style.meta.get("href")):
                    found.append((segment.text, str(href)))
        return leads.unique(found)

    def go_to(self, line: int) -> None:
        """Scroll to a line; by force, for whether one may scroll is told by a scrollbar that may not be there yet."""
        self.scroll_to(y=self._laid.row_of(line) if line > 1 else 0, animate=False, immediate=True, force=True)

    def on_resize(self) -> None:
        """Lay out anew for another width, from the same line on."""
        if self._source and self._text_width() != self._width:
            self.show(self._source, self.top)

    def notify_style_update(self) -> None:
        """Lay out anew in other colours."""
        super().notify_style_update()
        if self._source:
            self._lay_out(self._source)

    def on_click(self, event: events.Click) -> None:
        """Tell of a link."""
        href = event.style.meta.get("href")
        if href:
            self.post_message(LinkChosen(str(href)))

    def get_selection(self, selection: Selection) -> tuple[str, str] | None:
        """Text for the clipboard, as it is shown."""
        return selection.extract("\n".join(strip.text.rstrip() for strip in self._laid.strips)), "\n"

    def selection_updated(self, selection: Selection | None) -> None:  # noqa: ARG002 (Textual's signature)
        """Paint it."""
        self.refresh()

    def render_line(self, y: int) -> Strip:
        """One row, by its place in sight."""
        base, width, at = self.rich_style, self.size.width, y + self.scroll_offset.y
        if at >= len(self._laid.strips):
            return Strip.blank(width, base)
        strip = with_selection(self, self._laid.strips[at], at).apply_style(base).apply_offsets(0, at)
        margin = Strip.blank(_MARGIN, base)
        return Strip.join([margin, strip]).extend_cell_length(width, base).crop(0, width)

    def _text_width(self) -> int:
        return max(20, min(_WIDEST, self.scrollable_content_region.width - 2 * _MARGIN))

    def _lay_out(self, text: str) -> None:
        self._source, self._width = text, self._text_width()
        self._laid = render(text, self._width, styles_of(self), code_theme_of(self))
        self.virtual_size = Size(self._width + 2 * _MARGIN, len(self._laid.strips))
        self.refresh()
