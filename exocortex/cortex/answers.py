"""Questions, answered from the notes alone: by a language model whose every sentence is checked, or by quoting."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from threading import Event as StopEvent
from typing import TYPE_CHECKING

from exocortex.core.answers import Answer, Hit
from exocortex.core.errors import EngineError, UsageError
from exocortex.core.events import Answered, Answering, Retrieved, Token
from exocortex.core.query import Query
from exocortex.core.turns import Sampling
from exocortex.cortex.index import Index
from exocortex.retrieval import Retrieved as Evidence
from exocortex.views import View, Views

if TYPE_CHECKING:
    from exocortex.answering import Draft
    from exocortex.answering.written import Writing
    from exocortex.core.answers import Support
    from exocortex.core.ports import Embedder, LanguageModel

ANSWER_NOTES, ANSWER_PASSAGES = 20, 32
"""Where an answer is looked for: in the best passages of the best notes."""

NEAREST_NOTES = 5
"""Notes shown with an answer, or in the place of one."""

WORTH_ASKING = 0.2
"""Confidence of the extractive engine below which no model is asked: the passages have nothing to do with it."""

QUOTING = "extractive"
"""The engine that quotes."""


@dataclass(frozen=True, slots=True)
class _Prepared:
    """All that is taken from the index for a question; what follows takes long, and holds nothing of it."""

    question: str
    evidence: Evidence
    draft: Draft
    embedder: Embedder
    answer: Answer
    """What is answered by quoting, or the abstention."""


class Answers:
    """Questions. `model` gives the language model of a name, or the one in force; None if there is none."""

    def __init__(self, index: Index, views: Views, model: Callable[[str], LanguageModel | None]) -> None:
        self._index = index
        self._views = views
        self._model = model

    def evidence(self, question: str, *, literal: bool = False, scope: str = "") -> Evidence:
        """Passages for a question, several a note, from the index as it is."""
        with self._views.open() as view:
            return _evidence(view, view.query(question, literal=literal, scope=scope))

    def ask(self, question: str, *, scope: str = "", literal: bool = False, engine: str = "") -> Answer:
        """The answer as a whole."""
        for event in self.stream(question, scope=scope, literal=literal, engine=engine):
            if isinstance(event, Answered):
                return event.answer
        raise EngineError("There was no answer.", "Ask again.")

    def stream(
        self, question: str, *, scope: str = "", literal: bool = False, engine: str = "", stop: StopEvent | None = None
    ) -> Iterator[Answering]:
        """What it will be made from, the words as they come, then the answer as a whole."""
        if not question.strip():
            raise UsageError("There is no question.", 'Ask one: exo ask "When does the lease end?"')
        model = None if engine == QUOTING else self._model(engine)
        prepared = self._prepare(question, scope, literal)
        if model is None or prepared.draft.confidence < WORTH_ASKING or not prepared.evidence.hits:
            yield Retrieved((), 0)
            yield Answered(prepared.answer)
        else:
            yield from _written(prepared, model, stop or StopEvent())

    def _prepare(self, question: str, scope: str, literal: bool) -> _Prepared:
        from exocortex.answering import ExtractiveEngine

        self._index.refresh()
        with self._views.open() as view:
            query = view.query(question, literal=literal, scope=scope)
            found = _evidence(view, query)
            embedder = view.embedder()
            draft = ExtractiveEngine(embedder).answer(query.text or question, found.hits)
            answer = Answer(
                question=question,
                abstained=draft.abstained,
                engine=QUOTING,
                confidence=draft.confidence,
                sentences=draft.sentences,
                citations=draft.citations,
                coverage=self._index.coverage(view, found.searched),
                hits=_best_of_each(found.hits)[:NEAREST_NOTES],
            )
            return _Prepared(question, found, draft, embedder, answer)


def _written(prepared: _Prepared, model: LanguageModel, stop: StopEvent) -> Iterator[Answering]:
    """The model's answer; the quoted one where it fails, with what there is of it kept."""
    from exocortex.answering.prompting import pack
    from exocortex.answering.written import Writing

    sampling = Sampling()
    try:
        packed = pack(prepared.question, prepared.evidence.hits, model, sampling.most_tokens)
    except EngineError as error:
        yield Retrieved((), 0)
        yield Answered(replace(prepared.answer, failed=True, notices=(_sentence(error),)))
        return
    yield Retrieved(packed.sources, packed.dropped)
    writing = Writing(packed)
    for piece in writing.run(model, sampling, stop):
        yield Token(piece)
    yield Answered(_finished(prepared, writing, model, stopped=stop.is_set()))


def _finished(prepared: _Prepared, writing: Writing, model: LanguageModel, *, stopped: bool) -> Answer:
    from exocortex.answering.verifying import verify
    from exocortex.answering.written import checked

    def check(sentence: str, texts: Sequence[str]) -> Support:
        return verify(sentence, texts, prepared.embedder).support

    quoted, notices = prepared.answer, []
    if writing.packed.dropped:
        notices.append(f"{writing.packed.dropped} less relevant passages did not fit into the model's context.")
    if writing.failure is not None:
        notices.append(f"{_sentence(writing.failure)} What follows is quoted from your notes instead.")
        return replace(quoted, written=writing.text, failed=True, notices=tuple(notices))
    if stopped:
        notices.append("Stopped: the answer is not whole.")
    if writing.abstained:
        return replace(
            quoted,
            abstained=True,
            engine=model.name,
            sentences=(),
            citations=(),
            written=writing.text,
            notices=tuple(notices),
        )
    found = checked(writing.text, writing.packed.sources, check)
    return replace(
        quoted,
        abstained=False,
        engine=model.name,
        sentences=found.sentences,
        citations=found.citations,
        written=writing.text,
        dropped=found.dropped,
        notices=tuple(notices),
    )


def _sentence(error: EngineError) -> str:
    return f"{error.message} {error.hint}".strip()


def _evidence(view: View, query: Query) -> Evidence:
    return view.retriever.evidence(query, ANSWER_NOTES, ANSWER_PASSAGES)


def _best_of_each(hits: tuple[Hit, ...]) -> tuple[Hit, ...]:
    """The first hit of every note."""
    return tuple({hit.note.id: hit for hit in reversed(hits)}[note] for note in dict.fromkeys(h.note.id for h in hits))
