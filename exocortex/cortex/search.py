"""Searching, and questions answered from what is found."""

from __future__ import annotations

from exocortex.core.answers import Answer, Hit
from exocortex.core.errors import UsageError
from exocortex.core.query import Query
from exocortex.core.results import Found, Mode, Sort
from exocortex.cortex.index import Index
from exocortex.retrieval import Retrieved
from exocortex.views import View, Views

ANSWER_NOTES, ANSWER_PASSAGES = 20, 32
"""Where an answer is looked for: in the best passages of the best notes."""

NEAREST_NOTES = 5
"""Notes shown with an answer, or in the place of one."""


class Search:
    """Searching."""

    def __init__(self, index: Index, views: Views) -> None:
        self._index = index
        self._views = views

    def find(
        self,
        text: str,
        *,
        mode: Mode = "hybrid",
        limit: int = 10,
        sort: Sort = "score",
        literal: bool = False,
        scope: str = "",
        chunks: bool = False,
    ) -> Found:
        """Notes for this text, best first; `limit` counts notes, or chunks with `chunks`."""
        notices = self._index.refresh()
        with self._views.open() as view:
            query = view.query(text, literal=literal, scope=scope)
            found = view.retriever.search(query, mode, limit, sort=sort, chunks=chunks)
            return self._found(view, found, mode, notices)

    def similar(self, note: str, *, limit: int = 10) -> Found:
        """Notes nearest in meaning to this one, itself left out."""
        notices = self._index.refresh()
        with self._views.open() as view:
            return self._found(view, view.retriever.similar(view.browser.find(note), limit), "meaning", notices)

    def _found(self, view: View, found: Retrieved, mode: Mode, notices: tuple[str, ...]) -> Found:
        freshness = self._index.freshness(view)
        return Found(found.hits, mode, freshness, (*notices, *found.notices), found.explained, found.milliseconds)


class Answers:
    """Questions, answered from the notes alone."""

    def __init__(self, index: Index, views: Views) -> None:
        self._index = index
        self._views = views

    def evidence(self, question: str, *, literal: bool = False, scope: str = "") -> Retrieved:
        """Passages for a question, several a note, from the index as it is."""
        with self._views.open() as view:
            return _evidence(view, view.query(question, literal=literal, scope=scope))

    def ask(self, question: str, *, scope: str = "", literal: bool = False) -> Answer:
        """The sentences that answer, each with its evidence, or an abstention with the nearest notes."""
        from exocortex.answering import ExtractiveEngine

        if not question.strip():
            raise UsageError("There is no question.", 'Ask one: exo ask "When does the lease end?"')
        notices = self._index.refresh()
        with self._views.open() as view:
            query = view.query(question, literal=literal, scope=scope)
            found = _evidence(view, query)
            engine = ExtractiveEngine(view.embedder())
            draft = engine.answer(query.text or question, found.hits)
            return Answer(
                question=question,
                abstained=draft.abstained,
                engine=engine.name,
                confidence=draft.confidence,
                sentences=() if draft.abstained else draft.sentences,
                citations=() if draft.abstained else draft.citations,
                coverage=self._index.coverage(view, found.searched),
                hits=_best_of_each(found.hits)[:NEAREST_NOTES],
                notices=(*notices, *found.notices),
            )


def _evidence(view: View, query: Query) -> Retrieved:
    return view.retriever.evidence(query, ANSWER_NOTES, ANSWER_PASSAGES)


def _best_of_each(hits: tuple[Hit, ...]) -> tuple[Hit, ...]:
    """The first hit of every note."""
    return tuple({hit.note.id: hit for hit in reversed(hits)}[note] for note in dict.fromkeys(h.note.id for h in hits))
