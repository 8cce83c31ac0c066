"""Reader: one note over whatever was there before, at the lines that mattered, and from it on to those it leads to."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from threading import Event as StopEvent
from typing import TYPE_CHECKING, ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.events import Resize
from textual.message import Message
from textual.screen import Screen
from textual.widgets import OptionList, Static

from exocortex.tui import leads, safe, scopes
from exocortex.tui.keys_line import KeysLine
from exocortex.tui.lanes import Failed
from exocortex.tui.link_boxes import LinkBox
from exocortex.tui.messages import AskAbout, Copy, Edited, EditNote, LinkChosen, NoteRead, OpenNote
from exocortex.tui.note_body import NoteBody
from exocortex.tui.note_side import Around, NoteSide
from exocortex.tui.reading import read_note
from exocortex.tui.status_line import StatusLine

if TYPE_CHECKING:
    from exocortex.core.notes import NoteRef
    from exocortex.core.results import NoteText
    from exocortex.core.service import CortexPort
    from exocortex.tui.desk import Desk

SIDE_FROM = 90
"""Columns from which what belongs to the note is shown beside it, until it is asked for or sent away."""
RELATED = 8


@dataclass(frozen=True, slots=True)
class Stop:
    """A note on the way through the notes, and how it was looked at."""

    note: NoteRef
    first: int = 0
    last: int = 0
    words: tuple[str, ...] = ()
    at: int = 0
    """The line it was left at; 0 if it never was."""
    as_lines: bool = False


@dataclass
class AroundRead(Message):
    """What belongs to a note came back, in part."""

    note: str
    around: Around


class Reader(Screen[None]):
    """A note, whole."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,backspace", "back", "Back", id="reader.back"),
        Binding("q", "dismiss", "Close", show=False, id="reader.close"),
        Binding("m", "switch", "Lines", id="reader.lines"),
        Binding("f", "follow", "Follow", id="reader.follow"),
        Binding("o", "side", "Outline", id="reader.side"),
        Binding("e", "edit", "Edit", id="reader.edit"),
        Binding("a", "ask", "Ask", id="reader.ask"),
        Binding("y", "cite", "Cite the line", show=False, id="reader.cite"),
        Binding("c", "copy_code", "Copy code", show=False, id="reader.code"),
        Binding("n", "seek(1)", "Next match", show=False, id="reader.next"),
        Binding("N", "seek(-1)", "Match before", show=False, id="reader.previous"),
    ]

    def __init__(self, desk: Desk, wanted: OpenNote) -> None:
        super().__init__()
        self.desk = desk
        self._stop = Stop(wanted.note, wanted.first, wanted.last, wanted.words, as_lines=wanted.first > 0)
        self._trail: list[Stop] = []
        self._text: NoteText | None = None
        self._around = Around()
        self._wants_side: bool | None = None

    def compose(self) -> ComposeResult:
        """The title, the note and what belongs to it, the state and the keys."""
        yield Static(id="title")
        with Horizontal(id="body"):
            yield NoteBody(id="read")
            yield NoteSide(id="side")
        yield StatusLine()
        yield KeysLine()

    def on_mount(self) -> None:
        """Fetch the note."""
        self.query_one(NoteSide).display = False
        self._go(self._stop)

    @on(Resize)
    def _resized(self, event: Resize) -> None:
        if self._wants_side is None:
            self.query_one(NoteSide).display = event.size.width >= SIDE_FROM

    # -- the way through the notes ----------------------------------------------------------------------------------

    def _go(self, stop: Stop) -> None:
        self._stop = stop
        self.query_one("#title", Static).update(safe.line(stop.note.title, "bold"))
        read_note(self.desk, self, stop.note, stop.first, stop.last, stop.words)

    def _open(self, note: NoteRef, line: int = 0) -> None:
        """A note that this one leads to; within the same one, only its line is gone to."""
        if note.id == self._stop.note.id:
            self.query_one(NoteBody).go_to(max(1, line))
            return
        self._trail.append(self._left())
        self._go(Stop(note, line, line, as_lines=False))

    def _left(self) -> Stop:
        body = self.query_one(NoteBody)
        return replace(self._stop, at=body.view.top, as_lines=body.as_lines)

    def action_back(self) -> None:
        """To the note before, where it was left; from the first one, to where it was opened."""
        if self._trail:
            self._go(self._trail.pop())
        else:
            self.dismiss()

    @on(Edited)
    def _edited(self) -> None:
        self._go(self._left())

    @on(NoteRead)
    def _read(self, message: NoteRead) -> None:
        if message.text.note.id != self._stop.note.id:
            return
        is_first = self._text is None
        self._text = message.text
        self._tell_title()
        body, stop = self.query_one(NoteBody), self._stop
        body.show(message, at=stop.at, as_lines=stop.as_lines)
        if is_first or not self.query_one(NoteSide).has_focus:
            body.view.focus()
        self._look_around()

    def _tell_title(self, more: str = "") -> None:
        note = self._stop.note if self._text is None else self._text.note
        about = self.desk.place(note) + (f"   {note.date:%Y-%m-%d}" if note.date else "")
        title = safe.joined(safe.line(note.title, "bold"), "   ", safe.line(about, "$muted"))
        self.query_one("#title", Static).update(safe.joined(title, safe.line(f"   {more}" if more else "", "$accent")))

    @on(Failed)
    def _failed(self, message: Failed) -> None:
        message.stop()
        told = message.error.told
        self.query_one("#title", Static).update(safe.line(told, "$error"))

    # -- what belongs to it -----------------------------------------------------------------------------------------

    def _look_around(self) -> None:
        self._around = Around()
        note, spelled = self._stop.note.id, self.desk.spelled(self._stop.note)

        def ask(cortex: CortexPort, stop: StopEvent) -> Iterable[Message]:
            around = Around(tuple(cortex.notes.outline(spelled)), cortex.notes.links(spelled))
            yield AroundRead(note, around)
            if not stop.is_set():
                related = cortex.search.similar(spelled, limit=RELATED).hits
                yield AroundRead(note, replace(around, related=related))

        self.desk.lane("around").give(self, ask)

    @on(AroundRead)
    def _around_read(self, message: AroundRead) -> None:
        if message.note == self._stop.note.id:
            self._around = message.around
            self.query_one(NoteSide).show(message.around)

    def action_side(self) -> None:
        """Show what belongs to the note and go there, or send it away."""
        side = self.query_one(NoteSide)
        self._wants_side = side.display = not side.display
        (side if side.display else self.query_one(NoteBody).view).focus()

    @on(OptionList.OptionSelected, "#side")
    def _chosen(self) -> None:
        way = self.query_one(NoteSide).way
        if way is None:
            return
        self.query_one(NoteBody).view.focus()
        self._open(way.note or self._stop.note, way.line)

    # -- links ------------------------------------------------------------------------------------------------------

    def action_follow(self) -> None:
        """Choose one of the links in sight."""
        links = self.query_one(NoteBody).links
        if links:
            self.app.push_screen(LinkBox(links), self._follow)
        else:
            self.notify("No links in sight.", markup=False)

    @on(LinkChosen)
    def _clicked(self, message: LinkChosen) -> None:
        if isinstance(leads.lead(message.href), leads.ToNote):
            message.stop()
            self._follow(message.href)

    def _follow(self, href: str | None) -> None:
        """To a note; an address of the web is shown, and any other link only told."""
        lead = leads.lead(href) if href else None
        if isinstance(lead, leads.ToNote):
            self._follow_note(lead)
        elif lead is not None and href:
            self.post_message(LinkChosen(href))

    def _follow_note(self, lead: leads.ToNote) -> None:
        if self._around.links is None:
            self.notify("The links of this note aren't known yet. Try again in a moment.", markup=False)
            return
        found = leads.resolved(lead, self._around.links)
        if isinstance(found, leads.Nowhere):
            self.notify(safe.plain(found.told), severity="warning", markup=False)
        elif found.target is None:
            self.notify(safe.plain(f"Not a note: {found.path}. Open it from the folder of your notes."), markup=False)
        else:
            self._open(found.target, found.line or 0)

    # -- what is done with it ---------------------------------------------------------------------------------------

    def action_switch(self) -> None:
        """Between what the Markdown means and the lines of the file."""
        self.query_one(NoteBody).switch()

    def action_seek(self, step: int) -> None:
        """The next line with the words it was opened for."""
        which, number = self.query_one(NoteBody).seek(step)
        if number:
            self._tell_title(f"match {which} of {number}")
        else:
            self.notify("This note wasn't opened for any words.", markup=False)

    def action_edit(self) -> None:
        """Open it in the user's editor, at the line in sight."""
        if self._text is not None:
            self.post_message(EditNote(self._text.file, self.query_one(NoteBody).line))

    def action_ask(self) -> None:
        """Ask something of this note alone."""
        note = self._stop.note
        self.post_message(AskAbout(scopes.of_note(self.desk, note), note.title))

    def action_cite(self) -> None:
        """Copy where the line in sight is: `path:line`."""
        place = f"{self.desk.place(self._stop.note)}:{self.query_one(NoteBody).line}"
        self.post_message(Copy(place, place))

    def action_copy_code(self) -> None:
        """Copy the first block of code in sight."""
        code = self.query_one(NoteBody).code
        if code is None:
            self.notify("No block of code in sight.", markup=False)
        else:
            self.post_message(Copy(code, "the block of code"))
