"""`exo doctor` and `exo rebuild`: look through everything; drop what can be made again."""

from __future__ import annotations

from contextlib import closing, nullcontext
from typing import TYPE_CHECKING

import click

from exocortex.cli.arguments import Command, json_option, pass_face
from exocortex.cli.asking import agreed, set_free
from exocortex.cli.console import Role, Span
from exocortex.cli.face import DONE, NOTHING, Face
from exocortex.core.errors import OwnerError
from exocortex.core.wire import document

if TYPE_CHECKING:
    from exocortex.checking import Finding
    from exocortex.client import Client
    from exocortex.config import Config

_MARKS: dict[str, tuple[str, Role]] = {"ok": ("ok", "faint"), "warning": ("look", "warning"), "error": ("bad", "error")}


@click.command("doctor", cls=Command)
@click.option("--deep", is_flag=True, help="Read every note again too, and compare.")
@json_option
@pass_face
def doctor_command(face: Face, deep: bool, as_json: bool) -> int:
    """Look through everything Exocortex stands on, and name what mends it. Nothing is changed.

    \b
    exo doctor
    exo doctor --deep
    exo doctor --json | jq -r '.findings[] | select(.severity != "ok") | .mend'
    """
    from exocortex.checking import check

    config = face.config()
    owner, trouble = _owner(face, config)
    findings = []
    with closing(owner) if owner is not None else nullcontext():
        for finding in check(config, owner.index if owner is not None else None, trouble, deep=deep):
            findings.append(finding)
            if not as_json:
                _paint(face, finding)
    sound = all(one.severity == "ok" for one in findings)
    if as_json:
        face.console.json(document({"sound": sound, "findings": findings}))
    return DONE if sound else NOTHING


def _owner(face: Face, config: Config) -> tuple[Client | None, Finding | None]:
    """The owner that runs, if it may be asked; and what is to be said of one that does not answer."""
    from exocortex.checking import Finding
    from exocortex.starting import find_owner, process_of, unheard

    try:
        owner, silence = (None, unheard(config)) if face.alone else (find_owner(config), None)
    except OwnerError as error:
        owner, silence = None, error
    if silence is None:
        return owner, None
    process = process_of(config.home)
    mend = f"kill -9 {process}" if process is not None else ""
    return None, Finding("owner", "error", silence.told, mend)


@click.command("rebuild", cls=Command)
@click.option("--vectors", is_flag=True, help="Drop Chroma's files alone; no note is read or embedded again.")
@click.option("--yes", is_flag=True, help="Don't ask.")
@pass_face
def rebuild_command(face: Face, vectors: bool, yes: bool) -> int:
    """Drop the index, to make it again from the notes. Notes and what only you can know stay as they are.

    \b
    exo rebuild && exo index

    A process that holds the index in the background is ended first.
    """
    from exocortex.storage.damage import drop_disposable
    from exocortex.storage.lock import IndexLock

    home = face.home()
    what = "Chroma's files" if vectors else "the index, which takes reading and embedding every note again,"
    if not home.is_dir():
        face.console.notice(Span(f"There is no index in {home}."))
        return NOTHING
    if not agreed(face, f"Drop {what} in {home}?", yes=yes):
        return NOTHING
    set_free(face, home)
    with IndexLock(home):
        dropped = drop_disposable(home, index=not vectors)
    names = ", ".join(path.name for path in dropped)
    face.console.line(Span(f"Dropped: {names}." if dropped else "There was nothing to drop."))
    face.console.notice(Span("Next: ", "faint"), Span("exo index"))
    return DONE


def _paint(face: Face, finding: Finding) -> None:
    mark, role = _MARKS[finding.severity]
    face.console.line(Span(finding.message), lead=[Span(mark.ljust(6), role)])
    if finding.mend:
        face.console.line(Span(finding.mend, "accent"), lead=[Span(" " * 6)])
