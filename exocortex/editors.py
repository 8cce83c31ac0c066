"""Editors: the user's own, found in the environment, and how each is told a file and a line."""

from __future__ import annotations

import shlex
import shutil
from collections.abc import Mapping
from pathlib import PurePath

from exocortex.core.errors import UsageError

_PLUS = {"vi", "vim", "nvim", "view", "nano", "emacs", "emacsclient", "micro", "kak", "joe", "pico", "ne", "mg"}
_GOTO = {"code", "code-insiders", "codium", "vscodium", "cursor"}
_COLON = {"hx", "helix", "subl", "zed", "zeditor"}
_WAIT = {**dict.fromkeys(_GOTO, "--wait"), "subl": "--wait", "zed": "--wait", "zeditor": "--wait", "gedit": "--wait"}
"""What keeps those from returning at once that show the file in a window they have already."""
_USUAL = ("nano", "vim", "vi", "nvim", "micro", "hx", "emacs")
"""Looked for where the one that is set isn't there."""


def find_editor(environ: Mapping[str, str]) -> list[str]:
    """The editor's command with its own arguments; no shell ever sees it. Raises UsageError if there is none."""
    name = next((key for key in ("VISUAL", "EDITOR") if environ.get(key, "").strip()), None)
    if name is None:
        raise UsageError("No editor is set: $VISUAL and $EDITOR are empty.", _way_out("EDITOR", environ))
    try:
        command = shlex.split(environ[name])
    except ValueError as error:
        raise UsageError(f"${name} can't be read: {error}.", _way_out(name, environ)) from None
    if not command or shutil.which(command[0], path=environ.get("PATH")) is None:
        raise UsageError(f"The editor in ${name} was not found: {environ[name]}", _way_out(name, environ))
    return command


def _way_out(name: str, environ: Mapping[str, str]) -> str:
    """What to type for an editor that is here, in the variable that comes first: no other would be looked at."""
    there = next((one for one in _USUAL if shutil.which(one, path=environ.get("PATH"))), None)
    if there is None:
        return f"None of the usual ones is here either: install one, nano for instance, then: export {name}=nano"
    return f"Set one that is here, as in: export {name}={there}"


def waiting(editor: list[str]) -> list[str]:
    """The editor's command so that it ends when the file is closed."""
    option = _WAIT.get(_name_of(editor[0]), "")
    return [*editor, option] if option and option not in editor else editor


def is_window(editor: list[str]) -> bool:
    """Whether it may be one that doesn't draw in the terminal, and so may end before its file is closed."""
    return _name_of(editor[0]) not in _PLUS


def place_arguments(command: str, file: str, line: int | None) -> list[str]:
    """How this editor is told a file and a line; one that isn't known gets the file alone."""
    name = _name_of(command)
    if line is None:
        return [file]
    if name in _PLUS:
        return [f"+{line}", file]
    if name in _GOTO:
        return ["--goto", f"{file}:{line}"]
    if name in _COLON:
        return [f"{file}:{line}"]
    return [file]


def _name_of(command: str) -> str:
    return PurePath(command).name.removesuffix(".exe")
