"""Searching."""

from __future__ import annotations

from exocortex.core.results import Found, Mode, Sort
from exocortex.cortex.index import Index
from exocortex.retrieval import Retrieved
from exocortex.views import View, Views


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
