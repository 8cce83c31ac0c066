"""AskPlace: a conversation with the notes: what it stands on beside it, each sentence with how well it is borne out."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from threading import Event as StopEvent
from typing import TYPE_CHECKING, ClassVar

from textual import on
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.content import Content
from textual.events import Key
from textual.widget import Widget
from textual.widgets import Input, OptionList, Static

from exocortex.core.events import Answered, Asked, Retrieved, Token
from exocortex.tui import safe
from exocortex.tui.boxes import Choice, Choose, TextBox
from exocortex.tui.conversing import LANE, Said, Talk, ThreadRead, read_thread, say
from exocortex.tui.engines import QUOTING, engines_of, in_force, roles_of
from exocortex.tui.entry import Question
from exocortex.tui.lanes import Failed
from exocortex.tui.messages import Copy
from exocortex.tui.place import Place
from exocortex.tui.receipts import ReceiptRead, Told, open_source, read_receipt, receipt_text, save_note
from exocortex.tui.shown import Shown, copied, given, kept
from exocortex.tui.sources_panel import SourcesPanel, opened

if TYPE_CHECKING:
    from exocortex.core.answers import Citation
    from exocortex.tui.desk import Desk
    from exocortex.tui.exchange_view import ExchangeView
    from exocortex.tui.threads_box import Left


class AskPlace(Place):
    """A question line below what was said, and the sources beside it."""

    MODE = "ask"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "leave", "Stop/leave", show=False, id="ask.leave"),
        Binding("ctrl+r", "again", "Again", id="ask.again"),
        Binding("ctrl+t", "threads", "Threads", id="ask.threads"),
        Binding("ctrl+o", "scope", "Scope", id="ask.scope"),
        Binding("ctrl+g", "engine", "Engine", id="ask.engine"),
        Binding("ctrl+l", "new", "New", id="ask.new"),
        Binding("r", "role", "Role", show=False, id="ask.role"),
        Binding("y", "copy_answer", "Copy answer", id="ask.copy"),
        Binding("c", "copy_citation", "Copy citation", show=False, id="ask.citation"),
        Binding("k", "copy_code", "Copy code", show=False, id="ask.code"),
        Binding("w", "save", "Save as note", id="ask.save"),
        Binding("v", "receipt", "Receipt", id="ask.receipt"),
        Binding("1", "open(1)", "Open a source: 1 to 9", show=False, id="ask.open1"),
        *(Binding(str(n), f"open({n})", show=False, id=f"ask.open{n}") for n in range(2, 10)),
    ]

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk)
        self._talk = Talk()
        self._number = 0
        self._stop: StopEvent | None = None
        self._view: ExchangeView | None = None
        self._instead = False

    def body(self) -> Iterator[Widget]:
        """What was said, its sources, and the line for the next question."""
        with Horizontal():
            with Vertical(id="talk"):
                with VerticalScroll(id="said"):
                    yield Static(_WELCOME, id="welcome")
                yield Static(id="chips")
                yield Question(placeholder="Ask your notes", id="question")
            yield SourcesPanel(self.desk, id="sources")

    def on_mount(self) -> None:
        """Nothing was said yet."""
        self.query_one(SourcesPanel).display = False
        self._tell()

    def arrive(self) -> None:
        """Type at once."""
        self.query_one("#question", Input).focus()

    def narrow(self, scope: str, said: str) -> None:
        """Ask of these notes alone, in a conversation of its own."""
        self.action_new()
        self._talk = replace(self._talk, scope=scope)
        self._tell()
        self.query_one("#question", Input).placeholder = f"Ask about {safe.plain(said)}"

    # Asking

    @on(Input.Submitted, "#question")
    async def _submitted(self, event: Input.Submitted) -> None:
        question = event.value.strip()
        if question:
            await self._ask(question, instead=self._instead)

    async def _ask(self, question: str, *, instead: bool) -> None:
        self.action_stop()
        self._instead = False
        if instead and self._view is not None:
            await self._view.remove()
        self._number += 1
        self.query_one("#welcome").display = False
        self._view = _exchange(self.desk, question)
        said = self.query_one("#said", VerticalScroll)
        await said.mount(self._view)
        said.anchor()
        self._stop = say(self.desk, self, self._number, question, self._talk, instead=instead)
        self._tell()

    @on(Said)
    def _said(self, message: Said) -> None:
        view, event = self._view, message.event
        if view is None or message.number != self._number:
            return
        if isinstance(event, Asked):
            self._talk = replace(self._talk, thread=event.thread)
            if event.query != view.question:
                view.searched_for(event.query)
        elif isinstance(event, Retrieved):
            self._show_sources(event.sources)
            view.begin(len(event.sources), event.dropped)
        elif isinstance(event, Token):
            view.write(event.text)
        elif isinstance(event, Answered):
            self._stop = None
            shown = given(self.desk, event.answer)
            self._show_sources(shown.sources)
            view.end(shown)
            self._tell()

    def _show_sources(self, sources: Sequence[Citation]) -> None:
        panel = self.query_one(SourcesPanel)
        panel.display = bool(sources)
        panel.show(sources)

    @on(Failed)
    async def _failed(self, message: Failed) -> None:
        if message.lane != LANE:
            return
        message.stop()
        self._stop = None
        self._show_sources(())
        told = message.error.told
        if self._view is not None:
            self._view.fail(told)
        else:
            self.notify(safe.plain(told), severity="error", markup=False)

    def action_stop(self) -> None:
        """Stop what is being written; what is there stays."""
        if self._stop is not None:
            self._stop.set()
            self._stop = None

    def action_leave(self) -> None:
        """Stop what is being written; else leave the line for what was said, or come back to it."""
        question = self.query_one("#question", Input)
        if self._stop is not None:
            self.action_stop()
        elif self._instead:
            self._instead, question.value = False, ""
            self._tell()
        elif question.has_focus:
            self.query_one("#said").focus()
        else:
            question.focus()

    async def action_again(self) -> None:
        """Answer the last question once more."""
        if self._view is not None:
            await self._ask(self._view.question, instead=True)

    def action_edit_last(self) -> None:
        """Put the last question into the line, to be asked in its own place."""
        question = self.query_one("#question", Input)
        if self._view is not None and not question.value:
            self._instead, question.value = True, self._view.question
            question.action_end()
            self._tell()

    def on_key(self, event: Key) -> None:
        """From the line: up edits the last question, down leaves it."""
        question = self.query_one("#question", Input)
        if question.has_focus and event.key == "up":
            self.action_edit_last()
        elif question.has_focus and event.key == "down":
            event.stop()  # before the next in order has it
            self.query_one("#said").focus()

    # The conversation

    def action_new(self) -> None:
        """Begin another conversation."""
        self.action_stop()
        self._number += 1
        self._talk = Talk(engine=self._talk.engine, role=self._talk.role)
        self._view = None
        self.query(".exchange").remove()
        self.query_one("#welcome").display = True
        self.query_one("#question", Input).placeholder = "Ask your notes"
        self._show_sources(())
        self._tell()
        self.arrive()

    def action_threads(self) -> None:
        """Go on with an earlier conversation."""
        from exocortex.tui.threads_box import ThreadsBox

        self.app.push_screen(ThreadsBox(self.desk), self._go_on)

    def _go_on(self, left: Left | None) -> None:
        if left is None:
            return
        if self._talk.thread in left.deleted:
            self.action_new()
        self._talk = replace(self._talk, title=left.renamed.get(self._talk.thread, self._talk.title))
        self._tell()
        if left.chosen is not None:
            self.action_new()
            read_thread(self.desk, self, left.chosen)

    @on(ThreadRead)
    async def _thread_read(self, message: ThreadRead) -> None:
        thread = message.thread
        self._talk = replace(self._talk, thread=thread.id, title=thread.title, scope=thread.scope, role=thread.role)
        self.query_one("#welcome").display = False
        said = self.query_one("#said", VerticalScroll)
        for exchange in message.exchanges:
            self._view = _exchange(self.desk, exchange.question)
            await said.mount(self._view)
            shown = kept(self.desk, exchange.receipt)
            self._view.end(shown)
            self._show_sources(shown.sources)
        said.scroll_end(animate=False)
        self._tell()

    def action_scope(self) -> None:
        """Narrow what is asked of."""
        from exocortex.tui.scope_box import ScopeBox

        self.app.push_screen(ScopeBox(self.desk, self._talk.scope), self._narrowed)

    def _narrowed(self, scope: str | None) -> None:
        if scope is not None:
            self._talk = replace(self._talk, scope=scope.strip())
            self._tell()

    def action_engine(self) -> None:
        """Choose what answers."""
        names = engines_of(self.desk.config)
        at = next((n for n, one in enumerate(names) if one.value == self._talk.engine), 0)
        choices = [Choice(one.label, one.value, one.about) for one in names]
        self.app.push_screen(Choose("What answers", choices, at), self._engine_chosen)

    def _engine_chosen(self, engine: str | None) -> None:
        if engine is not None:
            self._talk = replace(self._talk, engine=engine)
            self._tell()

    def action_role(self) -> None:
        """Choose how the conversation is to be held."""
        choices, wrong = roles_of(self.desk.config.home)
        at = next((n for n, one in enumerate(choices) if one.value == self._talk.role), 0)
        self.app.push_screen(Choose("In which role", choices, at, "\n".join(wrong)), self._role_chosen)

    def _role_chosen(self, role: str | None) -> None:
        if role is not None:
            self._talk = replace(self._talk, role=role)
            self._tell()

    def _tell(self) -> None:
        """The chips above the line."""
        talk = self._talk
        engine = talk.engine or in_force(self.desk.config) or QUOTING
        parts = [
            safe.joined(safe.line(" all notes" if not talk.scope else f" only {talk.scope}", "$secondary")),
            safe.line("quotes" if engine == QUOTING else engine, "$secondary"),
        ]
        if talk.role:
            parts.append(safe.line(f"as {talk.role}", "$secondary"))
        if talk.title:
            parts.append(safe.line(talk.title, "$muted"))
        if self._instead:
            parts.append(safe.line("in place of the last question; Esc drops it", "$warning"))
        self.query_one("#chips", Static).update(safe.line("  ·  ", "$faint").join(parts))

    # An answer

    @property
    def _shown(self) -> Shown | None:
        return self._view.shown if self._view is not None else None

    def _answer(self) -> Shown | None:
        """The last answer, if it says anything; else that there is none is told."""
        shown = self._shown
        if shown is None or not shown.sentences:
            told = "There is no answer yet." if shown is None else f"There is no answer: {shown.silence}"
            self.notify(safe.plain(told), markup=False)
            return None
        return shown

    def action_open(self, number: int) -> None:
        """Read source n at its lines."""
        source = self.query_one(SourcesPanel).numbered(number)
        if source is None:
            self.notify(f"There is no source {number}.", markup=False)
        self._open(source)

    @on(OptionList.OptionSelected, "#sources")
    def _source_selected(self) -> None:
        self._open(self.query_one(SourcesPanel).chosen)

    def _open(self, source: Citation | None) -> None:
        if source is None:
            return
        if self._shown is not None and self._shown.is_past and self._shown.receipt is not None:
            open_source(self.desk, self, self._shown.receipt, source.number)
        else:
            self.post_message(opened(source))

    def action_copy_answer(self) -> None:
        """Its sentences, with their numbers and where those lead."""
        shown = self._answer()
        if shown is not None:
            self.post_message(Copy(copied(self.desk, shown), "the answer"))

    def action_copy_citation(self) -> None:
        """The chosen source, or the first: where it is, and what it says."""
        panel = self.query_one(SourcesPanel)
        source = panel.chosen or panel.numbered(1)
        if source is None:
            self.notify("There is no source to copy.", markup=False)
        else:
            text = f"{self.desk.place(source.note)}:{source.first_line}\n{source.quote}"
            self.post_message(Copy(text, f"source {source.number}"))

    def action_copy_code(self) -> None:
        """The last block of code of the answer."""
        code = self._shown.code if self._shown is not None else None
        if code is not None:
            self.post_message(Copy(code, "the code"))
        else:
            self.notify("There is no code in this answer.", markup=False)

    def action_save(self) -> None:
        """Make a note of the answer."""
        shown = self._answer()
        if shown is not None and shown.receipt is not None:
            save_note(self.desk, self, shown.receipt)

    @on(Told)
    def _told(self, message: Told) -> None:
        self.notify(safe.plain(message.told), markup=False)

    def action_receipt(self) -> None:
        """What the answer was made from, to the letter, and what became of it since."""
        if self._shown is not None and self._shown.receipt is not None:
            read_receipt(self.desk, self, self._shown.receipt)
        else:
            self.notify("There is no receipt: nothing was answered yet.", markup=False)

    @on(ReceiptRead)
    def _receipt_read(self, message: ReceiptRead) -> None:
        self.app.push_screen(TextBox("Receipt", receipt_text(self.desk, message.checked)))


def _exchange(desk: Desk, question: str) -> ExchangeView:
    """Imported with the first question, as is what lays out Markdown."""
    from exocortex.tui.exchange_view import ExchangeView

    return ExchangeView(desk, question)


_WELCOME = Content("\n").join(
    [
        safe.line("Ask a question of your notes.", "bold"),
        safe.line("Each answer shows the lines it stands on. What isn't in your notes is not made up.", "$muted"),
    ]
)
