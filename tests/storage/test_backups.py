"""Backups of the state are whole, few, in the order they were made, and put back without losing what was there."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from exocortex.core.errors import IndexStoreError, UsageError
from exocortex.storage.backups import DAILY, MONTHLY, WEEKLY, Backup, Backups, kept, set_aside
from exocortex.storage.damage import is_suspect, mend
from exocortex.storage.database import DamagedFileError, suspicion
from exocortex.storage.soundness import structure_fault
from exocortex.storage.state import Identity, State

NOON = datetime(2024, 5, 15, 12, tzinfo=UTC)


class Clock:
    """Stands where it is set."""

    def __init__(self) -> None:
        self.now = NOON

    def __call__(self) -> datetime:
        return self.now

    def advance(self, **time: float) -> None:
        self.now += timedelta(**time)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def backups(tmp_path: Path, clock: Clock) -> Backups:
    return Backups(tmp_path, clock)


def remember(state: State, number: int) -> None:
    state.remember([Identity(f"{number:016x}", "notes", f"{number}.md", "d", number)])


def known(path: Path) -> int:
    home = path.parent / f"look at {path.name}"
    home.mkdir()
    (home / "state.db").write_bytes(path.read_bytes())
    with closing(State(home)) as state:
        return len(state.identities())


def spoil(path: Path) -> None:
    """Damage a page that holds rows."""
    content = bytearray(path.read_bytes())
    content[3 * 4096 : 3 * 4096 + 64] = b"\xff" * 64
    path.write_bytes(content)


def test_a_copy_is_whole_private_and_needs_no_other_file(tmp_path: Path, backups: Backups) -> None:
    mask = os.umask(0)
    try:
        with closing(State(tmp_path, backups)) as state:
            remember(state, 1)
            made = state.back_up()
    finally:
        os.umask(mask)
    assert made is not None
    assert made.path.name == "state-000001-20240515T120000Z.db"
    assert [path.name for path in backups.folder.iterdir()] == [made.path.name]
    assert structure_fault(made.path, deep=True) is None
    assert [path.name for path in backups.folder.iterdir()] == [made.path.name]
    modes = [stat.S_IMODE(path.stat().st_mode) for path in (made.path, backups.folder, backups.folder.parent)]
    assert modes == [0o600, 0o700, 0o700]
    assert known(made.path) == 1


def test_it_is_copied_when_it_changed_and_not_twice_in_half_an_hour(
    tmp_path: Path, backups: Backups, clock: Clock
) -> None:
    with closing(State(tmp_path, backups)) as state:
        remember(state, 1)
        assert state.back_up()
        remember(state, 2)
        clock.advance(minutes=29)
        assert state.back_up() is None
        clock.advance(minutes=1)
        assert state.back_up()
        clock.advance(hours=5)
        assert state.back_up() is None
        remember(state, 3)
        assert state.back_up()
    assert [(one.number, known(one.path)) for one in backups.list()] == [(3, 3), (2, 2), (1, 1)]


def copies(state: State, backups: Backups, clock: Clock, *, writing: bool) -> int:
    """In how many of the next 300 minutes something is written to the folder of the copies."""
    count = 0
    for _ in range(300):
        clock.advance(minutes=1)
        if writing:
            remember(state, 1)
        os.utime(backups.folder, ns=(0, 0))
        state.back_up()
        count += backups.folder.stat().st_mtime_ns != 0
    return count


def test_a_state_that_nobody_changes_is_not_copied_every_minute_only_to_be_compared(
    tmp_path: Path, backups: Backups, clock: Clock
) -> None:
    with closing(State(tmp_path, backups)) as state:
        remember(state, 1)
        state.back_up()
        assert copies(state, backups, clock, writing=False) == 0
    again = Backups(tmp_path, clock)
    with closing(State(tmp_path, again)) as state:
        assert copies(state, again, clock, writing=False) == 1
    assert len(backups.list()) == 1


def test_a_state_that_is_written_and_stays_equal_is_compared_every_half_hour(
    tmp_path: Path, backups: Backups, clock: Clock
) -> None:
    with closing(State(tmp_path, backups)) as state:
        remember(state, 1)
        state.back_up()
        assert copies(state, backups, clock, writing=True) == 10
    assert len(backups.list()) == 1


def test_what_another_connection_changes_is_copied_too(tmp_path: Path, backups: Backups, clock: Clock) -> None:
    with closing(State(tmp_path, backups)) as state:
        remember(state, 1)
        assert state.back_up()
        clock.advance(hours=1)
        assert state.back_up() is None
        with closing(State(tmp_path)) as other:
            remember(other, 2)
        assert state.back_up()
    with closing(State(tmp_path, backups)) as state:
        clock.advance(hours=1)
        remember(state, 3)
        assert state.back_up()


def test_a_copy_that_somebody_deleted_is_made_again(tmp_path: Path, backups: Backups, clock: Clock) -> None:
    with closing(State(tmp_path, backups)) as state:
        remember(state, 1)
        first = state.back_up()
        assert first is not None
        first.path.unlink()
        clock.advance(hours=1)
        assert state.back_up()


def test_a_clock_set_back_stops_no_backup_and_keeps_their_order(tmp_path: Path, backups: Backups, clock: Clock) -> None:
    with closing(State(tmp_path, backups)) as state:
        remember(state, 1)
        clock.advance(days=9000)
        assert state.back_up()
        remember(state, 2)
        clock.advance(days=-9000)
        assert state.back_up()
    newest = backups.newest_good()
    assert newest is not None
    assert (newest.number, newest.at, known(newest.path)) == (2, NOON, 2)


def stamped(*moments: datetime) -> list[Backup]:
    """Copies made at these moments, newest first as given."""
    return [Backup(Path(f"{place}"), len(moments) - place, at, 1) for place, at in enumerate(moments)]


def test_they_are_thinned_to_days_weeks_and_months() -> None:
    hourly = stamped(*(NOON - timedelta(hours=number) for number in range(24 * 400)))
    keep = kept(hourly)
    days = {one.at.date() for one in keep}
    assert {NOON.date() - timedelta(days=number) for number in range(DAILY)} <= days
    assert len({one.at.isocalendar()[:2] for one in keep}) >= WEEKLY
    assert len({(one.at.year, one.at.month) for one in keep}) == MONTHLY
    assert len(keep) <= 13 + DAILY + WEEKLY + MONTHLY
    assert hourly[0] in keep


def test_a_clock_that_jumps_deletes_nothing_it_would_have_kept() -> None:
    usual = stamped(*(NOON - timedelta(days=number) for number in range(200)))
    jumped = [Backup(Path("x"), 999, NOON + timedelta(days=20_000), 1), *usual]
    assert len(kept(usual) - kept(jumped)) <= 3
    assert jumped[0] in kept(jumped)
    back = [Backup(Path("y"), 1000, datetime(1970, 1, 1, tzinfo=UTC), 1), *jumped]
    assert back[0] in kept(back)
    assert kept([]) == set()


def test_thinning_removes_the_files(tmp_path: Path, backups: Backups, clock: Clock) -> None:
    with closing(State(tmp_path, backups)) as state:
        for number in range(40):
            remember(state, number)
            clock.advance(days=1)
            state.back_up()
    left = backups.list()
    assert DAILY < len(left) < DAILY + WEEKLY
    assert len(list(backups.folder.iterdir())) == len(left)
    assert left[0].number == 40


def test_a_damaged_state_is_not_copied_over_good_ones(tmp_path: Path, backups: Backups, clock: Clock) -> None:
    with closing(State(tmp_path, backups)) as state:
        for number in range(500):
            remember(state, number)
        state.back_up()
        remember(state, 1000)
    spoil(tmp_path / "state.db")
    clock.advance(hours=1)
    with closing(State(tmp_path, backups)) as state, pytest.raises(DamagedFileError, match=r"state\.db is damaged"):
        state.back_up()
    assert suspicion(tmp_path / "state.db").exists()
    assert [one.number for one in backups.list()] == [1]
    assert len(list(backups.folder.iterdir())) == 1


def test_damage_that_a_backup_finds_is_mended_by_the_next_opening(
    tmp_path: Path, backups: Backups, clock: Clock
) -> None:
    with closing(State(tmp_path, backups)) as state:
        for number in range(500):
            remember(state, number)
        state.back_up()
        remember(state, 1000)
    spoil(tmp_path / "state.db")
    clock.advance(hours=1)
    with closing(State(tmp_path, backups)) as state, pytest.raises(DamagedFileError):
        state.back_up()
    assert is_suspect(tmp_path)
    (told,) = mend(tmp_path, now=clock)
    assert "its backup of" in told
    with closing(State(tmp_path, backups)) as state:
        assert (len(state.identities()), state.is_sound()) == (500, True)
    assert not is_suspect(tmp_path)


def test_a_disk_without_room_for_a_copy_is_no_damage(tmp_path: Path) -> None:
    """No file may grow beyond 20 kB, which is less than the state has."""
    with closing(State(tmp_path)) as state:
        for number in range(500):
            remember(state, number)
    program = (
        "import resource, sys; from pathlib import Path; from exocortex.storage.state import State\n"
        "state = State(Path(sys.argv[1])); resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))\n"
        "try: state.back_up()\n"
        "except Exception as error: print(type(error).__name__, error)"
    )
    done = subprocess.run([sys.executable, "-c", program, str(tmp_path)], capture_output=True, text=True, check=False)
    assert done.stdout.startswith("IndexStoreError No backup of the state could be made"), done.stderr
    assert not suspicion(tmp_path / "state.db").exists()


def test_the_newest_good_one_is_found_behind_damaged_ones(tmp_path: Path, backups: Backups, clock: Clock) -> None:
    with closing(State(tmp_path, backups)) as state:
        for number in range(3):
            remember(state, number)
            clock.advance(hours=1)
            state.back_up()
    newest, middle, oldest = backups.list()
    newest.path.write_bytes(newest.path.read_bytes()[:5000])
    middle.path.write_bytes(b"")
    assert backups.newest_good() == oldest
    with pytest.raises(IndexStoreError, match="is damaged"):
        backups.put_back(newest, "before-restore")
    with closing(State(tmp_path)) as state:
        assert len(state.identities()) == 3


def test_what_was_there_is_kept_when_one_is_put_back(tmp_path: Path, backups: Backups, clock: Clock) -> None:
    with closing(State(tmp_path, backups)) as state:
        remember(state, 1)
        first = state.back_up()
        remember(state, 2)
    assert first is not None
    aside = backups.put_back(first, "before-restore")
    assert aside is not None
    assert aside.name == "state.db.before-restore-20240515T120000Z"
    assert (known(aside), known(tmp_path / "state.db")) == (2, 1)
    again = backups.put_back(first, "before-restore")
    assert again is not None
    assert again.name == "state.db.before-restore-20240515T120000Z.2"
    assert sorted(path.name for path in tmp_path.glob("*suspect*")) == []


def test_a_log_goes_with_its_file(tmp_path: Path) -> None:
    program = (
        "import os, sys; from pathlib import Path; from exocortex.storage.state import Identity, State\n"
        "state = State(Path(sys.argv[1])); state.remember([Identity('1', 'notes', 'a.md', 'd', 1)]); os._exit(1)"
    )
    subprocess.run([sys.executable, "-c", program, str(tmp_path)], check=False)
    assert (tmp_path / "state.db-wal").stat().st_size > 0
    aside = set_aside(tmp_path / "state.db", "damaged", NOON)
    assert aside is not None
    aside.rename(tmp_path / "state.db")
    aside.with_name(aside.name + "-wal").rename(tmp_path / "state.db-wal")
    with closing(State(tmp_path)) as state:
        assert len(state.identities()) == 1


def test_names_of_backups_are_understood_and_others_refused(tmp_path: Path, backups: Backups) -> None:
    with closing(State(tmp_path, backups)) as state:
        remember(state, 1)
        made = state.back_up()
    assert made is not None
    (backups.folder / "notes.txt").write_text("mine")
    assert backups.list() == [made]
    assert backups.named("1") == backups.named(made.path.name) == backups.named(str(made.path)) == made
    with pytest.raises(UsageError, match="no backup called"):
        backups.named("2")


def test_a_folder_that_cannot_be_made_is_an_error_and_no_file(tmp_path: Path, backups: Backups) -> None:
    (tmp_path / "backups").write_text("in the way")
    with closing(State(tmp_path, backups)) as state:
        remember(state, 1)
        with pytest.raises(IndexStoreError, match="No backup of the state could be made"):
            state.back_up()
    assert backups.list() == []
    assert backups.newest_good() is None
