"""LiveText: text that grows at its end; each piece costs as much as it is long, however much was there.

Formatting is left to whoever shows the text once it is whole: laying out Markdown anew for each piece took seconds.
"""

from __future__ import annotations

from rich.segment import Segment
from textual.geometry import Size
from textual.strip import Strip
from textual.widget import Widget

from exocortex.tui import safe
from exocortex.tui.note_view import wrapped


class LiveText(Widget):
    """As high as its rows."""

    def __init__(self, *, classes: str | None = None) -> None:
        super().__init__(classes=classes)
        self._done: list[str] = []
        self._last = ""
        self._rows: list[str] = []
        self._first_of_last = 0
        self._width = 0

    def write(self, text: str) -> None:
        """Go on with the text."""
        first, *lines = (self._last + safe.plain(text)).split("\n")
        del self._rows[self._first_of_last :]
        for line in [first, *lines]:
            self._first_of_last = len(self._rows)
            self._rows += wrapped(line, self._width) if self._width else [line]
        self._done += [first, *lines][:-1]
        self._last = [first, *lines][-1]
        self.refresh(layout=True)

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:  # noqa: ARG002 (Textual's)
        """Rows at this width."""
        if width != self._width:
            self._width = width
            self._wrap_anew()
        return len(self._rows)

    def _wrap_anew(self) -> None:
        self._rows = [row for line in self._done for row in wrapped(line, self._width)]
        self._first_of_last = len(self._rows)
        self._rows += wrapped(self._last, self._width)

    def render_line(self, y: int) -> Strip:
        """One row."""
        text = self._rows[y] if y < len(self._rows) else ""
        return Strip([Segment(text, self.rich_style)]).adjust_cell_length(self.content_size.width, self.rich_style)
