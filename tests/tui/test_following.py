"""The owner is lost and met again: it is told, and what was typed is still there."""

from __future__ import annotations

from pathlib import Path

from owners import RunningOwner
from screens import desk_of, drive, reading_owner, shown, types, until
from textual.pilot import Pilot
from textual.widgets import Input

from exocortex.client import Client
from exocortex.config import Config
from exocortex.core.errors import OwnerError
from exocortex.tui.app import ExocortexApp
from exocortex.tui.desk import Desk
from exocortex.tui.results import Results


def _desk_of_latest(owners: list[RunningOwner]) -> Desk:
    """Reaches the owner that runs; without one it fails as the real way does."""

    def reach(_: Config) -> Client:
        if not owners:
            raise OwnerError("The process that holds the index did not answer.", "")
        return owners[-1].client()

    desk = desk_of(owners[0])
    desk.reach = reach
    return desk


def test_a_lost_owner_is_told_of_and_work_goes_on_with_the_next(tmp_path: Path) -> None:
    with reading_owner(tmp_path) as first:
        owners = [first]
        desk = _desk_of_latest(owners)

        async def script(pilot: Pilot[int]) -> None:
            await pilot.press("f3")
            await types(pilot, "deposit")
            await until(pilot, lambda: "5 notes" in shown(pilot))
            owners.clear()
            first.close()
            await until(pilot, lambda: "The index can't be reached; trying again." in shown(pilot))
            await types(pilot, " paid")
            assert pilot.app.screen.query_one("#query", Input).value == "deposit paid"
            owners.append(RunningOwner(tmp_path / "home", tmp_path / "notes", tmp_path / "run"))
            await until(pilot, lambda: "5 notes" in shown(pilot))
            await types(pilot, " back")
            await until(pilot, lambda: "by words and meaning" in shown(pilot))
            assert pilot.app.screen.query_one("#query", Input).value == "deposit paid back"
            assert pilot.app.screen.query_one(Results).hits[0].note.title == "Lease"

        drive(desk, script)
        owners[-1].close()


def test_a_note_saved_elsewhere_is_counted_and_found(tmp_path: Path) -> None:
    with reading_owner(tmp_path) as owner:

        async def script(pilot: Pilot[int]) -> None:
            await pilot.press("f3")
            await until(pilot, lambda: "5 notes" in shown(pilot))
            (tmp_path / "notes" / "Kestrel.md").write_text("# Kestrel\n\nIt hovers.\n")
            await until(pilot, lambda: "6 notes" in shown(pilot))
            await types(pilot, "kestrel")
            await until(pilot, lambda: "It hovers." in shown(pilot))

        drive(desk_of(owner), script)


def test_nobody_listens_after_it_is_left(tmp_path: Path) -> None:
    import threading

    def ours() -> set[str]:
        return {one.name for one in threading.enumerate() if one.name == "following" or one.name.startswith("lane ")}

    with reading_owner(tmp_path) as owner:
        before = ours()

        async def script(pilot: Pilot[int]) -> None:
            await pilot.press("f3")
            await types(pilot, "deposit")
            await until(pilot, lambda: "5 notes" in shown(pilot))

        app = drive(desk_of(owner), script)
        assert isinstance(app, ExocortexApp)
        from owners import eventually

        assert eventually(lambda: ours() <= before)
