"""A program on a terminal of its own, timed by the bytes that reach it; knows nothing of what they draw."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from pathlib import Path

import pexpect

_READ = 1 << 16


class Pty:
    """A program, and everything it has written so far."""

    def __init__(self, command: Sequence[str], environ: Mapping[str, str], columns: int = 120, rows: int = 40) -> None:
        self.began = time.perf_counter()
        self._child = pexpect.spawn(
            command[0], [*command[1:]], env={**environ, "TERM": "xterm-256color"}, dimensions=(rows, columns), cwd="/"
        )
        self._child.delaybeforesend = None
        self.received = bytearray()

    def __enter__(self) -> Pty:
        return self

    def __exit__(self, *_: object) -> None:
        self._child.close(force=True)

    def send(self, keys: str) -> tuple[float, int]:
        """Press keys; returns when, and how much had been written by then."""
        self.take(0)
        at = len(self.received)
        now = time.perf_counter()
        self._child.send(keys)
        return now, at

    def take(self, seconds: float) -> bool:
        """Whether something came within so long; all of what is there is taken in."""
        try:
            data = self._child.read_nonblocking(_READ, seconds)
        except pexpect.TIMEOUT:
            return False
        except pexpect.EOF:
            self._child.close()
            code = self._child.exitstatus or self._child.signalstatus
            raise RuntimeError(f"it ended with {code}: {self.received[-2000:].decode('utf-8', 'replace')}") from None
        self.received += data
        return True

    def settle(self, seconds: float) -> None:
        """Read for so long."""
        deadline = time.perf_counter() + seconds
        while (left := deadline - time.perf_counter()) > 0:
            self.take(left)

    def first(self, since: int, wanted: bytes = b"", seconds: float = 30.0) -> float:
        """When something, or these bytes, came after that much had been written. Raises TimeoutError."""
        deadline = time.perf_counter() + seconds
        while len(self.received) <= since or wanted not in self.received[since:]:
            if not self.take(0.5) and time.perf_counter() > deadline:
                raise TimeoutError(f"{wanted!r} never came:\n{self.received[-2000:].decode('utf-8', 'replace')}")
        return time.perf_counter()

    def memory(self) -> float:
        """Resident, in MB."""
        status = Path(f"/proc/{self._child.pid}/status").read_text("ascii")
        return int(status.partition("VmRSS:")[2].split()[0]) * 1024 / 1e6

    def quit(self) -> float:
        """Ctrl-Q; seconds until the process is over."""
        began = time.perf_counter()
        self._child.sendcontrol("q")
        self._child.expect(pexpect.EOF, timeout=10)
        self._child.wait()
        return time.perf_counter() - began
