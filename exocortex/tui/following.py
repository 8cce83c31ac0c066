"""Following: the owner is heard all the time, met again when it is lost, and asked how things stand."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterable
from contextlib import closing
from threading import Event as StopEvent

from textual.message import Message
from textual.message_pump import MessagePump

from exocortex.core.errors import ExocortexError
from exocortex.core.service import CortexPort
from exocortex.outbound import connections
from exocortex.tui.desk import Desk
from exocortex.tui.messages import Happened, OwnerHeard, OwnerLost, StatusRead

AGAIN_SECONDS = 1.0


def follow(desk: Desk, target: MessagePump) -> StopEvent:
    """Post what happens to the index to `target` until the event is set; whoever holds it is started if need be."""
    stop = StopEvent()

    def run() -> None:
        while not stop.is_set():
            try:
                _listen(desk, target, stop)
            except ExocortexError as error:
                target.post_message(OwnerLost(f"{error.message} {error.hint}".strip()))
            stop.wait(AGAIN_SECONDS)

    threading.Thread(target=run, name="following", daemon=True).start()
    return stop


def _listen(desk: Desk, target: MessagePump, stop: StopEvent) -> None:
    with closing(desk.reach(desk.config)) as cortex:
        target.post_message(OwnerHeard())
        for event in cortex.index.watch(stop=stop):
            target.post_message(Happened(event))


def read_status(desk: Desk, target: MessagePump) -> None:
    """Post how things stand."""

    def ask(cortex: CortexPort, _: StopEvent) -> Iterable[Message]:
        status = cortex.index.status()
        owner = [status.owner.pid] if status.owner is not None else []
        yield StatusRead(status, connections([os.getpid(), *owner]))

    desk.lane("status").give(target, ask)
