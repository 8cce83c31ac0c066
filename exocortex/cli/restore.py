"""`exo restore`: an earlier state from its backups, the present one kept beside it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from exocortex.cli.arguments import Command, json_option, pass_face
from exocortex.cli.asking import agreed, set_free
from exocortex.cli.console import Span
from exocortex.cli.face import DONE, NOTHING, Face
from exocortex.core.wire import document

if TYPE_CHECKING:
    from exocortex.storage.backups import Backup, Backups


@click.command("restore", cls=Command)
@click.argument("which", required=False)
@click.option("--list", "listing", is_flag=True, help="The backups there are, the newest first.")
@click.option("--yes", is_flag=True, help="Don't ask.")
@json_option
@pass_face
def restore_command(face: Face, which: str | None, listing: bool, yes: bool, as_json: bool) -> int:
    """Put back a backup of state.db, which knows what notes can't tell. WHICH is a number of the list.

    \b
    exo restore --list
    exo restore
    exo restore 12

    Without WHICH it is the newest that is in order. The present state is kept beside it. A process that
    holds the index in the background is ended first.
    """
    from exocortex.storage.backups import Backups

    backups = Backups(face.home())
    if listing:
        return _list(face, backups, as_json)
    backup = backups.named(which) if which else backups.newest_good()
    if backup is None:
        face.console.notice(Span("There is no backup that is in order."))
        return NOTHING
    if not agreed(face, f"Put the state back as it was on {_moment(backup)}?", yes=yes):
        return NOTHING
    return _put_back(face, backups, backup, as_json)


def _put_back(face: Face, backups: Backups, backup: Backup, as_json: bool) -> int:
    from exocortex.storage.damage import STATE, adopt_identities, set_log_aside
    from exocortex.storage.lock import IndexLock

    set_free(face, face.home())
    with IndexLock(face.home()):
        set_log_aside(face.home() / STATE, face.now())
        kept = backups.put_back(backup, "before-restore")
        adopt_identities(face.home())
    if as_json:
        face.console.json(document({"restored": backup.path.name, "kept": kept.name if kept else None}))
        return DONE
    face.console.line(Span(f"The state is as it was on {_moment(backup)}."))
    if kept is not None:
        face.console.notice(Span(f"The one before is kept as {kept.name}.", "faint"))
    return DONE


def _list(face: Face, backups: Backups, as_json: bool) -> int:
    from exocortex.storage.soundness import structure_fault

    copies = [(one, structure_fault(one.path, deep=True)) for one in backups.list()]
    if as_json:
        rows = [
            {"number": one.number, "at": one.at, "file": one.path, "size": one.size, "good": fault is None}
            for one, fault in copies
        ]
        face.console.json(document({"backups": rows}))
    elif not copies:
        face.console.notice(Span("There is no backup yet; one is made in the background while Exocortex runs."))
    else:
        face.console.rows([_row(one, fault) for one, fault in copies])
    return DONE if copies else NOTHING


def _row(backup: Backup, fault: str | None) -> list[Span]:
    health = Span("in order", "faint") if fault is None else Span(f"damaged: {fault}", "warning")
    return [Span(str(backup.number), "strong"), Span(_moment(backup)), Span(f"{backup.size / 1e6:,.2f} MB"), health]


def _moment(backup: Backup) -> str:
    return backup.at.astimezone().strftime("%Y-%m-%d %H:%M:%S")
