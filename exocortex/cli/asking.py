"""Asking: a line typed after a prompt; a yes or no before what can't be taken back; then the index is set free."""

from __future__ import annotations

import sys
from pathlib import Path

from exocortex.cli.console import Span
from exocortex.cli.face import Face
from exocortex.core.errors import UsageError


def agreed(face: Face, question: str, *, yes: bool) -> bool:
    """Whether the person at the terminal says yes; raises UsageError where there is nobody to ask."""
    if yes:
        return True
    if not (sys.stdin.isatty() and face.console.err.tty):
        raise UsageError("There is no terminal to ask on.", "If you are sure, add --yes.")
    face.console.err.line([Span(f"{question} [y/N]")])
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


def typed(face: Face, prompt: str) -> str | None:
    """The line typed after a prompt, without white space around it; None for Ctrl-D, which ends the input.

    However it ends, the cursor is left at the beginning of a row.
    """
    face.console.piece(prompt)
    line = b""
    try:
        line = sys.stdin.buffer.readline()
    finally:
        if not line.endswith(b"\n"):
            face.console.piece("\n")
    return line.decode("utf-8", "replace").strip() if line else None
