"""LlamaModel: a GGUF file as a language model; the parent's side of the process that runs it.

The process is started when it is first needed, stopped by hand when it doesn't stop when told, and started again after
it died.
"""

from __future__ import annotations

import importlib.util
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from threading import Event as StopEvent
from typing import Any

from exocortex.core.errors import EngineError
from exocortex.core.turns import Sampling, Turn
from exocortex.engines.llama.pipe import Pipe, PipeClosed

LOAD_SECONDS = 120.0
"""A model of 40 GB on a slow disk; what is in memory already is mapped in no time."""

COUNT_SECONDS = 30.0
STOP_SECONDS = 2.0
"""What a reply that was told to stop may take to; then its process is killed."""

LOG = "llama.log"
_MOST_LOG = 1_000_000
_TICK = 0.02
"""How soon a caller that was told to stop goes on; each costs a wait for the next token one look at the clock."""
_NEVER = StopEvent()
_INSTALL = 'Install it with: pip install "exocortex[llama]"'


@dataclass(frozen=True, slots=True)
class Took:
    """What a reply took."""

    prompt_tokens: int
    reused: int
    """Tokens of the prompt that were still known from the one before."""
    tokens: int
    """Of the reply."""
    end: str
    """`turn`: the model was done; `length`: cut off; `stopped`."""
    seconds: float
    first_seconds: float | None = None
    """Until the first token; None if there was none."""


class LlamaModel:
    """Runs one GGUF file; see `LanguageModel`. Calls from several threads take turns."""

    def __init__(self, path: Path, name: str, fingerprint: str, *, context: int, threads: int, log: Path) -> None:
        """`threads` 0: all cores this process may use but one. What the process prints is added to `log`."""
        self.name = name
        self.fingerprint = fingerprint
        self.context = context
        self.threads = threads or max(1, len(os.sched_getaffinity(0)) - 1)
        self.took: Took | None = None
        """Of the last reply that came to its end."""
        self._path = path
        self._log = log
        self._turn = threading.Lock()
        self._child: _Child | None = None

    @property
    def process(self) -> int | None:
        """The number of the process that runs it now; None while there is none."""
        child = self._child
        return child.pid if child is not None and child.is_alive() else None

    def ready(self, stop: StopEvent) -> bool:
        """Load the model; a process that is still loading when `stop` is set is killed."""
        if not self._has_turn(stop):
            return False
        try:
            return self._running(stop) is not None
        finally:
            self._turn.release()

    def _has_turn(self, stop: StopEvent) -> bool:
        """Wait until nobody else is being answered; False if told to stop before."""
        while not self._turn.acquire(timeout=_TICK):
            if stop.is_set():
                return False
        return True

    def count(self, texts: Sequence[str]) -> list[int]:
        """The tokens of each text alone; raises EngineError."""
        with self._turn:
            counts: list[int] = self._answered({"count": list(texts)})["counts"]
            return counts

    def prompt(self, turns: Sequence[Turn]) -> list[int]:
        """The tokens that `reply` would give the model; raises EngineError."""
        with self._turn:
            tokens: list[int] = self._answered({"prompt": _packed(turns)})["prompt"]
            return tokens

    def reply(self, turns: Sequence[Turn], sampling: Sampling, stop: StopEvent) -> Iterator[str]:
        """What the model says next, in pieces; leaving it unread stops it, as `stop` does. Raises EngineError."""
        if not self._has_turn(stop):
            return
        over, child = True, None
        try:
            child = self._running(stop)
            if child is None:
                return
            self._send(child, {"reply": {"turns": _packed(turns), "sampling": asdict(sampling)}})
            over = False
            while not stop.is_set():
                heard = self._received(child, _TICK)
                if heard is not None:
                    over = "text" not in heard
                    if over:
                        self._note(heard)
                        return
                    yield heard["text"]
        finally:
            if over or child is None:
                self._turn.release()
            else:
                self._settle_later(child)

    def close(self) -> None:
        """End the process; it is started again when it is needed."""
        child, self._child = self._child, None
        if child is not None:
            child.end()

    # -- the process ------------------------------------------------------------------------------------------------

    def _running(self, stop: StopEvent = _NEVER) -> _Child | None:
        """The process, with the model loaded; None if told to stop before it was."""
        if self._child is not None and self._child.is_alive():
            return self._child
        self.close()
        if importlib.util.find_spec("llama_cpp") is None:
            raise EngineError("A GGUF model needs llama-cpp-python, which isn't installed.", _INSTALL)
        if not self._path.is_file():
            raise EngineError(
                f"The model's file isn't there: {self._path}", "Is its disk plugged in? Choose another: exo model use"
            )
        self._child = _Child(self._log)
        load = {"path": str(self._path), "context": self.context, "threads": self.threads}
        loaded = self._asked({"load": load}, LOAD_SECONDS, stop)
        if loaded is None:
            self.close()
            return None
        self.context = int(loaded["loaded"]["context"])
        return self._child

    def _answered(self, request: dict[str, Any]) -> dict[str, Any]:
        """The answer of a loaded model."""
        reply = self._asked(request, COUNT_SECONDS)
        assert reply is not None  # nobody can tell it to stop
        return reply

    def _asked(self, request: dict[str, Any], seconds: float, stop: StopEvent = _NEVER) -> dict[str, Any] | None:
        """The one answer to a request, None if told to stop; raises EngineError, and ends a process that gives none."""
        child = self._running() if "load" not in request else self._child
        assert child is not None
        self._send(child, request)
        deadline = time.monotonic() + seconds
        while (reply := self._received(child, _TICK)) is None and time.monotonic() < deadline:
            if stop.is_set():
                return None
        if reply is None:
            self.close()
            raise EngineError(
                f"The model {self.name} did not answer within {seconds:.0f} s.", "Try again, or a smaller model."
            )
        if "error" in reply:
            if "load" in request:
                self.close()
            raise EngineError(reply["error"], reply["hint"])
        return reply

    def _send(self, child: _Child, request: dict[str, Any]) -> None:
        try:
            child.pipe.send(request)
        except PipeClosed as closed:
            raise self._died(child) from closed

    def _received(self, child: _Child, seconds: float) -> dict[str, Any] | None:
        try:
            return child.pipe.receive(seconds)
        except PipeClosed as closed:
            raise self._died(child) from closed

    def _note(self, end: dict[str, Any]) -> None:
        """Remember what a reply took; raises EngineError if it could not be given."""
        if "error" in end:
            raise EngineError(end["error"], end["hint"])
        self.took = Took(**end["done"])

    def _settle_later(self, child: _Child) -> None:
        """Stop a reply that nobody reads on, without keeping anybody waiting; then the next call's turn comes."""

        def settle() -> None:
            try:
                with suppress(PipeClosed):
                    child.pipe.send({"stop": True})
                self._drain(child)
            finally:
                self._turn.release()

        threading.Thread(target=settle, name="settle", daemon=True).start()

    def _drain(self, child: _Child) -> None:
        """Read on to the end of the reply; a process that doesn't come to it is killed."""
        deadline = time.monotonic() + STOP_SECONDS
        try:
            while time.monotonic() < deadline:
                reply = child.pipe.receive(_TICK)
                if reply is not None and "text" not in reply:
                    return
        except PipeClosed:
            pass
        child.end()

    def _died(self, child: _Child) -> EngineError:
        """What became of the process, for people."""
        code = child.end()
        if code == -signal.SIGKILL:
            return EngineError(
                f"The model {self.name} was killed, most likely because memory ran out.",
                "Close other programs, set model.context lower, or use a smaller model.",
            )
        how = signal.Signals(-code).name if code is not None and code < 0 else f"exit code {code}"
        return EngineError(
            f"The model {self.name} crashed ({how}).", f"Its log is {self._log}; check the file: exo model verify"
        )


class _Child:
    """The process that runs the model."""

    def __init__(self, log: Path) -> None:
        mine, theirs = socket.socketpair()
        package = str(Path(__file__).parents[3])
        path = os.pathsep.join(filter(None, (package, os.environ.get("PYTHONPATH"))))
        with theirs, _opened(log) as output:
            self._process = subprocess.Popen(
                [sys.executable, "-P", "-m", "exocortex.engines.llama.child", str(theirs.fileno())],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                cwd="/",
                env={**os.environ, "PYTHONPATH": path},
                pass_fds=(theirs.fileno(),),
                start_new_session=True,  # a Ctrl-C meant for us does not end it
            )
        self.pipe = Pipe(mine)

    @property
    def pid(self) -> int:
        """Its number."""
        return self._process.pid

    def is_alive(self) -> bool:
        """Whether it runs."""
        return self._process.poll() is None

    def end(self) -> int | None:
        """Kill it unless it has ended; how it ended, as `subprocess` tells it."""
        with suppress(subprocess.TimeoutExpired):  # one that crashed needs a moment to have ended
            self._process.wait(0.2)
        self.pipe.close()
        if self._process.poll() is None:
            self._process.kill()
            self._process.wait()
            return None
        return self._process.returncode


def _opened(log: Path) -> Any:
    """The log, begun anew when it has grown long."""
    with suppress(OSError):
        if log.stat().st_size > _MOST_LOG:
            log.unlink()
    return os.fdopen(os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW, 0o600), "wb")


def _packed(turns: Sequence[Turn]) -> list[list[str]]:
    return [[turn.role, turn.text] for turn in turns]
