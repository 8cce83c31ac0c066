"""A conversation with the notes, by keys alone."""

from __future__ import annotations

from pathlib import Path

from screens import drive, shown, types, until
from textual.events import Paste
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
        await pilot.press("slash")
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


async def _go_back(pilot: Pilot[int], words: str) -> None:
    """Leave the conversation, and go on with the one at the top of the list."""
    await pilot.press("ctrl+l", "ctrl+t")
    await until(pilot, lambda: isinstance(pilot.app.screen, ThreadsBox) and words in shown(pilot))
    await pilot.press("enter")
    await until(pilot, lambda: not isinstance(pilot.app.screen, ThreadsBox) and words in shown(pilot))


def test_an_answer_of_an_earlier_day_has_its_sources_its_receipt_and_its_keys(desk: Desk) -> None:
    async def script(pilot: Pilot[int]) -> None:
        await _asked(pilot, "How much is the deposit?")
        await _go_back(pilot, "How much is the deposit?")
        await until(pilot, lambda: "Home/Lease.md" in shown(pilot))
        await pilot.press("escape", "v")
        await until(pilot, lambda: "receipt " in shown(pilot))
        await pilot.press("escape", "y")
        await until(pilot, lambda: "Copied" in shown(pilot) or "copied" in shown(pilot))
        await pilot.press("1")
        await until(pilot, lambda: isinstance(pilot.app.screen, Reader) and "▌" in shown(pilot))

    drive(desk, script, (120, 30))


def test_a_source_that_moved_is_read_where_it_stands_now_and_one_that_is_gone_is_told(desk: Desk) -> None:
    lease = Path(desk.config.folders[0].root) / "Home" / "Lease.md"
    text = lease.read_text()

    async def script(pilot: Pilot[int]) -> None:
        await _asked(pilot, "How much is the deposit?")
        await _go_back(pilot, "How much is the deposit?")
        lease.write_text(f"A line of its own.\n\n{text}")
        await pilot.press("escape", "1")
        await until(pilot, lambda: isinstance(pilot.app.screen, Reader) and "▌" in shown(pilot))
        marked = next(line for line in shown(pilot).splitlines() if "▌" in line and "1,480" in line)
        assert "1,480" in marked
        await pilot.press("escape")
        lease.unlink()
        await pilot.press("1")
        await until(pilot, lambda: "isn't in your notes any more" in " ".join(shown(pilot).split()))

    try:
        drive(desk, script, (120, 30))
    finally:
        lease.write_text(text)


def test_a_conversation_that_is_deleted_is_not_gone_on_with(desk: Desk) -> None:
    async def script(pilot: Pilot[int]) -> None:
        await _asked(pilot, "What is the boiler pressure?")
        await pilot.press("ctrl+t")
        await until(pilot, lambda: "boiler" in shown(pilot) and "d delete" in shown(pilot))
        await pilot.press("d", "y", "escape")
        await until(pilot, lambda: "Ask a question of your notes." in shown(pilot))
        await _asked(pilot, "How much is the deposit?")
        assert "The deposit is £1,480." in shown(pilot)

    drive(desk, script, (120, 30))


def test_another_title_stands_above_the_line_at_once(desk: Desk) -> None:
    async def script(pilot: Pilot[int]) -> None:
        await _asked(pilot, "What is the boiler pressure?")
        await pilot.press("ctrl+t")
        await until(pilot, lambda: "d delete" in shown(pilot))
        await pilot.press("enter")
        await until(pilot, lambda: "· What is the boiler" in " ".join(shown(pilot).split()))
        await pilot.press("ctrl+t")
        await until(pilot, lambda: "d delete" in shown(pilot))
        await pilot.press("r", "ctrl+u")
        await types(pilot, "Warmth")
        await pilot.press("enter")
        await until(pilot, lambda: "Warmth" in shown(pilot))
        await pilot.press("escape")
        await until(pilot, lambda: "· Warmth" in " ".join(shown(pilot).split()))

    drive(desk, script, (120, 30))


def test_where_nothing_was_answered_the_keys_say_so(desk: Desk) -> None:
    async def script(pilot: Pilot[int]) -> None:
        await pilot.press("escape", "v")
        await until(pilot, lambda: "There is no receipt" in shown(pilot))
        await pilot.press("escape")
        await _asked(pilot, "Who won the chess olympiad?")
        await pilot.press("escape", "w")
        await until(pilot, lambda: "There is no answer: Not in your notes." in shown(pilot))

    drive(desk, script, (120, 30))
    assert not list((Path(desk.config.folders[0].root) / "Inbox").glob("*.md"))


def test_a_question_that_fails_leaves_no_sources_beside_it(desk: Desk) -> None:
    async def script(pilot: Pilot[int]) -> None:
        await _asked(pilot, "How much is the deposit?")
        assert "Home/Lease.md" in shown(pilot)
        await pilot.press("ctrl+o")
        await types(pilot, "after:never")
        await pilot.press("enter")
        await types(pilot, "And when?")
        await pilot.press("enter")
        await until(pilot, lambda: "never" in shown(pilot) and "Home/Lease.md" not in shown(pilot))

    drive(desk, script, (120, 30))


def test_all_lines_of_what_is_pasted_are_asked_and_what_has_no_room_is_told(desk: Desk) -> None:
    async def script(pilot: Pilot[int]) -> None:
        line = pilot.app.screen.query_one("#question", Input)
        line.post_message(Paste("How much\r\nis the deposit?\n"))
        await until(pilot, lambda: line.value == "How much is the deposit?")
        line.post_message(Paste("x" * 9_000))
        await until(pilot, lambda: "A line takes 8,000" in shown(pilot))
        assert len(line.value) == 8_000

    drive(desk, script, (120, 30))


def test_a_key_pressed_right_after_enter_belongs_to_the_next_question(desk: Desk) -> None:
    async def script(pilot: Pilot[int]) -> None:
        line = pilot.app.screen.query_one("#question", Input)
        for key in ("h", "i", "enter", "z"):
            pilot.app.simulate_key(key)
        await until(pilot, lambda: "❯ hi" in shown(pilot))
        assert "❯ hiz" not in shown(pilot)
        assert line.value == "z"

    drive(desk, script, (120, 30))
