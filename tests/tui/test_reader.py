"""The reader by keys alone: what is meant and what is written, what belongs to a note, and where its links lead."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hostile import COMMANDS, MARKUP
from owners import RunningOwner
from screens import desk_of, drive, reading_owner, shown, types, until
from textual.pilot import Pilot

from exocortex.core.terminal import visible
from exocortex.tui.app import ExocortexApp
from exocortex.tui.ask import AskPlace
from exocortex.tui.link_boxes import LinkBox, WebBox
from exocortex.tui.messages import Edited, LinkChosen, OpenNote
from exocortex.tui.note_body import NoteBody
from exocortex.tui.note_side import NoteSide
from exocortex.tui.reader import Reader

LONG = "".join(f"Line {n} of many.\n\n" for n in range(1, 60))
NOTES = {
    "Home/Boiler.md": "# Boiler\n\n## Pressure\n\nIt is **1.3 bar**, says the [[Lease#Deposit|lease]].\n\n"
    "```sh\nbleed --slowly\n```\n\n[web](https://good.example@evil.example/x) [ssh](ssh://host/x) "
    "[up](../../x.md) [gone](gone.md) [pic](plan.png) [share](//host/share)\n",
    "Home/Lease.md": f"# Lease\n\n{LONG}## Deposit\n\nThe deposit is paid back. See [[Boiler]].\n\nA deposit again.\n",
    "Home/plan.png": "not a note",
    "huge.md": "# Huge\n\n" + "Some words of a line that is quite long, **bold**, and [[Boiler]].\n" * 6_000,
    "plain.txt": "Plain *text*.\n",
}
WIDE = (120, 40)


@pytest.fixture(scope="module")
def owner() -> Iterator[RunningOwner]:
    """Of notes that lead to each other, and elsewhere."""
    with TemporaryDirectory() as work, reading_owner(Path(work), NOTES) as running:
        yield running


def _body(pilot: Pilot[int]) -> NoteBody:
    return pilot.app.screen.query_one(NoteBody)


async def _read(pilot: Pilot[int], owner: RunningOwner, path: str, first: int = 0, words: tuple[str, ...] = ()) -> None:
    note = owner.client().notes.show(f"notes:{path}").note
    await until(pilot, lambda: isinstance(pilot.app.screen, AskPlace))
    pilot.app.screen.post_message(OpenNote(note, first, first, words))
    await until(pilot, lambda: isinstance(pilot.app.screen, Reader) and _title(pilot, note.title))


def _title(pilot: Pilot[int], title: str) -> bool:
    """Shown at once, and its place when the note has come."""
    return shown(pilot).lstrip().startswith(f"{visible(title, keep_newlines=False)}   "[:100])


async def _knows_its_links(pilot: Pilot[int]) -> None:
    screen = pilot.app.screen
    assert isinstance(screen, Reader)
    await until(pilot, lambda: screen._around.related)


def test_a_note_is_shown_as_it_is_meant_or_as_it_is_written(owner: RunningOwner) -> None:
    async def script(pilot: Pilot[int]) -> None:
        await _read(pilot, owner, "Home/Boiler.md")
        assert "It is 1.3 bar, says the lease." in shown(pilot)
        await pilot.press("m")
        await until(pilot, lambda: "It is **1.3 bar**, says the [[Lease#Deposit|lease]]." in shown(pilot))
        await pilot.press("m")
        await until(pilot, lambda: "It is 1.3 bar, says the lease." in shown(pilot))

    drive(desk_of(owner), script)


def test_lines_that_mattered_come_first_and_switching_keeps_the_place(owner: RunningOwner) -> None:
    async def script(pilot: Pilot[int]) -> None:
        await _read(pilot, owner, "Home/Lease.md", 83)
        assert _body(pilot).as_lines
        assert "▌  83 Line 41 of many." in shown(pilot)
        for _ in range(2):
            await pilot.press("m")
            await pilot.pause(0.1)
            assert "Line 41 of many." in shown(pilot)
        assert _body(pilot).as_lines

    drive(desk_of(owner), script)


@pytest.mark.parametrize(("path", "why"), [("huge.md", "longer than 64 KB"), ("plain.txt", "isn't Markdown")])
def test_what_is_shown_as_lines_says_why(owner: RunningOwner, path: str, why: str) -> None:
    async def script(pilot: Pilot[int]) -> None:
        await _read(pilot, owner, path)
        assert why in shown(pilot)
        await pilot.press("m")
        assert _body(pilot).as_lines

    drive(desk_of(owner), script)


def test_a_long_note_is_there_at_once_and_keys_are_quick(owner: RunningOwner) -> None:
    """Counted is what this thread works, whatever the machine does."""

    async def script(pilot: Pilot[int]) -> None:
        await until(pilot, lambda: isinstance(pilot.app.screen, AskPlace))
        pilot.app.animation_level = "none"
        began = time.thread_time()
        await _read(pilot, owner, "huge.md")
        assert time.thread_time() - began < 1
        times = []
        for key in ["j"] * 10 + ["space"] * 5 + ["G", "g", "m"]:
            began = time.thread_time()
            await pilot.press(key)
            times.append(time.thread_time() - began)
        assert sorted(times)[round(len(times) * 0.8)] < 0.1

    drive(desk_of(owner), script, WIDE)


def test_outline_links_and_related_notes_stand_beside_it(owner: RunningOwner) -> None:
    async def script(pilot: Pilot[int]) -> None:
        await _read(pilot, owner, "Home/Boiler.md")
        await _knows_its_links(pilot)
        text = shown(pilot)
        for told in ("Outline", "Pressure", "Linked from  2", "Lease", "Links to  2", "Leading nowhere  2", "Related"):
            assert told in text
        await pilot.press("o")
        assert "Outline" not in shown(pilot).replace("o Outline", "")

    drive(desk_of(owner), script, WIDE)


def test_on_a_narrow_screen_they_come_when_asked_for(owner: RunningOwner) -> None:
    async def script(pilot: Pilot[int]) -> None:
        await _read(pilot, owner, "Home/Lease.md")
        await _knows_its_links(pilot)
        side = pilot.app.screen.query_one(NoteSide)
        assert not side.display
        await pilot.press("o", "j", "enter")
        await until(pilot, lambda: "The deposit is paid back." in shown(pilot))
        assert _body(pilot).view.has_focus

    drive(desk_of(owner), script)


def test_links_are_followed_and_back_is_where_one_was(owner: RunningOwner) -> None:
    async def script(pilot: Pilot[int]) -> None:
        await _read(pilot, owner, "Home/Lease.md")
        await _knows_its_links(pilot)
        await pilot.press("G", "f")
        await until(pilot, lambda: isinstance(pilot.app.screen, LinkBox))
        await pilot.press("1")
        await until(pilot, lambda: _title(pilot, "Boiler"))
        await _knows_its_links(pilot)
        await pilot.press("f", "enter")
        await until(pilot, lambda: _title(pilot, "Lease") and "The deposit is paid back." in shown(pilot))
        await pilot.press("backspace")
        await until(pilot, lambda: _title(pilot, "Boiler") and "1.3 bar" in shown(pilot))
        await pilot.press("escape")
        await until(pilot, lambda: _title(pilot, "Lease") and "A deposit again." in shown(pilot))
        await pilot.press("escape")
        await until(pilot, lambda: isinstance(pilot.app.screen, AskPlace))

    drive(desk_of(owner), script)


def test_a_link_is_followed_by_a_click_too(owner: RunningOwner) -> None:
    async def script(pilot: Pilot[int]) -> None:
        await _read(pilot, owner, "Home/Boiler.md")
        await _knows_its_links(pilot)
        rows = shown(pilot).splitlines()
        row = next(at for at, text in enumerate(rows) if "says the lease" in text)
        await pilot.click(offset=(rows[row].index("lease") + 1, row))
        await until(pilot, lambda: _title(pilot, "Lease"))

    drive(desk_of(owner), script)


def test_t28_the_web_is_shown_whole_and_only_ever_copied(owner: RunningOwner) -> None:
    async def script(pilot: Pilot[int]) -> None:
        await _read(pilot, owner, "Home/Boiler.md")
        await _knows_its_links(pilot)
        await pilot.press("f", "2")
        await until(pilot, lambda: isinstance(pilot.app.screen, WebBox))
        assert "https://good.example@evil.example/x" in shown(pilot)
        assert "to the machine evil.example" in shown(pilot)
        await pilot.press("escape")
        assert pilot.app.clipboard == ""
        await pilot.press("f", "2", "c")
        await until(pilot, lambda: pilot.app.clipboard == "https://good.example@evil.example/x")

    drive(desk_of(owner), script)


@pytest.mark.parametrize(
    ("href", "told"),
    [
        ("ssh://host/x", "Links of the kind ssh: aren't followed"),
        ("file:///etc/passwd", "Links of the kind file: aren't followed"),
        ("javascript:alert(1)", "Links of the kind javascript: aren't followed"),
        ("smb://host/x", "Links of the kind smb: aren't followed"),
        ("vscode://file/x", "Links of the kind vscode: aren't followed"),
        ("//host/share", "A link to another machine isn't followed"),
        ("%5C%5Chost%5Cx", "A link to another machine isn't followed"),
        ("../../x.md", "This link leads out of your notes"),
        ("/etc/passwd", "This link leads out of your notes"),
        ("gone.md", "Nothing in this folder of notes is called so"),
        ("plan.png", "Not a note: Home/plan.png"),
    ],
)
def test_t28_nothing_else_is_opened(owner: RunningOwner, href: str, told: str) -> None:
    async def script(pilot: Pilot[int]) -> None:
        await _read(pilot, owner, "Home/Boiler.md")
        await _knows_its_links(pilot)
        _body(pilot).post_message(LinkChosen(href))
        await until(pilot, lambda: told[:30] in shown(pilot))
        assert _title(pilot, "Boiler")
        assert pilot.app.clipboard == ""

    drive(desk_of(owner), script, WIDE)


def test_matches_are_gone_through_one_by_one(owner: RunningOwner) -> None:
    async def script(pilot: Pilot[int]) -> None:
        await _read(pilot, owner, "Home/Lease.md", 121, ("deposit",))
        for key, told in (("n", "match 2 of 3"), ("n", "match 3 of 3"), ("n", "match 1 of 3"), ("N", "match 3 of 3")):
            await pilot.press(key)
            await until(pilot, lambda told=told: told in shown(pilot))  # type: ignore[misc]
        assert "▌ 125 A deposit again." in shown(pilot)

    drive(desk_of(owner), script)


def test_lines_and_code_are_copied_when_asked(owner: RunningOwner) -> None:
    async def script(pilot: Pilot[int]) -> None:
        await _read(pilot, owner, "Home/Boiler.md", 5)
        await pilot.press("y")
        await until(pilot, lambda: pilot.app.clipboard == "Home/Boiler.md:5")
        await pilot.press("c")
        await until(pilot, lambda: pilot.app.clipboard == "bleed --slowly")

    drive(desk_of(owner), script)


def test_a_question_is_asked_of_the_note(owner: RunningOwner) -> None:
    async def script(pilot: Pilot[int]) -> None:
        await _read(pilot, owner, "Home/Boiler.md")
        await pilot.press("a")
        await until(pilot, lambda: 'only path:"Home/Boiler.md"' in shown(pilot))

    drive(desk_of(owner), script)


def test_after_editing_it_is_as_it_is_now_at_the_same_place(tmp_path: Path) -> None:
    with reading_owner(tmp_path, NOTES) as owner:

        async def script(pilot: Pilot[int]) -> None:
            await _read(pilot, owner, "Home/Lease.md")
            await pilot.press("space", "space")
            await pilot.pause(0.2)
            before = _body(pilot).view.top
            file = tmp_path / "notes" / "Home" / "Lease.md"
            file.write_text(file.read_text().replace(" of many.", " of some."))
            pilot.app.screen.post_message(Edited())
            await until(pilot, lambda: " of some." in shown(pilot))
            assert _body(pilot).view.top == before > 1

        drive(desk_of(owner), script)


def test_t26_t27_whatever_a_note_holds_is_shown_literally(tmp_path: Path) -> None:
    attacks = [*COMMANDS, *MARKUP]
    notes = {
        f"n{number:02}.md": f"# Head {attack}\n\n## Part {attack}\n\nText {attack} [[to {attack}]] [x]({attack})\n\n"
        f"```{attack[:9]}\n{attack}\n```\n\n[[n{(number + 1) % len(attacks):02}|{attack[:9]}]]\n"
        for number, attack in enumerate(attacks)
    }
    with reading_owner(tmp_path, notes) as owner:

        async def script(pilot: Pilot[int]) -> None:
            app = pilot.app
            assert isinstance(app, ExocortexApp)
            for number in range(len(attacks)):
                await _read(pilot, owner, f"n{number:02}.md")
                await until(pilot, lambda: "Related" in shown(pilot) or "Outline" in shown(pilot))
                for key in ("m", "f", "escape", "o", "o", "m"):
                    assert visible(shown(pilot)) == shown(pilot)
                    await pilot.press(key)
                await pilot.press("q")
                await until(pilot, lambda: isinstance(pilot.app.screen, AskPlace))
            assert app.clipboard == ""

        drive(desk_of(owner), script, WIDE)


def test_a_note_that_is_gone_is_told(tmp_path: Path) -> None:
    with reading_owner(tmp_path, NOTES) as owner:

        async def script(pilot: Pilot[int]) -> None:
            note = owner.client().notes.show("Boiler").note
            await until(pilot, lambda: isinstance(pilot.app.screen, AskPlace))
            (tmp_path / "notes" / note.path).unlink()
            pilot.app.screen.post_message(OpenNote(note))
            await until(pilot, lambda: isinstance(pilot.app.screen, Reader) and "no note called" in shown(pilot))
            await pilot.press("escape")
            await types(pilot, "x")

        drive(desk_of(owner), script, WIDE)
