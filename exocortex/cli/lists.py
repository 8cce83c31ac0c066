"""`exo recent`, `exo tags`, `exo tasks`: lists over all notes."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby

import click

from exocortex.cli.arguments import Command, json_option, limit_option, pass_face, scope_option
from exocortex.cli.console import Span
from exocortex.cli.face import DONE, NOTHING, Face
from exocortex.core.results import RecentNote, TaskOfNote
from exocortex.core.wire import document


@click.command("recent", cls=Command)
@limit_option("How many notes.", 20)
@json_option
@pass_face
def recent_command(face: Face, limit: int, as_json: bool) -> int:
    """Notes by when their file last changed, newest first.

    \b
    exo recent --limit 5
    """
    with face.cortex() as cortex:
        notes = cortex.notes.recent(limit)
    if as_json:
        face.console.json(document(notes))
    else:
        face.console.rows([_recent_row(face, note) for note in notes])
    return _found(face, notes, "No notes yet. Read them in: exo index")


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
@json_option
@pass_face
def tasks_command(face: Face, done: bool, scope: str, as_json: bool) -> int:
    """Open tasks, by note.

    \b
    exo tasks
    exo tasks --scope 'tag:work after:"last month"'
    """
    with face.cortex() as cortex:
        tasks = cortex.notes.tasks(done=done, scope=scope)
    if as_json:
        face.console.json(document(tasks))
    elif face.console.tty:
        _paint_tasks(face, tasks)
    else:
        for one in tasks:
            face.console.line(Span(f"{face.spelled(one.note)}:{one.task.line}: {_box(one)} {one.task.text}"))
    return _found(face, tasks, "No done tasks." if done else "No open tasks.")


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
