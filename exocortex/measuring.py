"""Measuring: how fast a language model reads and writes on this machine, and what memory it takes.

Prompts and replies are doubled until the next one would take too long: it is over in much the same time for any model.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass
from pathlib import Path
from threading import Event as StopEvent

from exocortex.core.errors import EngineError
from exocortex.core.events import Progress, Stage
from exocortex.core.turns import Sampling, Turn
from exocortex.engines.llama import LlamaModel
from exocortex.engines.llama.model import Took

SECONDS = 8.0
"""For reading, and for writing; a model so slow that its first step takes longer is given that step."""

_SENTENCE = "The heron stood in the harbour while the tide went out, and nobody on the pier had seen it come. "
_REQUEST = "Write a long story about a heron in a harbour. Describe the place, the weather and everybody in it."
_FIRST_PROMPT, _FIRST_REPLY, _LONGEST_REPLY = 32, 8, 256
"""Tokens."""


@dataclass(frozen=True, slots=True)
class Memory:
    """Bytes that a process has in memory."""

    total: int
    of_files: int
    """Of them, files that are mapped: other processes share them, and the system takes them back when it must."""


@dataclass(frozen=True, slots=True)
class Measured:
    """What was found out about a model."""

    name: str
    context: int
    threads: int
    load_seconds: float
    prompt_tokens: int
    """Of the longest prompt that was read."""
    prompt_rate: float
    """Tokens of it read a second."""
    reply_tokens: int
    reply_rate: float
    """Tokens written a second, from the first one on."""
    memory: Memory | None
    """None where the system doesn't tell."""

    def seconds_to_first_word(self, prompt: int) -> float:
        """About how long a prompt of so many tokens is read; not those of it that were read before."""
        return prompt / self.prompt_rate


@dataclass(frozen=True, slots=True)
class Pace:
    """Tokens, and the seconds they took."""

    tokens: int
    seconds: float

    @property
    def rate(self) -> float:
        """Tokens a second."""
        return self.tokens / max(self.seconds, 1e-6)


def measure(model: LlamaModel, stop: StopEvent, seconds: float = SECONDS) -> Iterator[Progress | Measured]:
    """Load, read, write; Measured comes last, and not at all if `stop` was set. Progress counts seconds.

    Raises EngineError if the model can't be run, or has nothing to say.
    """
    began = time.monotonic()
    (sentence,) = model.count([_SENTENCE])
    loaded = time.monotonic() - began
    longest = model.context // 2

    def read(tokens: int) -> Pace | None:
        return _read(model, _SENTENCE * (tokens // max(1, sentence)), tokens, stop)

    reading = yield from _doubled("reading", read, _FIRST_PROMPT, longest, seconds)
    if reading is None:
        return
    writing = yield from _doubled("writing", lambda n: _write(model, n, stop), _FIRST_REPLY, _LONGEST_REPLY, seconds)
    if writing is None:
        return
    yield Measured(
        name=model.name,
        context=model.context,
        threads=model.threads,
        load_seconds=loaded,
        prompt_tokens=reading.tokens,
        prompt_rate=reading.rate,
        reply_tokens=writing.tokens,
        reply_rate=writing.rate,
        memory=memory_of(model.process) if model.process is not None else None,
    )


def _doubled(
    stage: Stage, attempt: Callable[[int], Pace | None], first: int, most: int, seconds: float
) -> Generator[Progress, None, Pace | None]:
    """The pace of the last attempt, each twice as long as the one before; None if it was stopped."""
    began, size, whole = time.monotonic(), min(first, most), round(seconds)
    while True:
        passed = time.monotonic() - began
        yield Progress(stage, min(int(passed), whole), whole, passed)
        pace = attempt(size)
        if pace is None:
            return None
        passed = time.monotonic() - began
        if size >= most or passed + 2 * size / pace.rate > seconds:
            yield Progress(stage, whole, whole, passed)
            return pace
        size = min(2 * size, most)


def _read(model: LlamaModel, text: str, number: int, stop: StopEvent) -> Pace | None:
    """Read a prompt that begins unlike the others, so that it is read from there."""
    took = _replied(model, f"{number}. {text}", 1, stop)
    if took is None:
        return None
    return Pace(took.prompt_tokens - took.reused, took.seconds if took.first_seconds is None else took.first_seconds)


def _write(model: LlamaModel, tokens: int, stop: StopEvent) -> Pace | None:
    """Write up to so many tokens."""
    took = _replied(model, _REQUEST, tokens, stop)
    if took is None:
        return None
    if took.first_seconds is None or took.tokens < 2:
        raise EngineError(
            f"The model {model.name} has nothing to say when it is asked for a story.",
            f"It may not have been made to answer; see its chat format: exo model info {model.name}",
        )
    return Pace(took.tokens - 1, took.seconds - took.first_seconds)


def _replied(model: LlamaModel, text: str, tokens: int, stop: StopEvent) -> Took | None:
    for _ in model.reply([Turn("user", text)], Sampling(most_tokens=tokens), stop):
        pass
    return None if stop.is_set() else model.took


def memory_of(process: int) -> Memory | None:
    """What a process has in memory now (proc(5), status); None where that can't be told."""
    try:
        lines = Path(f"/proc/{process}/status").read_text("ascii", "replace").splitlines()
    except OSError:
        return None
    sizes = {name: value.split() for name, _, value in (line.partition(":") for line in lines)}
    try:
        total, mapped = (int(sizes[name][0]) * 1024 for name in ("VmRSS", "RssFile"))
    except (KeyError, IndexError, ValueError):
        return None
    return Memory(total, mapped)
