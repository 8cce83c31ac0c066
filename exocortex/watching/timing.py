"""Timing: how long the watcher waits for what, and the clocks it waits by."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Timing:
    """Every interval, in seconds."""

    quiet: float = 0.3
    """A path that nothing happened to for this long has settled."""
    longest: float = 3.0
    """A path is given out after this long even if it is written to without a pause."""
    storm_paths: int = 500
    """More paths than this, waiting or new within `storm_window`, are a storm: one scan instead of each by itself."""
    storm_window: float = 2.0
    storm_quiet: float = 2.0
    storm_longest: float = 10.0
    check: float = 1.0
    """Between two looks at whether all is well."""
    roots: float = 2.0
    """Between two looks at whether the folders are the ones that are watched."""
    cookie: float = 60.0
    """Between two proofs that events arrive."""
    answer: float = 5.0
    """What such a proof may take."""
    rescan: float = 600.0
    """Between two scans that nothing called for."""
    poll: float = 3.0
    """Between two scans while events can't be had."""
    scan_share: float = 20.0
    """Scans that nothing called for come no sooner than this many times what the last one took."""
    heal: float = 180.0
    """Between two attempts to have events again."""
    jump: float = 5.0
    """Clocks that part by more than this show that the machine slept."""


def _boottime() -> float:
    clock = getattr(time, "CLOCK_BOOTTIME", None)
    return time.monotonic() if clock is None else time.clock_gettime(clock)


@dataclass(frozen=True, slots=True)
class Clocks:
    """The time, in seconds: everything is measured by `monotonic`, the others only show that the machine slept."""

    monotonic: Callable[[], float] = time.monotonic
    boottime: Callable[[], float] = _boottime
    """Goes on while the machine sleeps."""
    wall: Callable[[], float] = time.time
