"""`exo watch`: what is noticed and read, as it happens."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import ExitStack
from typing import Any

import click

from exocortex.cli.arguments import Command, json_option, pass_face
from exocortex.cli.console import Span
from exocortex.cli.face import INTERRUPTED, Face
from exocortex.cli.index import stopping
from exocortex.cli.progress import reporter
from exocortex.core.counting import counted
from exocortex.core.events import Happening, Indexed, Notice, Progress, Saved
from exocortex.core.wire import document

_LONG = 50
"""Files or passages from which a job is worth a bar."""


@click.command("watch", cls=Command)
@json_option
@pass_face
def watch_command(face: Face, as_json: bool) -> int:
    """Follow what is noticed and read, until Ctrl-C; the watching itself goes on without you.

    \b
    exo watch
    exo watch --json | jq -c 'select(.event == "saved")'
    """
    with face.cortex(watching=True) as cortex, stopping(face.console, "No longer followed.") as stop:
        events = cortex.index.watch(stop=stop)
        if as_json:
            for event in events:
                face.console.json(document({"event": type(event).__name__.lower()}) | document(event))
        else:
            paint_events(face, events)
    return INTERRUPTED


def paint_events(face: Face, events: Iterable[Happening]) -> None:
    """A line for each thing that happened; the bars of a longer job while it lasts."""
    bars: Any = None
    with ExitStack() as shown:
        for event in events:
            if not isinstance(event, Progress):
                shown.close()
                bars = None
                _paint(face, event)
            elif event.total >= _LONG and event.stage != "scan":
                bars = bars or shown.enter_context(reporter(face.console))
                bars.show(event)


def _paint(face: Face, event: Saved | Indexed | Notice) -> None:
    now = Span(face.now().strftime("%H:%M:%S  "), "faint")
    if isinstance(event, Notice):
        face.console.line(now, Span(event.text, "warning"))
    elif isinstance(event, Saved):
        more = event.count - len(event.changed) - len(event.gone)
        for places, what in ((event.changed, "searchable"), (event.gone, "gone")):
            if places:
                named = ", ".join(_spelled(face, place) for place in places)
                face.console.line(now, Span(named, "accent"), Span(f"  {what}"))
        if more:
            face.console.line(now, Span(f"and {more:,} more", "faint"))
    elif event.embedded:
        face.console.line(now, Span(f"{counted(event.embedded, 'passage')} by meaning too", "faint"))


def _spelled(face: Face, place: str) -> str:
    return place.partition(":")[2] if len(face.config().folders) < 2 else place
