"""The way in, from nothing at all to a question that is answered, by keys alone and with a real owner."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path

import pytest
from owned import OwnedPlace
from places import NOTES, make_place
from screens import shown, types, until
from textual.pilot import Pilot
from textual.widgets import Input

from exocortex.config import Config, load
from exocortex.tui.app import ExocortexApp
from exocortex.tui.desk import Desk


@pytest.fixture
def place(tmp_path: Path) -> Iterator[OwnedPlace]:
    """A user with notes, and no home of Exocortex yet."""
    plain = make_place(tmp_path / "user", NOTES)
    (tmp_path / "run").mkdir(mode=0o700)
    own = {"EXO_OWNER_START": "true", "XDG_RUNTIME_DIR": str(tmp_path / "run"), "HOME": str(tmp_path / "user")}
    place = OwnedPlace(plain.home, plain.vault, plain.environ | own)
    yield place
    place.end()


def _drive(place: OwnedPlace, script: Callable[[Pilot[int]], Awaitable[None]]) -> None:
    def read() -> Config:
        return load(place.environ)

    async def run() -> None:
        app = ExocortexApp(Desk.of(read(), place.environ, read))
        async with app.run_test(size=(80, 24), notifications=True) as pilot:
            await script(pilot)

    asyncio.run(run())


def test_enter_alone_leads_from_nothing_to_an_answer(place: OwnedPlace) -> None:
    async def script(pilot: Pilot[int]) -> None:
        await until(pilot, lambda: "~/notes  5 notes" in shown(pilot))
        await pilot.press("enter")
        await until(pilot, lambda: "None for now" in shown(pilot))
        await pilot.press("enter")
        await until(pilot, lambda: "5 notes ·" in shown(pilot))
        await types(pilot, "How much is the deposit?")
        await pilot.press("enter")
        await until(pilot, lambda: "The deposit is £1,480." in shown(pilot), 30)

    _drive(place, script)


def test_a_folder_typed_is_counted_before_it_is_taken(place: OwnedPlace) -> None:
    async def script(pilot: Pilot[int]) -> None:
        await until(pilot, lambda: "5 notes" in shown(pilot))
        await pilot.press("tab")
        await types(pilot, f"{place.vault}/Home")
        await pilot.press("enter")
        await until(pilot, lambda: "2 notes. Enter takes this folder." in shown(pilot))
        await pilot.press("enter")
        await until(pilot, lambda: "None for now" in shown(pilot))

    _drive(place, script)


def test_an_empty_line_says_what_to_type_and_what_was_told_goes_with_the_next_letter(place: OwnedPlace) -> None:
    async def script(pilot: Pilot[int]) -> None:
        await until(pilot, lambda: "5 notes" in shown(pilot))
        await pilot.press("tab", "enter")
        await until(pilot, lambda: "Type the path of a folder, as in ~/notes" in shown(pilot))
        await types(pilot, f"{place.vault}/Home")
        assert "as in ~/notes" not in shown(pilot)
        await pilot.press("enter")
        await until(pilot, lambda: "2 notes. Enter takes this folder." in shown(pilot))
        await pilot.press("backspace")
        await until(pilot, lambda: "Enter takes this folder." not in shown(pilot))

    _drive(place, script)


def test_a_folder_that_is_not_there_is_said_and_asked_for_again(place: OwnedPlace) -> None:
    async def script(pilot: Pilot[int]) -> None:
        await until(pilot, lambda: "5 notes" in shown(pilot))
        await pilot.press("tab")
        await types(pilot, "/nowhere")
        await pilot.press("enter")
        await until(pilot, lambda: "/nowhere does not exist." in shown(pilot))
        assert pilot.app.screen.query_one("#typed", Input).value == "/nowhere"

    _drive(place, script)
