"""One process holds the index; the others are told who; death frees it."""

from __future__ import annotations

import contextlib
import os
import signal
import stat
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from exocortex.core.errors import IndexHeldError, IndexStoreError
from exocortex.storage.lock import FILE_NAME, IndexLock, holder

HOLD = """
import sys, time
from pathlib import Path
from exocortex.storage.lock import IndexLock
with IndexLock(Path(sys.argv[1]), "exo index éà"):
    print("held", flush=True)
    time.sleep(60)
"""


def hold_elsewhere(home: Path) -> subprocess.Popen[str]:
    process = subprocess.Popen([sys.executable, "-c", HOLD, str(home)], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "held\n"
    process.stdout.close()
    return process


def test_the_second_process_is_told_at_once_who_holds_it(tmp_path: Path) -> None:
    with hold_elsewhere(tmp_path) as other:
        start = time.monotonic()
        with pytest.raises(IndexHeldError) as caught:
            IndexLock(tmp_path).acquire()
        assert time.monotonic() - start < 1
        assert f"process {other.pid}, since 20" in caught.value.message
        assert "exo index éà" in caught.value.message
        assert caught.value.hint
        assert str(other.pid) in (holder(tmp_path) or "")
        other.send_signal(signal.SIGKILL)
        other.wait()
    assert holder(tmp_path) is None
    with IndexLock(tmp_path) as lock:
        assert lock.is_in_force()


def test_two_locks_in_one_process_exclude_each_other_and_release_frees(tmp_path: Path) -> None:
    first, second = IndexLock(tmp_path, "one"), IndexLock(tmp_path, "two")
    first.acquire()
    first.acquire()
    with pytest.raises(IndexHeldError, match="one"):
        second.acquire()
    assert not second.is_in_force()
    first.release()
    first.release()
    assert not first.is_in_force()
    second.acquire()
    assert "two" in (holder(tmp_path) or "")
    second.release()
    assert (tmp_path / FILE_NAME).read_bytes() == b""


def test_an_error_inside_releases_it(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError), IndexLock(tmp_path):
        raise RuntimeError
    assert holder(tmp_path) is None


def test_a_child_that_inherited_the_file_and_lives_on_does_not_keep_it(tmp_path: Path) -> None:
    lock = IndexLock(tmp_path)
    lock.acquire()
    path = tmp_path / FILE_NAME
    shared = [int(fd.name) for fd in Path("/proc/self/fd").iterdir() if fd.exists() and fd.samefile(path)]
    assert len(shared) == 1
    child = subprocess.Popen(["sleep", "60"], pass_fds=shared)
    try:
        lock.release()
        with IndexLock(tmp_path) as again:
            assert again.is_in_force()
    finally:
        child.kill()
        child.wait()


def test_the_same_home_by_another_name_is_the_same_lock(tmp_path: Path) -> None:
    home, link = tmp_path / "home", tmp_path / "link"
    home.mkdir()
    link.symlink_to(home)
    with IndexLock(home), pytest.raises(IndexHeldError):
        IndexLock(link).acquire()


def test_a_holder_that_has_not_said_who_it_is_yet_still_holds(tmp_path: Path) -> None:
    with IndexLock(tmp_path):
        os.truncate(tmp_path / FILE_NAME, 0)
        assert holder(tmp_path) == ""
        with pytest.raises(IndexHeldError, match="not said which"):
            IndexLock(tmp_path).acquire()


def test_text_left_by_the_dead_is_replaced_and_a_long_command_is_cut_to_one_line(tmp_path: Path) -> None:
    (tmp_path / FILE_NAME).write_text("process 1, since ever: old\n" * 10)
    with IndexLock(tmp_path, "exo search\n" + "x" * 9000):
        text = (tmp_path / FILE_NAME).read_text()
        assert text.count("\n") == 1
        assert "old" not in text
        assert len(text) < 300


def test_the_file_is_private_whatever_the_umask(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        with IndexLock(tmp_path):
            assert stat.S_IMODE((tmp_path / FILE_NAME).stat().st_mode) == 0o600
    finally:
        os.umask(before)


def test_a_lock_that_cannot_be_is_explained(tmp_path: Path) -> None:
    with pytest.raises(IndexStoreError, match="No such file"):
        IndexLock(tmp_path / "missing").acquire()
    (tmp_path / FILE_NAME).symlink_to(tmp_path / "elsewhere")
    with pytest.raises(IndexStoreError, match="symbolic link"):
        IndexLock(tmp_path).acquire()
    assert not (tmp_path / "elsewhere").exists()
    assert holder(tmp_path) is None


def test_a_pipe_in_its_place_does_not_block(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / FILE_NAME)
    with pytest.raises(IndexStoreError):
        IndexLock(tmp_path).acquire()


def test_a_full_disk_is_reported_and_the_lock_not_kept(tmp_path: Path) -> None:
    script = (
        'mount -t tmpfs -o size=4k,nr_inodes=10 none "$1" && head -c 4096 /dev/zero > "$1/filler" && '
        'exec "$2" -c "from pathlib import Path; import sys; from exocortex.storage.lock import IndexLock; '
        'IndexLock(Path(sys.argv[1]), \'x\').acquire()" "$1"'
    )
    done = subprocess.run(
        ["unshare", "-rm", "sh", "-c", script, "sh", str(tmp_path), sys.executable],
        capture_output=True,
        text=True,
        check=False,
    )
    assert "IndexStoreError" in done.stderr
    assert "No space left on device" in done.stderr


def test_a_lock_file_that_is_removed_meanwhile_never_counts_as_held(tmp_path: Path) -> None:
    path = tmp_path / FILE_NAME
    stop = threading.Event()

    def remove() -> None:
        while not stop.is_set():
            with contextlib.suppress(FileNotFoundError):
                path.unlink()

    remover = threading.Thread(target=remove)
    remover.start()
    try:
        for _ in range(300):
            lock = IndexLock(tmp_path, "x")
            with contextlib.suppress(IndexHeldError):
                lock.acquire()
            lock.release()
    finally:
        stop.set()
        remover.join()
    with IndexLock(tmp_path):
        assert "process" in (holder(tmp_path) or "")


def test_many_at_once_exactly_one_wins(tmp_path: Path) -> None:
    ask = (
        "import sys, time; from pathlib import Path; from exocortex.storage.lock import IndexLock\n"
        "from exocortex.core.errors import IndexHeldError\n"
        "try:\n    IndexLock(Path(sys.argv[1]), 'x').acquire(); print('won', flush=True); sys.stdin.read()\n"
        "except IndexHeldError: print('lost', flush=True)\n"
    )
    racers = [
        subprocess.Popen(
            [sys.executable, "-c", ask, str(tmp_path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        for _ in range(5)
    ]
    try:
        results = [racer.stdout.readline().strip() for racer in racers if racer.stdout]
    finally:
        for racer in racers:
            racer.communicate()
    assert sorted(results) == ["lost"] * 4 + ["won"]
