"""`exo today`: the note of this day, made if it isn't there; its path, its text, or itself in an editor."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from exocortex.cli.arguments import Command, json_option, pass_face
from exocortex.cli.console import Span
from exocortex.cli.face import DONE, Face
from exocortex.core.errors import UsageError, VaultError

if TYPE_CHECKING:
    from exocortex.capturing.daily import Daily

_LINE_END = "\r\n", "\r"


@click.command("today", cls=Command)
@click.option("--open", "opens", is_flag=True, help="Open it in $VISUAL or $EDITOR, at its end.")
@click.option("--print", "prints", is_flag=True, help="Print its text instead of its path.")
@json_option
@pass_face
def today_command(face: Face, opens: bool, prints: bool, as_json: bool) -> int:
    """Make today's note if it isn't there, and print its path.

    \b
    exo today
    exo today --open
    exo capture --to today rang the plumber

    Where it lies, what it is called and made of: [daily] in config.toml, or else as Obsidian has it for this folder.
    """
    from exocortex.capturing import inbox_folder
    from exocortex.capturing.daily import daily_note, make
    from exocortex.editors import find_editor

    if opens:
        find_editor(face.environ)
    config = face.config()
    daily = daily_note(config, inbox_folder(config), face.now())
    for warning in daily.warnings:
        face.console.notice(Span(warning, "warning"))
    is_new = make(daily, config.home)
    if as_json:
        _say_json(face, daily, is_new, prints)
    elif prints:
        for line in _text(daily).removesuffix("\n").split("\n"):
            face.console.line(Span(line))
    else:
        face.console.line(Span(str(daily.path), "accent", str(daily.path)))
    return _open(face, daily) if opens else DONE


def _say_json(face: Face, daily: Daily, is_new: bool, prints: bool) -> None:
    from exocortex.core.wire import document

    shape = {"file": str(daily.path), "folder": daily.folder.name, "path": daily.raw, "made": is_new}
    text = {"text": _text(daily)} if prints else {}
    face.console.json(document({**shape, **text, "warnings": list(daily.warnings)}))


def _text(daily: Daily) -> str:
    from exocortex.storage.writing import read_note

    text = (read_note(daily.folder.root, daily.raw) or b"").decode("utf-8-sig", "replace")
    for end in _LINE_END:
        text = text.replace(end, "\n")
    return text


def _open(face: Face, daily: Daily) -> int:
    from exocortex.cli.editor import lend_terminal
    from exocortex.editors import find_editor, place_arguments

    editor = find_editor(face.environ)
    try:
        last = daily.path.read_bytes().count(b"\n") + 1
    except OSError as error:
        raise VaultError(f"{daily.path} can't be read: {error.strerror}.", "Look at it yourself.") from error
    code = lend_terminal(face, [*editor, *place_arguments(editor[0], str(daily.path), last)], umask=face.umask)
    if code:
        raise UsageError(f"{editor[0]} ended with code {code}.", "")
    return DONE
