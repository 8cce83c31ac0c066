"""View: one consistent look at the index, with everything that reads it; and the few views that readers share."""

from __future__ import annotations

import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, closing, contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from exocortex.browsing import Browser
from exocortex.config import Config
from exocortex.core.errors import IndexStoreError
from exocortex.core.query import Query, parse_query, with_scope
from exocortex.retrieval import Retriever
from exocortex.storage.catalog import Catalog
from exocortex.storage.ledger import Ledger
from exocortex.storage.listing import Listing

if TYPE_CHECKING:
    from exocortex.core.ports import Embedder, Reranker
    from exocortex.embedders import Embedders
    from exocortex.meaning import Meaning

READERS = 4
"""Calls that read at the same time; more wait, for they would only take each other's time."""

CLOSE_SECONDS = 2.0
"""What calls that were interrupted may take to end."""

_PAUSE = 0.05
_CLOSED = ("The index was closed meanwhile.", "Run the command again.")


@dataclass(frozen=True, slots=True)
class View:
    """What is needed to answer a question, all over one connection."""

    ledger: Ledger
    catalog: Catalog
    browser: Browser
    listing: Listing
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
    return View(ledger, catalog, browser, Listing(ledger.connection), retriever, embedder, today)


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
        self._turn = threading.Condition()
        self._closing = self._closed = False
        self._lent: list[View] = []
        self._free: list[View] = []
        with ExitStack() as opened:
            for _ in range(readers):
                ledger = opened.enter_context(closing(Ledger.reading(home)))
                self._free.append(make(ledger))
            opened.pop_all()

    @contextmanager
    def open(self) -> Iterator[View]:
        """A view for the length of a call, which waits for one if all are lent. Raises IndexStoreError once closed."""
        with self._turn:
            self._turn.wait_for(lambda: self._free or self._closing)
            if self._closing:
                raise IndexStoreError(*_CLOSED)
            view = self._free.pop()
            self._lent.append(view)
        try:
            view.ledger.connection.execute("BEGIN")
            yield view
        except sqlite3.OperationalError as error:
            if self._closing:
                raise IndexStoreError(*_CLOSED) from error
            raise
        finally:
            self._take_back(view)

    def _take_back(self, view: View) -> None:
        try:
            if view.ledger.connection.in_transaction:
                view.ledger.connection.execute("ROLLBACK")
        finally:
            with self._turn:
                self._lent = [one for one in self._lent if one is not view]
                self._free.append(view)
                self._turn.notify_all()
                if self._closed:
                    self._close_free()

    def close(self, seconds: float = CLOSE_SECONDS) -> None:
        """Close the connections; before the writer's, which then is the last one and writes the log out.

        Calls that run are interrupted. What one of them still has after so long is closed when it is given back:
        SQLite would take the whole process down if it were closed in use.
        """
        with self._turn:
            self._closing = True
            self._turn.notify_all()
            deadline = time.monotonic() + seconds
            while self._lent and time.monotonic() < deadline:
                for view in self._lent:
                    view.ledger.connection.interrupt()
                self._turn.wait(_PAUSE)
            self._closed = True
            self._close_free()

    def _close_free(self) -> None:
        while self._free:
            self._free.pop().ledger.close()
