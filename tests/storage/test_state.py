"""A note keeps its identity while it is edited, moved, deleted and brought back."""

from __future__ import annotations

import re
import stat
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from exocortex.storage.state import TOMBSTONE_SECONDS, Identity, State, new_identity

NOW = 1_700_000_000.0


@pytest.fixture
def state(tmp_path: Path) -> Iterator[State]:
    with closing(State(tmp_path)) as opened:
        yield opened


def test_the_file_is_for_its_owner_alone(state: State, tmp_path: Path) -> None:
    assert {stat.S_IMODE(file.stat().st_mode) for file in tmp_path.iterdir()} == {0o600}
    assert state.path == tmp_path / "state.db"
    assert state.is_sound()


def test_identities_are_hex_and_never_the_same() -> None:
    made = {new_identity() for _ in range(1000)}
    assert len(made) == 1000
    assert all(re.fullmatch("[0-9a-f]{16}", one) for one in made)


def test_a_note_is_known_by_its_place_whatever_it_says(state: State) -> None:
    state.remember([Identity("1", "notes", "a.md", "old", 7)])
    assert state.identify("notes", "a.md", "new") == "1"
    assert state.identify("notes", "b.md", "old") is None
    assert state.identify("other", "a.md", "old") is None


def test_what_is_remembered_is_there_after_reopening(tmp_path: Path) -> None:
    with closing(State(tmp_path)) as state:
        state.remember([Identity("1", "notes", "a.md", "x", 7), Identity("2", "notes", "b.md", "y", 8)])
    with closing(State(tmp_path)) as state:
        assert state.places("notes") == {"a.md", "b.md"}
        assert state.identify("notes", "b.md", "") == "2"


def test_a_note_has_one_place_and_a_place_one_note(state: State) -> None:
    state.remember([Identity("1", "notes", "a.md", "x", 7)])
    state.remember([Identity("1", "notes", "b.md", "x", 7)])
    assert state.identify("notes", "a.md", "x") is None
    assert state.identify("notes", "b.md", "x") == "1"
    state.remember([Identity("2", "notes", "b.md", "y", 8)])
    assert state.identify("notes", "b.md", "x") == "2"
    assert state.places("notes") == {"b.md"}


def test_a_deleted_note_is_known_by_its_content_first_at_its_own_place(state: State) -> None:
    state.remember([Identity("1", "notes", "a.md", "same", 7), Identity("2", "notes", "b.md", "same", 8)])
    state.bury([("notes", "a.md"), ("notes", "b.md")], NOW)
    assert state.places("notes") == set()
    assert state.identify("notes", "a.md", "same") == "1"
    assert state.identify("notes", "b.md", "same") == "2"
    assert state.identify("elsewhere", "c.md", "same") in ("1", "2")
    assert state.identify("notes", "a.md", "another") is None
    state.remember([Identity("1", "elsewhere", "c.md", "same", 9)])
    assert state.identify("notes", "a.md", "same") == "2"


def test_a_deleted_note_is_forgotten_after_seven_days_and_not_before(state: State) -> None:
    state.remember([Identity("1", "notes", "a.md", "x", 7)])
    state.bury([("notes", "a.md")], NOW)
    state.bury([], NOW + TOMBSTONE_SECONDS)
    assert state.identify("notes", "a.md", "x") == "1"
    state.bury([], NOW + TOMBSTONE_SECONDS + 1)
    assert state.identify("notes", "a.md", "x") is None
    assert TOMBSTONE_SECONDS == 7 * 24 * 60 * 60


def test_burying_twice_or_what_never_was_changes_nothing(state: State) -> None:
    state.remember([Identity("1", "notes", "a.md", "x", 7)])
    state.bury([("notes", "a.md"), ("notes", "a.md"), ("notes", "never.md")], NOW)
    state.bury([("notes", "a.md")], NOW + 5)
    assert state.identify("notes", "a.md", "x") == "1"


def test_an_interrupted_step_leaves_nothing_behind(state: State) -> None:
    def interrupted() -> Iterator[Identity]:
        yield Identity("1", "notes", "a.md", "x", 7)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        state.remember(interrupted())
    assert state.places("notes") == set()
