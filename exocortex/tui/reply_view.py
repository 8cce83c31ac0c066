"""ReplyView: a reply as its Markdown means it, as it comes: what is done is laid out once, its last block anew."""

from __future__ import annotations

import re
import time
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import ClassVar

from rich.segment import Segment
from textual import events
from textual.geometry import Size
from textual.selection import Selection
from textual.strip import Strip
from textual.timer import Timer
from textual.widget import Widget

from exocortex.core.answers import Support
from exocortex.core.lines import line_starts, split_lines
from exocortex.tui import safe
from exocortex.tui.markdown_looks import COMPONENTS, code_theme_of, styles_of, with_selection
from exocortex.tui.messages import LinkChosen
from exocortex.tui.note_view import wrapped
from exocortex.tui.rendering import Rows, render

_PAUSE = 0.1
"""Seconds between two layouts, at least."""
_STEP = 600
"""Characters that a layout brings, at most: keys come first, however fast words pour in."""
_REST = 4
"""Times as long as a layout took, at least, until the next: keys come first."""
_MOST_GROWING = 2_000
"""Characters of a block that is laid out anew each time; a longer one is cut, until the reply is shown as a whole."""
_FENCE = re.compile(r"(?:`{3,}|~{3,})[^\n]{0,100}\n")


class ReplyView(Widget):
    """As high as its rows."""

    COMPONENT_CLASSES: ClassVar[set[str]] = COMPONENTS | {f"reply--{one.value}" for one in Support}

    def __init__(self, *, classes: str | None = None) -> None:
        super().__init__(classes=classes)
        self._text = ""
        self._is_whole = False
        self._paints: Mapping[str, Support] = MappingProxyType({})
        self._width = 0
        self._timer: Timer | None = None
        self._pause = _PAUSE
        self._at = 0
        """Where what is not done begins."""
        self._seen = 0
        """Where what is not shown yet begins."""
        self._fence = ""
        """What opened the block of code that was cut there."""
        self._done: list[Strip] = []
        self._growing: Sequence[Strip] = ()

    def write(self, text: str) -> None:
        """Go on with the reply."""
        self._text += safe.plain(text)
        self._grow_later()

    def show(self, text: str, paints: Mapping[str, Support] = MappingProxyType({})) -> None:
        """Show a whole reply; words linked to an address in `paints` are painted as what is so supported."""
        self._text, self._is_whole, self._paints = safe.plain(text), True, paints
        self._lay_out_anew()

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:  # noqa: ARG002 (Textual's)
        """Rows at this width."""
        if width != self._width:
            self._width = width
            self._lay_out_anew()
        return len(self._done) + len(self._growing)

    def notify_style_update(self) -> None:
        """Lay out anew in other colours."""
        super().notify_style_update()
        self._lay_out_anew()

    def on_click(self, event: events.Click) -> None:
        """Tell of a link."""
        href = event.style.meta.get("href")
        if href:
            event.stop()
            self.post_message(LinkChosen(str(href)))

    def get_selection(self, selection: Selection) -> tuple[str, str] | None:
        """Text for the clipboard, as it is shown."""
        return selection.extract("\n".join(strip.text.rstrip() for strip in (*self._done, *self._growing))), "\n"

    def selection_updated(self, selection: Selection | None) -> None:  # noqa: ARG002 (Textual's signature)
        """Paint it."""
        self.refresh()

    def render_line(self, y: int) -> Strip:
        """One row."""
        base, width = self.rich_style, self.content_size.width
        rows = self._done if y < len(self._done) else self._growing
        at = y if rows is self._done else y - len(self._done)
        if at >= len(rows):
            return Strip.blank(width, base)
        return with_selection(self, rows[at], y).apply_style(base).apply_offsets(0, y).adjust_cell_length(width, base)

    # -- layout ------------------------------------------------------------------------------------------------------

    def _grow_later(self) -> None:
        if self._timer is None:
            self._timer = self.set_timer(self._pause, self._grow)

    def _grow(self) -> None:
        self._timer = None
        began = time.perf_counter()
        self._seen = min(self._seen + _STEP, len(self._text))
        self._lay_out()
        if self._seen < len(self._text):
            self._grow_later()
        self._pause = max(_PAUSE, _REST * (time.perf_counter() - began))

    def _lay_out_anew(self) -> None:
        self._at, self._fence, self._done, self._growing = 0, "", [], ()
        self._lay_out()

    def _lay_out(self) -> None:
        if self._width and self._is_whole:
            self._growing = self._rows(self._text).strips
        elif self._width:
            while self._step():
                pass
        self.refresh(layout=True)

    def _step(self) -> bool:
        """Lay out what is not done, or as much of it as may be at once; whether some is left."""
        source = self._fence + self._text[self._at : self._seen]
        piece = source if len(source) <= _MOST_GROWING else source[: self._cut(source)]
        rows = self._rows(piece)
        row, line = rows.blocks[-2] if len(rows.blocks) > 1 else (0, 1)
        if line > 1:
            self._settle(rows.strips[:row], line_starts(piece)[line - 1])
        elif len(piece) < len(source):
            fence = _FENCE.match(source)
            self._settle(rows.strips, len(piece), fence[0] if fence else "")
            row = len(rows.strips)
        self._growing = rows.strips[row:]
        return len(piece) < len(source)

    def _cut(self, source: str) -> int:
        breaks = (source.rfind(one, len(self._fence), _MOST_GROWING) + 1 for one in "\n ")
        return next(filter(None, breaks), _MOST_GROWING)

    def _settle(self, strips: Sequence[Strip], characters: int, fence: str = "") -> None:
        self._done += strips
        self._at += characters - len(self._fence)
        self._fence = fence

    def _rows(self, text: str) -> Rows:
        paints = {
            address: self.get_component_rich_style(f"reply--{support.value}", partial=True)
            for address, support in self._paints.items()
        }
        try:
            return render(text, self._width, styles_of(self), code_theme_of(self), has_front=False, paints=paints)
        except Exception:  # noqa: BLE001 (the border: a library lays out what a model may have written)
            strips = tuple(Strip([Segment(row)]) for line in split_lines(text) for row in wrapped(line, self._width))
            return Rows(strips, ((0, 1), (len(strips), len(split_lines(text)) + 1)))
