"""`exo search` and `exo similar`: find notes."""

from __future__ import annotations

import sys
from typing import Any, cast

import click

from exocortex.cli.arguments import (
    Command,
    QueryCommand,
    batch_option,
    json_option,
    limit_option,
    literal_option,
    pass_face,
    refuse_words,
    required,
    scope_option,
)
from exocortex.cli.batch import run_batch
from exocortex.cli.face import DONE, NOTHING, Face
from exocortex.cli.hits import paint_found, paint_nothing
from exocortex.core.results import Found, Mode, Sort
from exocortex.core.service import SearchPort
from exocortex.core.wire import document, plain

_MODES = click.Choice(["hybrid", "words", "meaning"])


@click.command("search", cls=QueryCommand)
@click.argument("query", nargs=-1)
@click.option("--mode", type=_MODES, help="What to search by (default: hybrid, or what is configured).")
@limit_option("How many notes (default: 10, or what is configured).")
@click.option("--chunks", is_flag=True, help="Show each passage found, not only a note's best.")
@click.option("--sort", type=click.Choice(["score", "date"]), default="score", help="Best first, or newest first.")
@scope_option
@literal_option
@click.option("--explain", is_flag=True, help="Show ranks, scores and timings.")
@batch_option
@json_option
@pass_face
def search_command(face: Face, /, query: tuple[str, ...], batch: bool, as_json: bool, **options: Any) -> int:
    """Find notes by words and by meaning.

    \b
    exo search deposit lease
    exo search '"exact words" -draft tag:work after:"last month"'
    exo search sourdough --mode words --json | jq -r '.hits[].path'
    printf '%s\\n' rent boiler | exo search --batch

    Words are alternatives, ranked. Filters: tag: path: title: has:task before: after: on: and any
    property of your notes, as in status:done. Exit code 1 if nothing is found.
    """
    face.flags |= {"search.mode": options.pop("mode"), "search.limit": options.pop("limit")}
    explain = options.pop("explain")
    if batch:
        refuse_words(query, "--batch")
        with face.cortex() as cortex:
            run_batch(
                face.console,
                sys.stdin.buffer,
                lambda text: _document(text, _find(face, cortex.search, text, options), explain),
            )
        return DONE
    text = required(query, "what to search for", "exo search deposit lease")
    with face.cortex() as cortex:
        found = _find(face, cortex.search, text, options)
        return _give(face, text, found, explain=explain, as_json=as_json)


@click.command("similar", cls=Command)
@click.argument("note")
@limit_option("How many notes.")
@json_option
@pass_face
def similar_command(face: Face, note: str, limit: int | None, as_json: bool) -> int:
    """Find notes close in meaning to NOTE.

    \b
    exo similar Lease
    exo similar Journal/2026-03-14.md --limit 5
    """
    face.flags["search.limit"] = limit
    count = face.config().search.limit
    with face.cortex() as cortex:
        found, _ = face.of_note(note, lambda name: cortex.search.similar(name, limit=count))
        return _give(face, note, found, explain=False, as_json=as_json)


def _find(face: Face, search: SearchPort, text: str, options: dict[str, Any]) -> Found:
    settings = face.config().search
    return search.find(
        text,
        mode=cast(Mode, settings.mode),
        limit=settings.limit,
        sort=cast(Sort, options["sort"]),
        literal=options["literal"],
        scope=options["scope"],
        chunks=options["chunks"],
    )


def _give(face: Face, text: str, found: Found, *, explain: bool, as_json: bool) -> int:
    if as_json:
        face.console.json(_document(text, found, explain))
    elif found.hits:
        paint_found(face, found, explain=explain)
    else:
        paint_nothing(face, found)
    return DONE if found.hits else NOTHING


def _document(text: str, found: Found, explain: bool) -> dict[str, Any]:
    """The promised shape; scores and timings only where asked for."""
    shape: dict[str, Any] = {**document({"query": text}), **plain(found)}
    explained, timings = shape.pop("explained"), shape.pop("milliseconds")
    if explain:
        shape |= {"explained": explained, "milliseconds": {step: round(time, 3) for step, time in timings}}
    return shape
