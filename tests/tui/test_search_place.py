"""Search as people do it: by keys alone."""

from __future__ import annotations

from screens import drive, shown, types, until
from textual.pilot import Pilot
from textual.widgets import Input

from exocortex.tui.desk import Desk
from exocortex.tui.reader import Reader
from exocortex.tui.results import Results


def test_typing_finds_and_the_note_is_shown_at_its_lines(desk: Desk) -> None:
    async def script(pilot: Pilot[int]) -> None:
        await pilot.press("f3")
        await types(pilot, "deposit")
        await until(pilot, lambda: "by words and meaning" in shown(pilot))
        assert pilot.app.screen.query_one(Results).hits[0].note.title == "Lease"
        await until(pilot, lambda: "▌" in shown(pilot) and "£1,480" in shown(pilot))

    drive(desk, script)


def test_enter_reads_and_escape_comes_back_to_the_same_results(desk: Desk) -> None:
    async def script(pilot: Pilot[int]) -> None:
        await pilot.press("f3")
        await types(pilot, "boiler pressure")
        await until(pilot, lambda: pilot.app.screen.query_one(Results).hits)
        await pilot.press("enter", "enter")
        await until(pilot, lambda: isinstance(pilot.app.screen, Reader) and "1.3 bar" in shown(pilot))
        await pilot.press("escape")
        await until(pilot, lambda: pilot.app.screen.query(Results))
        assert pilot.app.screen.query_one("#query", Input).value == "boiler pressure"

    drive(desk, script)


def test_letters_typed_into_the_line_are_letters(desk: Desk) -> None:
    async def script(pilot: Pilot[int]) -> None:
        await pilot.press("f3")
        await types(pilot, "1 apple each")
        assert pilot.app.screen.query_one("#query", Input).value == "1 apple each"

    drive(desk, script)
