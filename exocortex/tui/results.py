"""Results: the notes a search found, each with where it is and the lines that say so."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual.binding import Binding, BindingType
from textual.content import Content
from textual.widgets import OptionList
from textual.widgets.option_list import Option

from exocortex.tui import safe

if TYPE_CHECKING:
    from exocortex.core.answers import Hit, Snippet
    from exocortex.tui.desk import Desk

_BEFORE = 24
"""Characters of a snippet before its first match."""


class Results(OptionList):
    """Hits, best first; the one the user moved to stays chosen while the list changes around it."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("j", "cursor_down", "Down", show=False),
        Binding("k", "cursor_up", "Up", show=False),
    ]

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002 (Textual's name)
        super().__init__(id=id)
        self.hits: tuple[Hit, ...] = ()
        self._moved = False
        self._desk: Desk | None = None
        self._width = 0

    def show(self, desk: Desk, hits: tuple[Hit, ...]) -> None:
        """Put these in the place of what is shown."""
        kept = self.chosen if self._moved else None
        self.hits = hits
        self._desk = desk
        self._paint()
        at = next((n for n, hit in enumerate(hits) if kept is not None and hit.note.id == kept.note.id), 0)
        self._moved = self._moved and at > 0
        self.highlighted = at if hits else None

    def on_resize(self) -> None:
        """Rows are cut to the width."""
        if self.size.width != self._width and self.hits:
            at = self.highlighted
            self._paint()
            self.highlighted = at

    def _paint(self) -> None:
        assert self._desk is not None
        self._width = self.size.width
        with self.prevent(OptionList.OptionHighlighted):
            self.clear_options()
            width = max(20, self._width - 3)
            self.add_options([Option(_told(self._desk, hit, width)) for hit in self.hits])

    @property
    def chosen(self) -> Hit | None:
        """The hit the cursor is at."""
        at = self.highlighted
        return self.hits[at] if at is not None and at < len(self.hits) else None

    def action_cursor_down(self) -> None:
        """The next one, by the user's wish."""
        self._moved = True
        super().action_cursor_down()

    def action_cursor_up(self) -> None:
        """The one before; from the first one, back to what is searched for."""
        if not self.highlighted:
            self.screen.focus_previous()
            return
        super().action_cursor_up()


def words_of(hit: Hit) -> tuple[str, ...]:
    """What of its snippet matched."""
    return tuple(dict.fromkeys(hit.snippet.text[start:end].casefold() for start, end in hit.snippet.highlights))


def _told(desk: Desk, hit: Hit, width: int) -> Content:
    """Title, place and two rows of the snippet, with a row free below; `width` is that of a row."""
    about = desk.place(hit.note) + (f"  {hit.note.date:%Y-%m-%d}" if hit.note.date else "")
    gone = "  its file isn't there" if hit.missing else ""
    where = safe.joined(safe.line(gone, "$warning"), safe.line(about, "$muted"))
    rows = [safe.line(hit.note.title, "bold"), where]
    return Content("\n").join(
        [*(row.truncate(width, ellipsis=True) for row in rows), _snippet(hit.snippet, 2 * width - 8), ""]
    )


def _snippet(snippet: Snippet, length: int) -> Content:
    """Of so many characters, with the first match in it, cut between words."""
    text = snippet.text
    first = snippet.highlights[0][0] if snippet.highlights else 0
    start = _word_after(text, max(0, min(first - _BEFORE, len(text) - length)), first)
    end = _word_before(text, start + length)
    ranges = [(max(a, start) - start, min(b, end) - start) for a, b in snippet.highlights if a < end and b > start]
    shown = safe.marked(text[start:end].rstrip(), ranges, "bold $accent")
    before, after = "… " if start else "", " …" if end < len(text) else ""
    return safe.joined(safe.line(before, "$muted"), shown, safe.line(after, "$muted"))


def _word_after(text: str, at: int, most: int) -> int:
    """Where the first word begins that isn't cut at this place, if that is before `most`."""
    space = text.find(" ", at, most) if at and not text[at - 1].isspace() else -1
    return at if space < 0 else space + 1


def _word_before(text: str, at: int) -> int:
    """Where the last word ends that isn't cut at this place, if one ends near it."""
    space = text.rfind(" ", max(0, at - _BEFORE), at) if at < len(text) else -1
    return min(at, len(text)) if space < 0 else space
