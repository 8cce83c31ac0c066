"""A plain language model: repeats the first sentence of each numbered passage. For fast tests and plug-in authors.

It reads the last thing it is told. A line that begins with `[3]` begins passage 3: a heading if lines of text follow
it, else the text itself. To `[1] Lease\\nThe deposit is £1,480. It is paid.` it says `- The deposit is £1,480. [1]`.
Tokens are words.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from threading import Event as StopEvent

from exocortex.core.errors import EngineError
from exocortex.core.turns import Sampling, Turn

_PASSAGE = re.compile(r"^\[(\d{1,6})\][ \t]*([^\n]*)\n?((?:(?!\[\d{1,6}\])[^\n]*\S[^\n]*(?:\n|$))*)", re.MULTILINE)
_SENTENCE = re.compile(r"[^.!?\n]*[.!?]?")


class EchoModel:
    """The same turns always get the same reply, a word a piece."""

    name = "echo"
    fingerprint = "echo-1"

    def __init__(self, context: int = 4096) -> None:
        self.context = context

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
    lines = []
    for number, head, body in _PASSAGE.findall(prompt):
        text = next((line.strip() for line in body.split("\n") if line.strip()), head.strip())
        sentence = _SENTENCE.match(text)
        lines.append(f"- {sentence[0].strip() if sentence else text} [{number}]\n")
    return re.findall(r"\S+\s*", "".join(lines))
