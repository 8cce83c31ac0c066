"""Conversing: a question is asked on a lane of its own, and its answer posted as it comes about."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from threading import Event as StopEvent
from typing import TYPE_CHECKING

from textual.message import Message
from textual.message_pump import MessagePump

from exocortex.core.events import Answering, Token

if TYPE_CHECKING:
    from exocortex.core.receipts import Exchange, Thread
    from exocortex.core.service import CortexPort
    from exocortex.tui.desk import Desk

LANE = "ask"
TOKEN_SECONDS = 0.05
"""Words that come faster are posted together."""


@dataclass(frozen=True, slots=True)
class Talk:
    """What the next question goes with."""

    thread: str = ""
    title: str = ""
    scope: str = ""
    engine: str = ""
    role: str = ""


@dataclass
class Said(Message):
    """Something came of a question."""

    number: int
    """Questions are numbered; what comes of one that was given up is dropped."""
    event: Answering


@dataclass
class ThreadRead(Message):
    """A conversation that is gone on with."""

    thread: Thread
    exchanges: list[Exchange]


def say(desk: Desk, target: MessagePump, number: int, question: str, talk: Talk, *, instead: bool) -> StopEvent:
    """Ask within the conversation, or begin one; with `instead`, in the place of its last question."""
    options = {"thread": talk.thread, "scope": talk.scope, "engine": talk.engine, "role": talk.role}

    def work(cortex: CortexPort, stop: StopEvent) -> Iterable[Message]:
        events = cortex.threads.say(question, instead=instead and bool(talk.thread), **options, stop=stop)
        for event in _gathered(events):
            yield Said(number, event)

    return desk.lane(LANE).give(target, work)


def read_thread(desk: Desk, target: MessagePump, thread: Thread) -> None:
    """Fetch what was said in a conversation."""

    def work(cortex: CortexPort, _: StopEvent) -> Iterable[Message]:
        yield ThreadRead(thread, cortex.threads.show(thread.id))

    desk.lane(LANE).give(target, work)


def _gathered(events: Iterable[Answering]) -> Iterator[Answering]:
    """The same events, words that come in quick succession joined."""
    waiting, last = "", 0.0
    for event in events:
        if not isinstance(event, Token):
            if waiting:
                yield Token(waiting)
            waiting = ""
            yield event
            continue
        waiting += event.text
        if time.monotonic() - last >= TOKEN_SECONDS:
            yield replace(event, text=waiting)
            waiting, last = "", time.monotonic()
    if waiting:
        yield Token(waiting)
