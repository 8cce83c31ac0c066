"""Filters are completed where a query or a scope is typed: values below, keys in the line; no other key is taken."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from owners import RunningOwner
from screens import desk_of, drive, reading_owner, shown, types, until
from textual.pilot import Pilot
from textual.widgets import Input

from exocortex.config.roles import FOLDER
from exocortex.tui.ask import AskPlace
from exocortex.tui.desk import Desk
from exocortex.tui.filter_line import FilterChoices
from exocortex.tui.results import Results
from exocortex.tui.scope_box import ScopeBox

NOTES = {
    "Home/Lease.md": "---\nstatus: signed\nowner: Ottoline Pryce\ntags: [home/flat]\n---\n# Lease\n\nThe deposit.\n",
    "Home/My flat/Boiler.md": "---\nstatus: open\ntags: [home/heating]\n---\n# Boiler\n\nHeating, a deposit of lime.\n",
    "Work/Plan.md": "---\ntags: [work]\nodd: '[b]x[/b] \"quoted\"'\n---\n# Plan\n\nNothing of it.\n",
}


@pytest.fixture(scope="module")
def owner(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningOwner]:
    with reading_owner(tmp_path_factory.mktemp("filters"), NOTES) as running:
        yield running


@pytest.fixture
def desk(owner: RunningOwner) -> Desk:
    return desk_of(owner)


def _value(pilot: Pilot[int]) -> str:
    return pilot.app.screen.query_one(Input).value


def _is_open(pilot: Pilot[int]) -> bool:
    return bool(pilot.app.screen.query_one(FilterChoices).display)


async def _typing(pilot: Pilot[int], text: str) -> None:
    """In Search, once it knows the filters."""
    await pilot.press("f3")
    choices = pilot.app.screen.query_one(FilterChoices)
    await until(pilot, lambda: choices.offered("tag:"))
    await types(pilot, text)


@pytest.mark.parametrize(
    ("typed", "keys", "value"),
    [
        ("deposit tag:fl", ("tab",), "deposit tag:home/flat "),
        ("tag:home", ("down", "enter"), "tag:home/heating "),
        ("-status:si", ("tab",), "-status:signed "),
        ("owner:ott", ("tab",), 'owner:"Ottoline Pryce" '),
        ('owner:"ottoline p', ("tab",), 'owner:"Ottoline Pryce" '),
        ("path:my", ("tab",), 'path:"Home/My flat/" '),
        ("folder:", ("tab",), "folder:notes "),
        ("has:open", ("tab",), "has:open-task "),
        ("after:last", ("tab",), 'after:"last week" '),
        ("ta", ("right",), "tag:"),
        ("-stat", ("right",), "-status:"),
    ],
)
def test_what_is_chosen_is_typed(desk: Desk, typed: str, keys: tuple[str, ...], value: str) -> None:
    async def script(pilot: Pilot[int]) -> None:
        await _typing(pilot, typed)
        if keys != ("right",):
            await until(pilot, lambda: _is_open(pilot))
        await pilot.pause()
        await pilot.press(*keys)
        await until(pilot, lambda: _value(pilot) == value)
        assert keys == ("right",) or not _is_open(pilot)

    drive(desk, script)


def test_what_was_chosen_is_searched_for(desk: Desk) -> None:
    async def script(pilot: Pilot[int]) -> None:
        await _typing(pilot, "tag:work")
        await pilot.press("backspace", "tab")
        await until(pilot, lambda: [hit.note.title for hit in pilot.app.screen.query_one(Results).hits] == ["Plan"])

    drive(desk, script)


def test_words_open_nothing_and_arrows_go_to_what_was_found(desk: Desk) -> None:
    async def script(pilot: Pilot[int]) -> None:
        await _typing(pilot, "deposit 12:30 http://x")
        assert not _is_open(pilot)
        pilot.app.screen.query_one(Input).value = "deposit"
        await until(pilot, lambda: pilot.app.screen.query_one(Results).hits)
        await pilot.press("down")
        assert pilot.app.screen.query_one(Results).has_focus

    drive(desk, script)


def test_esc_shuts_the_list_alone(desk: Desk) -> None:
    async def script(pilot: Pilot[int]) -> None:
        await _typing(pilot, "tag:ho")
        await until(pilot, lambda: _is_open(pilot))
        await pilot.press("escape")
        assert not _is_open(pilot)
        assert _value(pilot) == "tag:ho"
        await pilot.press("down")
        assert pilot.app.screen.query_one(Results).has_focus

    drive(desk, script)


def test_enter_takes_the_line_as_it_is_until_one_chose(desk: Desk) -> None:
    async def script(pilot: Pilot[int]) -> None:
        await _typing(pilot, "tag:ho")
        await until(pilot, lambda: _is_open(pilot))
        await pilot.press("enter")
        assert _value(pilot) == "tag:ho"
        assert pilot.app.screen.query_one(Results).has_focus

    drive(desk, script)


def test_values_that_cannot_be_typed_are_not_offered(desk: Desk) -> None:
    async def script(pilot: Pilot[int]) -> None:
        await _typing(pilot, "odd:")
        await pilot.pause(0.2)
        assert not _is_open(pilot)

    drive(desk, script)


def test_a_scope_is_completed_too(desk: Desk) -> None:
    async def script(pilot: Pilot[int]) -> None:
        await pilot.press("ctrl+o")
        await until(pilot, lambda: isinstance(pilot.app.screen, ScopeBox))
        choices = pilot.app.screen.query_one(FilterChoices)
        await until(pilot, lambda: choices.offered("tag:"))
        await types(pilot, "tag:wo")
        await until(pilot, lambda: _is_open(pilot))
        await pilot.press("tab", "enter")
        await until(pilot, lambda: "only tag:work" in shown(pilot))

    drive(desk, script)


def test_a_role_is_chosen_and_one_that_is_no_good_is_told_of(desk: Desk) -> None:
    folder: Path = desk.config.home / FOLDER
    folder.mkdir(exist_ok=True)
    (folder / "lawyer.toml").write_text('instructions = "Be exact."\nscope = "tag:home"\n')
    (folder / "broken.toml").write_text("instructions = \n")

    async def script(pilot: Pilot[int]) -> None:
        await types(pilot, "The deposit?")
        await pilot.press("enter")
        await until(pilot, lambda: "quoted from" in shown(pilot))
        await pilot.press("escape", "r")
        await until(pilot, lambda: "lawyer" in shown(pilot))
        await until(pilot, lambda: "Mend the file" in shown(pilot))
        await pilot.press("down", "enter")
        await until(pilot, lambda: "as lawyer" in shown(pilot))
        place = pilot.app.screen
        assert isinstance(place, AskPlace)
        await pilot.press("tab")
        await types(pilot, "And the plan?")
        await pilot.press("enter")
        await until(pilot, lambda: "searched 2 of 3 notes" in " ".join(shown(pilot).split()))

    drive(desk, script, (120, 40))
