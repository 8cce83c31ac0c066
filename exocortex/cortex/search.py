"""Searching."""

from __future__ import annotations

from collections.abc import Sequence

from exocortex.core.results import Found, Mode, Sort
from exocortex.cortex.index import Index
from exocortex.retrieval import Retrieved
from exocortex.views import View, Views

_NAMED = 5
"""Words named of those that no note has."""


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
        unmet = (_unmet(found.unmet),) if found.unmet else ()
        said = (*notices, *found.notices, *unmet)
        return Found(found.hits, mode, freshness, said, found.explained, found.milliseconds, bool(unmet))


def _unmet(words: Sequence[str]) -> str:
    """For words that no note has: what is shown in their place."""
    named = ", ".join(f"“{word}”" for word in words[:_NAMED])
    more = " …" if len(words) > _NAMED else ""
    return f"No note searched has {'any of ' if len(words) > 1 else ''}{named}{more}; these are near in meaning only."
