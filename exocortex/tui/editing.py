"""Editing: the terminal is lent to the user's own editor, and comes back whatever happens to it."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping

from textual.app import App, SuspendNotSupported

from exocortex.core.errors import UsageError
from exocortex.editors import find_editor, place_arguments


def edit(app: App[int], environ: Mapping[str, str], file: str, line: int) -> str:
    """Open a file in the editor and wait for it; returns what went wrong, or nothing."""
    try:
        editor = find_editor(environ)
    except UsageError as error:
        return error.told
    try:
        with app.suspend():
            return _run([*editor, *place_arguments(editor[0], file, line)])
    except SuspendNotSupported:
        return "This terminal can't be lent to an editor."


def _run(command: list[str]) -> str:
    """Never raises: leaving `suspend` by an exception would leave the terminal as it is."""
    try:
        ended = subprocess.run(command, check=False)
    except (OSError, KeyboardInterrupt) as error:
        return f"{command[0]} could not be run: {error}."
    return f"{command[0]} ended with code {ended.returncode}." if ended.returncode else ""
