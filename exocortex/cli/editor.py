"""`exo open`: a note in the user's own editor, at the line; and how any command lends its terminal to an editor."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import click

from exocortex.cli.arguments import Command, pass_face
from exocortex.cli.face import DONE, Face
from exocortex.core.errors import UsageError
from exocortex.editors import find_editor, place_arguments


@click.command("open", cls=Command)
@click.argument("note", metavar="NOTE[:LINE]")
@pass_face
def open_command(face: Face, note: str) -> int:
    """Open NOTE in $VISUAL or $EDITOR, at LINE.

    \b
    exo open Lease
    EDITOR="code --wait" exo open Home/Lease.md:42
    """
    editor = find_editor(face.environ)
    with face.cortex() as cortex:
        found, line = face.of_note(note, cortex.notes.show)
    code = lend_terminal(face, [*editor, *place_arguments(editor[0], found.file, line)], umask=face.umask)
    if code:
        raise UsageError(f"{editor[0]} ended with code {code}.", "")
    return DONE


def lend_terminal(face: Face, command: Sequence[str], *, umask: int) -> int:
    """Run an editor to its end and return its exit code; it has the terminal, ctrl-c included."""
    out, err = face.console.descriptors()
    with _keyboard() as keyboard, _ctrl_c_left_alone():
        ended = subprocess.run(command, check=False, stdin=keyboard, stdout=out, stderr=err, umask=umask)
    return ended.returncode


@contextmanager
def _keyboard() -> Iterator[int | None]:
    """What the editor reads from: the terminal, if a text was piped in; None for our own standard input."""
    try:
        terminal = None if os.isatty(0) or not os.isatty(1) else os.open("/dev/tty", os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        terminal = None
    try:
        yield terminal
    finally:
        if terminal is not None:
            os.close(terminal)


@contextmanager
def _ctrl_c_left_alone() -> Iterator[None]:
    """It reaches every process of the terminal; here it would end the editor. The editor itself keeps its own way."""
    former = signal.signal(signal.SIGINT, lambda *_: None)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, former)
