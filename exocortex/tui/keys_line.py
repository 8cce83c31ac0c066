"""KeysLine: the keys that do something here and now, in one row; a click presses them.

Keys of the place stand on the left, as many as there is room for; those of the app on the right, always.

Textual's `Footer` makes a widget for each key, anew whenever the focus moves: a tenth of the start, and of such keys.
"""

from __future__ import annotations

from collections.abc import Sequence

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
        self._keys: tuple[Binding, ...] = ()
        self._ends: list[tuple[int, str]] = []
        """Column at which each key's words end, and the key; where there is none, an empty one."""

    def on_mount(self) -> None:
        """Listen, and begin."""
        self.screen.bindings_updated_signal.subscribe(self, self._tell)
        self._tell(self.screen)

    def on_click(self, event: Click) -> None:
        """Press the key that is clicked."""
        key = next((key for end, key in self._ends if event.x < end), None)
        if key:
            self.app.simulate_key(key)

    def _tell(self, screen: Screen[object]) -> None:
        if self.is_attached and screen is self.screen:
            shown = [one.binding for one in screen.active_bindings.values() if one.enabled and one.binding.show]
            nearest = {one.action: one for one in reversed(shown)}  # one key for each thing that can be done
            self._keys = tuple(reversed(nearest.values()))
            self._paint()

    def on_resize(self) -> None:
        """Another number of them has room."""
        self._paint()

    def _paint(self) -> None:
        ours = [one for one in self._keys if (one.id or "").startswith("app.")]
        right = [self._told(one) for one in ours]
        room = self.size.width - sum(map(_length, right))
        left: list[tuple[Content, str]] = []
        for told in (self._told(one) for one in self._keys if one not in ours):
            room -= _length(told)
            if room < 0:
                break
            left.append(told)
        gap = [(Content(" " * (room - len(_BETWEEN))), "")] if left and room > len(_BETWEEN) else []
        self._show([*left, *gap, *right])

    def _told(self, binding: Binding) -> tuple[Content, str]:
        key = Content.styled(self.app.get_key_display(binding), "bold $footer-key-foreground")
        return key + Content.styled(f" {binding.description}", "$footer-description-foreground"), binding.key

    def _show(self, parts: Sequence[tuple[Content, str]]) -> None:
        end = self.styles.padding.left
        self._ends = []
        for part in parts:
            end += _length(part)
            self._ends.append((end, part[1]))
        self.update(Content(_BETWEEN).join([told for told, _ in parts]), layout=False)


def _length(part: tuple[Content, str]) -> int:
    return part[0].cell_length + len(_BETWEEN)
