"""A terminal as people see it: `exo` on a PTY, what is typed, and the screen that comes of it."""

from __future__ import annotations

import os
import re
import select
import signal
import termios
import time
from collections.abc import Callable, Sequence

import pexpect
import pyte
from places import EXO, TRACEBACK, Place

_OURS = re.compile(
    rb"\x1b\[[0-9;]*m|\x1b\]8;(?:id=\d+)?;(?:file:///[\x21-\x7e]*)?\x1b\\|\x1b\[\?25[lh]|\x1b\[2K|\x1b\[1A"
)
"""Styles, links whose address is printable ASCII, and how progress bars move and hide the cursor."""
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]")
_SECONDS = 60.0


class Terminal:
    """A terminal with `exo` running on it, or another command."""

    def __init__(
        self,
        place: Place,
        *arguments: str,
        columns: int = 80,
        rows: int = 24,
        command: Sequence[str] = EXO,
        **environ: str,
    ) -> None:
        self._screen = pyte.HistoryScreen(columns, rows, history=10_000)
        self._stream = pyte.ByteStream(self._screen)
        program, *rest = [*command, *arguments]
        self._child = pexpect.spawn(
            program, rest, env=place.environ | environ, dimensions=(rows, columns), cwd="/", timeout=_SECONDS
        )
        self.received = b""
        """Every byte that reached it."""

    @property
    def lines(self) -> list[str]:
        """What has been shown so far, rows that scrolled away included, without empty ones at the end."""
        gone = ["".join(row[at].data for at in range(self._screen.columns)) for row in self._screen.history.top]
        return "\n".join(line.rstrip() for line in [*gone, *self._screen.display]).rstrip().split("\n")

    @property
    def text(self) -> str:
        """The same as one text."""
        return "\n".join(self.lines)

    def waits_for(self, text: str, *, times: int = 1) -> None:
        """Wait until this is on the screen, so often."""
        self._read_until(lambda: self.text.count(text) >= times)
        assert self.text.count(text) >= times, self.text

    def types(self, line: str) -> None:
        """A line, with Enter."""
        self._child.sendline(line)

    def presses(self, key: str) -> None:
        """Ctrl and this key."""
        self._child.sendcontrol(key)

    def writes(self, text: str) -> None:
        """Keys, without Enter."""
        self._child.send(text)

    def dies(self) -> None:
        """Killed, at once and without a word."""
        self._child.kill(signal.SIGKILL)
        self._child.wait()
        self._child.close()

    def sends(self, data: str) -> None:
        """These bytes, as a keyboard or a paste gives them."""
        self._child.send(data)

    def reads(self, seconds: float) -> None:
        """Take in what comes within so long."""
        deadline = time.monotonic() + seconds
        self._read_until(lambda: time.monotonic() > deadline)

    def pastes(self, text: str) -> None:
        """As terminals give what is pasted, in brackets; what is shown meanwhile is read, or both sides would wait."""
        data = f"\x1b[200~{text}\x1b[201~".encode()
        for at in range(0, len(data), 2048):
            os.write(self._child.child_fd, data[at : at + 2048])
            if select.select([self._child.child_fd], [], [], 0)[0]:
                self._take(self._child.read_nonblocking(65536, 0))

    def hangs_up(self) -> None:
        """The window is closed."""
        os.close(self._child.child_fd)
        self._child.child_fd = os.open(os.devnull, os.O_RDWR)

    def waits_until_gone(self, seconds: float) -> None:
        """Wait until the process is over; its terminal stays."""
        deadline = time.monotonic() + seconds
        self._read_until(lambda: not self._child.isalive() or time.monotonic() > deadline)
        assert not self._child.isalive()

    def resizes(self, columns: int, rows: int) -> None:
        """As when a window is dragged."""
        self._screen.resize(rows, columns)
        self._child.setwinsize(rows, columns)

    def is_signalled(self, number: int) -> None:
        """The process gets this signal."""
        os.kill(self._child.pid, number)

    def modes(self) -> list[object]:
        """How the line treats what is typed and written (termios); to be the same afterwards as before."""
        return termios.tcgetattr(self._child.child_fd)

    def ends(self) -> int:
        """Wait until it is over; its exit code."""
        self._read_until(lambda: False)
        assert TRACEBACK not in self.text
        self._child.close()
        code: int = self._child.exitstatus
        return code

    def commands(self) -> list[str]:
        """Control characters that reached it and that this program doesn't write itself."""
        rest = _OURS.sub(b"", self.received).decode("utf-8", "replace")
        return _CONTROL.findall(rest)

    def _read_until(self, holds: Callable[[], bool]) -> None:
        deadline = time.monotonic() + _SECONDS
        while not holds() and time.monotonic() < deadline:
            try:
                data = self._child.read_nonblocking(65536, 0.1)
            except pexpect.TIMEOUT:
                continue
            except pexpect.EOF:
                return
            self._take(data)

    def _take(self, data: bytes) -> None:
        self.received += data
        self._stream.feed(data)
