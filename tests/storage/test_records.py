"""Records: whole or not there, locked while their writer lives, closed to others."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
import threading
from contextlib import suppress
from pathlib import Path

import pytest

from exocortex.storage.records import Record, locked, temporary_name, write_all


def test_it_is_there_whole_and_only_for_its_user(tmp_path: Path) -> None:
    path = tmp_path / "a" / "b" / "one.json"
    with Record.write(path, b"data") as record:
        assert record.read() == b"data"
    assert os.listdir(path.parent) == ["one.json"]
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


def test_it_can_be_claimed_once_its_writer_lets_go(tmp_path: Path) -> None:
    path = tmp_path / "one.json"
    with Record.write(path, b"data"):
        assert Record.claim(path) is None
    claimed = Record.claim(path)
    assert claimed is not None
    assert Record.claim(path) is None
    claimed.remove()
    claimed.close()
    claimed.close()
    assert Record.claim(path) is None


def test_it_can_be_claimed_once_its_writer_is_dead(tmp_path: Path) -> None:
    path = tmp_path / "one.json"
    code = (
        "import os, sys; from pathlib import Path; from exocortex.storage.records import Record;"
        "record = Record.write(Path(sys.argv[1]), b'data'); os.kill(os.getpid(), 9)"
    )
    assert subprocess.run([sys.executable, "-c", code, path], check=False).returncode == -9
    claimed = Record.claim(path)
    assert claimed is not None
    with claimed:
        assert claimed.read() == b"data"


def test_a_folder_in_its_place_is_an_error_and_leaves_nothing(tmp_path: Path) -> None:
    path = tmp_path / "one.json"
    path.mkdir()
    with pytest.raises(IsADirectoryError):
        Record.write(path, b"data")
    assert os.listdir(tmp_path) == ["one.json"]
    with pytest.raises(IsADirectoryError):
        Record.claim(path)


def test_a_writer_whose_file_is_claimed_before_it_has_locked_it_begins_again(tmp_path: Path) -> None:
    """For that moment it looks like what a dead one left behind."""
    path, stop = tmp_path / "one.json", threading.Event()

    def clear_away() -> None:
        while not stop.is_set():
            with suppress(FileNotFoundError):
                claimed = Record.claim(tmp_path / temporary_name("one"))
                if claimed is not None:
                    with claimed:
                        claimed.remove()

    clearing = threading.Thread(target=clear_away)
    clearing.start()
    try:
        for number in range(2000):
            with Record.write(path, f"{number}".encode(), durable=False) as record:
                assert path.read_text() == f"{number}"
                record.remove()
    finally:
        stop.set()
        clearing.join()
    assert os.listdir(tmp_path) == []


def test_a_lock_is_waited_for_only_so_long(tmp_path: Path) -> None:
    path = tmp_path / "home" / "notes.lock"
    with locked(path, 1), pytest.raises(TimeoutError), locked(path, 0.01):
        pass
    with locked(path, 0):
        pass


def test_short_writes_are_continued(tmp_path: Path) -> None:
    reading, writing = os.pipe()
    os.set_blocking(writing, False)
    with pytest.raises(BlockingIOError):
        write_all(writing, bytes(1 << 20))
    os.close(writing)
    with open(reading, "rb") as pipe:
        assert 0 < len(pipe.read()) < 1 << 20
