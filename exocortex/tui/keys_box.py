"""KeysBox: the keys that do something on a screen, what they do, and the names that `keys.toml` knows them by."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical, VerticalScroll
from textual.content import Content
from textual.screen import ModalScreen, Screen
from textual.widgets import Static

from exocortex.tui import safe
from exocortex.tui.keymap import keys_of, keys_told

_KEY, _WORDS = 14, 26
"""Columns."""


class KeysBox(ModalScreen[None]):
    """Those of the screen first, among them letters that act only outside of a line; the app's; the focus'."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape,q", "dismiss", "Leave", id="box.leave")]

    def __init__(self, screen: Screen[object], own: Mapping[str, str]) -> None:
        super().__init__()
        self._about, self._own = screen, own

    def compose(self) -> ComposeResult:
        """Three groups, as far as there is something in them."""
        with Vertical(classes="box tall"), VerticalScroll():
            yield Static(Content("\n").join(self._rows()))

    def on_mount(self) -> None:
        """Long lists can be scrolled at once."""
        self.query_one(VerticalScroll).focus()

    def _rows(self) -> Iterator[Content]:
        focused = [one.binding for one in self._about.active_bindings.values() if one.node is self._about.focused]
        groups = {
            "Here": list(keys_of(self._about, self._own)),
            "Everywhere": list(keys_of(self.app, self._own)),
            "Where the focus is": [binding for binding in focused if binding.description],
        }
        for title, bindings in groups.items():
            if bindings:
                yield safe.line(title, "bold $accent")
                yield from (self._row(binding) for binding in bindings)
                yield Content("")
        yield safe.line('Names on the right are for keys.toml in the home: ask.again = "f6"', "$muted")

    def _row(self, binding: Binding) -> Content:
        return safe.joined(
            safe.line(f"{keys_told(self.app, binding):<{_KEY}} ", "$secondary"),
            f"{binding.description:<{_WORDS}} ",
            safe.line(binding.id or "", "$faint"),
        )
