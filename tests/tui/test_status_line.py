"""The state of things in a line: what it tells of each, and what a narrow screen still shows."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from itertools import pairwise

import pytest
from screens import drive, shown, until
from textual.pilot import Pilot

from exocortex.core.events import Progress
from exocortex.core.status import FolderStatus, OwnerStatus, Status, WatchStatus
from exocortex.tui.app import ExocortexApp
from exocortex.tui.desk import Desk
from exocortex.tui.status_line import Standing, StatusLine, told

NOON = datetime(2026, 3, 6, 12, tzinfo=UTC)
_FOLDER = FolderStatus("notes", "/notes", 1200, 1200, 0, 0, 3, missing=False, frozen=0)
_OWNER = OwnerStatus(1, NOON, 0, WatchStatus("events", NOON, 0, "", ()), paused=False, progress=None, problem=None)


def _standing(**folder: object) -> Standing:
    changed = replace(_FOLDER, **folder)  # type: ignore[arg-type]
    status = Status("/home", (changed,), (), 4000, 0, 4000, "hash", None, NOON, 0, owner=_OWNER)
    return Standing(status, outbound=0, fresh="12:00")


def _paused(standing: Standing) -> Standing:
    assert standing.status is not None
    return replace(standing, status=replace(standing.status, owner=replace(_OWNER, paused=True)))


def test_all_is_well() -> None:
    assert told(_standing()).plain == "1,200 notes · no model: answers are quotes · 0 connections out · fresh 12:00"


def test_before_anything_is_known() -> None:
    told_first = told(Standing()).plain
    assert told_first.startswith("looking at your notes … · ")
    assert "fresh" not in told_first
    assert "not measurable" in told_first


@pytest.mark.parametrize(
    ("standing", "expected"),
    [
        (_standing(skipped=2), "1,200 notes (2 skipped) · "),
        (_standing(indexed=1), "1 note · "),
        (_standing(missing=True), "1,200 notes · notes isn't there · "),
        (_standing(pending=1500), "1,200 notes · 1,500 to read · "),
        (_paused(_standing()), "1,200 notes · paused · "),
        (_paused(_standing(pending=3)), "1,200 notes · paused, 3 to read · "),
        (replace(_standing(), progress=Progress("words", 50, 200, 1.0)), "1,200 notes · reading 50/200, 3.0 s left · "),
        (replace(_standing(), progress=Progress("meaning", 0, 9, 0.0)), "1,200 notes · meaning 0/9 · "),
        (replace(_standing(), progress=Progress("meaning", 9, 9, 1.0)), "1,200 notes · no model"),
    ],
)
def test_what_is_left_to_do_comes_after_the_notes(standing: Standing, expected: str) -> None:
    assert told(standing).plain.startswith(expected)


def test_notes_without_their_meaning_are_told_of() -> None:
    standing = _standing()
    assert standing.status is not None
    told_so = told(replace(standing, status=replace(standing.status, embedding=7))).plain
    assert "7 by words only so far" in told_so


@pytest.mark.parametrize(("number", "said"), [(0, "0 connections"), (1, "1 connection out"), (2, "2 connections out")])
def test_connections_are_counted_in_words(number: int, said: str) -> None:
    assert said in told(replace(_standing(), outbound=number)).plain


def test_trouble_is_all_that_is_told() -> None:
    assert told(replace(_standing(), trouble="It is lost.")).plain == "It is lost."


def test_names_of_models_and_folders_are_text() -> None:
    standing = replace(_standing(name="[b]x\x1b[2J", missing=True), model="[@click=app.quit]m[/]\x07")
    plain = told(standing).plain
    assert "[b]x\\x1b[2J isn't there" in plain
    assert "[@click=app.quit]m[/]\\x07" in plain


def test_the_app_tells_how_its_index_stands_and_what_matters_most_survives_a_narrow_screen(desk: Desk) -> None:
    async def script(pilot: Pilot[int]) -> None:
        line = pilot.app.screen.query_one(StatusLine)
        await until(pilot, lambda: line.standing.status)
        await until(pilot, lambda: "5 notes · no model: answers are quotes · 0 connections out" in shown(pilot))
        await pilot.resize_terminal(20, 10)
        await until(pilot, lambda: "5 notes · no mod" in shown(pilot))

    drive(desk, script)


def test_what_is_paused_and_resumed_elsewhere_is_seen(desk: Desk) -> None:
    async def script(pilot: Pilot[int]) -> None:
        app = pilot.app
        assert isinstance(app, ExocortexApp)
        with desk.reach(desk.config) as client:  # type: ignore[attr-defined]
            for action, holds in ((client.index.pause, True), (client.index.resume, False)):
                action()
                app._read_status()
                await until(pilot, lambda holds=holds: ("paused" in shown(pilot)) is holds)  # type: ignore[misc]

    drive(desk, script)


def test_the_places_keep_their_order_at_any_width(desk: Desk) -> None:
    async def script(pilot: Pilot[int]) -> None:
        for columns in (40, 80, 200):
            await pilot.resize_terminal(columns, 10)
            await until(pilot, lambda: "exo" in shown(pilot))
            first = shown(pilot).split("\n")[0]
            places = [first.find(name) for name in ("exo", "Ask", "Search")]
            assert all(one < other for one, other in pairwise(places)), first

    drive(desk, script)
