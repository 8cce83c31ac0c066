"""Stepping: how `exo setup` speaks: lines of a step, prompts that Enter skips, and the command that does the same."""

from __future__ import annotations

import os
import shlex
from pathlib import Path

from exocortex.cli.asking import typed
from exocortex.cli.console import Span
from exocortex.cli.face import Face

INDENT = 3


def say(face: Face, *spans: Span) -> None:
    """A line of a step."""
    face.console.line(*spans, lead=[Span(" " * INDENT)])


def say_by_hand(face: Face, decided: str, command: str) -> None:
    """What a step came to, and how the same is done without it."""
    if decided:
        say(face, Span(decided))
    say(face, Span("By hand: ", "faint"), Span(command, "accent"))


def asked(face: Face, prompt: str) -> str:
    """What is typed; empty for Enter alone. Raises EOFError for Ctrl-D."""
    line = typed(face, f"{' ' * INDENT}{prompt} ")
    if line is None:
        raise EOFError
    return line


def agreed_to(face: Face, prompt: str) -> bool:
    """Whether yes is typed; Enter is no."""
    return asked(face, f"{prompt} [y, Enter: no]").lower() in ("y", "yes")


def number_of(line: str, offered: int) -> int | None:
    """Which of so many things, counted from 0, a line names by its number; None if it is something else."""
    number = int(line) if line.isascii() and line.isdecimal() else 0
    return number - 1 if 0 < number <= offered else None


def path_of(line: str) -> Path:
    """The path that a line names; quotes, as a file manager puts around what is dropped, are taken off."""
    return Path(os.path.abspath(os.path.expanduser(line.strip("'\""))))


def user_folder(face: Face) -> Path:
    """The user's own folder, links resolved."""
    return Path(os.path.realpath(face.environ.get("HOME") or os.path.expanduser("~")))


def spelled(face: Face, path: Path) -> str:
    """A path as one would type it in a shell."""
    user = user_folder(face)
    if path.is_relative_to(user) and path != user:
        return f"~/{shlex.quote(str(path.relative_to(user)))}"
    return shlex.quote(str(path))
