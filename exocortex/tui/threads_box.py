"""ThreadsBox: the conversations there were: search them, go on with one, rename or delete it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from threading import Event as StopEvent
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.message import Message
from textual.screen import ModalScreen
from textual.widgets import Input, OptionList, Static
from textual.widgets.option_list import Option

from exocortex.core.receipts import Thread
from exocortex.core.service import CortexPort
from exocortex.tui import safe
from exocortex.tui.boxes import Confirm, Prompt
from exocortex.tui.desk import Desk
from exocortex.tui.entry import Entry
from exocortex.tui.lanes import Failed


@dataclass
class ThreadsFound(Message):
    """Conversations came back."""

    threads: list[Thread]


class ThreadsBox(ModalScreen[Thread | None]):
    """Closes with the conversation to go on with."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "dismiss", "Leave", id="threads.leave"),
        Binding("r", "rename", "Rename", id="threads.rename"),
        Binding("d,delete", "delete", "Delete", id="threads.delete"),
    ]

    def __init__(self, desk: Desk) -> None:
        super().__init__()
        self.desk = desk
        self._threads: list[Thread] = []

    def compose(self) -> ComposeResult:
        """A line to search in, the list, the keys."""
        with Vertical(classes="box tall"):
            yield Static(safe.line("Conversations", "bold"))
            yield Entry(placeholder="Words said in them", id="words")
            yield OptionList(id="threads")
            yield Static(safe.line("Enter go on   r rename   d delete   Esc leave", "$muted"), id="told")

    def on_mount(self) -> None:
        """All of them."""
        self._search("")

    @on(Input.Changed, "#words")
    def _typed(self, event: Input.Changed) -> None:
        self._search(event.value)

    @on(Input.Submitted, "#words")
    def _submitted(self) -> None:
        self.query_one(OptionList).focus()

    def _search(self, words: str) -> None:
        def work(cortex: CortexPort, _: StopEvent) -> Iterable[Message]:
            yield ThreadsFound(cortex.threads.search(words))

        self.desk.lane("threads").give(self, work)

    @on(ThreadsFound)
    def _found(self, message: ThreadsFound) -> None:
        self._threads = message.threads
        listed = self.query_one(OptionList)
        listed.clear_options()
        for thread in self._threads:
            about = f"  {self.desk.clock(thread.at)}  {_answers(thread.answers)}"
            listed.add_option(Option(safe.joined(safe.line(thread.title), safe.line(about, "$muted"))))
        if self._threads:
            listed.highlighted = 0
        else:
            self.query_one("#told", Static).update(safe.line("There are none with these words.", "$muted"))

    @on(Failed)
    def _failed(self, message: Failed) -> None:
        message.stop()
        told = message.error.told
        self.query_one("#told", Static).update(safe.line(told, "$error"))

    @property
    def _chosen(self) -> Thread | None:
        at = self.query_one(OptionList).highlighted
        return self._threads[at] if at is not None and at < len(self._threads) else None

    @on(OptionList.OptionSelected)
    def _selected(self) -> None:
        self.dismiss(self._chosen)

    def action_rename(self) -> None:
        """Give the chosen one another title."""
        thread = self._chosen
        if thread is not None:
            self.app.push_screen(
                Prompt("Call it", thread.title), lambda title: self._renamed(thread, title) if title else None
            )

    def _renamed(self, thread: Thread, title: str) -> None:
        self._act(lambda cortex: cortex.threads.rename(thread.id, title))

    def action_delete(self) -> None:
        """Delete the chosen one, with its receipts."""
        thread = self._chosen
        if thread is not None:
            question = f"Delete “{thread.title}”?"
            about = f"{_answers(thread.answers)} and what they stand on go with it, for good."
            self.app.push_screen(Confirm(question, about), lambda sure: self._deleted(thread) if sure else None)

    def _deleted(self, thread: Thread) -> None:
        self._act(lambda cortex: cortex.threads.delete(thread.id))

    def _act(self, act: Callable[[CortexPort], None]) -> None:
        words = self.query_one("#words", Input).value

        def work(cortex: CortexPort, _: StopEvent) -> Iterable[Message]:
            act(cortex)
            yield ThreadsFound(cortex.threads.search(words))

        self.desk.lane("threads").give(self, work)


def _answers(count: int) -> str:
    return "1 answer" if count == 1 else f"{count} answers"
