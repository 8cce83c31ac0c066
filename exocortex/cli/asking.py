"""Asking: a yes or no before something is done that can't be taken back in one word; then the index is set free."""

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
