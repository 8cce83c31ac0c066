"""Following: the owner is heard all the time, met again when it is lost, and asked how things stand."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterable, Iterator
from contextlib import closing
from threading import Event as StopEvent
from typing import TYPE_CHECKING

from textual.message import Message
from textual.message_pump import MessagePump

from exocortex.core.errors import ExocortexError
from exocortex.outbound import connections
from exocortex.tui.messages import Happened, OwnerHeard, OwnerLost, StatusRead

if TYPE_CHECKING:
    from exocortex.core.service import CortexPort
    from exocortex.tui.desk import Desk

AGAIN_SECONDS, MOST_SECONDS = 1.0, 15.0
"""How long it is left alone after it was lost, and after it was lost again and again."""


def follow(desk: Desk, target: MessagePump) -> StopEvent:
    """Post what happens to the index to `target` until the event is set; whoever holds it is started if need be."""
    stop = StopEvent()

    def run() -> None:
        pause = AGAIN_SECONDS
        while not stop.is_set():
            try:
                for message in _heard(desk, stop):
                    target.post_message(message)
                    pause = AGAIN_SECONDS
            except ExocortexError as error:
                target.post_message(OwnerLost(error.told))
            except Exception as error:  # noqa: BLE001 (the border: whatever it is, it is tried again)
                target.post_message(OwnerLost(f"Something unexpected went wrong ({type(error).__name__}: {error})."))
            stop.wait(pause)
            pause = min(2 * pause, MOST_SECONDS)

    threading.Thread(target=run, name="following", daemon=True).start()
    return stop


def _heard(desk: Desk, stop: StopEvent) -> Iterator[Message]:
    with closing(desk.reach(desk.config)) as cortex:
        yield OwnerHeard()
        for event in cortex.index.watch(stop=stop):
            yield Happened(event)


def read_status(desk: Desk, target: MessagePump) -> None:
    """Post how things stand."""

    def ask(cortex: CortexPort, _: StopEvent) -> Iterable[Message]:
        status = cortex.index.status()
        owner = [status.owner.pid] if status.owner is not None else []
        yield StatusRead(status, connections([os.getpid(), *owner]))

    desk.lane("status").give(target, ask)
