"""NoteBody: a note to read, as its Markdown means it or line by line, at the same place either way."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.app import ComposeResult
from textual.containers import Vertical
from textual.widgets import Static

from exocortex.core.lines import split_lines
from exocortex.tui import leads, markdown, safe
from exocortex.tui.note_view import NoteView, fences
from exocortex.tui.rendered_view import RenderedView
from exocortex.tui.rendering import MAX_CHARACTERS, MAX_LINES

if TYPE_CHECKING:
    from exocortex.tui.messages import NoteRead

_TOO_LONG = f"Shown line by line: this note is longer than {MAX_CHARACTERS // 1024} KB or {MAX_LINES:,} lines."
_UNRULY = "Shown line by line: this note's Markdown can't be laid out."
_NO_MARKDOWN = "Shown line by line: this file isn't Markdown."


class NoteBody(Vertical):
    """Both views of one note; one of them is to be seen."""

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002 (Textual's name)
        super().__init__(id=id)
        self._text = ""
        self._path = ""
        self._is_rendered = False
        self._laid_out = False

    def compose(self) -> ComposeResult:
        """A line that says why it is shown as it is, and the views."""
        yield Static(id="notice")
        yield NoteView(id="note")
        yield RenderedView(id="rendered")

    def show(self, read: NoteRead, *, at: int = 0, as_lines: bool = False) -> None:
        """Show a note, from its line `at` on if there is one; the lines that matter are marked where lines are."""
        self._text, self._path, self._laid_out = read.text.text, read.text.note.path, False
        self.query_one(NoteView).show(self._text, read.first, read.last, read.words)
        if at:
            self.query_one(NoteView).go_to(at)
        self._turn(not as_lines, at or read.first)

    @property
    def as_lines(self) -> bool:
        """Whether lines are shown."""
        return not self._is_rendered

    @property
    def view(self) -> NoteView | RenderedView:
        """What is to be seen."""
        return self.query_one(RenderedView) if self._is_rendered else self.query_one(NoteView)

    @property
    def line(self) -> int:
        """The line that is looked at."""
        return self.query_one(RenderedView).top if self._is_rendered else self.query_one(NoteView).line

    @property
    def links(self) -> list[tuple[str, str]]:
        """(words, address) of each link in sight, in order."""
        if self._is_rendered:
            return self.query_one(RenderedView).links
        first, last = self.query_one(NoteView).in_sight
        return leads.unique(markdown.links("\n".join(split_lines(self._text)[first - 1 : last])))

    @property
    def code(self) -> str | None:
        """The first block of code in sight, without its fences."""
        first, last = self.view.in_sight
        lines = split_lines(self._text)
        for start, end in fences(lines):
            if start <= last and end >= first:
                return "\n".join(lines[start : end - 1])
        return None

    def switch(self) -> None:
        """The other view, at the same place."""
        at = self.view.top
        self._turn(not self._is_rendered, at)
        if not self._is_rendered:
            self.query_one(NoteView).go_to(at)

    def go_to(self, line: int) -> None:
        """Scroll to a line, which is marked where lines are shown."""
        self.query_one(NoteView).go_to(line, mark=True)
        if self._is_rendered:
            self.query_one(RenderedView).go_to(line)

    def seek(self, step: int) -> tuple[int, int]:
        """The next match (-1: the one before), among the lines; (which it is, how many there are)."""
        if self._is_rendered:
            self.switch()
        return self.query_one(NoteView).seek(step)

    def _turn(self, is_rendered: bool, at: int) -> None:
        why = self._hindrance() if is_rendered else ""
        if is_rendered and not why and not self._lay_out(at):
            why = _UNRULY
        had_focus = self.view.has_focus
        self._is_rendered = is_rendered and not why
        self.query_one("#notice", Static).update(safe.line(why, "$muted"))
        self.query_one("#notice").display = bool(why)
        self.query_one(NoteView).display = not self._is_rendered
        self.query_one(RenderedView).display = self._is_rendered
        if had_focus:
            self.view.focus()

    def _lay_out(self, at: int) -> bool:
        view = self.query_one(RenderedView)
        if self._laid_out:
            view.go_to(at)
            return True
        self._laid_out = view.show(self._text, at)
        return self._laid_out

    def _hindrance(self) -> str:
        if not self._path.lower().endswith((".md", ".markdown")):
            return _NO_MARKDOWN
        is_long = len(self._text) > MAX_CHARACTERS or len(split_lines(self._text)) > MAX_LINES
        return _TOO_LONG if is_long else ""
