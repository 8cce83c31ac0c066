"""WritingArea: where text of any size that a note may have is typed and pasted; what could move a cursor is masked."""

from __future__ import annotations

from rich.text import Text
from textual import events
from textual.message import Message
from textual.widgets import TextArea

from exocortex.tui import safe

MOST_CHARACTERS = 16_000_000
"""More is refused: each key would take seconds."""
WRAPPED_CHARACTERS = 2_000_000
WRAPPED_LINE = 20_000
"""Above either of these, lines are not wrapped, which takes Textual minutes."""


class WritingArea(TextArea):
    """A text area that says no before it would hang, and then keeps what it has."""

    class Refused(Message):
        """A paste was too large; nothing changed."""

        def __init__(self, length: int) -> None:
            super().__init__()
            self.length = length

    def __init__(self, text: str = "", *, id: str | None = None) -> None:  # noqa: A002 (Textual's name)
        super().__init__(text, id=id, soft_wrap=not _is_heavy(text), compact=True, highlight_cursor_line=False)

    def on_paste(self, event: events.Paste) -> None:
        """Refuse, or make room; Textual's own handler does the rest."""
        length = len(self.text) + len(event.text)
        if length > MOST_CHARACTERS:
            event.prevent_default()
            event.stop()
            self.post_message(self.Refused(len(event.text)))
        elif length > WRAPPED_CHARACTERS or _is_heavy(event.text):
            self.soft_wrap = False

    def get_line(self, line_index: int) -> Text:
        """One line, as it may be shown."""
        return Text(safe.masked(self.document.get_line(line_index)), end="", no_wrap=True)


def _is_heavy(text: str) -> bool:
    return len(text) > WRAPPED_CHARACTERS or any(len(line) > WRAPPED_LINE for line in text.split("\n"))
