"""The day by keys alone: tasks ticked in their notes, the digest, an old note, and notes that are never markup."""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from owners import RunningOwner
from screens import NOW, desk_of, drive, shown, types, until
from textual.pilot import Pilot

from exocortex.storage.undoing import undo
from exocortex.tui.day import MOST_RECENT, ago
from exocortex.tui.desk import Desk
from exocortex.tui.digest_view import DigestView
from exocortex.tui.reader import Reader
from exocortex.tui.row_list import RowList

HOSTILE = "[/] [b]x [@click=app.quit]y[/] \\[ \x1b]52;c;aGk=\x07"
TODAY = NOW.timestamp()
NOTES = {
    "Lease.md": ("# Lease\n\nThe deposit is £1,480.\n\n- [ ] ask about the deposit\r\n- [x] sign\n", TODAY - 90_000),
    "Inbox/vet.md": ("# The vet\n\nCalls back.\n", TODAY - 600),
    "Plans.md": ("# Plans\n\nA shed by the harbour.\n\n- [ ] measure it\n", TODAY - 1200),
    "Old.md": ("# Sourdough\n\nFlour, water and salt.\n", TODAY - 400 * 86_400),
    "Odd.md": (f"---\ntitle: '{HOSTILE.split(chr(27))[0]}'\n---\n\n- [ ] {HOSTILE}\n", TODAY - 90_000),
}


@pytest.fixture
def owner(tmp_path: Path) -> Iterator[RunningOwner]:
    """A few notes, some of them of today."""
    for path, (text, modified) in NOTES.items():
        (tmp_path / "notes" / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "notes" / path).write_bytes(text.encode())
        os.utime(tmp_path / "notes" / path, (modified, modified))
    running = RunningOwner(tmp_path / "home", tmp_path / "notes", tmp_path / "run")
    try:
        for _ in running.client().index.run():
            pass
        yield running
    finally:
        running.close()


@pytest.fixture
def desk(owner: RunningOwner) -> Desk:
    """Over these notes; the clock stands still."""
    return desk_of(owner)


def _note(desk: Desk, path: str) -> Path:
    return desk.config.folders[0].root / path


async def _arrived(pilot: Pilot[int]) -> RowList:
    await pilot.press("f5")
    await until(pilot, lambda: "open tasks" in shown(pilot))
    return pilot.app.screen.query_one("#list", RowList)


async def _to(pilot: Pilot[int], text: str) -> None:
    """Down to the row with this text."""
    rows = pilot.app.screen.query_one("#list", RowList)
    await pilot.press("g")
    for _ in range(20):
        if rows.chosen is not None and text in rows.chosen.text.plain:
            return
        await pilot.press("j")
    raise AssertionError(shown(pilot))


def test_the_day_says_what_came_what_is_open_and_what_to_see_again(desk: Desk) -> None:
    async def script(pilot: Pilot[int]) -> None:
        await _arrived(pilot)
        said = shown(pilot)
        assert "Friday, 6 March 2026   1 captured · 1 changed · 3 open tasks" in said
        assert "09:20  captured  The vet" in said
        assert "09:10  Plans" in said
        assert "[ ] ask about the deposit" in said
        assert "Lease.md:5" in said
        assert "Sourdough  last changed 1 year ago" in said

    drive(desk, script)


def test_a_task_is_ticked_in_its_note_and_opened_again(desk: Desk) -> None:
    before = _note(desk, "Lease.md").read_bytes()

    async def script(pilot: Pilot[int]) -> None:
        await _arrived(pilot)
        await _to(pilot, "ask about")
        await pilot.press("space")
        await until(pilot, lambda: "[x] ask about the deposit" in shown(pilot))
        assert "2 open tasks" in shown(pilot)
        assert _note(desk, "Lease.md").read_bytes() == before.replace(b"- [ ] ask", b"- [x] ask")
        await pilot.press("x")
        await until(pilot, lambda: "[ ] ask about the deposit" in shown(pilot))
        assert _note(desk, "Lease.md").read_bytes() == before
        await pilot.press("x")
        await until(pilot, lambda: "[x] ask about the deposit" in shown(pilot))

    drive(desk, script)
    undo(desk.config.home)
    assert _note(desk, "Lease.md").read_bytes() == before


def test_a_note_edited_meanwhile_is_left_and_its_tasks_are_read_again(desk: Desk) -> None:
    async def script(pilot: Pilot[int]) -> None:
        await _arrived(pilot)
        await _to(pilot, "measure it")
        _note(desk, "Plans.md").write_text("# Plans\n\n- [ ] measure it twice\n")
        await pilot.press("space")
        await until(pilot, lambda: "measure it twice" in shown(pilot))
        assert "[x]" not in shown(pilot)

    drive(desk, script)
    assert _note(desk, "Plans.md").read_text() == "# Plans\n\n- [ ] measure it twice\n"


def test_enter_reads_the_note_at_the_task_and_escape_comes_back(desk: Desk) -> None:
    async def script(pilot: Pilot[int]) -> None:
        rows = await _arrived(pilot)
        await _to(pilot, "ask about")
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(pilot.app.screen, Reader) and "▌ 5 - [ ] ask" in shown(pilot))
        await pilot.press("escape")
        await until(pilot, lambda: pilot.app.screen.query("#list"))
        assert rows.chosen is not None
        assert "ask about" in rows.chosen.text.plain

    drive(desk, script)


def test_a_digest_leads_to_the_lines_it_stands_on(desk: Desk) -> None:
    os.utime(_note(desk, "Lease.md"))

    async def script(pilot: Pilot[int]) -> None:
        await _arrived(pilot)
        await pilot.press("w")
        await until(pilot, lambda: "The deposit is £1,480." in shown(pilot))
        assert "Digest of the week" in shown(pilot)
        await pilot.press("j", "enter")
        await until(pilot, lambda: isinstance(pilot.app.screen, Reader))
        await pilot.press("escape")
        await pilot.press("escape")
        assert not pilot.app.screen.query_one(DigestView).display
        assert pilot.app.screen.query_one("#list", RowList).has_focus

    drive(desk, script)


def test_a_digest_that_is_stopped_leaves_the_day_on_the_screen(desk: Desk) -> None:
    async def script(pilot: Pilot[int]) -> None:
        await _arrived(pilot)
        await pilot.press("w", "escape")
        await until(pilot, lambda: not pilot.app.screen.query_one(DigestView).display)
        await until(pilot, lambda: "Open tasks" in shown(pilot))
        assert pilot.app.screen.query_one("#list", RowList).has_focus

    drive(desk, script)


def test_open_tasks_are_counted_right_when_one_moves_to_the_line_of_a_done_one(desk: Desk) -> None:
    async def script(pilot: Pilot[int]) -> None:
        await _arrived(pilot)
        await _to(pilot, "measure it")
        await pilot.press("x")
        await until(pilot, lambda: "2 open tasks" in shown(pilot))
        _note(desk, "Plans.md").write_text("# Plans\n\nA shed.\n\n- [ ] paint it\n- [x] measure it\n")
        await until(pilot, lambda: "[ ] paint it" in shown(pilot))
        assert "3 open tasks" in shown(pilot)

    drive(desk, script)


def test_a_day_with_more_notes_than_are_looked_at_says_so(owner: RunningOwner, desk: Desk) -> None:
    for number in range(MOST_RECENT + 5):
        note = _note(desk, f"many {number}.md")
        note.write_text(f"# Many {number}\n")
        os.utime(note, (TODAY - 60, TODAY - 60))
    for _ in owner.client().index.run():
        pass

    async def script(pilot: Pilot[int]) -> None:
        await _arrived(pilot)
        assert "0+ captured · 200+ changed" in shown(pilot)
        assert "and 192+ more" in shown(pilot)

    drive(desk, script)


def test_a_screen_left_open_overnight_shows_the_new_day(desk: Desk) -> None:
    async def script(pilot: Pilot[int]) -> None:
        await _arrived(pilot)
        assert "Friday, 6 March 2026" in shown(pilot)
        desk.now = lambda: NOW + timedelta(days=1)
        await until(pilot, lambda: "Saturday, 7 March 2026   0 captured · 0 changed" in shown(pilot))

    drive(desk, script)


def test_a_digest_in_the_place_of_the_list_keeps_the_keys_after_a_note_was_read(desk: Desk) -> None:
    os.utime(_note(desk, "Lease.md"))

    async def script(pilot: Pilot[int]) -> None:
        await _arrived(pilot)
        await pilot.press("w")
        await until(pilot, lambda: "The deposit is £1,480." in shown(pilot))
        rows = pilot.app.screen.query_one("#digest-rows", RowList)
        at = rows.highlighted
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(pilot.app.screen, Reader))
        await pilot.press("escape")
        await until(pilot, lambda: pilot.app.screen.query("#digest-rows"))
        assert (rows.has_focus, rows.highlighted) == (True, at)
        await pilot.press("j")
        assert rows.highlighted != at

    drive(desk, script)


def test_what_stands_at_the_right_edge_is_there_though_the_rows_need_a_scrollbar(desk: Desk) -> None:
    for number in range(15):
        _note(desk, f"many {number}.md").write_text(f"# Many {number}\n\nThe heron of day {number} came by noon.\n")

    async def script(pilot: Pilot[int]) -> None:
        await _arrived(pilot)
        await pilot.press("w")
        await until(pilot, lambda: "The heron of day" in shown(pilot))
        titles = [row for row in shown(pilot).split("\n") if row.strip().startswith("Many ")]
        assert titles
        assert all(row.rstrip(" ▄▆█▁▂▃▅▇").endswith("changed") for row in titles)

    drive(desk, script)


def test_a_thought_captured_is_there_as_soon_as_it_is_written(desk: Desk) -> None:
    desk.now = lambda: NOW.astimezone().now().astimezone()

    async def script(pilot: Pilot[int]) -> None:
        await _arrived(pilot)
        await pilot.press("ctrl+n")
        await types(pilot, "call the vet")
        await pilot.press("ctrl+s")
        await until(pilot, lambda: "1 captured" in shown(pilot))
        assert "captured  call the vet " in shown(pilot)

    drive(desk, script)


def test_t27_what_a_note_says_is_shown_to_the_letter(desk: Desk) -> None:
    async def script(pilot: Pilot[int]) -> None:
        await _arrived(pilot)
        await _to(pilot, "[@click=app.quit]")
        assert "[ ] [/] [b]x [@click=app.quit]y[/] \\[ \\x1b]52;c;aGk=\\x07" in shown(pilot)
        await pilot.press("space")
        await until(pilot, lambda: "[x] [/] [b]x" in shown(pilot))
        await pilot.click("#list", offset=(12, 4))
        assert pilot.app.is_running

    drive(desk, script, (120, 40))


@pytest.mark.parametrize("size", [(40, 10), (200, 60), (20, 5)])
def test_it_fits_any_terminal(desk: Desk, size: tuple[int, int]) -> None:
    async def script(pilot: Pilot[int]) -> None:
        await pilot.press("f5")
        await until(pilot, lambda: pilot.app.screen.query_one("#list", RowList).rows)
        await pilot.press("d")
        await pilot.resize_terminal(300, 100)
        await pilot.resize_terminal(1, 1)
        await pilot.resize_terminal(*size)
        await pilot.pause()

    drive(desk, script, size)


def test_how_long_ago_is_told_in_the_largest_unit() -> None:
    today = NOW.date()
    days = {0: "today", 1: "1 day ago", 6: "6 days ago", 13: "1 week ago", 59: "1 month ago", 800: "2 years ago"}
    assert {number: ago(type(today).fromordinal(today.toordinal() - number), today) for number in days} == days
