"""A plain language model: repeats the first sentence of each numbered passage. For fast tests and plug-in authors.

It reads the last thing it is told. A line that begins with `[3]` begins passage 3, which ends at a blank line; if lines
of text follow the first, that is only its title. Headings (`# …`) and blank lines below them are passed over. Told

    [1] Lease
    The deposit is £1,480. It is paid.

it says `- The deposit is £1,480. [1]`. Tokens are words.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from threading import Event as StopEvent

from exocortex.core.errors import EngineError
from exocortex.core.turns import Sampling, Turn

_START = re.compile(r"^\[(\d{1,6})\][ \t]*(.*)")
_SENTENCE = re.compile(r"[^.!?\n]*[.!?]?")


class EchoModel:
    """The same turns always get the same reply, a word a piece."""

    name = "echo"
    fingerprint = "echo-1"

    def __init__(self, context: int = 4096) -> None:
        self.context = context

    def ready(self, stop: StopEvent) -> bool:
        """It has nothing to load."""
        return not stop.is_set()

    def count(self, texts: Sequence[str]) -> list[int]:
        """Words of each text."""
        return [len(text.split()) for text in texts]

    def reply(self, turns: Sequence[Turn], sampling: Sampling, stop: StopEvent) -> Iterator[str]:
        """A line for each passage of the last turn; raises EngineError if the turns are longer than the context."""
        length = sum(self.count([turn.text for turn in turns]))
        if length > self.context:
            raise EngineError(
                f"The prompt of {length} tokens is longer than the model's {self.context}.", "Show it fewer passages."
            )
        room = min(sampling.most_tokens, self.context - length)
        for piece in _echo(turns[-1].text if turns else "")[:room]:
            if stop.is_set():
                return
            yield piece

    def close(self) -> None:
        """Nothing to let go of."""


def _echo(prompt: str) -> list[str]:
    """The reply in words, each with the white space after it."""
    found: list[tuple[str, str]] = []
    is_open = headed = False
    for line in prompt.split("\n"):
        if start := _START.match(line):
            found.append((start[1], start[2]))
            is_open, headed = True, False
        elif line.startswith("#"):
            headed = True
        elif is_open and line.strip():
            found[-1] = (found[-1][0], line.strip())
            is_open = False
        elif not headed:
            is_open = False
    lines = [f"- {_first_sentence(text)} [{number}]\n" for number, text in found]
    return re.findall(r"\S+\s*", "".join(lines))


def _first_sentence(text: str) -> str:
    sentence = _SENTENCE.match(text)
    return sentence[0].strip() if sentence else text
