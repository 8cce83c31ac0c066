"""Cortex: the one object behind every face, grouped by noun: index, search, answers, notes."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from datetime import date, datetime
from pathlib import Path
from threading import Event as StopEvent
from typing import TYPE_CHECKING

from exocortex.browsing import Browser
from exocortex.config import Config
from exocortex.core.answers import Answer, Coverage, Hit
from exocortex.core.chunks import embedding_input
from exocortex.core.errors import EngineError, ExocortexError, UsageError, VaultError
from exocortex.core.events import Event
from exocortex.core.query import Query, parse_query, with_scope
from exocortex.core.results import (
    Found,
    Freshness,
    Inspected,
    InspectedChunk,
    Mode,
    NoteLinks,
    NoteText,
    RecentNote,
    Sort,
    TagCount,
    TaskOfNote,
)
from exocortex.core.status import Status
from exocortex.indexing import Indexer
from exocortex.meaning import Meaning
from exocortex.retrieval import Retrieved, Retriever
from exocortex.storage.catalog import Catalog
from exocortex.storage.database import blames_file, explain
from exocortex.storage.ledger import Ledger
from exocortex.storage.lock import IndexLock
from exocortex.storage.state import State

if TYPE_CHECKING:
    from exocortex.core.ports import Embedder, VectorIndex

ANSWER_NOTES, ANSWER_PASSAGES = 20, 32
"""Where an answer is looked for: in the best passages of the best notes."""

NEAREST_NOTES = 5
"""Notes shown with an answer, or in the place of one."""


class Cortex:
    """Holds the index for as long as it is open."""

    def __init__(
        self,
        config: Config,
        lock: IndexLock,
        embedder: Callable[[str], Embedder],
        vectors: Callable[[Path], VectorIndex],
        today: Callable[[], date],
    ) -> None:
        with ExitStack() as opened:
            opened.callback(lock.release)
            self._state = opened.enter_context(closing(State(config.home)))
            self._ledger = opened.enter_context(closing(Ledger(config.home)))
            self._meaning = opened.enter_context(closing(Meaning(config.home, self._ledger, vectors)))
            try:
                self._assemble(config, embedder, today)
            except sqlite3.DatabaseError as error:
                if blames_file(error):
                    raise explain(self._ledger.path, error) from error
                raise
            self._opened = opened.pop_all()

    def _assemble(self, config: Config, embedder: Callable[[str], Embedder], today: Callable[[], date]) -> None:
        engines = _Embedders(config.embedder.name, self._ledger, embedder)
        indexer = Indexer(config, self._ledger, self._state, self._meaning, engines.target, engines.other)
        catalog = Catalog(self._ledger.connection)
        browser = Browser(catalog, config.folders, config.index.max_file_bytes)
        roots = {folder.name: folder.root for folder in config.folders}
        retriever = Retriever(catalog, self._meaning, roots, engines.serving)
        self.index = Index(config, self._ledger, indexer, engines)
        self.search = Search(self.index, catalog, browser, retriever, today)
        self.answers = Answers(self.index, self.search, engines.serving)
        self.notes = Notes(self.index, self.search, browser, catalog, self._ledger, engines.serving)

    def __enter__(self) -> Cortex:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: object) -> None:
        """Close; raises IndexStoreError in the place of what SQLite said of a damaged file or a full disk."""
        if blames_file(error):
            path = self._ledger.path if self._state.is_sound() else self._state.path
            self.close()
            raise explain(path, error) from error
        self.close()

    def close(self) -> None:
        """Write everything out and let go of the index."""
        self._opened.close()


class _Embedders:
    """The configured embedder, and the one whose vectors serve until the configured one's are complete."""

    def __init__(self, name: str, ledger: Ledger, make: Callable[[str], Embedder]) -> None:
        self._ledger = ledger
        self.target = make(name)
        self.other: Embedder | None = None
        serving, former = ledger.get("serving"), ledger.get("serving_name")
        if serving is None:
            ledger.put("serving", self.target.fingerprint)
            ledger.put("serving_name", self.target.name)
        elif serving != self.target.fingerprint and former is not None:
            self.other = self._former(former, serving, make)

    @staticmethod
    def _former(name: str, fingerprint: str, make: Callable[[str], Embedder]) -> Embedder | None:
        """The embedder that served so far, if it can still be had as it was."""
        try:
            embedder = make(name)
        except ExocortexError:
            return None
        return embedder if embedder.fingerprint == fingerprint else None

    def serving(self) -> Embedder:
        """The embedder that answers now; raises EngineError if its model is gone and the next isn't ready."""
        serving = self._ledger.get("serving")
        for embedder in (self.target, self.other):
            if embedder is not None and embedder.fingerprint == serving:
                return embedder
        raise EngineError("The vectors at hand belong to another embedder.", "Run `exo index` to make new ones.")


class Index:
    """The index as a whole."""

    def __init__(self, config: Config, ledger: Ledger, indexer: Indexer, engines: _Embedders) -> None:
        self._config = config
        self._ledger = ledger
        self._indexer = indexer
        self._engines = engines

    def run(self, *, retry: bool = False, stop: StopEvent | None = None) -> Iterator[Event]:
        """Bring the index up to date, words first, then meaning; setting `stop` ends it soon and keeps what is done."""
        if not self._ledger.folders():
            self._require_folders()
        return self._indexer.run(retry=retry, stop=stop)

    def refresh(self) -> tuple[str, ...]:
        """Make what changed searchable by words, for about a second at most; returns what people should know."""
        self._indexer.refresh()
        self._require_folders()
        return self._indexer.away

    def status(self) -> Status:
        """The ledger, without looking at the disk."""
        ledger, target = self._ledger, self._engines.target
        serving = ledger.get("serving") or target.fingerprint
        folders = tuple(
            ledger.folder_status(folder.name, str(folder.root), missing=not folder.root.is_dir())
            for folder in self._config.folders
        )
        other = serving != target.fingerprint
        return Status(
            home=str(self._config.home),
            folders=folders,
            skipped=ledger.skipped(),
            chunks=ledger.chunk_count(),
            embedding=ledger.vectors.notes_missing(target.fingerprint),
            chunks_to_embed=ledger.vectors.missing_count(target.fingerprint),
            embedder=ledger.get("serving_name") or target.name,
            next_embedder=target.name if other else None,
            as_of=ledger.scanned_at(),
            bytes_on_disk=_size(self._config.home),
        )

    def freshness(self) -> Freshness:
        """How current a result is."""
        serving = self._ledger.get("serving") or ""
        as_of = self._ledger.scanned_at() or datetime.now().astimezone()
        return Freshness(as_of, self._ledger.pending_count(), self._ledger.vectors.notes_missing(serving))

    def _require_folders(self) -> None:
        if not self._config.folders:
            raise VaultError("No folder of notes is set up yet.", "Add yours with `exo init FOLDER`.")


class Search:
    """Searching."""

    def __init__(
        self, index: Index, catalog: Catalog, browser: Browser, retriever: Retriever, today: Callable[[], date]
    ) -> None:
        self._index = index
        self._catalog = catalog
        self._browser = browser
        self._retriever = retriever
        self._today = today

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
        query = self.query(text, literal=literal, scope=scope)
        return self._found(self._retriever.search(query, mode, limit, sort=sort, chunks=chunks), mode, notices)

    def similar(self, note: str, *, limit: int = 10) -> Found:
        """Notes nearest in meaning to this one, itself left out."""
        notices = self._index.refresh()
        return self._found(self._retriever.similar(self._browser.find(note), limit), "meaning", notices)

    def query(self, text: str, *, literal: bool = False, scope: str = "") -> Query:
        """The text parsed, narrowed to the scope's filters."""
        names, today = self._catalog.property_names(), self._today()
        query = parse_query(text, properties=names, today=today, literal=literal)
        return with_scope(query, parse_query(scope, properties=names, today=today)) if scope else query

    def evidence(self, query: Query) -> Retrieved:
        """Passages for a question, several a note."""
        return self._retriever.evidence(query, ANSWER_NOTES, ANSWER_PASSAGES)

    def _found(self, found: Retrieved, mode: Mode, notices: tuple[str, ...]) -> Found:
        freshness = self._index.freshness()
        return Found(found.hits, mode, freshness, (*notices, *found.notices), found.explained, found.milliseconds)


class Answers:
    """Questions, answered from the notes alone."""

    def __init__(self, index: Index, search: Search, embedder: Callable[[], Embedder]) -> None:
        self._index = index
        self._search = search
        self._embedder = embedder

    def ask(self, question: str, *, scope: str = "", literal: bool = False) -> Answer:
        """The sentences that answer, each with its evidence, or an abstention with the nearest notes."""
        from exocortex.answering import ExtractiveEngine

        if not question.strip():
            raise UsageError("There is no question.", 'Ask one: exo ask "When does the lease end?"')
        self._index.refresh()
        query = self._search.query(question, literal=literal, scope=scope)
        found = self._search.evidence(query)
        engine = ExtractiveEngine(self._embedder())
        draft = engine.answer(query.text or question, found.hits)
        return Answer(
            question=question,
            abstained=draft.abstained,
            engine=engine.name,
            confidence=draft.confidence,
            sentences=() if draft.abstained else draft.sentences,
            citations=() if draft.abstained else draft.citations,
            coverage=self._coverage(found.searched),
            hits=_best_of_each(found.hits)[:NEAREST_NOTES],
        )

    def _coverage(self, searched: int) -> Coverage:
        status = self._index.status()
        freshness = self._index.freshness()
        return Coverage(
            notes=sum(folder.on_disk for folder in status.folders),
            searched=searched,
            pending=freshness.pending,
            embedding=freshness.embedding,
            skipped=sum(folder.skipped for folder in status.folders),
            as_of=freshness.as_of,
        )


class Notes:
    """Single notes, and the lists over all of them."""

    def __init__(
        self,
        index: Index,
        search: Search,
        browser: Browser,
        catalog: Catalog,
        ledger: Ledger,
        embedder: Callable[[], Embedder],
    ) -> None:
        self._index = index
        self._search = search
        self._browser = browser
        self._catalog = catalog
        self._ledger = ledger
        self._embedder = embedder

    def show(self, note: str) -> NoteText:
        """The note's file as it is now."""
        self._index.refresh()
        return self._browser.text(self._browser.find(note))

    def links(self, note: str) -> NoteLinks:
        """Where it leads, what leads to it, and what leads nowhere."""
        self._index.refresh()
        return self._browser.links(self._browser.find(note))

    def inspect(self, note: str) -> Inspected:
        """The note as the index sees it."""
        self._index.refresh()
        found, catalog = self._browser.find(note), self._catalog
        row = found.row
        return Inspected(
            note=found.ref,
            file=self._browser.file(found),
            digest=found.digest,
            tags=catalog.tags_of(row),
            aliases=catalog.aliases_of(row),
            properties=catalog.properties_of(row),
            headings=catalog.headings_of(row),
            links=catalog.links_of(row),
            tasks=catalog.tasks_of(row),
            warnings=found.warnings,
            chunks=self._inspected_chunks(row),
        )

    def recent(self, limit: int = 20) -> list[RecentNote]:
        """Notes by the time their file changed, newest first."""
        self._index.refresh()
        return self._browser.recent(limit)

    def tags(self) -> list[TagCount]:
        """Every tag, most used first."""
        self._index.refresh()
        return self._browser.tags()

    def tasks(self, *, done: bool = False, scope: str = "") -> list[TaskOfNote]:
        """Open tasks (or done ones), by note."""
        self._index.refresh()
        return self._browser.tasks(done, self._search.query("", scope=scope))

    def _inspected_chunks(self, row: int) -> tuple[InspectedChunk, ...]:
        chunks = [placed.chunk for placed in self._catalog.chunks_of([row])]
        embedder = self._embedder()
        inputs = [embedding_input(chunk.title, chunk.headings, chunk.text) for chunk in chunks]
        tokens = embedder.token_counter()(inputs)
        known, _ = self._ledger.vectors.of(embedder.fingerprint, [chunk.key for chunk in chunks])
        return tuple(
            InspectedChunk(
                *(chunk.key, chunk.headings, chunk.first_line, chunk.last_line, count, chunk.key in set(known)),
                text=chunk.text,
            )
            for chunk, count in zip(chunks, tokens, strict=True)
        )


def _best_of_each(hits: tuple[Hit, ...]) -> tuple[Hit, ...]:
    """The first hit of every note."""
    return tuple({hit.note.id: hit for hit in reversed(hits)}[note] for note in dict.fromkeys(h.note.id for h in hits))


def _size(home: Path) -> int:
    """Bytes of the index and the vectors."""
    files = [*home.glob("index.db*"), *(home / "vectors").rglob("*")]
    return sum(file.stat().st_size for file in files if file.is_file())
