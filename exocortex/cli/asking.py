"""Asking: a line typed after a prompt; a yes or no before what can't be taken back; then the index is set free."""

from __future__ import annotations

import atexit
import io
import sys
from contextlib import suppress
from pathlib import Path

from exocortex.cli.console import Span
from exocortex.cli.face import Face
from exocortex.core.errors import UsageError
from exocortex.core.terminal import visible


def agreed(face: Face, question: str, *, yes: bool) -> bool:
    """Whether the person at the terminal says yes; raises UsageError where there is nobody to ask."""
    if yes:
        return True
    if not (sys.stdin.isatty() and face.console.err.tty):
        raise UsageError("There is no terminal to ask on.", "If you are sure, add --yes.")
    face.console.err.line([Span(f"{question} [y, Enter: no]")])
    return sys.stdin.readline().strip().lower() in ("y", "yes")


def set_free(face: Face, home: Path) -> None:
    """End the owner of the index, which serves others and holds no work of its own; raises as `end_owner` does."""
    from exocortex.starting import end_owner

    process = end_owner(home)
    if process is not None:
        face.console.notice(Span(f"Ended the process that held the index ({process}).", "faint"))


def is_answered(face: Face) -> bool:
    """Whether there is somebody at a terminal, to read a prompt and to type."""
    return sys.stdin.isatty() and face.console.tty


def typed(face: Face, prompt: str, *, remembered: bool = False) -> str | None:
    """The line typed after a prompt, without white space around it; None for Ctrl-D, which ends the input.

    It is edited as in a shell, and comes back on the arrow keys if it is `remembered`, which ends with the process.
    However it ends, the cursor is left at the beginning of a row.
    """
    ended = True
    try:
        line = _edited(face, prompt, remembered) if face.console.out.styled else _plain(face, prompt)
        ended = False
    except EOFError:
        return None
    finally:
        if ended:
            face.console.piece("\n")
    return line.strip()


def _plain(face: Face, prompt: str) -> str:
    """A line of a terminal that moves no cursor; raises EOFError."""
    face.console.piece(prompt)
    line = sys.stdin.buffer.readline()
    if not line.endswith(b"\n"):
        raise EOFError
    return line.decode("utf-8", "replace")


def _edited(face: Face, prompt: str, remembered: bool) -> str:
    """A line as readline has it edited, where Python was built with that; nothing of it is written to a file."""
    try:
        import readline
    except ImportError:
        return _plain(face, prompt)
    readline.set_auto_history(remembered)
    readline.parse_and_bind("set enable-bracketed-paste off")
    if isinstance(sys.stdin, io.TextIOWrapper):
        sys.stdin.reconfigure(errors="replace")
    with face.console.editing():
        try:
            return input(visible(prompt))
        finally:
            _keep_keys()


def _keep_keys() -> None:
    """Let keys wait for the next prompt as they are: of a terminal that reads lines, Ctrl-D before it would be lost."""
    try:
        import termios
    except ImportError:
        return
    stdin = sys.stdin.fileno()
    with suppress(termios.error):  # there is no terminal any more
        now = termios.tcgetattr(stdin)
        if now[3] & termios.ICANON:
            atexit.register(termios.tcsetattr, stdin, termios.TCSANOW, termios.tcgetattr(stdin))
            now[3] &= ~termios.ICANON
            termios.tcsetattr(stdin, termios.TCSANOW, now)
