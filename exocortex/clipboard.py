"""Clipboard: text for other programs, through whichever tool this desktop has."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Mapping

_TOOLS = (
    ("WAYLAND_DISPLAY", ["wl-copy"]),
    ("DISPLAY", ["xclip", "-selection", "clipboard"]),
    ("DISPLAY", ["xsel", "--clipboard", "--input"]),
    ("", ["pbcopy"]),
)
"""The variable that must be set, and the command that takes the text."""
_SECONDS = 2.0


def tool_for(environ: Mapping[str, str]) -> list[str] | None:
    """The command that fills the clipboard here; None if there is none."""
    for variable, command in _TOOLS:
        if (not variable or environ.get(variable)) and shutil.which(command[0], path=environ.get("PATH")):
            return command
    return None


def put(text: str, environ: Mapping[str, str]) -> bool:
    """Whether a tool took it. The tool stays behind to serve it, in the background."""
    command = tool_for(environ)
    if command is None:
        return False
    try:
        ended = subprocess.run(
            command,
            input=text.encode(),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            timeout=_SECONDS,
            env={**os.environ, **environ},
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return False
    return ended.returncode == 0
