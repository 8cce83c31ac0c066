"""`exo model bench`: how fast a model is on this machine, and what memory it takes."""

from __future__ import annotations

from contextlib import closing
from threading import Event
from typing import TYPE_CHECKING

import click

from exocortex.cli.arguments import Command, json_option, pass_face
from exocortex.cli.console import Span
from exocortex.cli.face import DONE, INTERRUPTED, Face
from exocortex.cli.modelling import followed
from exocortex.core import sizes
from exocortex.core.durations import duration
from exocortex.core.errors import UsageError
from exocortex.core.wire import document

if TYPE_CHECKING:
    from exocortex.engines.llama import LlamaModel
    from exocortex.measuring import Measured

_SPARED = 512
"""Tokens of the context that a reply takes."""


@click.command("bench", cls=Command)
@click.argument("name", required=False, default="")
@json_option
@pass_face
def bench_command(face: Face, name: str, as_json: bool) -> int:
    """Measure how fast a model reads and writes on this machine, and the memory it takes: the one in use, or NAME.

    \b
    exo model bench
    exo model bench tiny --json | jq .reply_rate

    It takes about 20 seconds; Ctrl-C ends it. Nothing of your notes is read.
    """
    from exocortex.measuring import measure

    with closing(_opened(face, name)) as model:
        measured = followed(face, measure(model, Event()))
    if measured is None:
        return INTERRUPTED
    if as_json:
        face.console.json(document(measured))
    else:
        _paint(face, measured)
    return DONE


def _opened(face: Face, name: str) -> LlamaModel:
    """The model of this name, or the one in use, in a process of its own; raises UsageError if there is neither."""
    from exocortex.bootstrap import language_model
    from exocortex.engines.llama import LlamaModel

    wanted = name or face.config().model.name
    if not wanted:
        raise UsageError("No model is in use, and none was named.", "Those there are: exo model")
    model = language_model(wanted, face.config())
    assert isinstance(model, LlamaModel)  # a name is always one of the home
    return model


def _paint(face: Face, found: Measured) -> None:
    rows = [
        ("reads", f"{_rate(found.prompt_rate)} tokens a second", f"a prompt of {found.prompt_tokens:,}"),
        ("writes", f"{_rate(found.reply_rate)} tokens a second", f"a reply of {found.reply_tokens:,}"),
        ("memory", *_memory(found)),
        ("loaded in", duration(found.load_seconds), f"{found.context:,} tokens of context, {_threads(found.threads)}"),
    ]
    face.console.rows([[Span(name, "faint"), Span(figure), Span(about, "faint")] for name, figure, about in rows])
    full = max(1, found.context - _SPARED)
    wait = duration(found.seconds_to_first_word(full))
    face.console.notice(Span(f"A prompt of {full:,} tokens is read in {wait}; what is asked next about it, sooner."))


def _rate(tokens: float) -> str:
    return f"{tokens:,.1f}" if tokens < 9.95 else f"{tokens:,.0f}"


def _memory(found: Measured) -> tuple[str, str]:
    if found.memory is None:
        return "unknown", "the system doesn't tell"
    return sizes.spelled(found.memory.total), f"{sizes.spelled(found.memory.of_files)} of it mapped from its file"


def _threads(number: int) -> str:
    return "1 thread" if number == 1 else f"{number} threads"
