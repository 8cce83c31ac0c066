"""Lanes: what is asked last is answered, an owner that is lost is met again, and leaving waits for nobody."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from threading import Event as StopEvent

from owners import RunningOwner
from screens import reading_owner
from textual.app import App
from textual.message import Message

from exocortex.core.errors import EngineError, UsageError
from exocortex.core.service import CortexPort
from exocortex.tui.lanes import Failed, Lane, Work


@dataclass
class Told(Message):
    """What a lane was given to say."""

    what: object


class Listener(App[None]):
    """Keeps what lanes post to it."""

    def __init__(self) -> None:
        super().__init__()
        self.told: list[object] = []
        self.failed: list[Failed] = []

    def on_told(self, message: Told) -> None:
        """Keep it."""
        self.told.append(message.what)

    def on_failed(self, message: Failed) -> None:
        """Keep it."""
        self.failed.append(message)


def _listening(script: Callable[[Listener], Awaitable[None]]) -> None:
    async def run() -> None:
        listener = Listener()
        async with listener.run_test(size=(20, 5)):
            await script(listener)

    asyncio.run(run())


async def _until(holds: Callable[[], object], seconds: float = 10.0) -> None:
    for _ in range(round(seconds / 0.01)):
        if holds():
            return
        await asyncio.sleep(0.01)
    raise AssertionError("it never came")


def _says(what: object) -> Work:
    def work(cortex: CortexPort, stop: StopEvent) -> Iterable[Message]:
        yield Told(what)

    return work


def _titles(cortex: CortexPort, stop: StopEvent) -> Iterable[Message]:
    yield Told(cortex.notes.show("Boiler").note.title)


def _held(let_go: StopEvent, what: str) -> Work:
    """Says this once it is let go, and whether it was told to stop meanwhile."""

    def work(cortex: CortexPort, stop: StopEvent) -> Iterable[Message]:
        let_go.wait(10)
        yield Told((what, "stopped" if stop.is_set() else "not stopped"))

    return work


def test_of_what_waits_only_the_newest_is_done(screens_owner: RunningOwner) -> None:
    lane, let_go = Lane("test", screens_owner.client), StopEvent()

    async def script(listener: Listener) -> None:
        lane.give(listener, _held(let_go, "first"))
        await _until(lambda: lane._running)
        for number in range(50):
            lane.give(listener, _says(number))
        let_go.set()
        await _until(lambda: len(listener.told) == 2)
        await asyncio.sleep(0.1)
        assert listener.told == [("first", "stopped"), 49]

    _listening(script)
    lane.close()


def test_a_lane_that_queues_does_everything_in_order(screens_owner: RunningOwner) -> None:
    lane, let_go = Lane("test", screens_owner.client, queues=True), StopEvent()

    async def script(listener: Listener) -> None:
        lane.give(listener, _held(let_go, "first"))
        for number in range(50):
            lane.give(listener, _says(number))
        let_go.set()
        await _until(lambda: len(listener.told) == 51)
        assert listener.told == [("first", "not stopped"), *range(50)]

    _listening(script)
    lane.close()


def test_one_job_of_a_queue_can_be_stopped_alone(screens_owner: RunningOwner) -> None:
    lane, let_go = Lane("test", screens_owner.client, queues=True), StopEvent()

    async def script(listener: Listener) -> None:
        stop = lane.give(listener, _held(let_go, "first"))
        lane.give(listener, _says("second"))
        stop.set()
        let_go.set()
        await _until(lambda: len(listener.told) == 2)
        assert listener.told == [("first", "stopped"), "second"]

    _listening(script)
    lane.close()


def test_after_stop_nothing_waits_and_the_lane_still_works(screens_owner: RunningOwner) -> None:
    lane, let_go = Lane("test", screens_owner.client, queues=True), StopEvent()

    async def script(listener: Listener) -> None:
        lane.give(listener, _held(let_go, "first"))
        await _until(lambda: lane._running)
        lane.give(listener, _says("dropped"))
        lane.stop()
        let_go.set()
        lane.give(listener, _titles)
        await _until(lambda: len(listener.told) == 2)
        assert listener.told == [("first", "stopped"), "Boiler"]

    _listening(script)
    lane.close()


def test_an_owner_that_is_lost_is_told_of_and_the_next_one_is_met(tmp_path: Path) -> None:
    with reading_owner(tmp_path) as first:
        owners = [first]
        lane = Lane("test", lambda: owners[-1].client())

        async def script(listener: Listener) -> None:
            lane.give(listener, _titles)
            await _until(lambda: listener.told == ["Boiler"])
            first.close()
            lane.give(listener, _titles)
            await _until(lambda: listener.failed)
            assert (listener.failed[0].lane, listener.failed[0].error.kind) == ("test", "owner")
            owners.append(RunningOwner(tmp_path / "home", tmp_path / "notes", tmp_path / "run"))
            lane.give(listener, _titles)
            await _until(lambda: listener.told == ["Boiler", "Boiler"])

        _listening(script)
        lane.close()
        owners[-1].close()


def test_what_is_refused_is_told_and_the_line_is_kept(screens_owner: RunningOwner) -> None:
    reached: list[int] = []

    def reach() -> CortexPort:
        reached.append(1)
        return screens_owner.client()

    def ask_nonsense(cortex: CortexPort, stop: StopEvent) -> Iterable[Message]:
        yield Told(cortex.notes.show("no such note").note.title)

    lane = Lane("test", reach)

    async def script(listener: Listener) -> None:
        lane.give(listener, ask_nonsense)
        await _until(lambda: listener.failed)
        assert isinstance(listener.failed[0].error, UsageError)
        lane.give(listener, _titles)
        await _until(lambda: listener.told == ["Boiler"])
        assert len(reached) == 1

    _listening(script)
    lane.close()


def test_a_mistake_in_what_is_asked_ends_neither_the_lane_nor_the_app(screens_owner: RunningOwner) -> None:
    lane = Lane("test", screens_owner.client)

    def stumbles(cortex: CortexPort, stop: StopEvent) -> Iterable[Message]:
        yield Told(1 // 0)

    async def script(listener: Listener) -> None:
        lane.give(listener, stumbles)
        await _until(lambda: listener.failed)
        error = listener.failed[0].error
        assert isinstance(error, EngineError)
        assert "ZeroDivisionError" in error.message
        lane.give(listener, _titles)
        await _until(lambda: listener.told == ["Boiler"])

    _listening(script)
    lane.close()


def test_leaving_waits_for_no_call(screens_owner: RunningOwner) -> None:
    lane, never = Lane("test", screens_owner.client), StopEvent()

    async def script(listener: Listener) -> None:
        lane.give(listener, _held(never, "never"))
        await _until(lambda: lane._running)
        began = time.monotonic()
        lane.close()
        lane.give(listener, _says("too late"))
        assert time.monotonic() - began < 0.1

    _listening(script)
    (thread,) = [one for one in threading.enumerate() if one.name == "lane test"]
    assert thread.daemon
    never.set()
    thread.join(5)
    assert not thread.is_alive()
