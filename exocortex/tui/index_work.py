"""What the Index place asks of the owner, and the messages that tell of it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from threading import Event as StopEvent
from typing import TYPE_CHECKING

from textual.message import Message
from textual.message_pump import MessagePump

from exocortex.core.events import Indexed

if TYPE_CHECKING:
    from exocortex.core.service import CortexPort
    from exocortex.tui.desk import Desk

RUN, ACTS, RECALL = "run", "acts", "recall"


@dataclass
class RunEnded(Message):
    """The index is up to date, or was stopped on the way."""

    indexed: Indexed


@dataclass
class RecallRead(Message):
    """How well Chroma finds, None if it isn't searched at the moment."""

    recall: float | None


@dataclass
class PauseSet(Message):
    """The background was told to rest, or to go on."""

    is_paused: bool


def run(desk: Desk, target: MessagePump, *, retry: bool = False, accept_deletions: bool = False) -> StopEvent:
    """Bring the index up to date and post how that ended; setting the event ends it soon."""

    def work(cortex: CortexPort, stop: StopEvent) -> Iterable[Message]:
        for event in cortex.index.run(retry=retry, accept_deletions=accept_deletions, stop=stop):
            if isinstance(event, Indexed):
                yield RunEnded(event)

    return desk.lane(RUN).give(target, work)


def read_recall(desk: Desk, target: MessagePump) -> None:
    """Post how well Chroma finds."""

    def work(cortex: CortexPort, _: StopEvent) -> Iterable[Message]:
        yield RecallRead(cortex.index.recall())

    desk.lane(RECALL).give(target, work)


def set_paused(desk: Desk, target: MessagePump, is_paused: bool) -> None:
    """Have the background rest, or go on."""

    def work(cortex: CortexPort, _: StopEvent) -> Iterable[Message]:
        if is_paused:
            cortex.index.pause()
        else:
            cortex.index.resume()
        yield PauseSet(is_paused)

    desk.lane(ACTS, queues=True).give(target, work)
