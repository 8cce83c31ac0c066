"""`exo recent`, `exo tags`, `exo tasks`: lists over all notes."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby

import click

from exocortex.cli.arguments import Command, json_option, limit_option, pass_face, scope_option
from exocortex.cli.console import Span
from exocortex.cli.face import DONE, NOTHING, Face
from exocortex.core.errors import UsageError
from exocortex.core.results import RecentNote, TaskOfNote
from exocortex.core.service import CortexPort
from exocortex.core.wire import document


@click.command("recent", cls=Command)
@limit_option("How many notes.", 20)
@click.option("--again", is_flag=True, help="One that hasn't changed for 30 days instead, another one every day.")
@json_option
@pass_face
def recent_command(face: Face, limit: int, again: bool, as_json: bool) -> int:
    """Notes by when their file last changed, newest first.

    \b
    exo recent --limit 5
    exo recent --again
    """
    with face.cortex() as cortex:
        old = cortex.notes.again(face.now().date()) if again else None
        notes = cortex.notes.recent(limit) if not again else [old] if old is not None else []
    if as_json:
        face.console.json(document(notes))
    else:
        face.console.rows([_recent_row(face, note) for note in notes])
    nothing = "No note has been left alone for 30 days." if again else "No notes yet. Read them in: exo index"
    return _found(face, notes, nothing)


@click.command("tags", cls=Command)
@json_option
@pass_face
def tags_command(face: Face, as_json: bool) -> int:
    """Every tag and how many notes carry it, most used first. A tag counts for those above it: a/b for a.

    \b
    exo tags
    exo search tag:work/meetings
    """
    with face.cortex() as cortex:
        tags = cortex.notes.tags()
    if as_json:
        face.console.json(document(tags))
    else:
        width = max((len(str(tag.notes)) for tag in tags), default=0) if face.console.tty else 0
        face.console.rows([[Span(f"{tag.notes:>{width}}", "faint"), Span(f"#{tag.tag}", "accent")] for tag in tags])
    return _found(face, tags, "No tags.")


@click.command("tasks", cls=Command)
@click.option("--done", is_flag=True, help="The done ones instead.")
@scope_option
@click.option("--tick", metavar="NOTE:LINE", help="Mark the task at that line done; undone by exo undo.")
@click.option("--untick", metavar="NOTE:LINE", help="Mark it open again.")
@json_option
@pass_face
def tasks_command(face: Face, done: bool, scope: str, tick: str | None, untick: str | None, as_json: bool) -> int:
    """Open tasks, by note.

    \b
    exo tasks
    exo tasks --scope 'tag:work after:"last month"'
    exo tasks --tick Home/Lease.md:15
    """
    with face.cortex() as cortex:
        place = tick or untick
        tasks = [_ticked(face, cortex, place, bool(tick))] if place else cortex.notes.tasks(done=done, scope=scope)
    if as_json:
        face.console.json(document(tasks))
    elif face.console.tty:
        _paint_tasks(face, tasks)
    else:
        for one in tasks:
            face.console.line(Span(f"{face.spelled(one.note)}:{one.task.line}: {_box(one)} {one.task.text}"))
    return _found(face, tasks, "No done tasks." if done else "No open tasks.")


def _ticked(face: Face, cortex: CortexPort, place: str, done: bool) -> TaskOfNote:
    """The task at `NOTE:LINE`, marked so by now."""
    seen, line = face.of_note(place, cortex.notes.inspect)
    task = next((one for one in seen.tasks if one.line == line), None)
    if task is None:
        where = f"at line {line} of" if line else "named; a line is needed, as in NOTE:15, in"
        raise UsageError(f"There is no task {where} {face.spelled(seen.note)}.", "Tasks and their lines: exo tasks")
    return cortex.notes.tick(seen.file, task.line, task.text, done)


def _paint_tasks(face: Face, tasks: list[TaskOfNote]) -> None:
    for number, (_, group) in enumerate(groupby(tasks, key=lambda one: one.note.id)):
        members = list(group)
        note = members[0].note
        if number:
            face.console.line()
        face.console.line(
            Span(note.title, "strong"),
            Span("  "),
            Span(face.spelled(note), "accent", members[0].file),
            right=_date(note.date),
        )
        width = max(len(str(one.task.line)) for one in members)
        for one in members:
            lead = [
                Span(f"  {one.task.line:>{width}}  ", "faint", one.file, one.task.line),
                Span(f"{_box(one)} ", "accent"),
            ]
            face.console.line(Span(one.task.text), lead=lead)


def _date(date: object) -> Span | None:
    return Span(str(date), "faint") if date else None


def _box(one: TaskOfNote) -> str:
    return "[x]" if one.task.done else "[ ]"


def _recent_row(face: Face, note: RecentNote) -> list[Span]:
    when = note.modified.astimezone().strftime("%Y-%m-%d %H:%M")
    return [Span(when, "faint"), Span(face.spelled(note.note), "accent", note.file), Span(note.note.title)]


def _found(face: Face, items: Sequence[object], nothing: str) -> int:
    if not items:
        face.console.notice(Span(nothing))
    return DONE if items else NOTHING
