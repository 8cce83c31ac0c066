"""`exo demo`: the whole path on sample notes, in a temporary place, in a few seconds."""

from __future__ import annotations

import shutil
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

import click

from exocortex.cli.arguments import Command, pass_face
from exocortex.cli.ask import paint_answer
from exocortex.cli.console import Span
from exocortex.cli.face import DONE, INTERRUPTED, Face
from exocortex.cli.index import say_indexed, stopping, watch

QUESTIONS = (
    "Why did the flood alarm go off in the night?",
    "How much notice do we have to give before moving out?",
    "When does my passport run out?",
)
"""The last one has no answer in the sample notes."""
_NEXT = (
    ("init ~/notes", "point it at your own"),
    ("index", "read them; again whenever you like"),
    ('ask "…"', "an answer, with the lines that say so"),
    ("search …", "notes, by words and by meaning"),
)


@click.command("demo", cls=Command)
@pass_face
def demo_command(face: Face) -> int:
    """See it work: index a sample vault and ask it three questions.

    \b
    exo demo

    Everything happens in a temporary folder, which is removed at the end.
    """
    from exocortex.assets import bundled
    from exocortex.config import add_folder, load

    with tempfile.TemporaryDirectory(prefix="exo-demo-") as place:
        vault = Path(place, "Sample notes")
        shutil.copytree(bundled("vault"), vault)
        environ = sample_environ(face.environ, Path(place, "home"))
        add_folder(load(environ), vault)
        sample = Face(face.console, environ, face.now, alone=True)
        return _show(sample)


def sample_environ(environ: Mapping[str, str], home: Path) -> dict[str, str]:
    """The environment with a home of its own and none of the user's settings."""
    kept = {name: value for name, value in environ.items() if not name.startswith("EXO_")}
    return {**kept, "EXO_HOME": str(home)}


def _show(face: Face) -> int:
    console = face.console
    with face.cortex() as cortex, stopping(console) as stop:
        console.use_links("")  # the files are gone when the reader clicks
        console.line(Span("Exocortex", "strong"), Span("  on sample notes: a year of somebody's life", "faint"))
        console.line()
        indexed = watch(face, cortex.index.run(stop=stop))
        if indexed.stopped:
            return INTERRUPTED
        say_indexed(face, indexed, cortex.index.status())
        for question in QUESTIONS:
            console.line()
            console.line(Span("? ", "accent"), Span(question, "strong"))
            console.line()
            paint_answer(face, cortex.answers.ask(question))
            if stop.is_set():
                return INTERRUPTED
    _say_next(face)
    return DONE


def _say_next(face: Face) -> None:
    console = face.console
    console.line()
    console.line(Span("Now with notes of your own:", "strong"))
    exo = _command()
    console.rows([[Span(f"{exo} {rest}", "accent"), Span(what, "faint")] for rest, what in _NEXT], indent=2)


def _command() -> str:
    """How this program is typed here: by its name where the shell finds it, else by its path."""
    called = Path(sys.argv[0])
    if shutil.which("exo") or called.name != "exo":
        return "exo"
    here = Path.cwd()
    return str(called.relative_to(here) if called.is_relative_to(here) else called)
