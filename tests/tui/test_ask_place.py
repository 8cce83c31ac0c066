"""A conversation with the notes, by keys alone."""

from __future__ import annotations

from pathlib import Path

from screens import drive, shown, types, until
from textual.pilot import Pilot
from textual.widgets import Input

from exocortex.tui.desk import Desk
from exocortex.tui.reader import Reader
from exocortex.tui.threads_box import ThreadsBox


async def _asked(pilot: Pilot[int], question: str) -> None:
    await types(pilot, question)
    await pilot.press("enter")
    await until(pilot, lambda: "· searched " in shown(pilot))


def test_an_answer_is_quoted_with_its_source_beside_it(desk: Desk) -> None:
    async def script(pilot: Pilot[int]) -> None:
        await _asked(pilot, "How much is the deposit?")
        assert "The deposit is £1,480." in shown(pilot)
        assert "Home/Lease.md" in shown(pilot)

    drive(desk, script, (120, 30))


def test_a_number_opens_the_source_at_its_lines(desk: Desk) -> None:
    async def script(pilot: Pilot[int]) -> None:
        await _asked(pilot, "How much is the deposit?")
        await pilot.press("escape", "1")
        await until(pilot, lambda: isinstance(pilot.app.screen, Reader) and "▌" in shown(pilot))
        await pilot.press("escape")
        assert "The deposit is £1,480." in shown(pilot)

    drive(desk, script, (120, 30))


def test_what_is_not_in_the_notes_is_said_to_be_not_there(desk: Desk) -> None:
    async def script(pilot: Pilot[int]) -> None:
        await _asked(pilot, "Who won the chess olympiad?")
        assert "Not in your notes." in shown(pilot)

    drive(desk, script, (120, 30))


def test_up_puts_the_last_question_back_to_be_asked_otherwise(desk: Desk) -> None:
    async def script(pilot: Pilot[int]) -> None:
        await _asked(pilot, "How much is the deposit?")
        await pilot.press("up")
        line = pilot.app.screen.query_one("#question", Input)
        assert line.value == "How much is the deposit?"
        line.value = ""
        await _asked(pilot, "What is the boiler pressure?")
        await until(pilot, lambda: "1.3 bar" in shown(pilot))
        assert "£1,480" not in shown(pilot)

    drive(desk, script, (120, 30))


def test_an_earlier_conversation_is_found_and_gone_on_with(desk: Desk) -> None:
    async def script(pilot: Pilot[int]) -> None:
        await _asked(pilot, "What is the boiler pressure?")
        await pilot.press("ctrl+l")
        assert "1.3 bar" not in shown(pilot)
        await pilot.press("ctrl+t")
        await until(pilot, lambda: isinstance(pilot.app.screen, ThreadsBox) and "boiler" in shown(pilot))
        await types(pilot, "boiler")
        await pilot.press("enter", "enter")
        await until(pilot, lambda: "1.3 bar" in shown(pilot))

    drive(desk, script, (120, 30))


def test_the_scope_narrows_what_is_asked_of(desk: Desk) -> None:
    async def script(pilot: Pilot[int]) -> None:
        await pilot.press("ctrl+o")
        await types(pilot, "path:Recipes")
        await pilot.press("enter")
        await types(pilot, "How much is the deposit?")
        await pilot.press("enter")
        await until(pilot, lambda: "searched 1 of" in shown(pilot))

    drive(desk, script, (120, 30))


def test_an_answer_becomes_a_note_that_says_a_machine_wrote_it(desk: Desk) -> None:
    async def script(pilot: Pilot[int]) -> None:
        await _asked(pilot, "How much is the deposit?")
        await pilot.press("escape", "w")
        await until(pilot, lambda: "Saved:" in shown(pilot))

    drive(desk, script, (120, 30))
    [made] = (Path(desk.config.folders[0].root) / "Inbox").glob("*.md")
    assert "machine-written: true" in made.read_text()
    made.unlink()


def test_a_receipt_tells_what_the_answer_was_made_from(desk: Desk) -> None:
    async def script(pilot: Pilot[int]) -> None:
        await _asked(pilot, "How much is the deposit?")
        await pilot.press("escape", "v")
        await until(pilot, lambda: "receipt " in shown(pilot) and "Home/Lease.md" in shown(pilot))

    drive(desk, script, (120, 30))
