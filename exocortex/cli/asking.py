"""Asking: a yes or no before something is done that can't be taken back in one word."""

from __future__ import annotations

import sys

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
