"""`exo open`: a note in the user's own editor, at the line."""

from __future__ import annotations

import subprocess

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
    out, err = face.console.descriptors()
    ended = subprocess.run(
        [*editor, *place_arguments(editor[0], found.file, line)], check=False, stdout=out, stderr=err, umask=face.umask
    )
    if ended.returncode:
        raise UsageError(f"{editor[0]} ended with code {ended.returncode}.", "")
    return DONE
