"""Dirt: the set of paths that may have changed, and when each has settled. Bounded; knows nothing about events."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass

from exocortex.watching.timing import Timing

STORM = "many changes at once"
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Dirty:
    """What to look at again."""

    paths: tuple[tuple[str, str], ...] = ()
    """(folder's name, path below its root as the operating system spells it); a file may be there or not."""
    rescan: tuple[str, ...] = ()
    """Reasons to look at everything; empty for none."""

    def __bool__(self) -> bool:
        return bool(self.paths or self.rescan)


@dataclass(slots=True)
class _Span:
    """From the first to the last time that something happened."""

    first: float
    last: float

    def left(self, now: float, quiet: float, longest: float) -> float:
        """Seconds until this has settled; zero or less when it has."""
        return min(self.last + quiet, self.first + longest) - now


class Dirt:
    """Marked by one thread, taken by another.

    A storm (many paths in a short time, or git at work) keeps no paths: it ends, after some quiet, in one scan.
    """

    def __init__(
        self, timing: Timing, clock: Callable[[], float], wake: Callable[[], None], git_works: Callable[[], bool]
    ) -> None:
        self._timing = timing
        self._clock = clock
        self._wake = wake
        self._git_works = git_works
        self._lock = threading.Lock()
        self._paths: dict[tuple[str, str], _Span] = {}
        self._reasons: dict[str, _Span] = {}
        self._storm: _Span | None = None
        self._storm_dirty = False
        self._window = (clock(), 0)
        """When the current window began, and how many paths came new in it."""

    def __len__(self) -> int:
        with self._lock:
            return len(self._paths) + len(self._reasons) + self._storm_dirty

    def mark(self, folder: str, raw: str) -> None:
        """A path may have changed."""
        with self._lock:
            clean, now = not self._any(), self._clock()
            self._calm(now)
            if self._storm is not None:
                self._storm.last, self._storm_dirty = now, True
            elif (span := self._paths.get((folder, raw))) is not None:
                span.last = now
            else:
                self._paths[(folder, raw)] = _Span(now, now)
                if self._is_storm(now):
                    self._begin_storm(now)
        if clean:
            self._tell()

    def rescan(self, reason: str, urgent: bool = False) -> None:
        """Everything may have changed; `urgent` doesn't wait until that has settled."""
        with self._lock:
            clean, now = not self._any(), self._clock()
            span = self._reasons.setdefault(reason, _Span(now, now))
            span.last = now
            if urgent:
                span.first = now - self._timing.longest
        if clean or urgent:
            self._tell()

    def take(self) -> Dirty:
        """What has settled, which is then no longer dirty."""
        with self._lock:
            now = self._clock()
            if self._storming(now):
                assert self._storm is not None
                if not self._any() or self._storm_left(now) > 0:
                    return Dirty()
                if self._storm.last + self._timing.storm_quiet > now:
                    self._storm = _Span(now, now)
                else:
                    self._storm = None
                return self._take_all()
            limits = (now, self._timing.quiet, self._timing.longest)
            paths = [path for path, span in self._paths.items() if span.left(*limits) <= 0]
            reasons = [reason for reason, span in self._reasons.items() if span.left(*limits) <= 0]
            for path in paths:
                del self._paths[path]
            for reason in reasons:
                del self._reasons[reason]
            return Dirty(tuple(paths), tuple(reasons))

    def take_all(self) -> Dirty:
        """Everything dirty, settled or not; a storm goes on being one."""
        with self._lock:
            return self._take_all()

    def due(self) -> float | None:
        """Seconds until something has settled, 0 if something has; None if nothing is dirty."""
        with self._lock:
            if not self._any():
                return None
            now = self._clock()
            if self._storming(now):
                return max(0.0, self._storm_left(now))
            spans = [*self._paths.values(), *self._reasons.values()]
            return max(0.0, min(span.left(now, self._timing.quiet, self._timing.longest) for span in spans))

    def _any(self) -> bool:
        return bool(self._paths or self._reasons or self._storm_dirty)

    def _take_all(self) -> Dirty:
        reasons = (*self._reasons, *([STORM] if self._storm_dirty else []))
        taken = Dirty(tuple(self._paths), reasons)
        self._paths.clear()
        self._reasons.clear()
        self._storm_dirty = False
        return taken

    def _is_storm(self, now: float) -> bool:
        began, count = self._window
        self._window = (began, count + 1) if now - began <= self._timing.storm_window else (now, 1)
        return max(self._window[1], len(self._paths)) > self._timing.storm_paths

    def _begin_storm(self, now: float) -> None:
        self._storm = _Span(now, now)
        self._storm_dirty = True
        self._window = (now, 0)
        self._paths.clear()

    def _calm(self, now: float) -> None:
        """Nothing is left of a storm that was taken and didn't go on."""
        if self._storm is not None and not self._storm_dirty and now - self._storm.last >= self._timing.storm_quiet:
            self._storm = None

    def _storming(self, now: float) -> bool:
        self._calm(now)
        if (self._paths or self._storm_dirty) and self._git_works():
            if self._storm is None:
                self._begin_storm(now)
            else:
                self._storm.last = now
        return self._storm is not None

    def _storm_left(self, now: float) -> float:
        assert self._storm is not None
        return self._storm.left(now, self._timing.storm_quiet, self._timing.storm_longest)

    def _tell(self) -> None:
        try:
            self._wake()
        except Exception:  # noqa: BLE001 - border: whoever is woken must not end the thread that brings the events
            _log.exception("waking for a change failed")
