"""Composing: from a question and its passages to a checked answer, step by step, with all that it was made from.

Knows nothing of where passages, models or conversations come from.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from threading import Event as StopEvent
from typing import TYPE_CHECKING

from exocortex.answering.prompting import INSTRUCTIONS, Packed, pack
from exocortex.answering.verifying import Verdict, verify
from exocortex.answering.written import Writing, checked
from exocortex.core.answers import Answer, Citation, Hit
from exocortex.core.errors import EngineError
from exocortex.core.events import Retrieved, Token
from exocortex.core.turns import Sampling, Turn

if TYPE_CHECKING:
    from exocortex.core.ports import Embedder, LanguageModel

WORTH_ASKING = 0.15
"""Confidence of the extractive engine below which no model is asked: the passages have nothing to do with it.

The highest in steps of .05 that stops at most 2 % of the answerable questions on the held-out vaults of
tools/fit_answering.py: 1.4 %, and with them 48 % of those about something else and 32 % of those whose note was taken
out. On SQuAD 2.0, which nothing was chosen on: 1 % and 22 %, 79 % of those whose article was. The rest is for the model
to refuse, and for the check of what it says.
"""

_NO_SOURCES = Packed((), (), 0)


@dataclass(frozen=True, slots=True)
class Task:
    """A question with what was found for it."""

    query: str
    """The question in full."""
    hits: tuple[Hit, ...]
    """Passages, best first."""
    quoted: Answer
    """What quoting them answers, or the abstention."""
    history: tuple[Turn, ...] = ()
    instructions: str = ""
    """What the user wants of the model besides; it can't do away with the rules."""
    sampling: Sampling = field(default_factory=Sampling)


@dataclass(frozen=True, slots=True)
class Composed:
    """An answer, and what a receipt tells of it."""

    answer: Answer
    prompt: tuple[Turn, ...]
    sources: tuple[Citation, ...]
    left_out: int
    model: LanguageModel | None
    """What was asked; None if only quoted."""
    seconds: float


def compose(
    task: Task, model: LanguageModel | None, embedder: Embedder, stop: StopEvent
) -> Iterator[Retrieved | Token | Composed]:
    """What it is made from, the words as they come, then the whole; a model that fails leaves what can be quoted."""
    began = time.monotonic()
    if model is None or not task.hits or task.quoted.confidence < WORTH_ASKING:
        yield Retrieved((), 0)
        yield _composed(task.quoted, _NO_SOURCES, None, began)
        return
    try:
        packed = _packed(task, model) if model.ready(stop) else None
    except EngineError as error:
        yield Retrieved((), 0)
        yield _composed(quoted_instead(task.quoted, _why(error)), _NO_SOURCES, None, began)
        return
    if packed is None:
        yield Retrieved((), 0)
        yield _composed(_given_up(task.quoted, "the model was loaded"), _NO_SOURCES, None, began)
        return
    yield Retrieved(packed.sources, packed.dropped)
    writing = Writing(packed)
    for piece in writing.run(model, task.sampling, stop):
        yield Token(piece)
    yield _composed(_finished(task, writing, model.name, embedder, stop), packed, model, began)


def _packed(task: Task, model: LanguageModel) -> Packed:
    instructions = f"{INSTRUCTIONS}\n\n{task.instructions}".strip()
    tokens = task.sampling.most_tokens
    return pack(task.query, task.hits, model, tokens, history=task.history, instructions=instructions)


def _composed(answer: Answer, packed: Packed, model: LanguageModel | None, began: float) -> Composed:
    return Composed(answer, packed.turns, packed.sources, packed.dropped, model, time.monotonic() - began)


def quoted_instead(quoted: Answer, why: str, written: str = "") -> Answer:
    """What the notes say, and why no model put it into words."""
    notice = why if quoted.abstained else f"{why} The answer is quoted from your notes instead."
    return replace(quoted, written=written, failed=True, notices=(*quoted.notices, notice))


def _why(error: EngineError) -> str:
    return error.told


def _speechless(quoted: Answer, name: str) -> Answer:
    why = f"The model {name} wrote nothing."
    return replace(quoted, silence=why, failed=True) if quoted.abstained else quoted_instead(quoted, why)


def _given_up(quoted: Answer, before: str) -> Answer:
    """What can be quoted all the same; that nothing can be says nothing of what the model would have found."""
    if quoted.abstained:
        return replace(quoted, silence=f"Stopped before {before}.")
    notice = f"Stopped before {before}: the answer is quoted from your notes."
    return replace(quoted, notices=(*quoted.notices, notice))


def _finished(task: Task, writing: Writing, name: str, embedder: Embedder, stop: StopEvent) -> Answer:
    if writing.failure is not None:
        return quoted_instead(task.quoted, _why(writing.failure), writing.text)
    if writing.empty:
        return _given_up(task.quoted, "the first word") if stop.is_set() else _speechless(task.quoted, name)
    notices = [*task.quoted.notices]
    if writing.packed.dropped:
        notices.append(f"{writing.packed.dropped} less relevant passages did not fit into the model's context.")
    if writing.packed.forgotten:
        notices.append("The beginning of the conversation did not fit into the model's context.")
    if stop.is_set():
        notices.append("Stopped: the answer is not whole.")
    answer = replace(task.quoted, engine=name, written=writing.text, notices=tuple(notices))
    if writing.abstained:
        return replace(answer, abstained=True, sentences=(), citations=())

    def check(sentence: str, texts: Sequence[str]) -> Verdict:
        return verify(sentence, texts, embedder)

    found = checked(writing.text, writing.packed.sources, check)
    return replace(answer, abstained=False, sentences=found.sentences, citations=found.citations, dropped=found.dropped)
