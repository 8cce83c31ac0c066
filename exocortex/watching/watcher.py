"""Watcher: notices changes in the folders of notes by events, or by looking every few seconds where there are none.

It keeps itself honest: it proves again and again that events arrive, compares what is watched with what is there, and
says aloud when it falls back to looking. Everything it finds out is a hint; the scan decides.
"""

from __future__ import annotations

import errno
import logging
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from exocortex.config import Folder
from exocortex.core.status import WatchStatus
from exocortex.watching import system
from exocortex.watching.dirt import Dirt, Dirty
from exocortex.watching.timing import Clocks, Timing

if TYPE_CHECKING:
    from exocortex.watching.observing import Observation

Mode = Literal["auto", "poll", "off"]
LOOKING = "exo looks every few seconds instead."
_TROUBLES = 3
"""Observations that failed within one `Timing.heal` after which it looks instead."""
_CLOSING = 5.0
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _Force:
    """What is in force."""

    mode: Literal["events", "polling", "off"]
    since: float
    why: str


@dataclass(slots=True)
class _Course:
    """When what was done last, and what is to be tried next; monotonic seconds."""

    looked: float = float("-inf")
    asked: float | None = None
    """When the cookie was touched, if its event is still to come."""
    ask_next: float = float("-inf")
    retry_at: float = float("-inf")
    scanned: float = float("-inf")
    scan_cost: float = 0.0
    count_next: float = float("-inf")
    count_wanted: float | None = None
    """Since when folders are to be counted, and weren't for all that went on in them."""
    miscounts: int = 0
    opened_for_count: bool = False
    on_trial: bool = False
    """Events failed before and have yet to prove themselves; until then it goes on looking."""
    checked: float | None = None


class Watcher:
    """Tells which paths may have changed. Runs a thread of its own from `start` to `close`; `wake` is called from it.

    `cookies` is a folder of ours outside the folders of notes. The writer takes what is dirty, and says by `scanned`
    what a scan of everything cost, so that scans by the clock stay a small part of the machine's work.
    """

    def __init__(
        self,
        folders: Sequence[Folder],
        cookies: Path,
        wake: Callable[[], None],
        mode: Mode = "auto",
        timing: Timing = Timing(),  # noqa: B008 - frozen
        clocks: Clocks = Clocks(),  # noqa: B008 - frozen
    ) -> None:
        self._folders = tuple(folders)
        self._cookies = cookies
        self._mode = mode
        self._timing = timing
        self._clocks = clocks
        locks = system.GitLocks([folder.root for folder in folders], timing.storm_longest, clocks.monotonic)
        self._dirt = Dirt(timing, clocks.monotonic, wake, locks.held)
        self._observation: Observation | None = None
        self._identities: dict[str, system.Identity | None] = {}
        self._remote: dict[str, str] = {}
        self._troubles: list[float] = []
        self._course = _Course()
        self._drift: tuple[float, float] | None = None
        self._force = _Force("off", clocks.wall(), "" if mode == "off" else "Watching has not started.")
        self._checking = threading.Lock()
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Begin; when events arrive (or looking begins) there is a rescan for the reason "start". Returns at once."""
        if self._mode == "off" or self._thread is not None:
            return
        self._stop = threading.Event()
        self._course = _Course()
        self._thread = threading.Thread(target=self._run, args=(self._stop,), name="watcher", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """End every thread and give every descriptor back; what is dirty stays to be taken."""
        if self._thread is None:
            return
        self._stop.set()
        self._thread.join(_CLOSING)
        self._thread = None
        if self._checking.acquire(timeout=_CLOSING):
            try:
                self._drop()
                self._identities, self._drift = {}, None
                self._enforce("off", "Watching was ended.")
            finally:
                self._checking.release()

    def take(self) -> Dirty:
        """What has settled; it is no longer dirty then."""
        return self._dirt.take()

    def take_all(self) -> Dirty:
        """Everything that is dirty, settled or not; where nothing is watched that is everything there is."""
        if self._mode == "off":
            return Dirty(rescan=("watching is off",))
        return self._dirt.take_all()

    def sync(self, seconds: float) -> bool:
        """Wait so long at most until everything that happened before this call is dirty; False if that isn't sure."""
        observation = self._observation
        try:
            return observation is not None and observation.sync(seconds)
        except OSError:
            return False

    def due(self) -> float | None:
        """Seconds until something has settled; None if nothing is dirty."""
        return self._dirt.due()

    def scanned(self, seconds: float) -> None:
        """A scan of everything is over and took so long."""
        self._course.scanned = self._clocks.monotonic()
        self._course.scan_cost = seconds

    def status(self) -> WatchStatus:
        """How changes are noticed at the moment."""
        force = self._force
        away = tuple(name for name, identity in list(self._identities.items()) if identity is None)
        sentences = [force.why, *(f"Folder {name} is not there or can't be read." for name in away)]
        since = datetime.fromtimestamp(force.since, UTC)
        return WatchStatus(force.mode, since, len(self._dirt), " ".join(filter(None, sentences)), away)

    def check(self) -> None:
        """See to it that all is well, and mend what isn't; its own thread does so every `Timing.check` seconds."""
        if self._thread is None or not self._checking.acquire(blocking=False):
            return
        try:
            if not self._stop.is_set():
                self._look_after()
        except Exception as error:  # noqa: BLE001 - border: whatever a system does to us, somebody must go on looking
            _log.exception("the watcher's own check failed")
            if self._force.mode != "polling":
                self._fall_back(f"Watching failed ({error}); {LOOKING}")
        finally:
            self._checking.release()

    def _run(self, stop: threading.Event) -> None:
        while not stop.is_set():
            self.check()
            stop.wait(self._timing.check)

    def _look_after(self) -> None:
        now = self._clocks.monotonic()
        self._scan_by_the_clock(now)
        self._notice_sleep(now)
        if now - self._course.looked >= self._timing.roots:
            self._look_at_roots(now)
        if self._observation is None:
            if self._mode == "auto" and now >= self._course.retry_at:
                self._open("events are tried again")
        else:
            self._look_at_events(self._observation, now)
        if self._observation is not None:
            self._look_at_count(self._observation, now)
        if self._observation is not None and self._course.on_trial:
            self._look_at_trial(self._observation)
        self._course.checked = now

    def _notice_sleep(self, now: float) -> None:
        """A machine that slept (or was stopped and copied) has changes nobody told of."""
        drift = (self._clocks.boottime() - now, self._clocks.wall() - now)
        if self._drift is not None and max(abs(a - b) for a, b in zip(drift, self._drift, strict=True)) > (
            self._timing.jump
        ):
            self._dirt.rescan("the machine slept or its clock was set", urgent=True)
        self._drift = drift
        course = self._course
        if course.asked is not None and course.checked is not None and now - course.checked > self._timing.answer:
            course.asked, course.ask_next = None, now  # we were stopped ourselves: no wonder there is no answer yet

    def _look_at_roots(self, now: float) -> None:
        self._course.looked = now
        found = {folder.name: system.identity(folder.root) for folder in self._folders}
        started = self._force.mode != "off"
        if started and found == self._identities:
            return
        reason = _what_happened(self._identities, found) if started else "start"
        self._identities = found
        self._remote = {}
        for folder in self._folders:
            if found[folder.name] is not None:
                with suppress(OSError):  # gone meanwhile, which the next look tells
                    self._remote[folder.name] = system.remote_kind(folder.root) or ""
        self._open(reason)

    def _open(self, reason: str) -> None:
        """Begin to observe afresh, or to look where that can't be."""
        self._drop()
        if self._mode == "poll":
            self._enforce("polling", "")
        else:
            self._observe()
        self._dirt.rescan(reason, urgent=True)

    def _observe(self) -> None:
        from exocortex.watching.observing import Observation

        present = [one for one in self._folders if self._identities.get(one.name) and not self._remote.get(one.name)]
        try:
            self._observation = Observation(present, self._cookies, self._dirt, self._clocks.monotonic)
        except OSError as error:
            self._fall_back(f"{_refusal(error)}; {LOOKING}")
            return
        self._course.asked, self._course.ask_next = None, self._clocks.monotonic()
        self._course.miscounts = 0
        for folder in present:
            if folder not in self._observation.folders:
                self._identities[folder.name] = None
        if any(self._remote.values()):
            where = ", ".join(f"{name} ({kind})" for name, kind in self._remote.items() if kind)
            self._enforce("polling", f"Changes made elsewhere aren't told of folder {where}; {LOOKING}")
        elif not self._course.on_trial:
            self._enforce("events", "")

    def _look_at_trial(self, observation: Observation) -> None:
        """After a fall-back, events are in force again once all is watched and the cookie's event came."""
        course = self._course
        if not observation.recount and course.asked is None and observation.answered_at > observation.opened_at:
            course.on_trial = False
            if not any(self._remote.values()):
                self._enforce("events", "")

    def _look_at_events(self, observation: Observation, now: float) -> None:
        """Threads that ended, or a cookie whose event doesn't come."""
        trouble = observation.trouble() or self._silence(observation, now)
        if not trouble:
            return
        self._look_at_roots(now)
        if self._observation is not observation:  # a root that went took its thread along
            return
        _log.warning("watching begins afresh: %s", trouble)
        self._troubles = [at for at in self._troubles if now - at < self._timing.heal] + [now]
        if len(self._troubles) > _TROUBLES:
            self._troubles.clear()
            self._fall_back(f"Events stopped again and again ({trouble}); {LOOKING}")
        else:
            self._open(f"watching began afresh: {trouble}")

    def _silence(self, observation: Observation, now: float) -> str:
        course = self._course
        if course.asked is not None and observation.answered_at >= course.asked:
            course.asked, course.ask_next = None, now + self._timing.cookie
        if course.asked is not None:
            busy = now - course.asked < self._timing.cookie
            heard = max(course.asked, observation.heard_at) if busy else course.asked
            return "no event came of a change that was made for it" if now - heard > self._timing.answer else ""
        if now >= course.ask_next:
            course.ask_next = now + self._timing.cookie
            try:
                course.asked = self._clocks.monotonic()
                observation.ask()
            except OSError:
                course.asked = None
                return "" if self._cookies.is_dir() else "its folder for proofs is gone"
        return ""

    def _look_at_count(self, observation: Observation, now: float) -> None:
        """Whether every folder is watched, and none that left; the library keeps silent about both."""
        course = self._course
        if not observation.recount or now < course.count_next or self._are_folders_busy(observation, now):
            return
        observation.recount = False
        wanted = system.count_folders(folder.root for folder in observation.folders)
        watched = observation.watches()
        course.count_next = now + self._timing.scan_share * (self._clocks.monotonic() - now)
        if watched is None or watched == wanted:
            course.miscounts, course.opened_for_count = 0, False
            return
        course.miscounts += 1
        if course.miscounts < 2:  # folders come and go while they are counted
            observation.recount = True
        elif not course.opened_for_count:
            course.miscounts, course.opened_for_count = 0, True
            self._open("folders moved")
        elif watched < wanted:
            course.miscounts = 0
            self._fall_back(f"{_too_few(watched, wanted)}; {LOOKING}")

    def _are_folders_busy(self, observation: Observation, now: float) -> bool:
        """Whether to count later, when fewer folders come and go; for a while only."""
        course = self._course
        if course.count_wanted is None:
            course.count_wanted = now
        quiet = now - observation.heard_at >= self._timing.storm_quiet
        if not quiet and now - course.count_wanted < 2 * self._timing.storm_longest:
            return True
        course.count_wanted = None
        return False

    def _scan_by_the_clock(self, now: float) -> None:
        polling = self._force.mode == "polling"
        course = self._course
        interval = max(
            self._timing.poll if polling else self._timing.rescan, self._timing.scan_share * course.scan_cost
        )
        if now - course.scanned >= interval:
            if course.scanned > float("-inf"):
                self._dirt.rescan("every few seconds" if polling else "every few minutes", urgent=True)
            course.scanned = now

    def _fall_back(self, why: str) -> None:
        _log.warning("%s", why)
        self._drop()
        self._course.retry_at = self._clocks.monotonic() + self._timing.heal
        self._course.on_trial = self._course.opened_for_count = True
        self._enforce("polling", why)
        self._dirt.rescan("events can't be had", urgent=True)

    def _drop(self) -> None:
        observation, self._observation = self._observation, None
        if observation is not None:
            try:
                observation.close()
            except Exception:  # noqa: BLE001 - border: whatever watchdog leaves behind must not end the watcher
                _log.exception("events could not be ended cleanly")

    def _enforce(self, mode: Literal["events", "polling", "off"], why: str) -> None:
        if (mode, why) != (self._force.mode, self._force.why):
            self._force = _Force(mode, self._clocks.wall(), why)


def _what_happened(before: dict[str, system.Identity | None], after: dict[str, system.Identity | None]) -> str:
    changes = []
    for name, found in after.items():
        if found != before.get(name):
            word = "is gone" if found is None else "is back" if before.get(name) is None else "was replaced"
            changes.append(f"folder {name} {word}")
    return ", ".join(changes)


def _refusal(error: OSError) -> str:
    """What the system said when it was asked for watches, for people."""
    if error.errno == errno.ENOSPC:
        return f"The system watches no more folders for you{_limit()}"
    if error.errno == errno.EMFILE:
        return "The system opens no more watchers for you (fs.inotify.max_user_instances)"
    return f"The system gives no events ({error.strerror or error})"


def _too_few(watched: int, wanted: int) -> str:
    return f"The system watches only {watched} of {wanted} folders for you{_limit()}"


def _limit() -> str:
    limit = system.watch_limit()
    return "" if limit is None else f" (fs.inotify.max_user_watches is {limit})"
