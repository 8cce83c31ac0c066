"""Clipboard: text for other programs and from them, through whichever tool this desktop has."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass

from exocortex.core.errors import UsageError

_TOOLS = (
    ("WAYLAND_DISPLAY", ["wl-copy"]),
    ("DISPLAY", ["xclip", "-selection", "clipboard"]),
    ("DISPLAY", ["xsel", "--clipboard", "--input"]),
    ("", ["pbcopy"]),
)
"""The variable that must be set, and the command that takes the text."""
_SECONDS = 2.0
_MOST_BYTES = 64_000_000


@dataclass(frozen=True, slots=True)
class _Reader:
    """A command that prints the clipboard's text."""

    variable: str
    """What must be set in the environment; empty: nothing."""
    command: tuple[str, ...]
    kinds: tuple[str, ...] = ()
    """Prints what kinds of things the clipboard holds instead."""


_READERS = (
    _Reader("WAYLAND_DISPLAY", ("wl-paste", "--no-newline"), ("wl-paste", "--list-types")),
    _Reader(
        "DISPLAY",
        ("xclip", "-selection", "clipboard", "-out", "-target", "UTF8_STRING"),
        ("xclip", "-selection", "clipboard", "-out", "-target", "TARGETS"),
    ),
    _Reader("DISPLAY", ("xsel", "--clipboard", "--output")),
    _Reader("", ("pbpaste",)),
    _Reader(
        "",
        (
            *("powershell.exe", "-NoProfile", "-NonInteractive", "-Command"),
            "[Console]::OutputEncoding = [Text.Encoding]::UTF8; Get-Clipboard -Raw",
        ),
    ),
)
_UNREACHABLE = re.compile("display|connect", re.IGNORECASE)
_NO_TEXT = "The clipboard holds something that is not text."
_COPY = "Copy some text, then try again."


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


def take(environ: Mapping[str, str], seconds: float = _SECONDS) -> str:
    """The clipboard's text. Raises UsageError if there is none, if it isn't text, or if nothing here can read it."""
    reader = next((one for one in _READERS if _is_usable(one, environ)), None)
    if reader is None:
        raise UsageError("No program that reads the clipboard was found.", _what_to_install(environ))
    data = _output(reader.command, environ, seconds)
    if not data:
        held = _output(reader.kinds, environ, seconds).decode(errors="replace").split() if reader.kinds else []
        if any("/" in kind for kind in held):
            raise UsageError(_NO_TEXT, _COPY)
        raise UsageError("The clipboard is empty.", _COPY)
    if len(data) > _MOST_BYTES:
        raise UsageError(f"The clipboard holds more than {_MOST_BYTES // 1_000_000} MB.", "Save it as a file.")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise UsageError(_NO_TEXT, _COPY) from None
    if "\0" in text:
        raise UsageError(_NO_TEXT, _COPY)
    if not text.strip():
        raise UsageError("The clipboard holds nothing but white space.", _COPY)
    return text


def _is_usable(reader: _Reader, environ: Mapping[str, str]) -> bool:
    is_set = not reader.variable or bool(environ.get(reader.variable))
    return is_set and shutil.which(reader.command[0], path=environ.get("PATH")) is not None


def _output(command: tuple[str, ...], environ: Mapping[str, str], seconds: float) -> bytes:
    """What it prints; nothing if it fails, as these do for an empty clipboard. Raises UsageError if it hangs."""
    try:
        ended = subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=seconds,
            env={**os.environ, **environ},
            check=False,
        )
    except subprocess.TimeoutExpired:
        message = f"The program that holds the clipboard did not answer {command[0]} within {seconds:g} seconds."
        raise UsageError(message, "Copy the text again, then try again.") from None
    except OSError as error:
        raise UsageError(f"{command[0]} can't be run: {error.strerror}.", "See to that, or pipe the text in.") from None
    if ended.returncode == 0:
        return ended.stdout
    said = ended.stderr.decode(errors="replace").strip()
    if _UNREACHABLE.search(said):
        raise UsageError(f"{command[0]} can't reach the desktop: {said.splitlines()[-1]}", "Or pipe the text in.")
    return b""


def _what_to_install(environ: Mapping[str, str]) -> str:
    if environ.get("WAYLAND_DISPLAY"):
        return "Install it: sudo apt install wl-clipboard"
    if environ.get("DISPLAY"):
        return "Install one: sudo apt install xclip"
    return "There is no desktop here: neither WAYLAND_DISPLAY nor DISPLAY is set. Pipe the text in: exo capture -"
