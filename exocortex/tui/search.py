"""SearchPlace: as you type, by words at each key, and by meaning once typing rests; what is found is read beside it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from threading import Event as StopEvent
from typing import TYPE_CHECKING, ClassVar

from textual import on
from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.content import Content
from textual.message import Message
from textual.timer import Timer
from textual.widget import Widget
from textual.widgets import Input, OptionList, Static

from exocortex.tui import safe, scopes
from exocortex.tui.filter_line import LANE as FILTERS
from exocortex.tui.filter_line import FilterChoices, FilterLine, FiltersRead, read_filters
from exocortex.tui.lanes import Failed
from exocortex.tui.messages import AskAbout, Edited, EditNote, NoteRead, OpenNote, Searched
from exocortex.tui.note_view import NoteView
from exocortex.tui.place import Place
from exocortex.tui.reading import read_note
from exocortex.tui.results import Results, words_of

if TYPE_CHECKING:
    from exocortex.core.results import Explained, Found, Mode
    from exocortex.core.service import CortexPort
    from exocortex.tui.desk import Desk

REST_SECONDS = 0.15
"""How long nothing is typed before meaning is searched too."""
LIMIT = 30
_HINTS = (
    ("heron harbour", "any of these words, and notes that mean the like"),
    ('"paid back"', "this phrase"),
    ("tag:home  path:Projects", "notes with a tag, notes in a folder"),
    ('after:"last week"', "by their date"),
    ("-draft", "without this word"),
)


class SearchPlace(Place):
    """A line to type in, what it finds, and the note around it."""

    MODE = "search"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "focus_query", "Query", show=False, id="search.query"),
        Binding("enter", "read", "Read", id="search.read"),
        Binding("e", "edit", "Edit", id="search.edit"),
        Binding("a", "ask", "Ask about it", id="search.ask"),
        Binding("s", "similar", "Similar", id="search.similar"),
        Binding("x", "explain", "Explain", id="search.explain"),
    ]

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk)
        self._number = 0
        self._shown = 0
        self._rest: Timer | None = None
        self._found: Found | None = None
        self._explains = False

    def body(self) -> Iterator[Widget]:
        """The line above, the list and the note below."""
        line = FilterLine(placeholder="Search your notes", id="query")
        yield line
        yield FilterChoices(line)
        yield Static(id="found")
        yield Static(_hints(), id="hints")
        with Horizontal(id="results"):
            yield Results(id="hits")
            yield NoteView(id="preview")

    def on_mount(self) -> None:
        """Nothing is searched for yet."""
        self._show(None)

    def arrive(self) -> None:
        """Type at once."""
        self.query_one("#query", Input).focus()
        read_filters(self.desk, self)

    @on(FiltersRead)
    def _filters_read(self, message: FiltersRead) -> None:
        self.query_one(FilterChoices).offer(message.filters)

    @on(Input.Changed, "#query")
    def _typed(self, event: Input.Changed) -> None:
        if self._rest is not None:
            self._rest.stop()
        if not event.value.strip():
            self._number += 1
            self._shown = self._number
            self._show(None)
            return
        self._search("words")
        self._rest = self.set_timer(REST_SECONDS, lambda: self._search("hybrid"))

    @on(Input.Submitted, "#query")
    def _submitted(self) -> None:
        self.query_one(Results).focus()

    def _search(self, mode: Mode) -> None:
        self._number += 1
        number, text = self._number, self.query_one("#query", Input).value

        def find(cortex: CortexPort, _: StopEvent) -> Iterable[Message]:
            yield Searched(number, cortex.search.find(text, mode=mode, limit=LIMIT))

        self.desk.lane("search").give(self, find)

    @on(Searched)
    def _searched(self, message: Searched) -> None:
        if message.number > self._shown:
            self._shown = message.number
            self._show(message.found)

    @on(Failed)
    def _failed(self, message: Failed) -> None:
        message.stop()
        if message.lane == FILTERS:
            return  # it goes without completion
        told = message.error.told
        self.query_one("#found", Static).update(safe.line(told, "$error"), layout=False)

    def _show(self, found: Found | None) -> None:
        self._found = found
        self.query_one("#hints").display = found is None
        self.query_one("#results").display = found is not None
        self.query_one("#found", Static).update(_told(found) if found is not None else Content(""), layout=False)
        self.query_one(Results).show(self.desk, found.hits if found is not None else ())
        if found is not None and not found.hits:
            self.query_one(NoteView).clear()

    @on(OptionList.OptionHighlighted, "#hits")
    def _preview(self) -> None:
        hit = self.query_one(Results).chosen
        if hit is None:
            return
        read_note(self.desk, self, hit.note, hit.chunk.first_line, hit.chunk.last_line, words_of(hit))
        self._explain()

    @on(NoteRead)
    def _read(self, message: NoteRead) -> None:
        hit = self.query_one(Results).chosen
        if hit is not None and hit.note.id == message.text.note.id:
            self.query_one(NoteView).show(message.text.text, message.first, message.last, message.words)

    @on(Edited)
    def _edited(self) -> None:
        self._search("hybrid")

    @on(OptionList.OptionSelected, "#hits")
    def action_read(self) -> None:
        """Read the chosen note, whole."""
        hit = self.query_one(Results).chosen
        if hit is not None:
            self.post_message(OpenNote(hit.note, hit.chunk.first_line, hit.chunk.last_line, words_of(hit)))

    def action_edit(self) -> None:
        """Open it in the user's editor, at the line found."""
        hit = self.query_one(Results).chosen
        if hit is not None:
            self.post_message(EditNote(hit.file, hit.snippet.line))

    def action_ask(self) -> None:
        """Ask something of the chosen note alone."""
        hit = self.query_one(Results).chosen
        if hit is not None:
            self.post_message(AskAbout(scopes.of_note(self.desk, hit.note), hit.note.title))

    def action_similar(self) -> None:
        """Show the notes nearest in meaning to the chosen one."""
        hit = self.query_one(Results).chosen
        if hit is None:
            return
        self._number += 1
        number, note = self._number, self.desk.spelled(hit.note)

        def find(cortex: CortexPort, _: StopEvent) -> Iterable[Message]:
            yield Searched(number, cortex.search.similar(note, limit=LIMIT))

        self.desk.lane("search").give(self, find)

    def action_explain(self) -> None:
        """Tell why the chosen note stands where it does, or stop telling."""
        self._explains = not self._explains
        self._explain()

    def _explain(self) -> None:
        results, found = self.query_one(Results), self._found
        if found is None or results.highlighted is None:
            return
        told = _told(found)
        if self._explains:
            told = _why(results.highlighted, found.explained[results.highlighted], found)
        self.query_one("#found", Static).update(told, layout=False)

    def action_focus_query(self) -> None:
        """Back to the line; from there, empty it."""
        query = self.query_one("#query", Input)
        if query.has_focus:
            query.value = ""
        query.focus()


def _hints() -> Content:
    width = max(len(example) for example, _ in _HINTS)
    rows = [safe.joined(safe.line(f"{example:<{width}}   ", "$accent"), about) for example, about in _HINTS]
    return Content("\n").join(rows)


def _told(found: Found) -> Content:
    """How many, how, how fast, and what should be known."""
    number = f"{len(found.hits)}{'+' if len(found.hits) == LIMIT else ''}" if found.hits else "Nothing found"
    notes = f" note{'' if len(found.hits) == 1 else 's'}" if found.hits else ""
    how = {"words": "by words", "meaning": "by meaning", "hybrid": "by words and meaning"}[found.mode]
    took = f"{sum(time for _, time in found.milliseconds):.0f} ms"
    told = safe.line(f"{number}{notes}  {how}  {took}", "$muted")
    return Content("  ").join([told, *(safe.line(notice, "$warning") for notice in found.notices)])


def _why(place: int, why: Explained, found: Found) -> Content:
    ranks, score = found.hits[place].ranks, found.hits[place].score
    words = f"words: BM25 {why.words:.2f}, place {ranks.words}" if why.words is not None else "words: no"
    meaning = f"meaning: cosine {why.meaning:.2f}" if why.meaning is not None else "meaning: no"
    nth = f", place {ranks.meaning}" if ranks.meaning is not None else ""
    return safe.line(f"{place + 1}. score {score:.2f}   {words}   {meaning}{nth}", "$secondary")
