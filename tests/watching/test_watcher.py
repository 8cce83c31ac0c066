"""Real files, real events: what people and editors do is noticed, what readers do isn't; nothing stops it for long."""

from __future__ import annotations

import os
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from scenes import QUICK, Scene, inotify_watches

from exocortex.watching import Timing
from exocortex.watching.dirt import STORM
from exocortex.watching.system import count_folders


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[Scene]:
    """A folder of notes that nobody watches yet."""
    made = Scene(tmp_path.resolve())
    yield made
    made.close()


def test_a_save_is_told_within_half_a_second(scene: Scene) -> None:
    scene.watch(timing=Timing())
    began = time.monotonic()
    (scene.root / "a.md").write_text("text")
    scene.until(lambda: scene.paths == {"a.md"})
    assert 0.3 <= time.monotonic() - began < 1
    assert scene.reasons == []


def test_whoever_waits_is_woken_and_told_how_long(scene: Scene) -> None:
    woken = threading.Event()
    watcher = scene.watch(wake=woken.set)
    woken.clear()
    assert watcher.due() is None
    (scene.root / "a.md").write_text("text")
    assert woken.wait(5)
    due = watcher.due()
    assert due is not None
    assert 0 <= due <= QUICK.quiet
    assert watcher.status().dirty == 1
    assert watcher.take_all().paths == (("notes", "a.md"),)


def test_names_come_as_the_system_spells_them(scene: Scene) -> None:
    scene.watch()
    raw = os.fsdecode("Cafe\u0301 ".encode() + b"\xff.md")
    (scene.root / raw).write_text("text")
    scene.told(raw)


def save_in_place(note: Path, text: str) -> None:
    note.write_text(text)


def save_like_vim(note: Path, text: str) -> None:
    probe = note.with_name("4913")
    probe.touch()
    probe.unlink()
    note.rename(f"{note}~")
    note.write_text(text)
    Path(f"{note}~").unlink()


def save_by_rename(note: Path, text: str) -> None:
    new = note.with_name(".new.tmp")
    new.write_text(text)
    new.rename(note)


def save_by_rename_from_outside(note: Path, text: str) -> None:
    new = note.parents[1] / "new"
    new.write_text(text)
    new.rename(note)


def save_by_sed(note: Path, text: str) -> None:
    subprocess.run(["sed", "-i", f"s/.*/{text}/", str(note)], check=True)


def save_by_truncating(note: Path, text: str) -> None:
    with note.open("r+") as file:
        file.truncate()
        file.flush()
        time.sleep(0.02)
        file.write(text)


STYLES = (
    *(save_in_place, save_like_vim, save_by_rename, save_by_rename_from_outside),
    *(save_by_sed, save_by_truncating),
)


@pytest.mark.parametrize("save", STYLES)
def test_every_manner_of_saving_is_told_and_done_when_it_is(scene: Scene, save: Callable[[Path, str], None]) -> None:
    note = scene.root / "a.md"
    note.write_text("before")
    scene.watch()
    save(note, "after")
    scene.until(lambda: "a.md" in scene.paths)
    assert note.read_text().strip() == "after"


def test_reading_listing_and_searching_is_told_of_by_nothing(scene: Scene) -> None:
    (scene.root / "sub").mkdir()
    (scene.root / "sub/a.md").write_text("text")
    scene.watch()
    for _ in range(3):
        assert (scene.root / "sub/a.md").read_text() == "text"
        assert list(scene.root.rglob("*"))
        subprocess.run(["grep", "-r", "text", str(scene.root)], check=True, capture_output=True)
    scene.quiet()
    assert (scene.paths, scene.reasons) == (set(), [])


def test_moved_and_deleted_files_are_told_under_both_names(scene: Scene) -> None:
    (scene.root / "a.md").write_text("text")
    (scene.root / "c.md").write_text("text")
    scene.watch()
    (scene.root / "a.md").rename(scene.root / "A.md")
    (scene.root / "c.md").unlink()
    scene.told("a.md", "A.md", "c.md")


def test_a_folder_moved_in_is_scanned_and_watched(scene: Scene) -> None:
    outside = scene.place / "trip"
    (outside / "deep").mkdir(parents=True)
    (outside / "deep/old.md").write_text("text")
    scene.watch()
    outside.rename(scene.root / "trip")
    scene.until(lambda: "folders changed" in scene.reasons)
    scene.forget()
    (scene.root / "trip/deep/old.md").write_text("more")
    (scene.root / "trip/new.md").write_text("more")
    scene.told("trip/deep/old.md", "trip/new.md")
    (scene.root / "trip").rename(scene.root / "journey")
    scene.until(lambda: "folders changed" in scene.reasons)
    scene.forget()
    (scene.root / "journey/deep/old.md").write_text("again")
    scene.told("journey/deep/old.md")


def test_new_folders_are_watched_to_any_depth(scene: Scene) -> None:
    scene.watch()
    for name in "abcdefghijklmnopqrstuvwxyz":
        (scene.root / f"{name}/b/c").mkdir(parents=True)
    scene.until(lambda: "folders changed" in scene.reasons)
    scene.forget()
    (scene.root / "a/b/c/d.md").write_text("text")
    scene.told("a/b/c/d.md")


def test_a_folder_moved_out_is_scanned_away_and_no_longer_watched(scene: Scene) -> None:
    (scene.root / "trip/deep").mkdir(parents=True)
    scene.watch()
    assert inotify_watches() == 4
    (scene.root / "trip").rename(scene.place / "gone")
    scene.until(lambda: "folders changed" in scene.reasons)
    scene.until(lambda: inotify_watches() == 2)
    scene.forget()
    (scene.place / "gone/deep/a.md").write_text("text")
    scene.quiet()
    assert (scene.paths, scene.reasons) == (set(), [])
    (scene.root / "b.md").write_text("text")
    scene.told("b.md")


def test_links_are_not_followed_out_of_the_folder(scene: Scene) -> None:
    (scene.place / "elsewhere").mkdir()
    (scene.root / "link").symlink_to(scene.place / "elsewhere")
    scene.watch()
    (scene.place / "elsewhere/a.md").write_text("text")
    scene.quiet()
    assert (scene.paths, scene.reasons) == (set(), [])


def test_a_change_of_what_to_ignore_asks_for_a_scan(scene: Scene) -> None:
    (scene.root / "sub").mkdir()
    scene.watch()
    for place in (scene.root, scene.root / "sub"):
        (place / ".exoignore").write_text("drafts/\n")
        scene.until(lambda: "what to ignore changed" in scene.reasons)
        scene.forget()


def test_git_at_work_is_one_scan_when_it_is_done(scene: Scene) -> None:
    git = ["git", "-C", str(scene.root), "-c", "user.name=a", "-c", "user.email=a@example.org"]
    (scene.root / "a.md").write_text("one")
    for words in (["init", "-q", "-b", "main"], ["add", "."], ["commit", "-qm", "one"], ["branch", "other"]):
        subprocess.run([*git, *words], check=True)
    (scene.root / "a.md").write_text("two")
    subprocess.run([*git, "commit", "-qam", "two"], check=True)
    scene.watch()
    subprocess.run([*git, "commit", "-q", "--allow-empty", "-m", "three"], check=True)
    scene.quiet()
    assert (scene.paths, scene.reasons) == (set(), [])
    subprocess.run([*git, "checkout", "-q", "other"], check=True)
    scene.until(lambda: "git switched branches" in scene.reasons)
    scene.quiet()
    assert scene.paths <= {"a.md"}
    assert scene.reasons.count("git switched branches") == 1


def test_files_written_while_git_holds_its_lock_wait_for_its_end(scene: Scene) -> None:
    (scene.root / ".git").mkdir()
    scene.watch(timing=replace(QUICK, storm_longest=20))
    lock = scene.root / ".git/index.lock"
    lock.touch()
    (scene.root / "a.md").write_text("text")
    scene.quiet(1)
    assert (scene.paths, scene.reasons) == (set(), [])
    lock.unlink()
    scene.until(lambda: scene.reasons == [STORM])
    assert scene.paths == set()


def test_thousands_of_new_files_are_one_scan(scene: Scene) -> None:
    scene.watch()
    for number in range(3000):
        (scene.root / f"{number}.md").touch()
    scene.until(lambda: STORM in scene.reasons)
    assert len(scene.paths) <= 3 * QUICK.storm_paths
    scene.quiet()
    (scene.root / "last.md").write_text("text")
    scene.told("last.md")


def test_every_folder_is_watched_git_and_all(scene: Scene) -> None:
    for name in (".git/objects/ab", "a/b", "node_modules/x"):
        (scene.root / name).mkdir(parents=True)
    scene.watch()
    assert inotify_watches() == count_folders([scene.root]) + 1 == 9


def test_it_is_not_sure_of_a_save_that_is_still_on_its_way(scene: Scene) -> None:
    """Watchdog holds back what may be half of a move, and all that comes after it, for half a second."""
    (scene.root / "gone.md").write_text("text")
    watcher = scene.watch()
    (scene.root / "gone.md").rename(scene.place / "gone.md")
    (scene.root / "saved.md").write_text("text")
    assert not watcher.sync(0.1)
    assert watcher.due() is None
    assert watcher.sync(5)
    assert set(watcher.take_all().paths) == {("notes", "gone.md"), ("notes", "saved.md")}


def test_it_is_sure_of_the_last_of_many_saves_while_other_threads_are_busy(scene: Scene) -> None:
    watcher = scene.watch(timing=replace(QUICK, storm_paths=1_000_000, longest=60, quiet=60))
    stop = threading.Event()

    def work() -> None:
        while not stop.is_set():
            sum(range(2000))

    busy = threading.Thread(target=work)
    busy.start()
    try:
        for number in range(100):
            (scene.root / f"{number}.md").write_text("text")
            assert watcher.sync(10)
            assert ("notes", f"{number}.md") in watcher.take_all().paths
    finally:
        stop.set()
        busy.join()


def test_a_sure_answer_takes_a_few_milliseconds(scene: Scene) -> None:
    watcher = scene.watch()
    times = []
    for _ in range(50):
        began = time.monotonic()
        assert watcher.sync(5)
        times.append(time.monotonic() - began)
    assert sorted(times)[25] < 0.02
    assert watcher.due() is None
    assert watcher.status().mode == "events"


def test_it_is_not_sure_where_a_folder_is_gone_and_nobody_has_noticed(scene: Scene) -> None:
    watcher = scene.watch(timing=replace(QUICK, roots=60, check=60))
    scene.root.rmdir()
    scene.until(lambda: not watcher.sync(0.05))
