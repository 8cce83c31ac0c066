"""Observation: one run of watchdog over the folders, turning its events into dirt. Imports watchdog: load it late.

An observation is never mended. When anything is wrong with it (`trouble`), it is closed and another one is made.
"""

from __future__ import annotations

import logging
import os
import threading
import time
import warnings
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

from watchdog.events import (
    DirAttribEvent,
    DirCreatedEvent,
    DirDeletedEvent,
    DirMovedEvent,
    FileAttribEvent,
    FileClosedEvent,
    FileCreatedEvent,
    FileDeletedEvent,
    FileModifiedEvent,
    FileMovedEvent,
    FileSystemEvent,
    FileSystemEventHandler,
)
from watchdog.observers import Observer

from exocortex.config import Folder
from exocortex.storage.ignoring import FILE_NAME as IGNORE_FILE
from exocortex.watching.dirt import Dirt
from exocortex.watching.marks import send_mark
from exocortex.watching.system import count_watches

CHANGES: list[type[FileSystemEvent]] = [
    *(FileCreatedEvent, FileModifiedEvent, FileAttribEvent, FileMovedEvent, FileDeletedEvent, FileClosedEvent),
    *(DirCreatedEvent, DirMovedEvent, DirDeletedEvent, DirAttribEvent),
]
"""Reading is none of them: what is never asked for can't make a reader feed itself."""
COOKIE = "cookie"
_CLOSING = 5.0
_log = logging.getLogger(__name__)


class Observation:
    """Watches folders and the cookie's folder from its making on until it is closed.

    Raises OSError if the system gives no (more) watches; a folder that is away is left out, see `folders`.
    """

    def __init__(self, folders: Iterable[Folder], cookies: Path, dirt: Dirt, clock: Callable[[], float]) -> None:
        self.recount = True
        """Folders came or went: whether all are watched has to be seen to."""
        self.heard_at = float("-inf")
        """When the last event came."""
        self.opened_at = self.answered_at = clock()
        """When the cookie's last event came."""
        self.folders: list[Folder] = []
        """Those that are watched."""
        self._signs: dict[str, threading.Event] = {}
        self._clock = clock
        self._dirt = dirt
        self._cookie = cookies / COOKIE
        cookies.mkdir(exist_ok=True)
        self._cookie.touch()
        self._alarm = _Alarm(dirt, self)
        # Nested folders made at once are watched twice over: harmless, but the warning names every folder there is.
        warnings.filterwarnings("ignore", "Callback with id", RuntimeWarning)
        self._observer = Observer()
        try:
            self._alarm.attach()
            self._observer.start()
            self._observer.schedule(_Cookies(self), str(cookies), event_filter=CHANGES)
            for folder in folders:
                self._watch(folder)
        except BaseException:
            self.close()
            raise

    def hear(self) -> float:
        """Note that events still come; the time."""
        self.heard_at = self._clock()
        return self.heard_at

    def ask(self) -> None:
        """Touch the cookie, whose event then has to come; raises OSError if the home is gone or can't be written to."""
        os.utime(self._cookie)

    def sync(self, seconds: float) -> bool:
        """Wait until everything that happened before is dirty, for so long at most; False if that isn't sure.

        A file made now is heard of after what happened before it, and a mark sent through the queue of each watch then
        is heard of after what that watch has to tell of it.
        """
        deadline = time.monotonic() + seconds
        sign = self._cookie.with_name(f"sign-{os.getpid()}-{time.monotonic_ns()}")
        try:
            with self._awaited(str(sign)) as heard:
                sign.touch()
                if not heard.wait(seconds):
                    return False
        finally:
            with suppress(OSError):
                sign.unlink()
        return self._comes_through(sign.name, deadline)

    def _comes_through(self, name: str, deadline: float) -> bool:
        """Whether all that the watches have heard of by now is passed on in time."""
        with ExitStack() as awaited:
            passed = []
            for number, emitter in enumerate(self._observer.emitters.copy()):
                mark = f"{name} {number}"
                passed.append(awaited.enter_context(self._awaited(mark)))
                if not send_mark(emitter, mark):
                    return False
            return all(one.wait(max(0.0, deadline - time.monotonic())) for one in passed)

    @contextmanager
    def _awaited(self, path: str) -> Iterator[threading.Event]:
        """Set when an event of this path is passed on."""
        heard = self._signs[path] = threading.Event()
        try:
            yield heard
        finally:
            del self._signs[path]

    def answer(self, path: str) -> None:
        """Something happened in the cookie's folder."""
        self.answered_at = self.hear()
        self.is_awaited(path)

    def is_awaited(self, path: str) -> bool:
        """Whether somebody waits for an event of this path, who then does so no longer."""
        heard = self._signs.get(path)
        if heard is not None:
            heard.set()
        return heard is not None

    def trouble(self) -> str:
        """What no longer runs, for people; empty if all of it does."""
        reader = self._reader()
        threads: list[threading.Thread] = [self._observer, *self._observer.emitters]
        if isinstance(reader, threading.Thread):
            threads.append(reader)
        dead = [thread for thread in threads if not thread.is_alive()]
        return f"{len(dead)} of {len(threads)} threads that bring events ended" if dead else ""

    def watches(self) -> int | None:
        """How many folders are watched, the cookie's not counted; None if the system doesn't tell."""
        descriptor = getattr(self._reader(), "_inotify_fd", None)
        count = count_watches(descriptor) if isinstance(descriptor, int) else None
        return None if count is None else max(0, count - 1)

    def close(self) -> None:
        """End its threads and give its descriptors back."""
        self._alarm.detach()
        orphans = self._orphans()
        self._observer.stop()
        with suppress(RuntimeError):  # it was never started
            self._observer.join(_CLOSING)
        for descriptor in orphans:
            with suppress(OSError):
                os.close(descriptor)

    def _watch(self, folder: Folder) -> None:
        try:
            self._observer.schedule(
                _Changes(folder, self._dirt, self), str(folder.root), recursive=True, event_filter=CHANGES
            )
        except (FileNotFoundError, NotADirectoryError, PermissionError):
            return
        self.folders.append(folder)

    def _orphans(self) -> list[int]:
        """Descriptors that stay open because the thread that was to close them ended while it read."""
        reader = self._reader()
        if not isinstance(reader, threading.Thread) or reader.is_alive() or not getattr(reader, "_is_reading", False):
            return []
        descriptors = [getattr(reader, name, None) for name in ("_inotify_fd", "_kill_r", "_kill_w")]
        return [one for one in descriptors if isinstance(one, int)]

    def _reader(self) -> object:
        return getattr(self._observer, "_inotify_fd", None)


class _Changes(FileSystemEventHandler):
    """Marks what an event in one folder is about. Never raises: that would end watchdog's thread."""

    def __init__(self, folder: Folder, dirt: Dirt, observation: Observation) -> None:
        self._name = folder.name
        self._prefix = os.path.join(folder.root, "")
        self._dirt = dirt
        self._observation = observation

    def dispatch(self, event: FileSystemEvent) -> None:
        try:
            if self._observation.is_awaited(os.fsdecode(event.src_path)):
                return
            self._observation.hear()
            if not event.is_synthetic:
                self._take(event)
        except Exception:  # noqa: BLE001 - border: watchdog's thread ends with the first exception
            _log.exception("an event could not be taken")
            self._dirt.rescan("an event could not be read")

    def _take(self, event: FileSystemEvent) -> None:
        paths = [os.fsdecode(path) for path in (event.src_path, event.dest_path) if path]
        if event.is_directory:
            self._observation.recount = True
            if not all(map(_in_git, paths)):
                self._dirt.rescan("folders changed")
            return
        for path in paths:
            if path.startswith(self._prefix):
                self._file(path[len(self._prefix) :])

    def _file(self, raw: str) -> None:
        if raw == ".git/HEAD" or raw.endswith("/.git/HEAD"):
            self._dirt.rescan("git switched branches")
        elif _in_git(raw):
            return
        elif raw == IGNORE_FILE or raw.endswith(f"/{IGNORE_FILE}"):
            self._dirt.rescan("what to ignore changed")
        else:
            self._dirt.mark(self._name, raw)


class _Cookies(FileSystemEventHandler):
    """Hears the cookie's events."""

    def __init__(self, observation: Observation) -> None:
        self._observation = observation

    def dispatch(self, event: FileSystemEvent) -> None:
        """Pass it on; any event of this folder shows that events come."""
        self._observation.answer(os.fsdecode(event.src_path))


class _Alarm(logging.Handler):
    """Hears watchdog's warnings: nobody else is told that the kernel's queue ran over and events are lost."""

    def __init__(self, dirt: Dirt, observation: Observation) -> None:
        super().__init__(logging.WARNING)
        self._dirt = dirt
        self._observation = observation
        self._logger = logging.getLogger("watchdog")

    def attach(self) -> None:
        """Begin to hear, however quiet the program's log is set."""
        if not self._logger.isEnabledFor(logging.WARNING):
            self._logger.setLevel(logging.WARNING)
        self._logger.addHandler(self)

    def detach(self) -> None:
        """Hear no more."""
        self._logger.removeHandler(self)

    def emit(self, record: logging.LogRecord) -> None:
        overflow = "overflow" in record.msg
        self._observation.recount = True
        self._dirt.rescan("the system dropped events" if overflow else "watching had an error", urgent=True)


def _in_git(path: str) -> bool:
    """Whether it lies in (or is) what git keeps for itself: never a note, and always busy."""
    return "/.git/" in f"/{path}/"
