"""`exo open`: a note in the user's own editor, at the line."""

from __future__ import annotations

import shlex
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import PurePath

import click

from exocortex.cli.arguments import Command, pass_face
from exocortex.cli.face import DONE, Face
from exocortex.core.errors import UsageError

_PLUS = {"vi", "vim", "nvim", "view", "nano", "emacs", "emacsclient", "micro", "kak", "joe", "pico", "ne", "mg"}
_GOTO = {"code", "code-insiders", "codium", "vscodium", "cursor"}
_COLON = {"hx", "helix", "subl", "zed", "zeditor"}
_HINT = "Set one, as in: export EDITOR=nano"


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
    out, err = face.console.descriptors()
    ended = subprocess.run(
        [*editor, *place_arguments(editor[0], found.file, line)], check=False, stdout=out, stderr=err, umask=face.umask
    )
    if ended.returncode:
        raise UsageError(f"{editor[0]} ended with code {ended.returncode}.", "")
    return DONE


def find_editor(environ: Mapping[str, str]) -> list[str]:
    """The editor's command with its own arguments; no shell ever sees it. Raises UsageError if there is none."""
    name = next((key for key in ("VISUAL", "EDITOR") if environ.get(key, "").strip()), None)
    if name is None:
        raise UsageError("No editor is set: $VISUAL and $EDITOR are empty.", _HINT)
    try:
        command = shlex.split(environ[name])
    except ValueError as error:
        raise UsageError(f"${name} can't be read: {error}.", _HINT) from None
    if not command or shutil.which(command[0], path=environ.get("PATH")) is None:
        raise UsageError(f"The editor in ${name} was not found: {environ[name]}", _HINT)
    return command


def place_arguments(command: str, file: str, line: int | None) -> list[str]:
    """How this editor is told a file and a line; one that isn't known gets the file alone."""
    name = PurePath(command).name.removesuffix(".exe")
    if line is None:
        return [file]
    if name in _PLUS:
        return [f"+{line}", file]
    if name in _GOTO:
        return ["--goto", f"{file}:{line}"]
    if name in _COLON:
        return [f"{file}:{line}"]
    return [file]
