"""Folders that vanish, threads that end, clocks that jump: the watcher mends itself or looks instead, and says so."""

from __future__ import annotations

import logging
import shutil
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from scenes import QUICK, Scene, cut_watches, descriptors, end_thread, inotify_watches, status_is

from exocortex.core.status import WatchStatus
from exocortex.watching import Clocks, Timing


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[Scene]:
    """A folder of notes that nobody watches yet."""
    made = Scene(tmp_path.resolve())
    yield made
    made.close()


def test_a_root_that_is_removed_and_made_again_is_watched_again(scene: Scene) -> None:
    watcher = scene.watch()
    shutil.rmtree(scene.root)
    scene.until(lambda: watcher.status().unwatched == ("notes",))
    assert "notes is not there" in watcher.status().why
    scene.forget()
    scene.root.mkdir()
    (scene.root / "a.md").write_text("text")
    scene.until(lambda: "folder notes is back" in scene.reasons)
    assert scene.reasons.count("folder notes is back") == 1
    assert (watcher.status().unwatched, watcher.status().why) == ((), "")
    scene.forget()
    (scene.root / "a.md").write_text("more")
    scene.told("a.md")


def test_a_root_removed_and_made_again_at_once_is_watched_again(scene: Scene) -> None:
    scene.watch()
    shutil.rmtree(scene.root)
    scene.root.mkdir()
    scene.until(lambda: any("notes" in reason or "afresh" in reason for reason in scene.reasons))
    scene.quiet()
    scene.forget()
    (scene.root / "a.md").write_text("text")
    scene.told("a.md")


def test_a_root_renamed_away_and_replaced_is_told_and_the_new_one_watched(scene: Scene) -> None:
    scene.watch()
    scene.root.rename(scene.place / "other")
    scene.root.mkdir()
    scene.until(lambda: "folder notes was replaced" in scene.reasons)
    scene.forget()
    (scene.place / "other/a.md").write_text("text")
    (scene.root / "b.md").write_text("text")
    scene.told("b.md")
    assert "a.md" not in scene.paths


def test_a_root_renamed_away_is_gone_and_back_when_it_is_renamed_back(scene: Scene) -> None:
    watcher = scene.watch()
    scene.root.rename(scene.place / "other")
    scene.until(lambda: watcher.status().unwatched == ("notes",))
    (scene.place / "other/a.md").write_text("text")
    scene.forget()
    (scene.place / "other").rename(scene.root)
    scene.until(lambda: "folder notes is back" in scene.reasons)


def test_a_root_missing_from_the_start_is_waited_for(scene: Scene) -> None:
    scene.root.rmdir()
    watcher = scene.watch()
    assert watcher.status().unwatched == ("notes",)
    scene.root.mkdir()
    scene.until(lambda: watcher.status().unwatched == ())
    scene.forget()
    (scene.root / "a.md").write_text("text")
    scene.told("a.md")


def test_a_wake_up_call_that_fails_stops_nothing(scene: Scene) -> None:
    def fail() -> None:
        raise RuntimeError("nobody home")

    watcher = scene.watch(wake=fail)
    for name in ("a.md", "b.md"):
        (scene.root / name).write_text("text")
        scene.told(name)
    assert watcher.status().mode == "events"


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
@pytest.mark.parametrize("thread", ["InotifyObserver", "InotifyFD"])
def test_a_thread_of_the_library_that_ends_is_replaced(scene: Scene, thread: str) -> None:
    before = descriptors()
    watcher = scene.watch()
    end_thread(thread)
    (scene.root / "a.md").write_text("text")
    scene.until(lambda: any("threads that bring events ended" in reason for reason in scene.reasons))
    scene.forget()
    (scene.root / "b.md").write_text("text")
    scene.told("b.md")
    assert watcher.status().mode == "events"
    watcher.close()
    assert descriptors() == before


def test_the_folder_for_proofs_is_made_again_when_it_was_removed(scene: Scene) -> None:
    watcher = scene.watch()
    shutil.rmtree(scene.home / "watch")
    scene.until(lambda: any("began afresh" in reason for reason in scene.reasons))
    scene.until((scene.home / "watch").is_dir)
    assert watcher.status().mode == "events"


def test_events_that_stop_coming_are_noticed_by_the_cookie(scene: Scene) -> None:
    """The kernel's watches are taken away behind the library's back: every thread of it is alive and hears nothing."""
    scene.watch(timing=replace(QUICK, cookie=0.5, answer=0.5))
    cut_watches()
    assert inotify_watches() == 0
    scene.until(lambda: any("no event came" in reason for reason in scene.reasons))
    scene.quiet()
    scene.forget()
    (scene.root / "b.md").write_text("text")
    scene.told("b.md")


def test_events_that_stop_again_and_again_are_given_up_for_a_while(scene: Scene) -> None:
    watcher = scene.watch(timing=replace(QUICK, cookie=0.1, answer=0.1, heal=3, storm_quiet=2, storm_longest=9))

    def cut() -> bool:
        cut_watches()
        return watcher.status().mode == "polling"

    scene.until(cut)
    assert "every few seconds instead" in watcher.status().why
    scene.until(lambda: "every few seconds" in scene.reasons)
    scene.until(status_is(watcher, "events", ""))
    scene.forget()
    (scene.root / "b.md").write_text("text")
    scene.told("b.md")


def test_lost_events_are_heard_of_in_the_librarys_log_even_if_the_log_is_quiet(scene: Scene) -> None:
    scene.watch()
    logging.getLogger("watchdog.observers.inotify_c").warning("Inotify queue overflowed; filesystem events were lost")
    scene.until(lambda: "the system dropped events" in scene.reasons)
    logging.getLogger("watchdog.observers.inotify").error("anything else")
    scene.until(lambda: "watching had an error" in scene.reasons)


def test_a_sleep_of_the_machine_and_a_clock_that_jumps_ask_for_a_scan_and_nothing_more(scene: Scene) -> None:
    slept, year = 0.0, 0.0
    clocks = Clocks(boottime=lambda: time.monotonic() + slept, wall=lambda: time.time() + year)
    watcher = scene.watch(clocks=clocks)
    slept = 3600.0
    scene.until(lambda: scene.reasons == ["the machine slept or its clock was set"])
    for jump in (-3600.0, 31e6):
        scene.forget()
        year = jump
        scene.until(lambda: scene.reasons == ["the machine slept or its clock was set"])
        (scene.root / "a.md").write_text("text")
        scene.told("a.md")
    assert watcher.status().mode == "events"
    scene.quiet()
    assert scene.reasons == []


def test_a_scan_is_asked_for_by_the_clock_but_not_more_often_than_it_costs(scene: Scene) -> None:
    watcher = scene.watch(timing=replace(QUICK, rescan=0.3))
    scene.until(lambda: scene.reasons == ["every few minutes"])
    watcher.scanned(10.0)
    scene.forget()
    scene.quiet(1)
    assert scene.reasons == []
    watcher.scanned(0.01)
    scene.until(lambda: scene.reasons == ["every few minutes"])


def test_polling_asks_for_scans_in_proportion_to_their_cost(scene: Scene) -> None:
    before = threading.active_count()
    watcher = scene.watch("poll")
    assert (watcher.status().mode, watcher.status().why) == ("polling", "")
    assert threading.active_count() == before + 1
    scene.until(lambda: scene.reasons.count("every few seconds") == 2)
    watcher.scanned(0.05)
    scene.forget()
    scene.quiet(0.7)
    assert scene.reasons == []
    scene.until(lambda: scene.reasons == ["every few seconds"])


def test_polling_tells_when_a_root_is_gone_and_back(scene: Scene) -> None:
    watcher = scene.watch("poll")
    scene.root.rename(scene.place / "other")
    scene.until(lambda: "folder notes is gone" in scene.reasons)
    assert watcher.status().unwatched == ("notes",)
    (scene.place / "other").rename(scene.root)
    scene.until(lambda: "folder notes is back" in scene.reasons)


def test_off_starts_nothing_and_asks_for_a_scan_whenever_the_newest_is_wanted(scene: Scene) -> None:
    before = threading.active_count()
    watcher = scene.watch("off", started=False)
    assert threading.active_count() == before
    (scene.root / "a.md").write_text("text")
    scene.quiet(0.3)
    assert (scene.paths, scene.reasons, watcher.due()) == (set(), [], None)
    assert watcher.take_all().rescan == ("watching is off",)
    status = watcher.status()
    assert status == WatchStatus("off", status.since, 0, "", ())
    assert abs((datetime.now(UTC) - status.since).total_seconds()) < 5


def test_a_home_that_is_gone_is_not_made_again(scene: Scene) -> None:
    watcher = scene.watch(timing=replace(QUICK, cookie=0.2, answer=0.5))
    shutil.rmtree(scene.home)
    scene.until(status_is(watcher, "polling", "gives no events"))
    assert not scene.home.exists()


def test_starting_and_closing_again_and_again_leaves_nothing_behind(scene: Scene) -> None:
    watcher = scene.watch(timing=replace(QUICK, check=0.01))
    watcher.close()
    threads, files = threading.active_count(), descriptors()
    for _ in range(100):
        watcher.start()
        watcher.start()
        scene.until(lambda: "start" in scene.reasons)
        scene.reasons.clear()
        watcher.close()
        watcher.close()
    assert threading.active_count() == threads
    assert descriptors() == files
    assert inotify_watches() == 0
    assert watcher.status().mode == "off"
    assert not logging.getLogger("watchdog").handlers


def test_starting_and_closing_is_quick(scene: Scene) -> None:
    for number in range(300):
        (scene.root / f"{number}").mkdir()
    watcher = scene.watch(timing=Timing(), started=False)
    began = time.monotonic()
    watcher.close()
    watcher.start()
    watcher.close()
    assert time.monotonic() - began < 1.5
