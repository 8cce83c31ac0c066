"""NotesPlace: the notes where they lie, folder by folder, those changed last, and those whose name one types."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from threading import Event as StopEvent
from typing import TYPE_CHECKING, ClassVar, Literal

from textual import on
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.message import Message
from textual.widget import Widget
from textual.widgets import Input, OptionList, Static, Tree

from exocortex.core.notes import NoteRef
from exocortex.tui import safe, scopes
from exocortex.tui.entry import Entry
from exocortex.tui.lanes import Failed
from exocortex.tui.messages import AskAbout, Edited, EditNote, NoteRead, OpenNote
from exocortex.tui.note_rows import NoteRows
from exocortex.tui.note_tree import FolderRow, NoteTree
from exocortex.tui.note_view import NoteView
from exocortex.tui.place import Place
from exocortex.tui.reading import read_note

if TYPE_CHECKING:
    from exocortex.core.results import FolderContents, NoteText, RecentNote
    from exocortex.core.service import CortexPort
    from exocortex.tui.desk import Desk
    from exocortex.tui.status_line import Standing

PAGE = 500
"""Notes of a folder that are fetched at a time."""
NAMED = 50
RECENT = 100

Showing = Literal["folders", "recent", "named"]


@dataclass
class Listed(Message):
    """A page of a folder came back."""

    page: FolderContents


@dataclass
class Relisted(Message):
    """All that is open came back, as it is now."""

    pages: tuple[FolderContents, ...]


@dataclass
class Named(Message):
    """Notes came back whose names have what was typed."""

    text: str
    notes: tuple[NoteRef, ...]


@dataclass
class RecentRead(Message):
    """The notes changed last came back."""

    notes: tuple[RecentNote, ...]


class NotesPlace(Place):
    """A tree or a list, and beside it the note the cursor is at."""

    MODE = "notes"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "folders", "Folders", show=False, id="notes.folders"),
        Binding("down", "focus_list", show=False, id="notes.list"),
        Binding("slash", "focus_filter", "Filter", key_display="/", id="notes.filter"),
        Binding("r", "recent", "Recent", id="notes.recent"),
        Binding("enter", "read", "Read", id="notes.read"),
        Binding("e", "edit", "Edit", id="notes.edit"),
        Binding("a", "ask", "Ask about it", id="notes.ask"),
    ]

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk)
        self._showing: Showing = "folders"
        self._text: NoteText | None = None
        self._counted: tuple[int, ...] | None = None

    def body(self) -> Iterator[Widget]:
        """The line above, what there is to choose from on the left, and the note."""
        yield Entry(placeholder="Filter by title or path", id="filter")
        yield Static(id="about")
        with Horizontal(id="notes"):
            with Vertical(id="choice"):
                yield NoteTree([folder.name for folder in self.desk.config.folders], id="folders")
                yield NoteRows(id="rows")
            yield NoteView(id="preview")

    def on_mount(self) -> None:
        """The top of the folders."""
        self._show("folders")
        self.query_one(NoteTree).focus()
        if len(self.desk.config.folders) == 1:
            self._fetch(self.desk.config.folders[0].name)
        self.watch(self.app, "standing", self._stands, init=False)

    def arrive(self) -> None:
        """See what has changed."""
        if self.query_one(NoteTree).opened:
            self._refetch()
        if self._showing == "named":
            self._look_for(self.query_one("#filter", Input).value.strip())

    come_back = arrive

    # -- what is shown on the left ----------------------------------------------------------------------------------

    def _show(self, showing: Showing) -> None:
        tree, rows = self.query_one(NoteTree), self.query_one(NoteRows)
        had_focus = tree.has_focus or rows.has_focus
        self._showing = showing
        tree.display, rows.display = showing == "folders", showing != "folders"
        if had_focus:
            self.action_focus_list()
        self._chosen()

    def _fetch(self, folder: str, path: str = "", after: str = "") -> None:
        def ask(cortex: CortexPort, _: StopEvent) -> Iterable[Message]:
            yield Listed(cortex.notes.contents(folder, path, after=after, limit=PAGE))

        self.desk.lane("folders", queues=True).give(self, ask)

    def _refetch(self) -> None:
        wanted = self.query_one(NoteTree).opened

        def ask(cortex: CortexPort, _: StopEvent) -> Iterable[Message]:
            notes = cortex.notes
            yield Relisted(
                tuple(notes.contents(folder, path, limit=max(PAGE, count)) for (folder, path), count in wanted)
            )

        self.desk.lane("folders", queues=True).give(self, ask)

    @on(NoteTree.Wanted)
    def _wanted(self, message: NoteTree.Wanted) -> None:
        self._fetch(message.folder, message.path, message.after)

    @on(Listed)
    def _listed(self, message: Listed) -> None:
        self.query_one(NoteTree).add(message.page)

    @on(Relisted)
    def _relisted(self, message: Relisted) -> None:
        self.query_one(NoteTree).renew(message.pages)

    def _stands(self, standing: Standing) -> None:
        """Look again when the number of notes has changed."""
        if standing.status is None:
            return
        counted = tuple(folder.indexed for folder in standing.status.folders)
        if counted != self._counted and self.is_current:
            self.arrive()
        self._counted = counted

    @on(Input.Changed, "#filter")
    def _typed(self, event: Input.Changed) -> None:
        text = event.value.strip()
        if not text:
            if self._showing == "named":
                self._show("folders")
        else:
            self._look_for(text)

    def _look_for(self, text: str) -> None:
        def ask(cortex: CortexPort, _: StopEvent) -> Iterable[Message]:
            yield Named(text, tuple(cortex.notes.named(text, limit=NAMED)))

        self.desk.lane("notes").give(self, ask)

    @on(Named)
    def _named(self, message: Named) -> None:
        if message.text == self.query_one("#filter", Input).value.strip():
            self.query_one(NoteRows).show(self.desk, message.notes)
            self._show("named")

    @on(Input.Submitted, "#filter")
    def action_focus_list(self) -> None:
        """From the line to what it found."""
        self.query_one(NoteTree if self._showing == "folders" else NoteRows).focus()

    def action_focus_filter(self) -> None:
        """Type a part of a name."""
        self.query_one("#filter", Input).focus()

    def action_recent(self) -> None:
        """The notes changed last, or the folders again."""
        if self._showing == "recent":
            self.action_folders()
            return

        def ask(cortex: CortexPort, _: StopEvent) -> Iterable[Message]:
            yield RecentRead(tuple(cortex.notes.recent(RECENT)))

        self.desk.lane("notes").give(self, ask)

    @on(RecentRead)
    def _recent_read(self, message: RecentRead) -> None:
        self.query_one("#filter", Input).value = ""
        rows = self.query_one(NoteRows)
        rows.show(self.desk, [one.note for one in message.notes], [one.modified for one in message.notes])
        self._show("recent")
        rows.focus()

    def action_folders(self) -> None:
        """Back to the folders, with nothing filtered."""
        self.query_one("#filter", Input).value = ""
        self._show("folders")
        self.query_one(NoteTree).focus()

    # -- the note the cursor is at ----------------------------------------------------------------------------------

    @property
    def note(self) -> NoteRef | None:
        """It, if it is at one."""
        if self._showing != "folders":
            return self.query_one(NoteRows).chosen
        row = self.query_one(NoteTree).row
        return row if isinstance(row, NoteRef) else None

    @on(Tree.NodeHighlighted, "#folders")
    @on(OptionList.OptionHighlighted, "#rows")
    def _chosen(self) -> None:
        note = self.note
        self.query_one("#about", Static).update(self._told(note))
        if note is None:
            self.query_one(NoteView).clear()
        elif self._text is None or self._text.note.id != note.id:
            read_note(self.desk, self, note)
        else:
            self.query_one(NoteView).show(self._text.text)

    def _told(self, note: NoteRef | None) -> Content:
        lead = {"folders": "", "recent": "Changed last  ", "named": f"{self._number()}  "}[self._showing]
        if note is not None:
            day = f"  {note.date:%Y-%m-%d}" if note.date else ""
            return safe.joined(safe.line(lead, "$faint"), safe.line(self.desk.place(note) + day, "$muted"))
        row = self.query_one(NoteTree).row
        if self._showing == "folders" and isinstance(row, FolderRow):
            number = "" if row.notes is None else f"  {row.notes:,} note{'' if row.notes == 1 else 's'} in it"
            return safe.line(f"{row.path or row.folder}{number}", "$muted")
        return safe.line(lead, "$muted")

    def _number(self) -> str:
        number = len(self.query_one(NoteRows).notes)
        if not number:
            return "No note is called so"
        return f"{number}{'+' if number == NAMED else ''} note{'' if number == 1 else 's'}"

    @on(NoteRead)
    def _read(self, message: NoteRead) -> None:
        note = self.note
        if note is not None and note.id == message.text.note.id:
            self._text = message.text
            self.query_one(NoteView).show(message.text.text)

    @on(Failed)
    def _failed(self, message: Failed) -> None:
        message.stop()
        told = message.error.told
        self.query_one("#about", Static).update(safe.line(told, "$error"))

    @on(Edited)
    def _edited(self) -> None:
        note = self.note
        self.arrive()
        if note is not None:
            read_note(self.desk, self, note)

    @on(Tree.NodeSelected, "#folders")
    @on(OptionList.OptionSelected, "#rows")
    def action_read(self) -> None:
        """Read the note, whole."""
        note = self.note
        if note is not None:
            self.post_message(OpenNote(note))

    def action_edit(self) -> None:
        """Open it in the user's editor."""
        note = self.note
        if note is not None and self._text is not None and self._text.note.id == note.id:
            self.post_message(EditNote(self._text.file, self.query_one(NoteView).line))

    def action_ask(self) -> None:
        """Ask something of this note alone, or of all notes in this folder."""
        note, row = self.note, self.query_one(NoteTree).row
        if note is not None:
            self.post_message(AskAbout(scopes.of_note(self.desk, note), note.title))
        elif self._showing == "folders" and isinstance(row, FolderRow):
            self.post_message(AskAbout(scopes.of_folder(self.desk, row.folder, row.path), row.name))
