"""Questions, answered from the notes alone: by a language model whose every sentence is checked, or by quoting."""

from __future__ import annotations

import os
import sqlite3
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime
from threading import Event as StopEvent
from typing import TYPE_CHECKING

from exocortex.core.answers import NOT_IN_NOTES, Answer, Citation, Hit
from exocortex.core.errors import EngineError, UsageError
from exocortex.core.events import Answered, Answering
from exocortex.core.query import Query
from exocortex.core.receipts import Anchor, Receipt
from exocortex.core.turns import Sampling, Turn
from exocortex.core.ulid import make_ulid
from exocortex.cortex.index import Index
from exocortex.language_models import usable
from exocortex.retrieval import Retrieved as Evidence
from exocortex.storage.archive import Archive
from exocortex.views import View, Views

if TYPE_CHECKING:
    from exocortex.answering.composing import Composed, Task
    from exocortex.core.ports import Embedder, LanguageModel

ANSWER_NOTES, ANSWER_PASSAGES = 20, 32
"""Where an answer is looked for: in the best passages of the best notes."""

NEAREST_NOTES = 5
"""Notes shown with an answer, or in the place of one."""

_NAMED = 3
_NOT_IN_WHAT_IS_THERE = "Not in the notes that are there now."

QUOTING = "extractive"
"""The engine that quotes, as it is kept and sent."""

QUOTES = ("quotes", QUOTING)
"""What people may call it."""


@dataclass(frozen=True, slots=True)
class Ask:
    """What is asked, and how."""

    question: str
    query: str = ""
    """The question in full, if it leans on what was said before."""
    scope: str = ""
    literal: bool = False
    engine: str = ""
    history: tuple[Turn, ...] = ()
    instructions: str = ""
    sampling: Sampling = field(default_factory=Sampling)


@dataclass(frozen=True, slots=True)
class _Prepared:
    """All that is taken from the index for a question; what follows takes long, and holds nothing of it."""

    task: Task
    embedder: Embedder
    digests: dict[str, str]
    """Of the notes that passages were found in, by id."""


class Answers:
    """Questions. `model` gives the language model of a name, or the one in force; None if there is none."""

    def __init__(
        self, index: Index, views: Views, model: Callable[[str], LanguageModel | None], archive: Archive
    ) -> None:
        self._index = index
        self._views = views
        self._model = model
        self._archive = archive

    def check(self, scope: str, engine: str) -> None:
        """Raise what a question with these would raise for them."""
        with self._views.open() as view:
            view.query("", scope=scope)
        if engine and engine not in QUOTES:
            usable(self._model, engine)

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
        asked = Ask(question, scope=scope, literal=literal, engine=engine)
        for event in self.follow(asked, stop or StopEvent()):
            yield Answered(event[0]) if isinstance(event, tuple) else event

    def follow(self, asked: Ask, stop: StopEvent) -> Iterator[Answering | tuple[Answer, Receipt]]:
        """The same, the answer with its receipt, which is kept by then."""
        from exocortex.answering.composing import Composed, compose, quoted_instead

        if not asked.question.strip():
            raise UsageError("There is no question.", 'Ask one: exo ask "When does the lease end?"')
        model, why = (None, "") if asked.engine in QUOTES else usable(self._model, asked.engine)
        prepared = self._prepare(asked)
        task = replace(prepared.task, quoted=quoted_instead(prepared.task.quoted, why)) if why else prepared.task
        for event in compose(task, model, prepared.embedder, stop):
            if isinstance(event, Composed):
                yield self._kept(asked, prepared, event)
            else:
                yield event

    def _prepare(self, asked: Ask) -> _Prepared:
        from exocortex.answering import ExtractiveEngine
        from exocortex.answering.composing import Task

        notices = self._index.refresh()
        full = asked.query or asked.question
        with self._views.open() as view:
            query = view.query(full, literal=asked.literal, scope=asked.scope)
            found = _evidence(view, query)
            embedder = view.embedder()
            draft = ExtractiveEngine(embedder).answer(query.text or full, found.hits, _carried(asked.question, full))
            quoted = Answer(
                question=asked.question,
                abstained=draft.abstained,
                engine=QUOTING,
                confidence=draft.confidence,
                sentences=draft.sentences,
                citations=draft.citations,
                coverage=self._index.coverage(view, found.searched),
                hits=_best_of_each(found.hits)[:NEAREST_NOTES],
                silence=_NOT_IN_WHAT_IS_THERE if found.away else NOT_IN_NOTES,
                notices=(*notices, *found.notices, *_told_away(found.away)),
            )
            task = Task(full, found.hits, quoted, asked.history, asked.instructions, asked.sampling)
            return _Prepared(task, embedder, view.catalog.digests(hit.note.id for hit in found.hits))

    def _kept(self, asked: Ask, prepared: _Prepared, composed: Composed) -> tuple[Answer, Receipt]:
        receipt = _receipt(asked, prepared, composed)
        try:
            self._archive.keep(receipt)
        except sqlite3.OperationalError as error:
            notice = f"No receipt of this answer could be kept: {error}."
            return replace(composed.answer, notices=(*composed.answer.notices, notice)), receipt
        return replace(composed.answer, receipt=receipt.id), receipt


def _told_away(away: tuple[str, ...]) -> tuple[str, ...]:
    """That notes which may answer could not be looked at."""
    if not away:
        return ()
    more = f" and {len(away) - _NAMED} more" if len(away) > _NAMED else ""
    return (f"Not looked at, since their files are away: {', '.join(away[:_NAMED])}{more}. See: exo status",)


def _carried(question: str, full: str) -> list[str]:
    """Words of a question in full that aren't the user's."""
    typed = set(question.split())
    return [word for word in full.split() if word not in typed]


def new_id() -> str:
    """A ULID of now."""
    return make_ulid(int(time.time() * 1000), os.urandom(10))


def _receipt(asked: Ask, prepared: _Prepared, composed: Composed) -> Receipt:
    answer, model = composed.answer, composed.model
    return Receipt(
        id=new_id(),
        at=datetime.now().astimezone(),
        question=asked.question,
        query=prepared.task.query,
        scope=asked.scope,
        engine=answer.engine,
        fingerprint=model.fingerprint if model is not None else "",
        sampling=asked.sampling if model is not None else None,
        prompt=composed.prompt,
        passages=tuple(_anchor(one, prepared.digests) for one in composed.sources or answer.citations),
        left_out=composed.left_out,
        written=answer.written,
        sentences=answer.sentences,
        abstained=answer.abstained,
        confidence=answer.confidence,
        seconds=composed.seconds,
        silence=answer.silence,
    )


def _anchor(source: Citation, digests: dict[str, str]) -> Anchor:
    note = source.note
    place = (note.folder, note.path, note.title, source.first_line, source.last_line, source.quote)
    return Anchor(source.number, note.id, digests.get(note.id, ""), *place)


def _evidence(view: View, query: Query) -> Evidence:
    return view.retriever.evidence(query, ANSWER_NOTES, ANSWER_PASSAGES)


def _best_of_each(hits: tuple[Hit, ...]) -> tuple[Hit, ...]:
    """The first hit of every note."""
    return tuple({hit.note.id: hit for hit in reversed(hits)}[note] for note in dict.fromkeys(h.note.id for h in hits))
