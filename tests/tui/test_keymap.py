"""Keys of the user's own: what is named in keys.toml, and what is told of the rest."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from owners import RunningOwner
from screens import desk_of, drive, reading_owner, shown, until
from textual.pilot import Pilot

from exocortex.tui.app import ExocortexApp
from exocortex.tui.desk import Desk
from exocortex.tui.keymap import FILE, ids_of
from exocortex.tui.place import PLACES
from exocortex.tui.screens import with_keys


@pytest.fixture
def owner(tmp_path: Path) -> Iterator[RunningOwner]:
    """A few notes."""
    with reading_owner(tmp_path) as running:
        yield running


@pytest.fixture
def desk(owner: RunningOwner) -> Desk:
    """Over these notes."""
    return desk_of(owner)


def test_the_keys_of_every_place_can_be_others() -> None:
    named = {one.partition(".")[0] for one in ids_of(ExocortexApp, *with_keys())}
    assert named >= set(PLACES)


def test_a_key_of_the_users_does_it_and_an_unknown_name_is_told(desk: Desk) -> None:
    (desk.config.home / FILE).write_text(
        '[today]\ndigest = "z"\n[notes]\nrecent = "t"\n[app]\nsearch = "ctrl+f"\n[nothing]\n"[b]" = "y"\n'
    )

    async def script(pilot: Pilot[int]) -> None:
        await until(pilot, lambda: "keys.toml: nothing.[b] is nothing" in shown(pilot))
        assert "notes.recent" not in shown(pilot)
        assert "Search ^f" in shown(pilot)
        await pilot.press("ctrl+f")
        await until(pilot, lambda: pilot.app.current_mode == "search")
        await pilot.press("f5")
        await until(pilot, lambda: "open task" in shown(pilot))
        await pilot.press("d")
        assert "Digest of today" not in shown(pilot)
        await pilot.press("z")
        await until(pilot, lambda: "Digest of today" in shown(pilot))

    drive(desk, script)
