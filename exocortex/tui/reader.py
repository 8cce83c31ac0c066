"""Reader: one note over whatever was there before, at the lines that mattered."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.screen import Screen
from textual.widget import Widget
from textual.widgets import Static

from exocortex.core.results import NoteText
from exocortex.tui import safe
from exocortex.tui.desk import Desk
from exocortex.tui.keys_line import KeysLine
from exocortex.tui.lanes import Failed
from exocortex.tui.messages import Edited, EditNote, NoteRead, OpenNote
from exocortex.tui.note_view import NoteView
from exocortex.tui.reading import read_note
from exocortex.tui.status_line import StatusLine


class Reader(Screen[None]):
    """A note, whole."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q", "dismiss", "Back", id="reader.back"),
        Binding("e", "edit", "Edit", id="reader.edit"),
    ]

    def __init__(self, desk: Desk, wanted: OpenNote) -> None:
        super().__init__()
        self.desk = desk
        self._wanted = wanted
        self._text: NoteText | None = None

    def compose(self) -> ComposeResult:
        """The title, the note, the state and the keys."""
        yield Static(id="title")
        with Vertical(id="body"):
            yield from self.body()
        yield StatusLine()
        yield KeysLine()

    def body(self) -> Iterator[Widget]:
        """What is read."""
        yield NoteView(id="note")

    def on_mount(self) -> None:
        """Fetch the note."""
        self.query_one("#title", Static).update(safe.line(self._wanted.note.title, "bold"))
        self._read()

    @on(Edited)
    def _read(self) -> None:
        wanted = self._wanted
        read_note(self.desk, self, wanted.note, wanted.first, wanted.last, wanted.words)

    @on(NoteRead)
    def _show(self, message: NoteRead) -> None:
        self._text = message.text
        note = message.text.note
        about = self.desk.place(note) + (f"   {note.date:%Y-%m-%d}" if note.date else "")
        title = safe.joined(safe.line(note.title, "bold"), "   ", safe.line(about, "$muted"))
        self.query_one("#title", Static).update(title)
        view = self.query_one(NoteView)
        view.show(message.text.text, message.first, message.last, message.words)
        view.focus()

    @on(Failed)
    def _failed(self, message: Failed) -> None:
        message.stop()
        told = f"{message.error.message} {message.error.hint}".strip()
        self.query_one("#title", Static).update(safe.line(told, "$error"))

    def action_edit(self) -> None:
        """Open it in the user's editor, at the line in sight."""
        if self._text is not None:
            self.post_message(EditNote(self._text.file, self.query_one(NoteView).line))
