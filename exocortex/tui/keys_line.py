"""KeysLine: the keys that do something here and now, in one row; a click presses them.

Textual's `Footer` makes a widget for each key, anew whenever the focus moves: a tenth of the start, and of such keys.
"""

from __future__ import annotations

from collections.abc import Iterable

from textual.binding import Binding
from textual.content import Content
from textual.events import Click
from textual.screen import Screen
from textual.widgets import Static

_BETWEEN = "  "


class KeysLine(Static):
    """Follows the keys of its screen."""

    def __init__(self) -> None:
        super().__init__()
        self._ends: list[tuple[int, str]] = []
        """Column at which each key's words end, and the key."""

    def on_mount(self) -> None:
        """Listen, and begin."""
        self.screen.bindings_updated_signal.subscribe(self, self._tell)
        self._tell(self.screen)

    def on_click(self, event: Click) -> None:
        """Press the key that is clicked."""
        key = next((key for end, key in self._ends if event.x < end), None)
        if key is not None:
            self.app.simulate_key(key)

    def _tell(self, screen: Screen[object]) -> None:
        if self.is_attached and screen is self.screen:
            shown = [one.binding for one in screen.active_bindings.values() if one.enabled and one.binding.show]
            self._show({one.action: one for one in reversed(shown)}.values())

    def _show(self, bindings: Iterable[Binding]) -> None:
        """One key for each thing that can be done, the nearest to the focus first."""
        parts: list[Content] = []
        self._ends = []
        end = self.styles.padding.left
        for binding in reversed(list(bindings)):
            key = Content.styled(self.app.get_key_display(binding), "bold $footer-key-foreground")
            parts.append(key + Content.styled(f" {binding.description}", "$footer-description-foreground"))
            end += parts[-1].cell_length + len(_BETWEEN)
            self._ends.append((end, binding.key))
        self.update(Content(_BETWEEN).join(parts), layout=False)
