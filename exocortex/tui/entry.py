"""Entry: a line to type in. What is pasted may come from anywhere: no control character gets in, nor a flood."""

from __future__ import annotations

from textual.events import Key, Paste
from textual.widgets import Input

from exocortex.core.terminal import masked

_SPACES = str.maketrans("\t\r\n", "   ")
MOST = 8_000
"""Characters; the rest of what is pasted is left out."""


class Entry(Input):
    """An `Input` whose value can be painted as it is."""

    def validate_value(self, value: str) -> str:
        """Lengths stay, so that the cursor is where it was put."""
        return masked(value[:MOST].translate(_SPACES))

    def _on_paste(self, event: Paste) -> None:
        """All lines, as one; what has no room is told of."""
        event.stop()
        event.prevent_default()
        pasted = " ".join(event.text.splitlines())
        room = MOST - len(self.value) + len(self.selected_text)
        self.replace(pasted[:room], *sorted(self.selection))
        if len(pasted) > room:
            self.notify(f"A line takes {MOST:,} characters; the rest of what was pasted was left out.", markup=False)


class Question(Entry):
    """A line that is empty after Enter, at once: what is typed while the question is being taken up stays."""

    async def _on_key(self, event: Key) -> None:
        """Enter counts when its turn comes: as a binding it would come after keys that were pressed after it."""
        if event.key == "enter":
            event.stop()
            event.prevent_default()
            await self.action_submit()
            self.value = ""
