"""The index by keys alone: a ledger that adds up, what is skipped, and what can be done about either."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from owners import RunningOwner
from places import NOTES
from screens import desk_of, drive, shown, until
from textual.pilot import Pilot

from exocortex.core.events import Indexed, Notice, Progress, Saved, saved
from exocortex.tui.app import ExocortexApp
from exocortex.tui.boxes import Confirm
from exocortex.tui.desk import Desk
from exocortex.tui.lately import MOST, with_event

NOON = datetime(2026, 3, 6, 12, tzinfo=UTC)
BAD = "bad [@click=app.quit]x[/] \\[b].md"


@pytest.fixture
def owner(tmp_path: Path) -> Iterator[RunningOwner]:
    """A few notes, one of which can't be read."""
    for path, text in NOTES.items():
        (tmp_path / "notes" / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "notes" / path).write_text(text)
    (tmp_path / "notes" / BAD).parent.mkdir()
    (tmp_path / "notes" / BAD).write_bytes(bytes(range(256)) * 8)
    running = RunningOwner(tmp_path / "home", tmp_path / "notes", tmp_path / "run")
    try:
        for _ in running.client().index.run():
            pass
        yield running
    finally:
        running.close()


@pytest.fixture
def desk(owner: RunningOwner) -> Desk:
    """Over these notes."""
    return desk_of(owner)


async def _arrived(pilot: Pilot[int]) -> None:
    await pilot.press("f8")
    await until(pilot, lambda: "on disk" in shown(pilot))


def test_what_is_on_disk_is_shown_to_add_up(desk: Desk) -> None:
    async def script(pilot: Pilot[int]) -> None:
        await _arrived(pilot)
        said = shown(pilot)
        sums = re.search(r"(\d+) on disk = (\d+) indexed \+ (\d+) pending \+ (\d+) skipped   and 1 other files", said)
        assert sums is not None, said
        disk, *parts = map(int, sums.groups())
        assert disk == sum(parts) == 6
        assert "embedder  hash" in said
        assert "owner     process " in said
        assert "noticed as they are saved" in said

    drive(desk, script)


def test_a_skipped_note_has_its_reason_and_is_tried_again(desk: Desk) -> None:
    file = desk.config.folders[0].root / BAD

    async def script(pilot: Pilot[int]) -> None:
        await _arrived(pilot)
        await until(pilot, lambda: f"{BAD}  binary data" in shown(pilot))
        file.write_text("A note by now.\n")
        await pilot.press("r")
        await until(pilot, lambda: "6 indexed + 0 pending + 0 skipped" in shown(pilot))
        await until(pilot, lambda: "binary data" not in shown(pilot) and "Nothing to do." in shown(pilot))

    drive(desk, script)


def test_what_is_saved_is_told_lately(desk: Desk) -> None:
    async def script(pilot: Pilot[int]) -> None:
        await _arrived(pilot)
        await until(pilot, lambda: "Watching." in shown(pilot))
        (desk.config.folders[0].root / "new [b]one[@x].md").write_text("New.\n")
        await until(pilot, lambda: "1 saved  new [b]one[@x].md" in shown(pilot))

    drive(desk, script, (120, 40))


def test_the_background_rests_and_goes_on(desk: Desk) -> None:
    async def script(pilot: Pilot[int]) -> None:
        await _arrived(pilot)
        await pilot.press("p")
        await until(pilot, lambda: "Paused: nothing is read until p." in shown(pilot))
        await pilot.press("p")
        await until(pilot, lambda: "Nothing to do." in shown(pilot))

    drive(desk, script)


def test_recall_is_measured_when_it_is_asked_for(desk: Desk) -> None:
    async def script(pilot: Pilot[int]) -> None:
        await _arrived(pilot)
        assert "c measures" in shown(pilot)
        await pilot.press("c")
        await until(pilot, lambda: "misses none" in shown(pilot) or "Chroma finds" in shown(pilot))

    drive(desk, script)


def test_notes_that_vanished_all_at_once_go_only_when_that_is_confirmed(owner: RunningOwner, desk: Desk) -> None:
    root = desk.config.folders[0].root
    for number in range(40):
        (root / f"many {number}.md").write_text(f"Note {number}.\n")
    for _ in owner.client().index.run():
        pass

    async def script(pilot: Pilot[int]) -> None:
        await _arrived(pilot)
        await pilot.press("a")
        await until(pilot, lambda: "No notes wait" in shown(pilot))
        for number in range(40):
            (root / f"many {number}.md").unlink()
        await pilot.press("r")
        await until(pilot, lambda: "40 more vanished all at once and are kept" in shown(pilot), 20)
        await pilot.press("a")
        await until(pilot, lambda: isinstance(pilot.app.screen, Confirm) and "Take 40 notes out" in shown(pilot))
        await pilot.press("n")
        await until(pilot, lambda: "40 more vanished" in shown(pilot))
        await pilot.press("a")
        await until(pilot, lambda: isinstance(pilot.app.screen, Confirm))
        await pilot.press("y")
        await until(pilot, lambda: "6 on disk" in shown(pilot) and "more vanished" not in shown(pilot), 20)

    drive(desk, script)


def test_escape_ends_a_run_that_was_begun_here(owner: RunningOwner, desk: Desk) -> None:
    root = desk.config.folders[0].root
    owner.client().index.pause()
    for number in range(1500):
        (root / f"many {number}.md").write_text(f"# Note {number}\n\nHerons by the harbour, number {number}.\n" * 20)

    async def script(pilot: Pilot[int]) -> None:
        await _arrived(pilot)
        pilot.app.simulate_key("r")  # the pilot waits between keys until nothing is at work, which the run would be
        pilot.app.simulate_key("escape")
        await until(pilot, lambda: "stopped: " in shown(pilot) and "Esc stops" not in shown(pilot))

    drive(desk, script)


@pytest.mark.parametrize("size", [(40, 10), (200, 60), (20, 5)])
def test_it_fits_any_terminal(desk: Desk, size: tuple[int, int]) -> None:
    async def script(pilot: Pilot[int]) -> None:
        await pilot.press("f8")
        await until(pilot, lambda: isinstance(pilot.app, ExocortexApp) and pilot.app.standing.status)
        await pilot.resize_terminal(300, 100)
        await pilot.resize_terminal(1, 1)
        await pilot.resize_terminal(*size)
        await pilot.pause()

    drive(desk, script, size)


@pytest.mark.parametrize(
    ("event", "told"),
    [
        (Saved(NOON, ("n:a.md",), ("n:b.md",), 2), "1 saved, 1 gone"),
        (saved(NOON, [f"n:{number}" for number in range(90)], []), "90 notes changed"),
        (Indexed(1, 0, 2, 0, 0, 7, stopped=False, seconds=1.0), "caught up: 1 added, 2 moved, 7 passages embedded"),
        (Indexed(0, 0, 0, 0, 0, 0, stopped=True, seconds=1.0), "stopped: nothing new"),
        (Notice("Looking every few seconds."), "Looking every few seconds."),
    ],
)
def test_what_happened_is_told_in_a_few_words(event: Saved | Indexed | Notice, told: str) -> None:
    assert with_event((), NOON, event)[0].text == told


def test_only_so_much_is_kept_and_progress_is_no_news() -> None:
    lately = with_event((), NOON, Notice("first"))
    assert with_event(lately, NOON, Progress("words", 1, 2, 0.1)) == lately
    for number in range(MOST + 5):
        lately = with_event(lately, NOON, Notice(str(number)))
    assert len(lately) == MOST
    assert lately[0].text == str(MOST + 4)
