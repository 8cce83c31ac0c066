"""T13, T15-T18: limits of the system, lost events and folders that vanish make the watcher look instead, and say so."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from random import Random
from typing import Any

import pytest
from processes import CHECKOUT, need

from exocortex.config import Folder
from exocortex.watching import Timing, Watcher

CHILD = (sys.executable, str(Path(__file__).with_name("watching_in_a_child.py")))
SAVES = 1000 if os.environ.get("EXO_LONG_FAULTS") else 40
FLOOD = 20_000
"""Creations and closings of so many files are more than twice the kernel's queue (16,384)."""
PATIENCE = 60.0


class Child:
    """The watching process, and all it has told."""

    def __init__(self, place: Path, before: Sequence[str] = ()) -> None:
        self.root = place / "notes"
        self.root.mkdir(exist_ok=True)
        (place / "home").mkdir()
        self.told: list[dict[str, Any]] = []
        environ = {"PATH": os.environ["PATH"], "PYTHONPATH": str(CHECKOUT)}
        self.process = subprocess.Popen(
            [*before, *CHILD, str(self.root), str(place / "home")],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=environ,
        )
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.told.append(json.loads(line))

    def until(self, holds: Callable[[], bool]) -> float:
        """Wait until it holds; the seconds it took."""
        began = time.monotonic()
        while not holds():
            assert time.monotonic() - began < PATIENCE, self.told[-20:]
            time.sleep(0.02)
        return time.monotonic() - began

    def forget(self) -> None:
        """What was told is no matter any more."""
        self.told.clear()

    def reasons(self) -> set[str]:
        """Why a scan of everything was asked for so far."""
        return {reason for one in self.told for reason in one.get("rescan", ())}

    def paths(self) -> set[str]:
        """The paths told of so far."""
        return {path for one in self.told for _, path in one.get("paths", ())}

    def says(self, mode: str, *words: str) -> bool:
        """Whether it says that this is in force, in such words."""
        last = next((one for one in reversed(self.told) if "mode" in one), None)
        return last is not None and last["mode"] == mode and all(word in last["why"] for word in words)

    def close(self) -> None:
        """End it, and see that nothing of it was left."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGCONT)
            assert self.process.stdin is not None
            self.process.stdin.close()
            assert self.process.wait(20) == 0
            self._reader.join(5)
            assert self.process.stdout is not None
            self.process.stdout.close()
            assert self.told[-1]["threads"] <= 2


@pytest.fixture
def children() -> Iterator[list[Child]]:
    made: list[Child] = []
    yield made
    for child in made:
        try:
            child.close()
        finally:
            child.process.kill()
            child.process.wait()


def with_limit(name: str, count: int) -> list[str]:
    """What to put before a command so that the kernel gives it and its children no more than that."""
    need("unshare")
    return ["unshare", "-r", "sh", "-c", f'echo {count} > /proc/sys/user/{name}; exec "$@"', "sh"]


def test_too_few_watches_for_the_folders_is_told_and_looked_for_instead(tmp_path: Path, children: list[Child]) -> None:
    for number in range(40):
        (tmp_path / f"notes/{number}").mkdir(parents=True)
    child = Child(tmp_path, with_limit("max_inotify_watches", 20))
    children.append(child)
    child.until(lambda: child.says("polling", "only 19 of 41 folders", "max_user_watches is 20", "every few seconds"))
    child.forget()
    child.until(lambda: "every few seconds" in child.reasons())


def test_a_limit_met_later_is_told_too_and_events_are_back_when_it_is_met_no_more(
    tmp_path: Path, children: list[Child]
) -> None:
    child = Child(tmp_path, with_limit("max_inotify_watches", 10))
    children.append(child)
    child.until(lambda: child.says("events"))
    child.forget()
    for number in range(40):
        (child.root / f"{number}").mkdir()
    seconds = child.until(lambda: child.says("polling", "max_user_watches is 10"))
    assert seconds < 60
    for number in range(40):
        (child.root / f"{number}").rmdir()
    child.until(lambda: child.says("events") and not child.told[-1]["why"])
    child.forget()
    (child.root / "a.md").write_text("text")
    child.until(lambda: child.paths() == {"a.md"})


def test_no_watch_at_all_is_told(tmp_path: Path, children: list[Child]) -> None:
    child = Child(tmp_path, with_limit("max_inotify_watches", 0))
    children.append(child)
    child.until(lambda: child.says("polling", "no more folders", "max_user_watches is 0"))
    child.until(lambda: "every few seconds" in child.reasons())


def test_no_watcher_to_be_had_is_told(tmp_path: Path, children: list[Child]) -> None:
    child = Child(tmp_path, with_limit("max_inotify_instances", 0))
    children.append(child)
    child.until(lambda: child.says("polling", "no more watchers", "max_user_instances"))
    child.until(lambda: "every few seconds" in child.reasons())


def test_events_lost_in_a_flood_end_in_a_scan_and_later_ones_are_seen(tmp_path: Path, children: list[Child]) -> None:
    child = Child(tmp_path)
    children.append(child)
    child.until(lambda: "start" in child.reasons())
    child.process.send_signal(signal.SIGSTOP)
    for number in range(FLOOD):
        os.close(os.open(child.root / f"{number}.md", os.O_CREAT | os.O_WRONLY))
    (child.root / "late").mkdir()
    child.forget()
    child.process.send_signal(signal.SIGCONT)
    child.until(lambda: "the system dropped events" in child.reasons())
    child.until(lambda: child.says("events"))
    time.sleep(3)
    child.forget()
    (child.root / "late/a.md").write_text("text")
    child.until(lambda: "late/a.md" in child.paths())


def test_a_disk_that_is_unmounted_and_mounted_again_is_told_each_time(tmp_path: Path, children: list[Child]) -> None:
    need("mount")
    (tmp_path / "notes").mkdir()
    go = tmp_path / "go"
    os.mkfifo(go)
    script = (
        f"mount -t tmpfs -o size=1m none {tmp_path}/notes; (read x; umount -l {tmp_path}/notes; read x; "
        f'mount -t tmpfs -o size=1m none {tmp_path}/notes; read x) < {go} & exec "$@"'
    )
    child = Child(tmp_path, ["unshare", "-rm", "sh", "-c", script, "sh"])
    children.append(child)
    with go.open("w", buffering=1) as steps:
        child.until(lambda: "start" in child.reasons())
        for _ in range(2):
            child.forget()
            steps.write("\n")
            child.until(lambda: any("notes" in reason for reason in child.reasons()))
            time.sleep(0.5)
            assert sum("notes" in reason for one in child.told for reason in one["rescan"]) == 1
        steps.write("\n")
    child.until(lambda: child.says("events"))


def vim(note: Path, text: str) -> None:
    note.rename(f"{note}~")
    note.write_text(text)
    Path(f"{note}~").unlink()


def code(note: Path, text: str) -> None:
    with note.open("r+") as file:
        file.truncate()
        file.write(text)
        file.flush()
        os.fsync(file.fileno())


def obsidian(note: Path, text: str) -> None:
    note.write_text(text)


def sed(note: Path, text: str) -> None:
    temporary = note.with_name(f"sed{len(text)}")
    temporary.write_text(text)
    temporary.rename(note)


def syncthing(note: Path, text: str) -> None:
    temporary = note.with_name(f".syncthing.{note.name}.tmp")
    temporary.write_text(text)
    temporary.rename(note)


def shell(note: Path, text: str) -> None:
    with note.open("w") as file:
        time.sleep(0.005)
        file.write(text)


@pytest.mark.parametrize("save", [vim, code, obsidian, sed, syncthing, shell])
def test_the_last_of_many_saves_is_told_of_once_it_is_whole(tmp_path: Path, save: Callable[[Path, str], None]) -> None:
    """Read only when it is told of, a note is known as it was last saved, after fewer reads than saves."""
    random = Random(save.__name__)
    root = tmp_path.resolve() / "notes"
    root.mkdir()
    note = root / "a.md"
    note.write_text("version 0")
    watcher = Watcher([Folder("notes", root)], tmp_path / "watch", lambda: None, timing=Timing(quiet=0.1, longest=0.5))
    watcher.start()
    seen: list[str] = []

    def save_all() -> None:
        for version in range(SAVES + 1):
            save(note, f"version {version}")
            time.sleep(random.random() ** 4 * 0.2)

    saver = threading.Thread(target=save_all)
    try:
        end = time.monotonic() + PATIENCE
        while not watcher.take().rescan:
            assert time.monotonic() < end
            time.sleep(0.01)
        saver.start()
        while saver.is_alive() or watcher.due() is not None or seen[-1:] != [f"version {SAVES}"]:
            assert time.monotonic() < end + SAVES, seen
            time.sleep(0.01)
            if ("notes", "a.md") in watcher.take().paths and note.exists():
                seen.append(note.read_text())
    finally:
        saver.join()
        watcher.close()
    assert len(seen) < SAVES


def test_one_folder_away_stops_no_other(tmp_path: Path) -> None:
    roots = [tmp_path.resolve() / name for name in ("one", "two")]
    for root in roots:
        root.mkdir()
    folders = [Folder(root.name, root) for root in roots]
    timing = Timing(quiet=0.05, check=0.05, roots=0.1)
    watcher = Watcher(folders, tmp_path / "watch", lambda: None, timing=timing)
    watcher.start()
    try:
        wait(lambda: bool(watcher.take().rescan))
        shutil.rmtree(roots[0])
        wait(lambda: watcher.status().unwatched == ("one",))
        time.sleep(0.2)
        watcher.take_all()
        (roots[1] / "a.md").write_text("text")
        wait(lambda: ("two", "a.md") in watcher.take().paths)
        assert watcher.status().mode == "events"
    finally:
        watcher.close()


def wait(holds: Callable[[], bool]) -> None:
    """Until it holds."""
    end = time.monotonic() + 15
    while not holds():
        assert time.monotonic() < end
        time.sleep(0.01)
