"""`exo config`: every setting, and where its value comes from."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from exocortex.cli.arguments import Command, json_option, pass_face
from exocortex.cli.console import Span
from exocortex.cli.face import DONE, Face
from exocortex.core.errors import ConfigError
from exocortex.core.wire import document

if TYPE_CHECKING:
    from exocortex.config import Value


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
    from exocortex.config import Config, listing

    try:
        values = listing(face.config())
    except ConfigError:
        if not as_json:
            face.console.notice(Span("Nothing is in force before that is mended; every setting with its default:"))
            _paint(face, listing(Config(face.home())))
        raise
    if as_json:
        face.console.json(document(values))
    else:
        _paint(face, values)
    return DONE


def _paint(face: Face, values: Sequence[Value]) -> None:
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


def _written(value: object) -> str:
    """As TOML has it, near enough to be copied."""
    if isinstance(value, tuple):
        return "[" + ", ".join(f'"{item}"' for item in value) + "]"
    return f'"{value}"' if isinstance(value, str) else str(value)
