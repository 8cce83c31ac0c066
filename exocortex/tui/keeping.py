"""Keeping: what is typed is put on disk beside the thread of the screens: a draft meanwhile, a note in the end."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from threading import Event as StopEvent
from typing import TYPE_CHECKING

from textual.message import Message
from textual.message_pump import MessagePump

from exocortex import drafts
from exocortex.capturing import Captured, capture, wanted
from exocortex.core.errors import ExocortexError
from exocortex.drafts import Draft, DraftError
from exocortex.tui.lanes import aside

if TYPE_CHECKING:
    from exocortex.tui.desk import Desk


@dataclass
class DraftKept(Message):
    """This draft is on disk."""

    number: int


@dataclass
class DraftLost(Message):
    """It isn't."""

    error: ExocortexError


@dataclass
class NoteMade(Message):
    """The text is on disk as a note, or in the journal."""

    captured: Captured


class Keeper:
    """Does one thing after the other; of drafts only the newest, and none once the text was captured."""

    def __init__(self, desk: Desk, target: MessagePump) -> None:
        self._desk = desk
        self._target = target
        self._turn = threading.Lock()
        self._newest = 0
        self._is_over = False

    def keep(self, draft: Draft) -> int:
        """Keep a draft; `DraftKept` bears the number that this returns, or a later one."""
        self._newest += 1
        number = self._newest

        def work(_: StopEvent) -> Iterable[Message]:
            with self._turn:
                if number < self._newest or self._is_over:
                    return
                try:
                    drafts.keep(self._desk.config.home, draft)
                except ExocortexError as error:
                    yield DraftLost(error)
                else:
                    yield DraftKept(number)

        aside(self._target, work)
        return number

    def capture(self, text: str, tags: Sequence[str], to: str) -> None:
        """Make a note of it, or add it to the one that `to` names."""

        def work(_: StopEvent) -> Iterable[Message]:
            with self._turn:
                config, now = self._desk.config, self._desk.now()
                destination = wanted(config, to, now, Path.home())
                captured = capture(config, text, now, tags=tuple(tags), to=destination)
                self._is_over = True
                with suppress(DraftError):  # what is a note by now has not failed for a draft that stays
                    drafts.drop(self._desk.config.home)
            yield NoteMade(captured)

        aside(self._target, work)
