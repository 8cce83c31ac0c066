"""Search, beyond the plain case: filters, notices, what is near, why, nothing found, and hostile notes."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hostile import COMMANDS, MARKUP
from owners import RunningOwner
from screens import desk_of, drive, reading_owner, shown, types, until
from textual.pilot import Pilot
from textual.widgets import Input, Static

from exocortex.core.terminal import visible
from exocortex.tui.app import ExocortexApp
from exocortex.tui.desk import Desk
from exocortex.tui.note_view import NoteView
from exocortex.tui.reader import Reader
from exocortex.tui.results import Results


def _titles(pilot: Pilot[int]) -> list[str]:
    return [hit.note.title for hit in pilot.app.screen.query_one(Results).hits]


def _told(pilot: Pilot[int]) -> str:
    return str(pilot.app.screen.query_one("#found", Static).render())


async def _search(pilot: Pilot[int], text: str, how: str = "by words and meaning") -> None:
    await pilot.press("f3")
    pilot.app.screen.query_one("#query", Input).value = text
    await until(pilot, lambda: how in _told(pilot))


@pytest.mark.parametrize(
    ("query", "titles"),
    [
        ("tag:home/heating", ["Boiler"]),
        ("path:Recipes flour", ["Bread"]),
        ('"paid back"', ["Lease"]),
        ("after:2024-03-01 before:2024-03-31", ["Lease"]),
        ("deposit -lease path:Home", []),
    ],
)
def test_filters_limit_what_is_found(desk: Desk, query: str, titles: list[str]) -> None:
    async def script(pilot: Pilot[int]) -> None:
        await _search(pilot, query)
        assert _titles(pilot) == titles

    drive(desk, script)


def test_a_filter_that_makes_no_sense_is_told_and_typing_on_mends_it(desk: Desk) -> None:
    async def script(pilot: Pilot[int]) -> None:
        await _search(pilot, "before:nonsense", "before:")
        await _search(pilot, "deposit")
        assert _titles(pilot)[0] == "Lease"

    drive(desk, script)


def test_a_word_no_note_has_is_replaced_and_that_is_told(desk: Desk) -> None:
    async def script(pilot: Pilot[int]) -> None:
        await _search(pilot, "depossit")
        await until(pilot, lambda: "deposit" in _told(pilot))
        assert _titles(pilot)[0] == "Lease"

    drive(desk, script)


def test_nothing_found_shows_no_note(desk: Desk) -> None:
    async def script(pilot: Pilot[int]) -> None:
        await _search(pilot, "deposit")
        await until(pilot, lambda: "£1,480" in shown(pilot))
        await _search(pilot, "tag:nowhere", "Nothing found")
        assert _titles(pilot) == []
        await until(pilot, lambda: "£1,480" not in shown(pilot))
        await pilot.press("enter", "enter", "e", "s", "x", "a")
        assert not isinstance(pilot.app.screen, Reader)

    drive(desk, script)


def test_an_emptied_line_shows_how_to_search(desk: Desk) -> None:
    async def script(pilot: Pilot[int]) -> None:
        await _search(pilot, "deposit")
        await pilot.press("enter", "escape")
        query = pilot.app.screen.query_one("#query", Input)
        assert query.has_focus
        await pilot.press("escape")
        assert query.value == ""
        await until(pilot, lambda: "this phrase" in shown(pilot))
        assert _titles(pilot) == []

    drive(desk, script)


def test_x_tells_why_and_tells_it_of_the_next_one_too(desk: Desk) -> None:
    async def script(pilot: Pilot[int]) -> None:
        await _search(pilot, "deposit")
        await pilot.press("enter", "x")
        await until(pilot, lambda: "1. score" in _told(pilot) and "BM25" in _told(pilot))
        await pilot.press("j")
        await until(pilot, lambda: "2. score" in _told(pilot) and "cosine" in _told(pilot))
        await pilot.press("x")
        await until(pilot, lambda: "by words and meaning" in _told(pilot))

    drive(desk, script)


def test_s_shows_what_is_near_without_the_note_itself(desk: Desk) -> None:
    async def script(pilot: Pilot[int]) -> None:
        await _search(pilot, "deposit")
        await pilot.press("enter", "s")
        await until(pilot, lambda: "by meaning" in _told(pilot))
        assert "Lease" not in _titles(pilot)
        assert len(_titles(pilot)) == 4

    drive(desk, script)


def test_the_note_chosen_by_hand_stays_chosen_while_more_is_found(desk: Desk) -> None:
    async def script(pilot: Pilot[int]) -> None:
        await _search(pilot, "heron harbour water")
        await pilot.press("enter", "j", "j")
        results = pilot.app.screen.query_one(Results)
        assert results.chosen is not None
        kept = results.chosen.note.id
        await _search(pilot, "heron harbour water salt", "by words")
        await until(pilot, lambda: len(_titles(pilot)) == 5)
        assert results.chosen.note.id == kept

    drive(desk, script)


def test_fast_typing_ends_with_what_was_typed_last(desk: Desk) -> None:
    async def script(pilot: Pilot[int]) -> None:
        await pilot.press("f3")
        for word in ("boiler", "bread", "heron", "deposit"):
            pilot.app.screen.query_one("#query", Input).value = ""
            await types(pilot, word)
        await until(pilot, lambda: "by words and meaning" in _told(pilot))
        assert _titles(pilot)[0] == "Lease"

    drive(desk, script)


@pytest.fixture(scope="module")
def hostile() -> Iterator[RunningOwner]:
    """An owner of notes whose names, titles and text are full of commands and markup."""
    with TemporaryDirectory() as work, reading_owner(Path(work), _hostile_notes()) as running:
        yield running


def _hostile_notes() -> dict[str, str]:
    notes = {}
    for number, attack in enumerate([*COMMANDS, *MARKUP]):
        name = attack[:40].replace("/", "∕")
        body = f"# Head {attack}\n\nThe heron {attack} stands.\n\n[[to {attack}]] [x]({attack}) #tag{name}\n"
        title = attack.replace("\\", "\\\\").replace('"', '\\"').replace("\x1b", "\\e").replace("\x07", "\\a")
        title = title.replace("\u009b", "\\x9b").replace("\u202e", "\\u202e")
        notes[f"dir{name}/n{number}{name}.md"] = f'---\ntitle: "heron{number} {title}"\n---\n{body}'
    return notes


def _has_no_command(pilot: Pilot[int]) -> None:
    text = shown(pilot)
    assert visible(text) == text


def test_t26_t27_every_hostile_note_is_found_previewed_and_read(hostile: RunningOwner) -> None:
    async def script(pilot: Pilot[int]) -> None:
        for number, attack in enumerate([*COMMANDS, *MARKUP]):
            await _search(pilot, f'"heron{number}"')
            await until(pilot, lambda number=number: f"heron{number} " in shown(pilot))  # type: ignore[misc]
            assert visible(attack, keep_newlines=False)[:12] in shown(pilot)
            _has_no_command(pilot)
            await pilot.press("enter", "x", "x", "enter")
            await until(pilot, lambda: isinstance(pilot.app.screen, Reader) and "▌" in shown(pilot))
            _has_no_command(pilot)
            await pilot.press("escape")
            await until(pilot, lambda: pilot.app.screen.query(Results))
        assert pilot.app.clipboard == ""

    drive(desk_of(hostile), script, (120, 40))


def test_t27_hostile_queries_are_words_like_others(hostile: RunningOwner) -> None:
    async def script(pilot: Pilot[int]) -> None:
        await pilot.press("f3")
        query = pilot.app.screen.query_one("#query", Input)
        for attack in [*MARKUP, *COMMANDS]:
            before = pilot.app.screen
            query.value = ""
            query.insert_text_at_cursor(f"heron{attack}")
            await until(pilot, lambda: _told(pilot))
            _has_no_command(pilot)
            assert pilot.app.screen is before
        assert pilot.app.is_running

    drive(desk_of(hostile), script)


def test_t27_messages_are_text_too(desk: Desk) -> None:
    """What a passing notice says may name a note."""
    from exocortex.core.events import Notice
    from exocortex.tui.messages import Happened

    async def script(pilot: Pilot[int]) -> None:
        app = pilot.app
        assert isinstance(app, ExocortexApp)
        await until(pilot, lambda: app._introduced)
        for attack in (*MARKUP[:5], *COMMANDS):
            app.post_message(Happened(Notice(f"about {attack}!")))
            await until(pilot, lambda attack=attack: f"about {visible(attack)}!"[:40] in shown(pilot))  # type: ignore[misc]
            _has_no_command(pilot)
            app.clear_notifications()

    drive(desk, script, (120, 40))


def test_links_lead_nowhere_by_themselves(hostile: RunningOwner) -> None:
    """T28: a link in a note is text; a click on it does nothing."""

    async def script(pilot: Pilot[int]) -> None:
        await _search(pilot, '"heron12"')
        await until(pilot, lambda: "[x](" in shown(pilot))
        before = pilot.app.screen
        view = pilot.app.screen.query_one(NoteView)
        for row in range(view.size.height):
            await pilot.click(view, offset=(8, row))
        assert pilot.app.screen is before

    drive(desk_of(hostile), script, (120, 40))


def test_a_click_on_a_key_below_presses_it(desk: Desk) -> None:
    async def script(pilot: Pilot[int]) -> None:
        await _search(pilot, "deposit")
        await pilot.press("enter")
        await until(pilot, lambda: "x Explain" in shown(pilot))
        line = shown(pilot).split("\n")[-1]
        await pilot.click(offset=(line.index("x Explain") + 3, 23))
        await until(pilot, lambda: "1. score" in _told(pilot))
        assert line.rstrip().endswith("^p More")

    drive(desk, script, (100, 24))


def test_the_keys_that_are_always_there_are_in_sight_however_narrow_it_is(desk: Desk) -> None:
    async def script(pilot: Pilot[int]) -> None:
        await _search(pilot, "deposit")
        await pilot.press("enter")
        await until(pilot, lambda: "e Edit" in shown(pilot))
        line = shown(pilot).split("\n")[-1]
        assert "x Explain" not in line
        assert line.rstrip().endswith("^p More")
        await pilot.click(offset=(line.index("f1 Keys") + 3, 23))
        await until(pilot, lambda: "Explain" in shown(pilot))

    drive(desk, script)
