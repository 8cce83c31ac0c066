"""Place: a screen with its name among the others above, the state of things and the keys below."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.message import Message
from textual.screen import Screen
from textual.widget import Widget
from textual.widgets import Static

from exocortex.tui.keys_line import KeysLine
from exocortex.tui.status_line import StatusLine

if TYPE_CHECKING:
    from exocortex.tui.desk import Desk

PLACES = {
    "ask": ("Ask", "F2"),
    "search": ("Search", "F3"),
    "notes": ("Notes", "F4"),
    "today": ("Today", "F5"),
    "index": ("Index", "F8"),
}
"""Mode: what it is called, and the key that leads to it."""


class PlaceName(Static):
    """The name of a place; a click leads there."""

    class Chosen(Message):
        """It was clicked."""

        def __init__(self, mode: str) -> None:
            super().__init__()
            self.mode = mode

    def __init__(self, mode: str, key: str, is_here: bool) -> None:
        name, _ = PLACES[mode]
        super().__init__(Content.assemble(f" {name} ", (f"{key} ", "$faint")), classes="here" if is_here else "")
        self._mode = mode

    def on_click(self) -> None:
        """Go there."""
        self.post_message(self.Chosen(self._mode))


class Place(Screen[None]):
    """One of the screens that F-keys lead to."""

    MODE: ClassVar[str] = ""
    BINDINGS: ClassVar[list[BindingType]] = [Binding("down", "app.focus_next", show=False)]

    def __init__(self, desk: Desk) -> None:
        super().__init__()
        self.desk = desk
        self._is_covered = False

    def compose(self) -> ComposeResult:
        """Names above, the body, and the state below."""
        with Horizontal(id="places"):
            yield Static(" exo ", id="brand")
            for mode in PLACES:
                yield PlaceName(mode, self._key_of(mode), mode == self.MODE)
        with Vertical(id="body"):
            yield from self.body()
        yield StatusLine()
        yield KeysLine()

    def _key_of(self, mode: str) -> str:
        """The key that leads to a place, as it is shown."""
        _, key = PLACES[mode]
        own = self.desk.keys.get(f"app.{mode}", "").partition(",")[0].strip()
        return self.app.get_key_display(Binding(own, "")) if own else key

    def body(self) -> Iterator[Widget]:
        """What the place is for."""
        raise NotImplementedError

    def arrive(self) -> None:
        """It was chosen; put the focus where one types."""

    def come_back(self) -> None:
        """What lay over it was closed; the focus stays where it was."""

    def on_screen_suspend(self) -> None:
        """Left for another place, or covered by a box or a reader."""
        self._is_covered = self.app.current_mode == self.MODE

    def on_screen_resume(self) -> None:
        """Chosen, or uncovered."""
        if self._is_covered:
            self.come_back()
        else:
            self.arrive()
