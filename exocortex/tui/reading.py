"""Reading: a note is fetched for whoever shows it."""

from __future__ import annotations

from collections.abc import Iterable
from threading import Event as StopEvent
from typing import TYPE_CHECKING

from textual.message import Message
from textual.message_pump import MessagePump

from exocortex.tui.messages import NoteRead

if TYPE_CHECKING:
    from exocortex.core.notes import NoteRef
    from exocortex.core.service import CortexPort
    from exocortex.tui.desk import Desk


def read_note(
    desk: Desk, target: MessagePump, note: NoteRef, first: int = 0, last: int = 0, words: tuple[str, ...] = ()
) -> None:
    """Post the note's text as it is now; of several asked for in a row only the last one surely comes."""
    spelled = desk.spelled(note)

    def ask(cortex: CortexPort, _: StopEvent) -> Iterable[Message]:
        yield NoteRead(cortex.notes.show(spelled), first, last, words)

    desk.lane("reading").give(target, ask)
