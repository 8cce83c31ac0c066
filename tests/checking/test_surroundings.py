"""Home, disk, file systems and SQLite are judged by what the machine says of them."""

from __future__ import annotations

import shutil
import threading
from pathlib import Path

import pytest

from exocortex.checking.surroundings import (
    check_places,
    check_privacy,
    check_room,
    check_sqlite,
    check_watches,
    has_reset_bug,
    readers_never_checkpoint,
    synced_by,
)
from exocortex.config import Config, Folder
from exocortex.config.settings import WatchSettings
from exocortex.storage.mounts import Mount


def test_network_file_systems_are_named(tmp_path: Path) -> None:
    config = Config(home=tmp_path / "home", folders=(Folder("notes", tmp_path / "notes"),))
    fine = [one.severity for one in check_places(config, [Mount("/", "ext4")])]
    assert fine == ["ok"]
    home, notes = check_places(config, [Mount("/", "nfs4")])
    assert (home.severity, notes.severity) == ("error", "warning")
    assert "nfs4" in home.message
    polled = Config(home=config.home, folders=config.folders, watch=WatchSettings(mode="poll"))
    assert len(list(check_places(polled, [Mount("/", "nfs4")]))) == 1


@pytest.mark.parametrize("name", ["Dropbox", "OneDrive - Firm", "Mobile Documents"])
def test_synchronised_folders_are_known_by_name(tmp_path: Path, name: str) -> None:
    assert synced_by(tmp_path / name / "deep" / "home") == name
    assert synced_by(tmp_path / "home") is None


def test_synchronised_folders_are_known_by_their_mark(tmp_path: Path) -> None:
    (tmp_path / ".stfolder").mkdir()
    assert ".stfolder" in str(synced_by(tmp_path / "deep" / "home"))
    config = Config(home=tmp_path / "deep" / "home")
    (one,) = check_places(config, [Mount("/", "ext4")])
    assert one.severity == "error"


@pytest.mark.parametrize(
    ("version", "has"),
    [
        ((3, 6, 23), False),
        ((3, 7, 0), True),
        ((3, 40, 1), True),
        ((3, 44, 5), True),
        ((3, 44, 6), False),
        ((3, 45, 0), True),
        ((3, 50, 6), True),
        ((3, 50, 7), False),
        ((3, 51, 0), True),
        ((3, 51, 2), True),
        ((3, 51, 3), False),
        ((3, 53, 0), False),
    ],
)
def test_versions_with_the_reset_bug_are_known(version: tuple[int, ...], has: bool) -> None:
    assert has_reset_bug(version) == has
    assert check_sqlite(version, guarded=False).severity == ("error" if has else "ok")
    assert check_sqlite(version, guarded=True).severity == "ok"


def test_our_own_settings_guard_against_it() -> None:
    assert readers_never_checkpoint()


def test_a_home_open_to_others_is_named(tmp_path: Path) -> None:
    tmp_path.chmod(0o700)
    assert check_privacy(tmp_path).severity == "ok"
    tmp_path.chmod(0o755)
    one = check_privacy(tmp_path)
    assert (one.severity, one.mend) == ("error", f"chmod 700 {tmp_path}")


def test_files_that_vanish_while_the_home_is_looked_through_are_no_error(tmp_path: Path) -> None:
    tmp_path.chmod(0o700)
    stop = threading.Event()

    def come_and_go() -> None:
        while not stop.is_set():
            (tmp_path / "a/b/c").mkdir(parents=True)
            shutil.rmtree(tmp_path / "a")

    busy = threading.Thread(target=come_and_go)
    busy.start()
    try:
        for _ in range(300):
            assert check_privacy(tmp_path).severity == "ok"
    finally:
        stop.set()
        busy.join()


def test_room_and_watches_are_counted(tmp_path: Path) -> None:
    (tmp_path / "a" / "b").mkdir(parents=True)
    config = Config(home=tmp_path / "home", folders=(Folder("notes", tmp_path / "a"),))
    assert check_room(tmp_path).what == "disk"
    assert check_watches(config, 1000).message == "There are 2 folders to watch, and the system allows 1,000."
    few = check_watches(config, 2)
    assert few.severity == "warning"
    assert few.mend.startswith("sudo sysctl fs.inotify.max_user_watches=")
    assert check_watches(config, None).severity == "ok"
