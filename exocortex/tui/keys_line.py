"""KeysLine: the keys that do something here and now, in one row; a click presses them.

Textual's `Footer` makes a widget for each key, anew whenever the focus moves: a tenth of the start, and of such keys.
"""

from __future__ import annotations

from collections.abc import Iterable

from textual.binding import Binding
from textual.content import Content
from textual.screen import Screen
from textual.style import Style
from textual.widgets import Static


class KeysLine(Static):
    """Follows the keys of its screen."""

    def on_mount(self) -> None:
        """Listen, and begin."""
        self.screen.bindings_updated_signal.subscribe(self, self._tell)
        self._tell(self.screen)

    def _tell(self, screen: Screen[object]) -> None:
        if self.is_attached and screen is self.screen:
            shown = [one.binding for one in screen.active_bindings.values() if one.enabled and one.binding.show]
            self.update(self._content(shown))

    def _content(self, bindings: Iterable[Binding]) -> Content:
        """One key for each thing that can be done."""
        first = {binding.action: binding for binding in reversed(list(bindings))}
        parts = []
        for binding in reversed(first.values()):
            press = Style.from_meta({"@click": f"app.simulate_key({binding.key!r})"})
            key = Content.styled(self.app.get_key_display(binding), "bold $footer-key-foreground")
            what = Content.styled(f" {binding.description}", "$footer-description-foreground")
            parts.append(Content("").join([key, what]).stylize(press))
        return Content("  ").join(parts)
