"""ThreadsBox: the conversations there were: search them, go on with one, rename or delete it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from threading import Event as StopEvent
from typing import TYPE_CHECKING, ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.message import Message
from textual.screen import ModalScreen
from textual.widgets import Input, OptionList, Static
from textual.widgets.option_list import Option

from exocortex.tui import safe
from exocortex.tui.boxes import Confirm, Prompt
from exocortex.tui.entry import Entry
from exocortex.tui.lanes import Failed

if TYPE_CHECKING:
    from exocortex.core.receipts import Thread
    from exocortex.core.service import CortexPort
    from exocortex.tui.desk import Desk


@dataclass
class ThreadsFound(Message):
    """Conversations came back."""

    threads: list[Thread]


@dataclass(frozen=True, slots=True)
class Left:
    """What the box was left with, by id of conversation."""

    chosen: Thread | None
    """To go on with."""
    deleted: frozenset[str]
    renamed: dict[str, str]


class ThreadsBox(ModalScreen[Left]):
    """The conversations there were."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "leave", "Leave", id="threads.leave"),
        Binding("slash", "search", "Search", id="threads.search"),
        Binding("r", "rename", "Rename", id="threads.rename"),
        Binding("d,delete", "delete", "Delete", id="threads.delete"),
    ]

    def __init__(self, desk: Desk) -> None:
        super().__init__()
        self.desk = desk
        self._threads: list[Thread] = []
        self._deleted_ids: set[str] = set()
        self._new_titles: dict[str, str] = {}

    def compose(self) -> ComposeResult:
        """A line to search in, the list, the keys."""
        with Vertical(classes="box tall"):
            yield Static(safe.line("Conversations", "bold"))
            yield Entry(placeholder="Words said in them", id="words")
            yield OptionList(id="threads")
            yield Static(id="told")

    def on_mount(self) -> None:
        """All of them; the keys of the list act at once."""
        self.query_one(OptionList).focus()
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
        told = _KEYS if self._threads else "There are none with these words." if self._words else "There are none yet."
        self.query_one("#told", Static).update(safe.line(told, "$muted"))

    @on(Failed)
    def _failed(self, message: Failed) -> None:
        message.stop()
        told = message.error.told
        self.query_one("#told", Static).update(safe.line(told, "$error"))

    @property
    def _words(self) -> str:
        return self.query_one("#words", Input).value

    @property
    def _chosen(self) -> Thread | None:
        at = self.query_one(OptionList).highlighted
        return self._threads[at] if at is not None and at < len(self._threads) else None

    @on(OptionList.OptionSelected)
    def _selected(self) -> None:
        self._leave(self._chosen)

    def action_leave(self) -> None:
        """Go on with what was being said."""
        self._leave(None)

    def _leave(self, chosen: Thread | None) -> None:
        self.dismiss(Left(chosen, frozenset(self._deleted_ids), self._new_titles))

    def action_search(self) -> None:
        """Look for words said in them."""
        self.query_one("#words").focus()

    def action_rename(self) -> None:
        """Give the chosen one another title."""
        thread = self._chosen
        if thread is not None:
            self.app.push_screen(
                Prompt("Call it", thread.title), lambda title: self._renamed(thread, title) if title else None
            )

    def _renamed(self, thread: Thread, title: str) -> None:
        self._new_titles[thread.id] = title
        self._act(lambda cortex: cortex.threads.rename(thread.id, title))

    def action_delete(self) -> None:
        """Delete the chosen one, with its receipts."""
        thread = self._chosen
        if thread is not None:
            question = f"Delete “{thread.title}”?"
            about = f"{_answers(thread.answers)} and what they stand on go with it, for good."
            self.app.push_screen(Confirm(question, about), lambda sure: self._deleted(thread) if sure else None)

    def _deleted(self, thread: Thread) -> None:
        self._deleted_ids.add(thread.id)
        self._act(lambda cortex: cortex.threads.delete(thread.id))

    def _act(self, act: Callable[[CortexPort], None]) -> None:
        words = self._words

        def work(cortex: CortexPort, _: StopEvent) -> Iterable[Message]:
            act(cortex)
            yield ThreadsFound(cortex.threads.search(words))

        self.desk.lane("threads").give(self, work)


_KEYS = "Enter go on   r rename   d delete   / search   Esc leave"


def _answers(count: int) -> str:
    return "1 answer" if count == 1 else f"{count} answers"
