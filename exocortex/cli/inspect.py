"""`exo inspect`: everything the index holds of one note."""

from __future__ import annotations

import click

from exocortex.cli.arguments import Command, json_option, pass_face
from exocortex.cli.console import Span
from exocortex.cli.face import DONE, Face
from exocortex.core.counting import counted
from exocortex.core.results import Inspected, InspectedChunk
from exocortex.core.wire import document


@click.command("inspect", cls=Command)
@click.argument("note")
@json_option
@pass_face
def inspect_command(face: Face, note: str, as_json: bool) -> int:
    """NOTE as the index sees it: fields, tags, links, tasks, and the passages it is cut into.

    \b
    exo inspect Lease
    exo inspect Lease --json | jq '.chunks[].tokens'
    """
    with face.cortex() as cortex:
        found, _ = face.of_note(note, cortex.notes.inspect)
    if as_json:
        face.console.json(document(found))
    else:
        _paint(face, found)
    return DONE


def _paint(face: Face, found: Inspected) -> None:
    face.console.line(
        Span(found.note.title, "strong"), Span("  "), Span(face.spelled(found.note), "accent", found.file)
    )
    facts = [
        ("file", found.file),
        ("digest", found.digest),
        ("date", str(found.note.date or "")),
        ("tags", " ".join(f"#{tag}" for tag in found.tags)),
        ("aliases", ", ".join(found.aliases)),
        *(("property", f"{key}: {value}") for key, value in found.properties),
        *(("heading", f"{'#' * heading.level} {heading.text}  :{heading.line}") for heading in found.headings),
        *(("link", f"{link.target}{f'#{link.anchor}' if link.anchor else ''}  :{link.line}") for link in found.links),
        *(("task", f"[{'x' if task.done else ' '}] {task.text}  :{task.line}") for task in found.tasks),
        *(("odd", warning) for warning in found.warnings),
    ]
    face.console.rows(list(_named_once(facts)), indent=2)
    embedded = sum(chunk.embedded for chunk in found.chunks)
    face.console.line()
    face.console.line(Span(f"{counted(len(found.chunks), 'passage')}, {embedded:,} with meaning", "strong"))
    face.console.rows([_chunk_row(chunk) for chunk in found.chunks], indent=2)


def _named_once(facts: list[tuple[str, str]]) -> list[list[Span]]:
    """Rows of what there is, a name shown where it first occurs."""
    rows, previous = [], ""
    for name, text in facts:
        if text:
            rows.append([Span("" if name == previous else name, "faint"), Span(text)])
            previous = name
    return rows


def _chunk_row(chunk: InspectedChunk) -> list[Span]:
    lines = f"{chunk.first_line}-{chunk.last_line}"
    state = "" if chunk.embedded else "words only"
    start = " ".join(chunk.text.split())[:200]
    return [Span(lines, "accent"), Span(counted(chunk.tokens, "token"), "faint"), Span(state, "faint"), Span(start)]
