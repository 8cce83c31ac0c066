"""The screens on an index that answers every question with words at 64 KB a second: for `bench.tui` to type beside."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterator
from threading import Event as StopEvent
from typing import Any, cast

from exocortex.config import load
from exocortex.core.errors import OwnerError
from exocortex.core.events import Answering, Happening, Token
from exocortex.core.service import CortexPort
from exocortex.core.status import Status
from exocortex.tui.app import ExocortexApp
from exocortex.tui.desk import Desk
from exocortex.tui.tidying import settle

RATE, SECONDS, PIECE = 64_000, 1.5, 16
"""Characters a second, for so long, in pieces of so many."""
_TEXT = (
    "The heron **stands** still in the `shallow` water of the harbour [1], and waits for a fish.\n\n"
    "- one that is small\n- one that is slow\n\n"
)


class Pouring:
    """What the screens ask of the index, and no more."""

    def __init__(self) -> None:
        self.index = self.threads = self

    def say(self, _question: str, *, stop: StopEvent, **_: Any) -> Iterator[Answering]:
        """Words at an even pace, whatever was asked."""
        began = time.monotonic()
        for number in range(int(RATE * SECONDS / PIECE)):
            if stop.is_set():
                return
            time.sleep(max(0.0, began + number * PIECE / RATE - time.monotonic()))
            at = number * PIECE % len(_TEXT)
            yield Token((_TEXT + _TEXT)[at : at + PIECE])

    def watch(self, *, stop: StopEvent) -> Iterator[Happening]:
        """Nothing happens."""
        stop.wait()
        yield from ()

    def status(self) -> Status:
        """There is none."""
        raise OwnerError("There is no index.", "")

    def close(self) -> None:
        """Nothing is held."""


def main() -> int:
    """Show it on this terminal."""
    config = load(os.environ)
    desk = Desk(config, os.environ, lambda _: cast(CortexPort, Pouring()), lambda: config)
    return ExocortexApp(desk, shown=settle).run() or 0


if __name__ == "__main__":
    sys.exit(main())
