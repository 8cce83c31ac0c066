"""`exo show` and `exo links`: one note, and the notes around it."""

from __future__ import annotations

import re
from collections.abc import Sequence

import click

from exocortex.cli.arguments import Command, json_option, pass_face
from exocortex.cli.console import Span
from exocortex.cli.face import DONE, NOTHING, Face
from exocortex.core.counting import counted
from exocortex.core.errors import UsageError
from exocortex.core.results import NoteLinks, NoteText, ResolvedLink
from exocortex.core.wire import document

_LINE_END = re.compile(r"\r\n|\r|\n")
_BEFORE, _AFTER = 4, 15
"""Lines shown around the one that is asked for."""


@click.command("show", cls=Command)
@click.argument("note", metavar="NOTE[:LINE]")
@json_option
@pass_face
def show_command(face: Face, note: str, as_json: bool) -> int:
    """Print NOTE as it is now, or the lines around LINE.

    \b
    exo show Lease
    exo show Home/Lease.md:42
    exo show home:Lease.md --json | jq -r .text > copy.md

    Control characters are written out; with --json the text is exact.
    """
    with face.cortex() as cortex:
        found, line = face.of_note(note, cortex.notes.show)
    lines = _LINE_END.split(found.text)
    if line is not None and line > len(lines):
        raise UsageError(
            f"{found.note.path} has {counted(len(lines), 'line')}, not {line}.",
            f"See: exo show {note.rpartition(':')[0]}",
        )
    if as_json:
        face.console.json(document(found) | ({"line": line} if line else {}))
    else:
        _paint_note(face, found, lines, line)
    return DONE


def _paint_note(face: Face, found: NoteText, lines: Sequence[str], line: int | None) -> None:
    first = 1 if line is None else max(1, line - _BEFORE)
    last = len(lines) if line is None else min(len(lines), line + _AFTER)
    if lines[-1] == "" and last == len(lines):
        last -= 1
    if not face.console.tty:
        for text in lines[first - 1 : last]:
            face.console.line(Span(text))
        return
    place = Span(f"{face.spelled(found.note)}", "accent", found.file, line)
    date = Span(str(found.note.date), "faint") if found.note.date else None
    face.console.line(Span(found.note.title, "strong"), Span("  "), place, right=date)
    face.console.line()
    gutter = len(str(last))
    for number in range(first, last + 1):
        chosen = number == line
        lead = Span(f"{number:>{gutter}} {'▌' if chosen else ' '} ", "accent" if chosen else "faint")
        face.console.line(Span(lines[number - 1]), lead=[lead])


@click.command("links", cls=Command)
@click.argument("note")
@json_option
@pass_face
def links_command(face: Face, note: str, as_json: bool) -> int:
    """What NOTE links to, what links to it, and links that lead nowhere.

    \b
    exo links Lease
    exo links Home/Lease.md --json | jq -r '.back[].source.path'
    """
    with face.cortex() as cortex:
        found, _ = face.of_note(note, cortex.notes.links)
    if as_json:
        face.console.json(document(found))
    else:
        _paint_links(face, found)
    return DONE if found.out or found.back or found.unresolved else NOTHING


def _paint_links(face: Face, links: NoteLinks) -> None:
    sections = (
        ("Links to", "out", links.out),
        ("Linked from", "back", links.back),
        ("Leading nowhere", "unresolved", links.unresolved),
    )
    if face.console.tty:
        face.console.line(Span(links.note.title, "strong"), Span(f"  {face.spelled(links.note)}", "accent"))
    shown = False
    for title, kind, found in sections:
        if not found:
            continue
        shown = True
        if face.console.tty:
            face.console.line()
            face.console.line(Span(title, "faint"))
        rows = {tuple(span.text for span in row): row for row in (_link_row(face, kind, link) for link in found)}
        face.console.rows(list(rows.values()), indent=2)
    if not shown:
        face.console.notice(Span("No links, either way."))


def _link_row(face: Face, kind: str, link: ResolvedLink) -> list[Span]:
    """`path:line`, and what stands at the other end; in a pipe also which way it goes."""
    place = Span(f"{face.spelled(link.source)}:{link.link.line}", "accent")
    if kind == "back":
        other = Span(link.source.title)
    elif kind == "unresolved":
        other = Span(_as_written(link), "warning")
    else:
        other = Span(_led_to(face, link))
    if face.console.tty:
        return [Span(f"line {link.link.line}", "faint"), other] if kind != "back" else [place, other]
    return [place, Span(kind), other]


def _led_to(face: Face, link: ResolvedLink) -> str:
    target = face.spelled(link.target) if link.target else (link.path or link.link.target)
    return f"{target}:{link.line}" if link.line else target


def _as_written(link: ResolvedLink) -> str:
    return link.link.target + (f"#{link.link.anchor}" if link.link.anchor else "")
