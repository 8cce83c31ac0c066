"""A damaged file is set aside and a good one takes its place; one that is whole stays, whatever was said of it."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest
from vaults import enter

from exocortex.core.errors import IndexStoreError, UsageError
from exocortex.storage.backups import Backups
from exocortex.storage.damage import adopt_identities, blame, damaged_files, drop_disposable, is_suspect, mend
from exocortex.storage.database import DamagedFileError, damaged, suspicion
from exocortex.storage.ledger import Ledger
from exocortex.storage.state import Identity, State

NOON = datetime(2024, 5, 15, 12, tzinfo=UTC)
ID = "00000000000000a1"


def clock() -> datetime:
    return NOON


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """One note, known to both files, which are closed."""
    with closing(State(tmp_path)) as state, closing(Ledger(tmp_path)) as ledger:
        row = enter(ledger, "a.md")
        ledger.connection.execute("UPDATE notes SET note = ?", (ID,))
        (file,) = ledger.files("notes", ["a.md"])
        assert file.row == row
        state.remember([Identity(ID, "notes", "a.md", file.digest or "", file.file.inode)])
    return tmp_path


def ids(home: Path) -> list[str]:
    with closing(State(home)) as state:
        return [one.id for one in state.identities()]


def test_whole_files_are_left_alone(home: Path) -> None:
    before = {path.name: path.read_bytes() for path in home.iterdir()}
    assert not is_suspect(home)
    assert mend(home, now=clock) == ()
    assert {path.name: path.read_bytes() for path in home.iterdir()} == before


def test_a_missing_home_is_not_suspect(tmp_path: Path) -> None:
    assert not is_suspect(tmp_path / "nowhere")
    assert mend(tmp_path / "nowhere", now=clock) == ()
    assert drop_disposable(tmp_path) == []


def test_a_whole_state_that_was_called_damaged_stays(home: Path) -> None:
    error = damaged(home / "state.db", "so it seemed")
    assert isinstance(error, DamagedFileError)
    assert is_suspect(home)
    assert mend(home, now=clock) == ()
    assert not is_suspect(home)
    assert ids(home) == [ID]


def test_an_index_that_sqlite_found_damaged_goes_even_if_no_look_shows_why(home: Path) -> None:
    damaged(home / "index.db", "so it seemed")
    (notice,) = mend(home, now=clock)
    assert "rebuilt from your notes" in notice
    assert "index.db.damaged-20240515T120000Z" in notice
    assert not (home / "index.db").exists()
    assert [path.name for path in damaged_files(home)] == ["index.db.damaged-20240515T120000Z"]


def test_the_state_comes_from_its_newest_good_backup_and_learns_what_came_since(home: Path) -> None:
    with closing(State(home)) as state:
        state.bury([("notes", "a.md")], 1_700_000_000.0)
        state.remember([Identity("00000000000000ff", "notes", "old.md", "d", 1)])
        assert state.back_up()
    (home / "state.db").write_bytes(b"nonsense" * 1000)
    (notice,) = mend(home, now=clock)
    assert "its backup of" in notice
    assert "which note is which (of 1)" in notice
    assert ids(home) == [ID, "00000000000000ff"]
    assert (home / "state.db.damaged-20240515T120000Z").read_bytes() == b"nonsense" * 1000


def test_a_state_that_was_deleted_comes_from_its_backup_and_the_index(home: Path) -> None:
    with closing(State(home)) as state:
        state.remember([Identity("00000000000000ff", "notes", "old.md", "d", 1)])
        assert state.back_up()
    (home / "state.db").unlink()
    assert is_suspect(home)
    (notice,) = mend(home, now=clock)
    assert notice.startswith("state.db was missing; its backup of")
    assert "which note is which (of 1)" in notice
    assert ids(home) == [ID, "00000000000000ff"]
    assert not is_suspect(home)


def test_a_state_that_was_deleted_before_its_first_backup_comes_from_the_index(home: Path) -> None:
    (home / "state.db").unlink()
    (notice,) = mend(home, now=clock)
    assert "without a good backup a new one took its place" in notice
    assert ids(home) == [ID]


def test_the_log_of_a_deleted_state_is_not_read_into_its_backup(home: Path) -> None:
    with closing(State(home)) as state:
        assert state.back_up()
        state.remember([Identity("00000000000000ff", "notes", "later.md", "d", 1)])
        log = (home / "state.db-wal").read_bytes()
    (home / "state.db").unlink()
    (home / "state.db-wal").write_bytes(log)
    (home / "index.db").unlink()
    assert len(mend(home, now=clock)) == 1
    assert ids(home) == [ID]
    assert (home / "state.db.damaged-20240515T120000Z-wal").read_bytes() == log


def test_a_home_with_neither_backup_nor_index_is_new(tmp_path: Path) -> None:
    (tmp_path / "config.toml").touch()
    assert not is_suspect(tmp_path)
    assert mend(tmp_path, now=clock) == ()


def test_mending_that_was_cut_short_between_its_steps_goes_on(home: Path) -> None:
    with closing(State(home)) as state:
        assert state.back_up()
    suspicion(home / "state.db").touch()
    (home / "state.db").unlink()
    assert len(mend(home, now=clock)) == 1
    assert ids(home) == [ID]
    assert not is_suspect(home)


def test_an_error_nobody_expected_is_explained_by_the_damage_that_caused_it(home: Path) -> None:
    error = ValueError("Invalid isoformat string")
    assert blame(home, error) is None
    with closing(sqlite3.connect(home / "index.db")) as db:
        db.execute("UPDATE notes SET date = '2024-13-45'")
        db.commit()
    named = blame(home, error)
    assert named is not None
    assert "index.db is damaged" in named.message
    assert blame(home, UsageError("no such note")) is None
    assert blame(home, KeyboardInterrupt()) is None
    assert len(mend(home, now=clock)) == 1


def test_a_newer_file_and_somebody_elses_are_never_set_aside(home: Path) -> None:
    for statement in ("PRAGMA user_version = 999", "PRAGMA application_id = 7"):
        for name in ("index.db", "state.db"):
            with closing(sqlite3.connect(home / name)) as db:
                db.execute(statement)
            suspicion(home / name).touch()
        assert mend(home, now=clock) == ()
    assert damaged_files(home) == []


def test_identities_are_taken_over_from_a_sound_index_alone(home: Path) -> None:
    (home / "state.db").unlink()
    assert adopt_identities(home) == 1
    assert ids(home) == [ID]
    (home / "index.db").write_bytes(b"nonsense" * 1000)
    assert adopt_identities(home) == 0


def test_only_what_can_be_made_again_is_dropped(home: Path) -> None:
    with closing(State(home)) as state:
        assert state.back_up()
    (home / "vectors" / "one").mkdir(parents=True)
    (home / "vectors" / "one" / "file").write_text("x")
    (home / "index.db.damaged-20240515T120000Z").write_text("x")
    assert [path.name for path in drop_disposable(home, index=False)] == ["vectors"]
    assert (home / "index.db").exists()
    assert [path.name for path in drop_disposable(home)] == ["index.db"]
    assert sorted(path.name for path in home.iterdir()) == ["backups", "index.db.damaged-20240515T120000Z", "state.db"]
    assert len(Backups(home).list()) == 1


def test_what_cannot_be_deleted_is_said(home: Path) -> None:
    (home / "index.db").unlink()
    (home / "index.db").mkdir()
    with pytest.raises(IndexStoreError, match="can't be deleted") as refused:
        drop_disposable(home)
    assert refused.value.hint == "Move that folder away."
