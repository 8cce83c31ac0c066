"""`exo undo`: the last change that Exocortex made in a folder of notes, taken back."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

import click

from exocortex.cli.arguments import Command, json_option, pass_face
from exocortex.cli.console import Span
from exocortex.cli.face import DONE, NOTHING, Face

if TYPE_CHECKING:
    from exocortex.storage.originals import Change

_DONE = {"edit": "edited", "creation": "created"}
_TAKEN_BACK = {"edit": "Put back as it was: ", "creation": "Removed again: "}


@click.command("undo", cls=Command)
@click.argument("change", default="")
@click.option("--list", "listing", is_flag=True, help="Show what can be taken back, and do nothing.")
@json_option
@pass_face
def undo_command(face: Face, change: str, listing: bool, as_json: bool) -> int:
    """Take back the last change that exo made to a note, or CHANGE of the list. A note that changed since is left.

    \b
    exo undo
    exo undo --list

    Your own changes are not exo's to take back. Former texts are kept for at least seven days.
    """
    from exocortex.storage.undoing import changes, undo

    home = face.config().home
    if not listing:
        taken_back = undo(home, change, now=face.now)
        _say(face, taken_back, as_json)
        return DONE
    found = [one for one in changes(home, now=face.now) if change in ("", one.ulid)]
    if as_json:
        from exocortex.core.wire import document

        face.console.json(document([_shape(one) for one in found]))
    else:
        face.console.rows([_row(face, one) for one in found])
    if not found:
        face.console.notice(Span("There is nothing to take back."))
    return DONE if found else NOTHING


def _say(face: Face, change: Change, as_json: bool) -> None:
    if as_json:
        from exocortex.core.wire import document

        face.console.json(document(_shape(change)))
    else:
        file = str(change.file)
        face.console.line(Span(_TAKEN_BACK.get(change.kind, "")), Span(file, "accent", file))


def _row(face: Face, change: Change) -> list[Span]:
    file = str(change.file)
    when = face.clock(datetime.fromisoformat(change.at))
    return [
        Span(change.ulid, "faint"),
        Span(when, "faint"),
        Span(_DONE.get(change.kind, change.kind)),
        Span(file, "accent", file),
    ]


def _shape(change: Change) -> dict[str, str]:
    return {"change": change.ulid, "kind": change.kind, "file": str(change.file), "at": change.at}
