"""A folder of notes with a watcher over it, and what of the process tests look at and do away with."""

from __future__ import annotations

import ctypes
import os
import threading
import time
from collections.abc import Callable
from pathlib import Path

from exocortex.config import Folder
from exocortex.watching import Clocks, Timing, Watcher
from exocortex.watching.system import count_watches
from exocortex.watching.watcher import Mode

QUICK = Timing(
    quiet=0.05,
    longest=0.5,
    storm_quiet=0.3,
    storm_longest=2,
    check=0.05,
    roots=0.1,
    poll=0.2,
    cookie=60,
    answer=5,
    heal=1,
)
PATIENCE = 15.0


class Scene:
    """A folder of notes, a watcher over it, and all that it has told so far."""

    def __init__(self, place: Path) -> None:
        self.place = place
        self.root = place / "notes"
        self.root.mkdir()
        self.home = place / "home"
        self.home.mkdir()
        self.paths: set[str] = set()
        self.reasons: list[str] = []
        self.watchers: list[Watcher] = []

    def watch(
        self,
        mode: Mode = "auto",
        timing: Timing = QUICK,
        clocks: Clocks | None = None,
        wake: Callable[[], None] = lambda: None,
        started: bool = True,
    ) -> Watcher:
        """A watcher that has begun, and its first reason taken."""
        folders = [Folder("notes", self.root)]
        watcher = Watcher(folders, self.home / "watch", wake, mode, timing, clocks or Clocks())
        self.watchers.append(watcher)
        watcher.start()
        if started:
            self.until(lambda: "start" in self.reasons)
            self.forget()
        return watcher

    def close(self) -> None:
        """End every watcher."""
        for watcher in self.watchers:
            watcher.close()

    def take(self) -> None:
        """Take what has settled."""
        for watcher in self.watchers:
            dirty = watcher.take()
            self.paths |= {path for _, path in dirty.paths}
            self.reasons += dirty.rescan

    def until(self, holds: Callable[[], bool], seconds: float = PATIENCE) -> None:
        """Take until it holds."""
        end = time.monotonic() + seconds
        while not holds():
            assert time.monotonic() < end, (self.paths, self.reasons, [one.status() for one in self.watchers])
            time.sleep(0.01)
            self.take()

    def quiet(self, seconds: float = 0.7) -> None:
        """Take for a while; watchdog holds back what may be half of a move for half a second."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            time.sleep(0.02)
            self.take()

    def forget(self) -> None:
        """What was told is no matter any more."""
        self.quiet(0.1)
        self.paths.clear()
        self.reasons.clear()

    def told(self, *paths: str) -> None:
        """Wait until these paths were told of, then forget them."""
        self.until(lambda: self.paths >= set(paths))
        self.forget()


def inotify_watches() -> int:
    """All that this process holds."""
    counts = [count_watches(int(name)) or 0 for name in os.listdir("/proc/self/fd")]
    return sum(counts)


def cut_watches() -> None:
    """Take the kernel's first watches away behind the library's back."""
    libc = ctypes.CDLL(None)
    for name in os.listdir("/proc/self/fd"):
        for watch in range(1, 1 + 2 * (count_watches(int(name)) or 0)):
            libc.inotify_rm_watch(int(name), watch)


def descriptors() -> int:
    """How many this process has open."""
    return len(os.listdir("/proc/self/fd"))


def end_thread(fragment: str) -> None:
    """Have a thread whose class is so named end, as an error would; it does so when it next runs."""
    (thread,) = [one for one in threading.enumerate() if fragment in type(one).__name__]
    assert thread.ident is not None
    ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(thread.ident), ctypes.py_object(SystemExit))


def status_is(watcher: Watcher, mode: str, why: str) -> Callable[[], bool]:
    """Whether it says so."""

    def holds() -> bool:
        status = watcher.status()
        return status.mode == mode and why in status.why

    return holds
