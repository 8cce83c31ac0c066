"""Template: a conversation laid out as a model was trained to read it, what people wrote kept apart from what steers.

Chat templates are programs inside model files, so they run in a sandbox and against the clock. Each turn's text is
rendered as a placeholder; only what the template itself writes around it may become control tokens.
"""

from __future__ import annotations

import re
import signal
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from types import FrameType
from typing import Any, NoReturn

from exocortex.core.turns import Turn

SECONDS = 2.0
"""How long a template may take."""

MOST_CHARACTERS = 1_000_000
"""Of a template's own text around the turns."""

CHATML = (
    "{% for message in messages %}<|im_start|>{{ message['role'] }}\n{{ message['content'] }}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)
"""For models that bring none."""

_PLACE = "\ue000{}\ue001"
_PLACES = re.compile("\ue000([0-9]+)\ue001")


class TemplateError(Exception):
    """The template raised, loops, or leaves out what it was given."""


@dataclass(frozen=True, slots=True)
class Piece:
    """Part of a prompt."""

    text: str
    steers: bool
    """Whether control tokens in it are meant: it is the template's own."""


def lay_out(template: str, turns: Sequence[Turn], *, first: str = "", last: str = "") -> list[Piece]:
    """The prompt for the assistant's next turn; `first` and `last` are the model's texts for these two tokens.

    A template that refuses a system turn, or two turns of one side in a row, is given them joined. Raises
    TemplateError. Works on the main thread alone, for it is interrupted by a signal.
    """
    try:
        return _laid_out(template, turns, first, last)
    except TemplateError:
        joined = _joined(turns)
        if joined == list(turns):
            raise
        return _laid_out(template, joined, first, last)


def _laid_out(template: str, turns: Sequence[Turn], first: str, last: str) -> list[Piece]:
    messages = [{"role": turn.role, "content": _PLACE.format(number)} for number, turn in enumerate(turns)]
    rendered = _render(template or CHATML, messages, first, last)
    pieces: list[Piece] = []
    shown = set()
    for number, part in enumerate(_PLACES.split(rendered)):
        if number % 2:
            shown.add(int(part))
            pieces.append(Piece(turns[int(part)].text, steers=False))
        elif part:
            pieces.append(Piece(part, steers=True))
    if shown != set(range(len(turns))):
        raise TemplateError("the template leaves out a part of the conversation")
    return pieces


def _render(template: str, messages: list[dict[str, str]], first: str, last: str) -> str:
    from jinja2 import TemplateError as JinjaError
    from jinja2.sandbox import ImmutableSandboxedEnvironment

    environment = ImmutableSandboxedEnvironment(
        trim_blocks=True, lstrip_blocks=True, autoescape=False, extensions=["jinja2.ext.loopcontrols"]
    )
    environment.globals |= {"raise_exception": _refuse, "strftime_now": _now}
    values = {"messages": messages, "add_generation_prompt": True, "bos_token": first, "eos_token": last}
    try:
        with _limited(SECONDS):
            rendered: str = environment.from_string(template).render(values)
    except (JinjaError, ArithmeticError, LookupError, TypeError, ValueError, RecursionError, MemoryError) as error:
        raise TemplateError(f"the model's chat template failed: {error}") from error
    if len(rendered) > MOST_CHARACTERS:
        raise TemplateError("the model's chat template writes without end")
    return rendered


def _now(form: str) -> str:
    return datetime.now().strftime(form)


def _refuse(message: object) -> NoReturn:
    raise TemplateError(f"the model's chat template refuses: {message}")


@contextmanager
def _limited(seconds: float) -> Iterator[None]:
    """Raise TemplateError if the block takes longer."""

    def interrupt(_number: int, _frame: FrameType | None) -> NoReturn:
        raise TemplateError("the model's chat template does not end")

    before: Any = signal.signal(signal.SIGALRM, interrupt)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def _joined(turns: Sequence[Turn]) -> list[Turn]:
    """User and assistant in turn, what the system says at the head of the user's first words."""
    joined: list[Turn] = []
    for turn in turns:
        role = "user" if turn.role == "system" else turn.role
        if joined and joined[-1].role == role:
            joined[-1] = Turn(role, f"{joined[-1].text}\n\n{turn.text}")
        else:
            joined.append(Turn(role, turn.text))
    return joined
