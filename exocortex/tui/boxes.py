"""Boxes: small dialogs over a screen: a line to type, a choice to make, a thing to confirm, a text to read."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import ClassVar, Generic, TypeVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.widget import Widget
from textual.widgets import Input, OptionList, Static
from textual.widgets.option_list import Option

from exocortex.tui import safe
from exocortex.tui.entry import Entry
from exocortex.tui.note_view import NoteView

_Value = TypeVar("_Value")


class Prompt(ModalScreen[str | None]):
    """One line; None if it is left."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "dismiss", "Leave", id="box.leave")]

    def __init__(self, title: str, value: str = "", about: str = "") -> None:
        super().__init__()
        self._title, self._value, self._about = title, value, about

    def compose(self) -> ComposeResult:
        """Title, line, hint."""
        with Vertical(classes="box"):
            yield Static(safe.line(self._title, "bold"))
            yield from self.line(self._value)
            yield Static(safe.line(self._about, "$muted"))

    def line(self, value: str) -> Iterator[Widget]:
        """What is typed in."""
        yield Entry(value, id="line")

    @on(Input.Submitted)
    def _submitted(self, event: Input.Submitted) -> None:
        self.dismiss(event.value)


class Confirm(ModalScreen[bool]):
    """Whether something is to be done."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("y,enter", "answer(True)", "Yes", id="box.yes"),
        Binding("n,escape", "answer(False)", "No", id="box.no"),
    ]

    def __init__(self, question: str, about: str = "") -> None:
        super().__init__()
        self._question, self._about = question, about

    def compose(self) -> ComposeResult:
        """The question, and how to answer."""
        with Vertical(classes="box"):
            yield Static(safe.line(self._question, "bold"))
            if self._about:
                yield Static(safe.lines(self._about, "$muted"))
            yield Static(safe.joined(safe.line("y", "$accent"), " yes   ", safe.line("n", "$accent"), " no"))

    def action_answer(self, is_wanted: bool) -> None:
        """Close with it."""
        self.dismiss(is_wanted)


@dataclass(frozen=True, slots=True)
class Choice(Generic[_Value]):
    """Something to choose."""

    label: str
    value: _Value
    about: str = ""

    @property
    def content(self) -> Content:
        """As a row."""
        return safe.joined(safe.line(self.label), "  ", safe.line(self.about, "$muted"))


class Choose(ModalScreen[_Value | None], Generic[_Value]):
    """One of several; None if it is left."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "dismiss", "Leave", id="box.leave")]

    def __init__(self, title: str, choices: Sequence[Choice[_Value]], at: int = 0, wrong: str = "") -> None:
        """`at` is what is chosen now; `wrong` tells of what can't be."""
        super().__init__()
        self._title, self._choices, self._at, self._wrong = title, choices, at, wrong

    def compose(self) -> ComposeResult:
        """Title and list."""
        with Vertical(classes="box"):
            yield Static(safe.line(self._title, "bold"))
            yield OptionList(*(Option(choice.content) for choice in self._choices))
            if self._wrong:
                yield Static(safe.lines(self._wrong, "$warning"))

    def on_mount(self) -> None:
        """Begin at what is chosen now."""
        self.query_one(OptionList).highlighted = self._at

    @on(OptionList.OptionSelected)
    def _selected(self, event: OptionList.OptionSelected) -> None:
        self.dismiss(self._choices[event.option_index].value)


class TextBox(ModalScreen[None]):
    """A text to read."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape,q", "dismiss", "Leave", id="box.leave")]

    def __init__(self, title: str, text: str) -> None:
        super().__init__()
        self._title, self._text = title, text

    def compose(self) -> ComposeResult:
        """Title and text."""
        with Vertical(classes="box tall"):
            yield Static(safe.line(self._title, "bold"))
            yield NoteView(numbered=False)

    def on_mount(self) -> None:
        """Show it."""
        view = self.query_one(NoteView)
        view.show(self._text)
        view.focus()
