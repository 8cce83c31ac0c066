"""View: one consistent look at the index, with everything that reads it; and the few views that readers share."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from queue import LifoQueue
from typing import TYPE_CHECKING, Protocol

from exocortex.browsing import Browser
from exocortex.config import Config
from exocortex.core.query import Query, parse_query, with_scope
from exocortex.retrieval import Retriever
from exocortex.storage.catalog import Catalog
from exocortex.storage.ledger import Ledger

if TYPE_CHECKING:
    from exocortex.core.ports import Embedder, Reranker
    from exocortex.embedders import Embedders
    from exocortex.meaning import Meaning

READERS = 4
"""Calls that read at the same time; more wait, for they would only take each other's time."""


@dataclass(frozen=True, slots=True)
class View:
    """What is needed to answer a question, all over one connection."""

    ledger: Ledger
    catalog: Catalog
    browser: Browser
    retriever: Retriever
    embedder: Callable[[], Embedder]
    """The one whose vectors serve; raises EngineError."""
    today: Callable[[], date]

    def query(self, text: str, *, literal: bool = False, scope: str = "") -> Query:
        """The text parsed, narrowed to the scope's filters."""
        today = self.today()
        names = self.catalog.property_names() if ":" in text + scope else frozenset[str]()
        query = parse_query(text, properties=names, today=today, literal=literal)
        return with_scope(query, parse_query(scope, properties=names, today=today)) if scope else query


def look(
    config: Config,
    ledger: Ledger,
    meaning: Meaning,
    embedders: Embedders,
    today: Callable[[], date],
    reranker: Reranker | None = None,
) -> View:
    """A view over this connection."""

    def embedder() -> Embedder:
        return embedders.serving(ledger)

    catalog = Catalog(ledger.connection)
    roots = {folder.name: folder.root for folder in config.folders}
    browser = Browser(catalog, config.folders, config.index.max_file_bytes)
    retriever = Retriever(catalog, ledger.vectors, meaning, roots, embedder, reranker)
    return View(ledger, catalog, browser, retriever, embedder, today)


class Views(Protocol):
    """Lends views of the index."""

    def open(self) -> AbstractContextManager[View]:
        """A view for the length of one call."""
        ...

    def close(self) -> None:
        """Let go of them."""
        ...


class SoleView:
    """For a process that reads and writes on one thread: what it has written is seen at once."""

    def __init__(self, view: View) -> None:
        self._view = view

    @contextmanager
    def open(self) -> Iterator[View]:
        """The view."""
        yield self._view

    def close(self) -> None:
        """Nothing to let go of: the connection is the writer's."""


class SharedViews:
    """A few connections for reading, lent one call at a time; each call sees one state of the index throughout."""

    def __init__(self, home: Path, make: Callable[[Ledger], View], readers: int = READERS) -> None:
        self._free: LifoQueue[View] = LifoQueue()
        self._opened = ExitStack()
        for _ in range(readers):
            ledger = Ledger.reading(home)
            self._opened.callback(ledger.close)
            self._free.put(make(ledger))

    def open(self) -> AbstractContextManager[View]:
        """A view for the length of a call, which waits for one if all are lent."""
        return self._lent()

    @contextmanager
    def _lent(self) -> Iterator[View]:
        view = self._free.get()
        connection = view.ledger.connection
        try:
            connection.execute("BEGIN")
            yield view
        finally:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            self._free.put(view)

    def close(self) -> None:
        """Close the connections; before the writer's, which then is the last one and writes the log out."""
        self._opened.close()
