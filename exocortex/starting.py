"""Starting: the owner of a home's index, found if it runs, started in the background if it doesn't; and ended."""

from __future__ import annotations

import json
import os
import re
import select
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path

from exocortex.calling import is_silent, meet, silent
from exocortex.client import Client
from exocortex.config import Config, ensure_home
from exocortex.config.meeting import LOG_NAME, read_meeting
from exocortex.core.errors import ExocortexError, IndexHeldError, IndexStoreError, OwnerError, error_of
from exocortex.core.handshake import Welcome
from exocortex.frames import HANDSHAKE_SECONDS, Line
from exocortex.storage.lock import OWNER_COMMAND, holder

START_SECONDS = 5.0
"""Longest that is waited for an owner that starts, or for one that makes way."""

LOST = b"0"
READY = b"1"
"""What a started owner writes into its pipe: another one holds the lock; clients are heard; or else its `farewell`."""

END_SECONDS = 10.0
"""Longest that is waited for an owner that was told to end."""

PULSE_SECONDS = 3.0
"""How long an owner that holds the lock may say nothing before it is thought to be stopped or stuck."""

_THRIFTY = {"MALLOC_ARENA_MAX": "2"}
"""To glibc: many threads that allocate in turn need not keep a heap each, which costs the owner 50 MB."""

_PAUSE = 0.02
_SHOWN_AFTER = 0.3


def find_owner(config: Config, *, impose: bool = False) -> Client | None:
    """A conversation with the owner that runs, or is about to; None if none does, or it is of another version.

    Raises OwnerError if it does not answer.
    """
    met = _await_meeting(config, impose)
    if met is None:
        if _is_owner(holder(config.home)):
            raise _unheard(config)
        return None
    if met[1].verdict != "welcome":
        met[0].close()
        return None
    return Client(config, *met)


def any_owner(config: Config) -> Client | None:
    """A conversation with the owner that runs, or is about to, whatever its version, if only to end it.

    Raises OwnerError if it does not answer, IndexHeldError if it is another kind of process.
    """
    met = _await_meeting(config, impose=False)
    if met is not None:
        return Client(config, *met)
    _check_holder(config, overdue=True)
    if holder(config.home) is not None:
        raise _unheard(config)
    return None


def _await_meeting(config: Config, impose: bool) -> tuple[Line, Welcome] | None:
    """As long as something that looks like an owner holds the lock and may still be starting."""
    deadline = time.monotonic() + START_SECONDS
    while (met := meet(config, impose=impose, seconds=_at_most(deadline))) is None:
        if not _is_owner(holder(config.home)) or time.monotonic() > deadline:
            return None
        time.sleep(_PAUSE)
    return met


def unheard(config: Config) -> OwnerError | None:
    """The failure of an owner that holds the index and answers nobody; None if there is no such."""
    return _unheard(config) if _is_owner(holder(config.home)) and is_silent(config, PULSE_SECONDS) else None


def end_owner(home: Path) -> int | None:
    """End the owner of this home and return its process, or None if none runs; no setting is needed for that.

    Raises OwnerError if it does not answer or does not end, IndexHeldError if another kind of process has the index.
    """
    client = any_owner(Config(home))
    if client is None:
        return None
    process = client.welcome.pid
    client.retire()
    client.close()
    deadline = time.monotonic() + END_SECONDS
    while holder(home) is not None or _lives(process):
        if time.monotonic() > deadline:
            raise OwnerError(f"Process {process} does not end.", f"End it with: kill {process}")
        time.sleep(_PAUSE)
    return process


def _lives(process: int) -> bool:
    """Whether it is there, and not merely waiting to be counted as dead."""
    try:
        os.kill(process, 0)
    except OSError:
        return False
    try:
        return not Path(f"/proc/{process}/stat").read_text("ascii").rpartition(")")[2].startswith(" Z")
    except OSError:
        return True


def reach_owner(config: Config, environ: Mapping[str, str], waiting: Callable[[str], None]) -> Client:
    """A conversation with the owner of this home, started if need be; `waiting` is told what for, if it takes a moment.

    Raises OwnerError if it doesn't start or is newer than this program, IndexHeldError if another kind of process
    holds the index.
    """
    line, welcome = _reach(config, environ, waiting)
    return Client(config, line, welcome, lambda: _reach(config, environ, waiting))


def _reach(config: Config, environ: Mapping[str, str], waiting: Callable[[str], None]) -> tuple[Line, Welcome]:
    began = time.monotonic()
    deadline = began + START_SECONDS
    started: _Started | None = None
    told = False
    while True:
        met = meet(config, seconds=_at_most(deadline))
        now = time.monotonic()
        if met is not None and met[1].verdict == "welcome":
            if started is not None:
                started.close()
            return met
        if met is not None:
            deadline = _turned_away(*met, config, deadline)
        elif started is None or started.has_lost():
            _check_holder(config, overdue=now > deadline)
            if holder(config.home) is None:
                started, deadline = _Started(config, environ), now + START_SECONDS
            else:
                started = None
        else:
            started.check()
        if now > deadline:
            raise _unheard(config)
        if not told and now > began + _SHOWN_AFTER:
            told = True
            who = holder(config.home) if started is None else None
            waiting(f"Waiting for {who} …" if who else "Starting …")
        _wait(started)


def _at_most(deadline: float) -> float:
    """Seconds to wait for an answer, so that waiting ends at about the deadline."""
    return min(HANDSHAKE_SECONDS, max(0.1, deadline - time.monotonic()))


def process_of(home: Path) -> int | None:
    """The process that holds the index and says that it listens; None if there is no such."""
    meeting = read_meeting(home)
    return meeting.pid if meeting is not None and f"process {meeting.pid}," in (holder(home) or "") else None


def _unheard(config: Config) -> OwnerError:
    process = process_of(config.home)
    if process is not None:
        return silent(process)
    return OwnerError(f"The process that holds the index did not answer. {last_words(config.home)}", _HINT)


_HINT = "Its log is owner.log in the home; --no-owner does the work without it."


def _turned_away(line: Line, welcome: Welcome, config: Config, deadline: float) -> float:
    """An owner of another version: a newer one stays, an older one makes way, which takes a moment more."""
    line.close()
    if welcome.verdict == "newer":
        raise OwnerError(
            f"A newer Exocortex ({welcome.build.version}, process {welcome.pid}) holds the index of {config.home}.",
            "Use that one, or end it with: exo stop",
        )
    return max(deadline, time.monotonic() + START_SECONDS) if welcome.verdict == "older" else deadline


def _check_holder(config: Config, *, overdue: bool) -> None:
    """Another kind of process is named once it has been waited for: most hold the index for a moment only."""
    other = _other_holder(config)
    if other is not None and overdue:
        raise IndexHeldError(
            f"Another process holds the index: {other}.", "Wait until it is done or end it, then try again."
        )


def _other_holder(config: Config) -> str | None:
    """The process that has the lock, if it isn't an owner, which would be heard before long."""
    held_by = holder(config.home)
    return held_by if held_by and not _is_owner(held_by) else None


def _is_owner(held_by: str | None) -> bool:
    return OWNER_COMMAND in (held_by or "")


class _Started:
    """An owner that was started, and the pipe it speaks through until clients are heard."""

    def __init__(self, config: Config, environ: Mapping[str, str]) -> None:
        ensure_home(config.home)
        if not os.access(config.home, os.W_OK):
            raise IndexStoreError(f"{config.home} can't be written to.", "Set EXO_HOME to a folder on a disk that can.")
        self._home = config.home
        self.pipe, theirs = os.pipe()
        command = [sys.executable, "-m", "exocortex", "--home", str(config.home), "serve", "--ready-fd", str(theirs)]
        try:
            # It forks and ends at once, so that no owner is ever this process's child.
            subprocess.run(
                command,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                cwd="/",
                env={**_THRIFTY, **environ, "EXO_HOME": str(config.home)},
                pass_fds=(theirs,),
                start_new_session=True,
                check=False,
            )
        except OSError as error:
            os.close(self.pipe)
            raise OwnerError(f"The owner of the index can't be started: {error.strerror}.", _HINT) from error
        finally:
            os.close(theirs)
        self._said: bytes | None = None

    def check(self) -> None:
        """Raise what kept it from hearing clients, if it ended."""
        said = self._listen()
        if said not in (None, LOST, READY):
            raise _last_farewell(said or b"", self._home)

    def has_lost(self) -> bool:
        """Whether another process took the lock first."""
        return self._listen() == LOST

    def close(self) -> None:
        """Hear no more of it."""
        if self._said is None:
            os.close(self.pipe)
            self._said = READY

    def _listen(self) -> bytes | None:
        if self._said is None and select.select([self.pipe], [], [], 0)[0]:
            self._said = os.read(self.pipe, 1)
            while self._said not in (LOST, READY) and (more := os.read(self.pipe, 1 << 16)):
                self._said += more
            os.close(self.pipe)
        return self._said

    def wait(self) -> None:
        """Until it speaks, or a moment has passed."""
        if self._said is None:
            select.select([self.pipe], [], [], _PAUSE * 5)
        else:
            time.sleep(_PAUSE)


def _wait(started: _Started | None) -> None:
    if started is None:
        time.sleep(_PAUSE)
    else:
        started.wait()


def farewell(error: ExocortexError) -> bytes:
    """How an owner that can't start tells its client why."""
    return json.dumps({"kind": error.kind, "message": error.message, "hint": error.hint}).encode("ascii")


def _last_farewell(said: bytes, home: Path) -> ExocortexError:
    try:
        error = json.loads(said)
        return error_of(str(error["kind"]), str(error["message"]), str(error["hint"]))
    except (ValueError, KeyError, TypeError):
        return OwnerError(f"The process that holds the index did not start. {last_words(home)}".rstrip(), _HINT)


def last_words(home: Path) -> str:
    """The log's last line without its stamp, as a sentence; empty if there is none."""
    try:
        with open(home / LOG_NAME, "rb") as log:
            log.seek(max(0, os.fstat(log.fileno()).st_size - 4096))
            lines = log.read().decode("utf-8", "replace").strip().splitlines()
    except OSError:
        return ""
    return f"Its log ends with: {_STAMP.sub('', lines[-1])}" if lines else ""


_STAMP = re.compile(r"^\S+ \S+ \[\d+\] ")
