"""Notes to summarize, made of text alone, and language models that misbehave in every way there is."""

from __future__ import annotations

import re
from collections.abc import Generator, Iterator, Sequence
from datetime import date
from threading import Event as StopEvent
from typing import Any, TypeVar

from exocortex.core.chunks import cut as cut_chunks
from exocortex.core.errors import EngineError
from exocortex.core.notes import NoteRef
from exocortex.core.turns import Sampling, Turn
from exocortex.engines.hash_embedder import WordCounter
from exocortex.parsing import parse
from exocortex.summarizing.passages import Passage, Source, cut

LEASE = """# Lease

The tenancy of the flat runs for two years, from 1 October 2025 to 30 September 2027.
The rent of the flat is £1,480 a month, due on the first. Two full months of notice end it.

```
rent = 1480
```

- The landlady lives on the first floor and hears everything.
- Pets: one dog is allowed in the flat, no parrots.
"""
BOILER = """# Boiler

The boiler of the flat was fitted in November 2017. Its pressure should be 1.3 bar when cold.

It shows E7 when the pressure has dropped and the boiler has shut itself off.
"""
BREAD = "# Bread\n\nSourdough needs flour, water and salt. It bakes for forty minutes at 240 degrees.\n"
_LINE_END = re.compile(r"\r\n|\r|\n")
_Result = TypeVar("_Result")


def source(text: str, note: str = "a") -> Source:
    """A note of this text, cut into chunks as the index does."""
    parsed = parse(text.encode("utf-8", "replace"), f"{note}.md")
    ref = NoteRef(note, "notes", f"{note}.md", parsed.title, date(2024, 3, 5))
    return Source(ref, f"/notes/{note}.md", tuple(cut_chunks(parsed, WordCounter(), 40)))


def passages(*texts: str) -> list[tuple[Passage, ...]]:
    """The passages of several notes called 0, 1, 2 …"""
    return [cut(source(text, str(number))) for number, text in enumerate(texts)]


def lines(text: str, first: int, last: int) -> str:
    """These lines of a text, white space collapsed."""
    return " ".join(" ".join(_LINE_END.split(text)[first - 1 : last]).split())


def finished(job: Generator[Any, None, _Result]) -> _Result:
    """The result of a job, its progress not looked at."""
    while True:
        try:
            next(job)
        except StopIteration as over:
            result: _Result = over.value
            return result


class SayingModel:
    """Says the same to everything, and remembers what it was told."""

    name = "saying"
    fingerprint = "saying-1"

    def __init__(self, *pieces: str, context: int = 4096, endless: bool = False) -> None:
        self.context = context
        self._pieces = pieces
        self._endless = endless
        self.said = 0
        self.told: list[str] = []

    def ready(self, stop: StopEvent) -> bool:
        """It is."""
        return not stop.is_set()

    def count(self, texts: Sequence[str]) -> list[int]:
        """Words of each text."""
        return [len(text.split()) for text in texts]

    def reply(self, turns: Sequence[Turn], _sampling: Sampling, _stop: StopEvent) -> Iterator[str]:
        """The pieces, again and again if it is an endless talker."""
        self.told.append("\n".join(turn.text for turn in turns))
        while True:
            for piece in self._pieces:
                self.said += 1
                yield piece
            if not self._endless:
                return

    def close(self) -> None:
        """Nothing to let go of."""


class FailingModel(SayingModel):
    """Can't be loaded."""

    name = "failing"

    def reply(self, _turns: Sequence[Turn], _sampling: Sampling, _stop: StopEvent) -> Iterator[str]:
        """Raises EngineError after a word."""
        self.told.append("")
        yield "- Well"
        raise EngineError("The model file is damaged.", "Add it again.")


class UncountableModel(SayingModel):
    """Doesn't even count."""

    def count(self, _texts: Sequence[str]) -> list[int]:
        """Raises EngineError."""
        raise EngineError("The model file is gone.", "Add it again.")
