"""`exo config`: every setting, and where its value comes from."""

from __future__ import annotations

import click

from exocortex.cli.arguments import Command, json_option, pass_face
from exocortex.cli.console import Span
from exocortex.cli.face import DONE, Face
from exocortex.core.wire import document


@click.command("config", cls=Command)
@json_option
@pass_face
def config_command(face: Face, as_json: bool) -> int:
    """Every setting, and where its value comes from: flag, environment, file, or default.

    \b
    exo config
    EXO_SEARCH_LIMIT=5 exo config --json

    Settings stand in config.toml in the home, as in:  [search]  limit = 20
    """
    from exocortex.config import listing

    values = listing(face.config())
    if as_json:
        face.console.json(document(values))
        return DONE
    rows = [
        [
            Span(one.name, "accent"),
            Span(_written(one.value), "strong"),
            Span(f"{one.origin}", "faint"),
            Span(one.meaning, "faint"),
        ]
        for one in values
    ]
    face.console.rows(rows)
    return DONE


def _written(value: object) -> str:
    """As TOML has it, near enough to be copied."""
    if isinstance(value, tuple):
        return "[" + ", ".join(f'"{item}"' for item in value) + "]"
    return f'"{value}"' if isinstance(value, str) else str(value)
