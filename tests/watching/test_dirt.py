"""Paths settle before they are given out, a storm ends in one scan, and memory stays bounded."""

from __future__ import annotations

import pytest

from exocortex.watching.dirt import STORM, Dirt, Dirty
from exocortex.watching.timing import Timing

TIMING = Timing()


class Scene:
    """A set of dirty paths under a clock that stands still until it is moved."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.git = False
        self.woken = 0
        self.dirt = Dirt(TIMING, lambda: self.now, self._wake, lambda: self.git)

    def _wake(self) -> None:
        self.woken += 1

    def mark(self, *raws: str) -> None:
        for raw in raws:
            self.dirt.mark("notes", raw)

    def after(self, seconds: float) -> Dirty:
        self.now += seconds
        return self.dirt.take()


@pytest.fixture
def scene() -> Scene:
    return Scene()


def files(*raws: str) -> Dirty:
    return Dirty(tuple(("notes", raw) for raw in raws))


def test_a_path_is_given_out_once_and_only_when_it_has_been_quiet(scene: Scene) -> None:
    assert scene.dirt.due() is None
    scene.mark("a.md")
    assert scene.dirt.due() == pytest.approx(0.3)
    assert not scene.after(0.2)
    scene.mark("a.md")
    assert not scene.after(0.2)
    assert scene.after(0.11) == files("a.md")
    assert not scene.after(9)
    assert scene.dirt.due() is None


def test_a_path_written_to_without_a_pause_is_given_out_after_three_seconds(scene: Scene) -> None:
    for _ in range(14):
        scene.mark("log.md")
        assert not scene.after(0.2)
    scene.mark("log.md")
    assert scene.dirt.due() == pytest.approx(0.2)
    assert scene.after(0.2) == files("log.md")


def test_each_path_settles_by_itself(scene: Scene) -> None:
    scene.mark("a.md")
    scene.now += 0.2
    scene.mark("b.md")
    assert len(scene.dirt) == 2
    assert scene.after(0.15) == files("a.md")
    assert scene.after(0.2) == files("b.md")


def test_all_of_it_can_be_had_before_it_has_settled(scene: Scene) -> None:
    scene.mark("a.md", "b.md")
    scene.dirt.rescan("folders changed")
    assert scene.dirt.take_all() == Dirty((("notes", "a.md"), ("notes", "b.md")), ("folders changed",))
    assert not scene.after(9)


def test_a_reason_settles_like_a_path_unless_it_is_urgent(scene: Scene) -> None:
    scene.dirt.rescan("folders changed")
    assert not scene.after(0.1)
    scene.dirt.rescan("start", urgent=True)
    assert scene.dirt.due() == 0
    assert scene.after(0) == Dirty(rescan=("start",))
    assert scene.after(0.3) == Dirty(rescan=("folders changed",))


def test_whoever_waits_is_woken_once_for_the_first_of_many(scene: Scene) -> None:
    scene.mark("a.md", "b.md", "a.md")
    scene.dirt.rescan("folders changed")
    assert scene.woken == 1
    scene.dirt.rescan("start", urgent=True)
    assert scene.woken == 2
    scene.dirt.take_all()
    scene.mark("a.md")
    assert scene.woken == 3


def test_more_than_five_hundred_paths_become_one_scan_after_two_seconds_of_quiet(scene: Scene) -> None:
    scene.mark(*map(str, range(501)))
    assert len(scene.dirt) == 1
    for _ in range(4):
        assert not scene.after(1)
        scene.mark("more")
    assert scene.dirt.due() == pytest.approx(2)
    assert not scene.after(1.9)
    assert scene.after(0.1) == Dirty(rescan=(STORM,))
    scene.mark("calm again")
    assert scene.after(0.3) == files("calm again")


def test_five_hundred_in_two_seconds_are_a_storm_even_if_they_are_taken_meanwhile(scene: Scene) -> None:
    taken = 0
    for number in range(1000):
        scene.mark(f"{number}.md")
        taken += len(scene.after(0.003).paths)
    assert 0 < taken <= 501
    assert scene.after(2) == Dirty(rescan=(STORM,))


def test_as_many_over_a_longer_time_are_no_storm(scene: Scene) -> None:
    taken: list[tuple[str, str]] = []
    for number in range(1000):
        scene.mark(f"{number}.md")
        taken += scene.after(0.005).paths
    taken += scene.after(0.3).paths
    assert len(set(taken)) == len(taken) == 1000


def test_a_storm_without_end_is_scanned_every_ten_seconds(scene: Scene) -> None:
    scene.mark(*map(str, range(501)))
    scans = 0
    for number in range(250):
        scans += len(scene.after(0.1).rescan)
        scene.mark(f"{number % 7}")
    assert scans == 2


def test_other_reasons_wait_for_the_end_of_a_storm(scene: Scene) -> None:
    scene.mark(*map(str, range(501)))
    scene.dirt.rescan("the system dropped events", urgent=True)
    assert not scene.after(1)
    assert scene.after(1) == Dirty(rescan=("the system dropped events", STORM))


def test_what_came_in_a_storm_can_be_had_before_it_ends(scene: Scene) -> None:
    scene.mark(*map(str, range(501)))
    assert scene.dirt.take_all() == Dirty(rescan=(STORM,))
    assert scene.dirt.due() is None
    scene.mark("more")
    assert not scene.after(0.5)
    assert scene.after(1.5) == Dirty(rescan=(STORM,))


def test_while_git_works_nothing_is_given_out_and_then_one_scan(scene: Scene) -> None:
    scene.mark("a.md")
    scene.git = True
    for _ in range(5):
        assert not scene.after(1)
    scene.git = False
    assert not scene.after(1)
    assert scene.after(1) == Dirty(rescan=(STORM,))


def test_git_is_not_waited_for_longer_than_ten_seconds(scene: Scene) -> None:
    scene.git = True
    scene.mark("a.md")
    assert not scene.after(1)
    assert not scene.after(9.9)
    assert scene.after(0.2) == Dirty(rescan=(STORM,))


def test_a_failing_wake_up_call_is_not_the_event_threads_affair(scene: Scene) -> None:
    def fail() -> None:
        raise RuntimeError

    dirt = Dirt(TIMING, lambda: scene.now, fail, lambda: False)
    dirt.mark("notes", "a.md")
    dirt.rescan("start", urgent=True)
    assert dirt.take_all() == Dirty((("notes", "a.md"),), ("start",))
