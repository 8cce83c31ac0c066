"""A thought written down, from anywhere and whatever happens: once typed, it is never only on the screen."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from owned import OwnedPlace, make_owned
from owners import eventually
from screens import NOW, drive, shown, types, until
from terminals import Terminal
from textual import events
from textual.pilot import Pilot

from exocortex.config import CaptureSettings, Config, Folder
from exocortex.core.errors import OwnerError
from exocortex.core.service import CortexPort
from exocortex.drafts import Draft, keep, read
from exocortex.tui.capture_box import CaptureBox
from exocortex.tui.desk import Desk
from exocortex.tui.writing_area import WritingArea


@pytest.fixture
def alone(tmp_path: Path) -> Desk:
    """A folder of notes, and an owner that can't be reached."""

    def reach(_: Config) -> CortexPort:
        raise OwnerError("Nobody is there.")

    (tmp_path / "notes").mkdir()
    config = Config((tmp_path / "home").resolve(), (Folder("notes", (tmp_path / "notes").resolve()),))
    return Desk(config, {}, reach, lambda: config, now=lambda: NOW)


@pytest.fixture
def own(tmp_path: Path) -> Iterator[OwnedPlace]:
    """A place of real processes."""
    place = make_owned(tmp_path)
    yield place
    place.end()


def _is_open(pilot: Pilot[int]) -> bool:
    return isinstance(pilot.app.screen, CaptureBox)


async def _opened(pilot: Pilot[int]) -> WritingArea:
    await pilot.press("ctrl+n")
    await until(pilot, lambda: _is_open(pilot) and isinstance(pilot.app.focused, WritingArea))
    return pilot.app.screen.query_one(WritingArea)


def _captured(desk: Desk) -> list[str]:
    return [path.read_text() for path in (Path(desk.config.folders[0].root) / "Inbox").glob("*.md")]


def test_ctrl_n_and_ctrl_s_make_a_note_without_an_owner(alone: Desk) -> None:
    async def script(pilot: Pilot[int]) -> None:
        await _opened(pilot)
        await types(pilot, "call the vet")
        await pilot.press("enter")
        await types(pilot, "q j 1")
        await pilot.press("tab")
        await types(pilot, "#home, plans home")
        await pilot.press("ctrl+s")
        await until(pilot, lambda: not _is_open(pilot) and "Saved:" in shown(pilot))

    drive(alone, script)
    [note] = _captured(alone)
    assert 'tags: ["home", "plans"]\n' in note
    assert note.endswith("---\n\ncall the vet\nq j 1\n")
    assert read(alone.config.home) == Draft()


def test_a_tag_is_completed_from_those_of_the_notes(desk: Desk) -> None:
    async def script(pilot: Pilot[int]) -> None:
        await _opened(pilot)
        await pilot.press("tab")
        await types(pilot, "contract heat")
        await until(pilot, lambda: "home/heating" in shown(pilot))
        await pilot.press("enter")
        await until(pilot, lambda: "contract home/heating" in shown(pilot))
        await pilot.press(*["backspace"] * 25, "escape")
        await until(pilot, lambda: not _is_open(pilot))

    drive(desk, script)


def test_escape_keeps_a_draft_that_is_there_again(alone: Desk) -> None:
    async def leave(pilot: Pilot[int]) -> None:
        await _opened(pilot)
        await types(pilot, "half a thou")
        await pilot.press("escape")
        await until(pilot, lambda: not _is_open(pilot))
        assert read(alone.config.home) == Draft("half a thou")

    async def come_back(pilot: Pilot[int]) -> None:
        await _opened(pilot)
        await types(pilot, "ght")
        assert "half a thought" in shown(pilot)
        await until(pilot, lambda: read(alone.config.home) == Draft("half a thought"), 1.0)
        await pilot.press("ctrl+s")
        await until(pilot, lambda: not _is_open(pilot))

    drive(alone, leave)
    drive(alone, come_back)
    assert len(_captured(alone)) == 1
    assert read(alone.config.home) == Draft()


def test_what_can_not_be_saved_stays_on_the_screen_and_can_be_copied(alone: Desk) -> None:
    config = alone.config
    alone.config = Config(config.home, config.folders, capture=CaptureSettings(folder="gone"))

    async def script(pilot: Pilot[int]) -> None:
        await _opened(pilot)
        await types(pilot, "call the vet")
        await pilot.press("ctrl+s")
        await until(pilot, lambda: "there is no folder of that name" in shown(pilot).replace("\n", " "))
        assert "call the vet" in shown(pilot)
        await pilot.press("ctrl+y")
        await until(pilot, lambda: pilot.app.clipboard == "call the vet")
        alone.config = config
        await types(pilot, "!")
        await pilot.press("ctrl+s")
        await until(pilot, lambda: not _is_open(pilot))

    drive(alone, script)
    assert "call the vet!" in _captured(alone)[0]


def test_a_folder_that_is_away_leaves_the_text_in_the_journal(alone: Desk) -> None:
    Path(alone.config.folders[0].root).rmdir()

    async def script(pilot: Pilot[int]) -> None:
        await _opened(pilot)
        await types(pilot, "call the vet")
        await pilot.press("ctrl+s")
        await until(pilot, lambda: not _is_open(pilot) and "is safe but not a note yet" in shown(pilot))

    drive(alone, script)
    [entry] = (alone.config.home / "journal").glob("*.json")
    assert "call the vet" in entry.read_text()


def test_a_draft_that_can_not_be_kept_is_said_before_the_box_closes(alone: Desk) -> None:
    async def script(pilot: Pilot[int]) -> None:
        await _opened(pilot)
        alone.config.home.mkdir(mode=0o700)
        (alone.config.home / "drafts").write_text("in the way")
        await types(pilot, "x")
        await pilot.press("escape")
        await until(pilot, lambda: "can't be kept" in shown(pilot))
        assert _is_open(pilot)
        await pilot.press("escape")
        await until(pilot, lambda: not _is_open(pilot))

    drive(alone, script)


@pytest.mark.parametrize(
    "text", ["word one two three four five six\n" * 160_000, "word " * 1_000_000], ids=["lines", "one line"]
)
def test_t36_five_megabytes_are_pasted_and_saved_whole(alone: Desk, text: str) -> None:
    async def script(pilot: Pilot[int]) -> None:
        area = await _opened(pilot)
        pilot.app.post_message(events.Paste(text))
        await until(pilot, lambda: len(area.text) == len(text))
        await pilot.press("ctrl+s")
        await until(pilot, lambda: not _is_open(pilot))

    drive(alone, script)
    assert _captured(alone)[0].split("---\n\n", 1)[1].rstrip("\n") == text.rstrip("\n")


def test_a_paste_that_is_too_large_is_refused_and_nothing_is_lost(alone: Desk) -> None:
    async def script(pilot: Pilot[int]) -> None:
        area = await _opened(pilot)
        await types(pilot, "mine")
        pilot.app.post_message(events.Paste("x" * 17_000_000))
        await until(pilot, lambda: "17 MB are too much" in shown(pilot))
        assert area.text == "mine"
        await pilot.press("escape")

    drive(alone, script)


def test_t26_a_draft_with_terminal_commands_is_shown_masked_and_saved_as_it_is(alone: Desk) -> None:
    keep(alone.config.home, Draft("a \x1b]52;c;aGk=\x07 \u009b2J \u202e [/] [@click=app.quit]x"))

    async def script(pilot: Pilot[int]) -> None:
        await _opened(pilot)
        assert "a \ufffd]52;c;aGk=\ufffd \ufffd2J \ufffd [/] [@click=app.quit]x" in shown(pilot)
        await pilot.press("ctrl+s")
        await until(pilot, lambda: not _is_open(pilot))

    drive(alone, script)
    assert _captured(alone)[0].endswith("a \x1b]52;c;aGk=\x07 \u009b2J \u202e [/] [@click=app.quit]x\n")


def test_a_draft_outlives_the_process_that_is_killed(own: OwnedPlace) -> None:
    first = Terminal(own)
    first.waits_for("Ask a question")
    first.presses("n")
    first.waits_for("Capture")
    first.writes("half a thought")
    assert eventually(lambda: read(own.home) == Draft("half a thought"))
    first.dies()
    again = Terminal(own)
    again.waits_for("Ask a question")
    again.presses("n")
    again.waits_for("half a thought")
    again.presses("s")
    again.waits_for("Saved:")
    again.presses("q")
    assert again.ends() == 0
    [note] = (own.vault / "Inbox").glob("*.md")
    assert re.search(r"half a thought\n\Z", note.read_text())
