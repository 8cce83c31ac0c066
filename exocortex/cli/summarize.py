"""`exo summarize` and `exo digest`: what many notes say in a few points, and what came into them."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from threading import Event as StopEvent
from typing import TypeVar, cast

import click

from exocortex.cli.arguments import Command, QueryCommand, engine_option, json_option, pass_face, required
from exocortex.cli.ask import SUPPORT_MARKS, indent, paint_citation
from exocortex.cli.console import Span
from exocortex.cli.face import DONE, INTERRUPTED, NOTHING, Face
from exocortex.cli.index import stopping
from exocortex.cli.progress import Reporter, reporter
from exocortex.core.answers import Citation
from exocortex.core.counting import counted
from exocortex.core.errors import IndexStoreError
from exocortex.core.events import Progress
from exocortex.core.summaries import Digest, DigestFolder, Making, Period, Point, Summary, Touched
from exocortex.core.wire import document

_EXTRACTIVE = "extractive"
_LONG_SECONDS = 0.7
"""A job that takes longer is worth a bar."""

_Result = TypeVar("_Result", Summary, Digest)


@click.command("summarize", cls=QueryCommand)
@click.argument("what", nargs=-1, metavar="NOTE|FOLDER|QUERY")
@click.option("--points", type=click.IntRange(1, 50), default=7, metavar="N", help="How many points (default: 7).")
@engine_option
@json_option
@pass_face
def summarize_command(face: Face, what: tuple[str, ...], points: int, engine: str, as_json: bool) -> int:
    """Say in a few points what a note, a folder or the notes found by a query say.

    \b
    exo summarize Lease
    exo summarize Work/Meetings --points 10
    exo summarize 'tag:work after:"last month"'
    exo summarize heating and boiler

    Points come with the lines they stand on. What is named is taken for a note if one is called so, else for a
    folder, else for a query. Exit code 1 if nothing is found. Ctrl-C stops it.
    """
    text = _placed(face, what) or required(what, "what to summarize", "exo summarize Work/Meetings")
    with face.cortex() as cortex:
        return _give(
            face,
            lambda stop: cortex.summaries.make(text, points=points, engine=engine, stop=stop),
            lambda made: bool(made.points),
            paint_summary,
            as_json=as_json,
        )


@click.command("digest", cls=Command)
@click.argument("period", type=click.Choice(["day", "week"]), default="day")
@engine_option
@json_option
@pass_face
def digest_command(face: Face, period: str, engine: str, as_json: bool) -> int:
    """Say what came into your notes: today, or in the seven days up to today.

    \b
    exo digest
    exo digest week
    exo digest week --json | jq -r '.folders[].notes[].note.path'

    New notes are those dated in that time; every other note whose file changed counts as changed.
    """
    with face.cortex() as cortex:
        return _give(
            face,
            lambda stop: cortex.summaries.digest(cast(Period, period), engine=engine, stop=stop),
            lambda made: bool(made.folders),
            paint_digest,
            as_json=as_json,
        )


def paint_summary(face: Face, summary: Summary) -> None:
    """The points, their sources, and how much was read."""
    if not summary.points:
        _say_nothing(face, summary)
        return
    face.console.line(Span(summary.title, "strong"), lead=indent(face))
    face.console.line()
    for point in summary.points:
        _paint_point(face, point, summary.making)
    face.console.line()
    for citation in summary.citations:
        paint_citation(face, citation)
    _paint_making(face, summary.making)


def paint_digest(face: Face, digest: Digest) -> None:
    """What it comes to if a model said so, then note by note, then the tasks."""
    if not digest.folders:
        face.console.line(Span(f"Nothing came into your notes {_when(digest)}.", "strong"), lead=indent(face))
        return
    face.console.line(Span(_headline(digest), "strong"), lead=indent(face))
    face.console.line()
    for point in digest.overview:
        _paint_point(face, point, digest.making)
    cited = {number for point in digest.overview for number in point.citations}
    for citation in digest.citations:
        if citation.number in cited:
            paint_citation(face, citation)
    if digest.overview:
        face.console.line()
    lines = {citation.number: citation for citation in digest.citations}
    for folder in digest.folders:
        _paint_folder(face, folder, lines)
    _paint_tasks(face, digest)
    if digest.left_out:
        face.console.line(Span(f"{counted(digest.left_out, 'more note')} changed; see: exo recent", "faint"))
    _paint_making(face, digest.making)


def _placed(face: Face, words: tuple[str, ...]) -> str | None:
    """What lies at a path typed, if that is in a folder of notes; relative paths are known here alone."""
    if len(words) != 1 or not words[0].strip() or "\0" in words[0]:
        return None
    place = Path(os.path.abspath(words[0]))
    try:
        words[0].encode("utf-8")
        inside = any((place.parent.resolve() / place.name).is_relative_to(one.root) for one in face.config().folders)
        return str(place) if inside and place.exists() else None
    except (OSError, UnicodeEncodeError):
        return None


def _give(
    face: Face,
    ask: Callable[[StopEvent], Iterator[Progress | _Result]],
    found: Callable[[_Result], bool],
    paint: Callable[[Face, _Result], None],
    *,
    as_json: bool,
) -> int:
    """Follow it to its result and show that; nothing is shown of one that was stopped."""
    with stopping(face.console, "Stopping. (Ctrl-C again to end it at once.)") as stop:
        made = _followed(face, ask(stop))
        if stop.is_set():
            return INTERRUPTED
    if made is None:
        raise IndexStoreError("It ended without a result.", "Run it again.")
    if as_json:
        face.console.json(document(made))
    else:
        paint(face, made)
    return DONE if found(made) else NOTHING


def _followed(face: Face, events: Iterator[Progress | _Result]) -> _Result | None:
    """The result; meanwhile the bars of a longer job."""
    bars: Reporter | None = None
    with ExitStack() as shown:
        for event in events:
            if not isinstance(event, Progress):
                return event
            if event.seconds >= _LONG_SECONDS:
                bars = bars or shown.enter_context(reporter(face.console))
                bars.show(event)
    return None


def _paint_point(face: Face, point: Point, making: Making) -> None:
    """A sentence of a note is in quotation marks where the others are a model's."""
    numbers = "".join(f"[{number}]" for number in point.citations)
    text = f"“{point.text}”" if point.quoted and making.engine != _EXTRACTIVE else point.text
    lead = [*indent(face), Span("- ", "faint")]
    face.console.line(
        Span(text), Span(f" {numbers}", "accent"), Span(SUPPORT_MARKS[point.support], "warning"), lead=lead
    )


def _paint_making(face: Face, making: Making) -> None:
    """How much was read and who wrote it; beside the answer, what should be known of it."""
    parts = [f"{counted(making.notes, 'note')}, {counted(making.passages, 'passage')}"]
    if making.engine != _EXTRACTIVE:
        parts.append(f"written by {making.engine} from {counted(making.shown, 'passage')}")
    if making.dropped:
        parts.append(f"{counted(making.dropped, 'citation')} of nothing it was shown taken out")
    parts.append(f"as of {face.clock(making.freshness.as_of)}")
    if making.freshness.pending:
        parts.append(f"{making.freshness.pending:,} pending")
    face.console.line()
    face.console.line(Span(" · ".join(parts), "faint"), lead=indent(face))
    for notice in making.notices:
        face.console.notice(Span(notice, "warning"))
    if making.engine == _EXTRACTIVE:
        told = "These are sentences of your notes. A language model would put them in its own words, each checked."
        face.console.notice(Span(told, "faint"))


def _say_nothing(face: Face, summary: Summary) -> None:
    if summary.making.notes:
        face.console.line(Span(f"{summary.title}: there is nothing to quote.", "strong"), lead=indent(face))
        return
    face.console.line(Span("Nothing in your notes is called so or matches.", "strong"), lead=indent(face))
    face.console.notice(Span("See: exo recent, exo tags, or exo search WORDS", "faint"))


def _headline(digest: Digest) -> str:
    new = sum(note.new for folder in digest.folders for note in folder.notes)
    changed = sum(len(folder.notes) for folder in digest.folders) - new + digest.left_out
    said = [counted(new, "new note")] if new else []
    said += [f"{counted(changed, 'changed note')}"] if changed else []
    when = _when(digest)
    return f"{when[0].upper()}{when[1:]}: {', '.join(said)}"


def _when(digest: Digest) -> str:
    if digest.period == "day":
        return f"today, {digest.last}"
    return f"in the seven days from {digest.first} to {digest.last}"


def _paint_folder(face: Face, folder: DigestFolder, lines: dict[int, Citation]) -> None:
    several = len(face.config().folders) > 1
    place = f"{folder.folder}:{folder.path}" if several else folder.path or folder.folder
    face.console.line(Span(place, "match"), lead=indent(face))
    for note in folder.notes:
        _paint_touched(face, note, lines)
    face.console.line()


def _paint_touched(face: Face, touched: Touched, lines: dict[int, Citation]) -> None:
    path = face.spelled(touched.note)
    told = Span("new" if touched.new else "changed", "faint")
    face.console.line(
        Span(touched.note.title, "strong"),
        Span("  "),
        Span(path, "accent", touched.file),
        right=told,
        lead=indent(face),
    )
    for point in touched.points:
        line = lines[point.citations[0]].first_line
        lead = [*indent(face), Span(f"  {line:>3}  ", "faint", touched.file, line)]
        face.console.line(Span(point.text), lead=lead)


def _paint_tasks(face: Face, digest: Digest) -> None:
    if not digest.tasks:
        return
    face.console.line(Span("Open tasks", "match"), lead=indent(face))
    for one in digest.tasks:
        place = Span(f"{face.spelled(one.note)}:{one.task.line}", "accent", one.file, one.task.line)
        face.console.line(Span(one.task.text), Span("  "), place, lead=[*indent(face), Span("[ ] ", "faint")])
