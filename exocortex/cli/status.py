"""`exo status`: the ledger. On disk = indexed + pending + skipped, and every skipped file with its reason."""

from __future__ import annotations

import click

from exocortex.cli.arguments import Command, json_option, pass_face
from exocortex.cli.console import Span
from exocortex.cli.face import DONE, Face
from exocortex.core.counting import counted
from exocortex.core.durations import duration
from exocortex.core.status import FolderStatus, OwnerStatus, Status
from exocortex.core.wire import document


@click.command("status", cls=Command)
@json_option
@pass_face
def status_command(face: Face, as_json: bool) -> int:
    """What is indexed, what is pending, what was skipped and why.

    \b
    exo status
    exo status --json | jq -r '.skipped[] | "\\(.path): \\(.reason)"'
    """
    with face.cortex(start=False) as cortex:
        status = cortex.index.status()
    if as_json:
        face.console.json(document(status))
    else:
        paint_status(face, status)
    return DONE


def paint_status(face: Face, status: Status) -> None:
    """The ledger of each folder, the index as a whole, then what was skipped."""
    for folder in status.folders:
        _paint_folder(face, folder)
    face.console.line()
    rows = [
        ("meaning", _meaning(status)),
        ("embedder", _embedder(status)),
        ("scanned", face.clock(status.as_of) if status.as_of else "never"),
        ("home", f"{status.home} ({status.bytes_on_disk / 1e6:,.1f} MB)"),
    ]
    rows += _owner(face, status.owner) if status.owner is not None else [("owner", "none runs")]
    face.console.rows([[Span(name, "faint"), Span(text)] for name, text in rows])
    for notice in status.notices:
        face.console.notice(Span(notice, "warning"))
    if status.skipped:
        face.console.line()
        face.console.line(Span("Skipped", "strong"))
        several = len(status.folders) > 1
        face.console.rows(
            [
                [Span(f"{one.folder}:{one.path}" if several else one.path, "accent"), Span(one.reason)]
                for one in status.skipped
            ],
            indent=2,
        )
    behind = status.as_of is None or status.chunks_to_embed or any(folder.pending for folder in status.folders)
    if behind and status.owner is None:
        face.console.notice(Span("To catch up: exo index", "faint"))


def _owner(face: Face, owner: OwnerStatus) -> list[tuple[str, str]]:
    """The process in the background, what it watches by, and what it has still to do."""
    up = duration((face.now() - owner.started).total_seconds())
    rows = [("owner", f"process {owner.pid}, up {up}, {owner.memory_bytes / 1e6:,.0f} MB")]
    rows.append(("watching", f"by {owner.watch.mode}" if owner.watch.mode != "off" else "off"))
    if owner.watch.why:
        rows[-1] = ("watching", f"{rows[-1][1]}: {owner.watch.why}")
    rows.append(("now", _doing(owner)))
    return rows


def _doing(owner: OwnerStatus) -> str:
    if owner.problem is not None:
        again = "" if "it is tried again" in owner.problem.lower() else " It is tried again."
        return owner.problem + again
    if owner.paused:
        return "paused; go on with: exo resume"
    if owner.progress is None:
        return "nothing to do"
    left = f", {duration(owner.progress.eta)} left" if owner.progress.eta is not None else ""
    return f"{owner.progress.stage}: {owner.progress.done:,} of {owner.progress.total:,}{left}"


def _paint_folder(face: Face, folder: FolderStatus) -> None:
    face.console.line(Span(folder.name, "strong"), Span("  "), Span(folder.root, "accent", folder.root))
    indent = [Span("  ")]
    if folder.missing:
        face.console.line(Span("It isn't there at the moment; what was indexed still serves.", "warning"), lead=indent)
    sums = f"{folder.indexed:,} indexed + {folder.pending:,} pending + {folder.skipped:,} skipped"
    if folder.frozen:
        kept = f"{counted(folder.frozen, 'note')} vanished and kept. If you deleted them: exo index --accept-deletions"
        face.console.line(Span(kept, "warning"), lead=indent)
    others = f"  ({counted(folder.others, 'other file')})" if folder.others else ""
    face.console.line(Span(f"{folder.on_disk:,} on disk = {sums}"), Span(others, "faint"), lead=indent)


def _meaning(status: Status) -> str:
    total = counted(status.chunks, "passage")
    if not status.chunks_to_embed:
        return f"{total}, all in"
    return f"{total}, {status.chunks_to_embed:,} to embed in {counted(status.embedding, 'note')}"


def _embedder(status: Status) -> str:
    return f"{status.embedder}, to be replaced by {status.next_embedder}" if status.next_embedder else status.embedder
