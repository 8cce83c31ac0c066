"""The terminal UI in this process, on a real owner of a real index, driven by keys."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from owners import RunningOwner
from places import NOTES
from textual.pilot import Pilot

from exocortex.tui.app import ExocortexApp
from exocortex.tui.desk import Desk

NOW = datetime(2026, 3, 6, 9, 30, tzinfo=UTC)


def desk_of(owner: RunningOwner) -> Desk:
    """What the screens are handed; the clock stands still."""
    return Desk(owner.config, owner.environ, lambda config: owner.client(config), lambda: owner.config, now=lambda: NOW)


def drive(
    desk: Desk,
    script: Callable[[Pilot[int]], Awaitable[None]],
    size: tuple[int, int] = (80, 24),
    *,
    notices: bool = True,
) -> ExocortexApp:
    """Show the app on a screen of this size and go through the script; returns the app, over by then.

    Without `notices` the passing ones in the corner aren't shown.
    """
    app = ExocortexApp(desk)

    async def run() -> None:
        async with app.run_test(size=size, notifications=notices) as pilot:
            await script(pilot)

    asyncio.run(run())
    return app


async def until(pilot: Pilot[int], holds: Callable[[], object], seconds: float = 10.0) -> None:
    """Wait until this holds; fails with what is on the screen if it never does."""
    for _ in range(round(seconds / 0.05)):
        await pilot.pause(0.05)
        if holds():
            return
    raise AssertionError(shown(pilot))


async def types(pilot: Pilot[int], text: str) -> None:
    """Press the keys of a text, one after the other."""
    await pilot.press(*("space" if one == " " else one for one in text))


def shown(pilot: Pilot[int]) -> str:
    """What is on the screen, as text."""
    height = pilot.app.size.height
    strips = pilot.app.screen._compositor.render_strips()
    return "\n".join(strip.text.rstrip() for strip in strips[:height])


@contextmanager
def reading_owner(root: Path, notes: Mapping[str, str] = NOTES) -> Iterator[RunningOwner]:
    """An owner of these notes, their words and their meaning in."""
    for path, text in notes.items():
        (root / "notes" / path).parent.mkdir(parents=True, exist_ok=True)
        (root / "notes" / path).write_text(text)
        os.utime(root / "notes" / path, (1_772_000_000, 1_772_000_000))
    running = RunningOwner(root / "home", root / "notes", root / "run")
    try:
        for _ in running.client().index.run():
            pass
        yield running
    finally:
        running.close()
