"""Cortex: the one object behind every face, grouped by noun: index, search, answers, notes."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, closing
from datetime import date, datetime
from pathlib import Path
from threading import Event as StopEvent
from typing import TYPE_CHECKING, Protocol

from exocortex.config import Config
from exocortex.core.answers import Answer, Coverage, Hit
from exocortex.core.chunks import embedding_input
from exocortex.core.errors import IndexStoreError, UsageError, VaultError
from exocortex.core.events import Event, Happening
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
from exocortex.embedders import Embedders
from exocortex.indexing import Indexer
from exocortex.meaning import Meaning
from exocortex.retrieval import Retrieved
from exocortex.storage.damage import blame
from exocortex.storage.database import blames_file, explain
from exocortex.storage.ledger import Ledger
from exocortex.storage.lock import IndexLock
from exocortex.storage.state import State
from exocortex.upkeep import Upkeep
from exocortex.views import SharedViews, SoleView, View, look

if TYPE_CHECKING:
    from exocortex.core.ports import Embedder, VectorIndex
    from exocortex.watching import Watcher

ANSWER_NOTES, ANSWER_PASSAGES = 20, 32
"""Where an answer is looked for: in the best passages of the best notes."""

RECALL_SAMPLE = 50
"""Vectors whose neighbours are looked for in both ways."""

NEAREST_NOTES = 5
"""Notes shown with an answer, or in the place of one."""


class Views(Protocol):
    """Lends views of the index."""

    def open(self) -> AbstractContextManager[View]:
        """A view for the length of one call."""
        ...

    def close(self) -> None:
        """Let go of them."""
        ...


class Cortex:
    """Holds the index for as long as it is open.

    With a `watcher` it keeps the index current by itself, on a thread of its own, and may be asked from many threads;
    without, everything happens when it is asked for, on the one thread that asks.
    """

    def __init__(
        self,
        config: Config,
        lock: IndexLock | None,
        embedder: Callable[[str], Embedder],
        vectors: Callable[[Path], VectorIndex],
        today: Callable[[], date],
        *,
        watcher: Callable[[Callable[[], None]], Watcher] | None = None,
    ) -> None:
        """`lock` is held and released at the end; None if whoever opens this keeps it."""
        with ExitStack() as opened:
            if lock is not None:
                opened.callback(lock.release)
            self._state = opened.enter_context(closing(State(config.home)))
            self._ledger = opened.enter_context(closing(Ledger(config.home)))
            self._meaning = Meaning(config.home, self._ledger, vectors, in_memory=watcher is not None)
            opened.enter_context(closing(self._meaning))
            try:
                self._assemble(config, embedder, today, opened, watcher)
            except sqlite3.DatabaseError as error:
                if blames_file(error):
                    raise explain(self._ledger.path, error) from error
                raise
            self._opened = opened.pop_all()

    def _assemble(
        self,
        config: Config,
        embedder: Callable[[str], Embedder],
        today: Callable[[], date],
        opened: ExitStack,
        watcher: Callable[[Callable[[], None]], Watcher] | None,
    ) -> None:
        embedders = Embedders(config.embedder.name, self._ledger, embedder)
        indexer = Indexer(config, self._ledger, self._state, self._meaning, embedders.target, embedders.other)

        def viewed(ledger: Ledger) -> View:
            return look(config, ledger, self._meaning, embedders, today)

        views: Views = SoleView(viewed(self._ledger)) if watcher is None else SharedViews(config.home, viewed)
        opened.enter_context(closing(views))
        self.upkeep: Upkeep | None = None
        if watcher is not None:
            chores = (lambda: _deliver(config), self._back_up)
            self.upkeep = Upkeep(indexer, self._ledger, self._attach, watcher, chores)
            opened.enter_context(closing(self.upkeep))
        self.index = Index(config, views, indexer, embedders, self._meaning, self.upkeep)
        self.search = Search(self.index, views)
        self.answers = Answers(self.index, views)
        self.notes = Notes(self.index, views)
        if self.upkeep is not None:
            self.upkeep.start()

    def _attach(self) -> None:
        self._meaning.attach(self._ledger.get("serving") or "")

    def _back_up(self) -> None:
        self._state.back_up()

    def __enter__(self) -> Cortex:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: object) -> None:
        """Close; raises IndexStoreError in the place of what a damaged file or a full disk led to."""
        explained = self.explain(error) if blames_file(error) else None
        self.close()
        explained = explained or (blame(self._ledger.path.parent, error) if error is not None else None)
        if explained is not None:
            raise explained from error

    def explain(self, error: sqlite3.Error) -> IndexStoreError:
        """Which file SQLite found fault with, and what to do about it."""
        return explain(self._ledger.path if self._state.is_sound() else self._state.path, error)

    def close(self) -> None:
        """Write everything out and let go of the index."""
        self._opened.close()


class Index:
    """The index as a whole."""

    def __init__(
        self,
        config: Config,
        views: Views,
        indexer: Indexer,
        embedders: Embedders,
        meaning: Meaning,
        upkeep: Upkeep | None,
    ) -> None:
        self._config = config
        self._views = views
        self._indexer = indexer
        self._embedders = embedders
        self._meaning = meaning
        self._upkeep = upkeep

    def run(
        self, *, retry: bool = False, accept_deletions: bool = False, stop: StopEvent | None = None
    ) -> Iterator[Event]:
        """Bring the index up to date, words first, then meaning; setting `stop` ends it soon and keeps what is done."""
        with self._views.open() as view:
            if not view.ledger.folders():
                self._require_folders()
        if self._upkeep is not None:
            return self._upkeep.run(retry=retry, accept_deletions=accept_deletions, stop=stop or StopEvent())
        return self._indexer.run(retry=retry, accept_deletions=accept_deletions, stop=stop)

    def watch(self, *, stop: StopEvent | None = None) -> Iterator[Happening]:
        """What happens to the index from now on, until `stop` is set."""
        if self._upkeep is None:
            raise UsageError("Nothing watches the notes in this process.", "See: exo watch")
        return self._upkeep.watch(stop or StopEvent())

    def recall(self) -> float | None:
        """Share of the true nearest neighbours that Chroma finds on a sample; None while it isn't searched."""
        with self._views.open() as view:
            return self._meaning.recall(view.ledger.vectors, view.ledger.get("serving") or "", RECALL_SAMPLE)

    def pause(self) -> None:
        """Do nothing in the background until told to go on."""
        self._set_paused(True)

    def resume(self) -> None:
        """Go on with what `pause` held up."""
        self._set_paused(False)

    def _set_paused(self, paused: bool) -> None:
        if self._upkeep is not None:
            self._upkeep.pause(paused)
        else:
            self._indexer.set_paused(paused)

    def refresh(self) -> tuple[str, ...]:
        """Make what changed searchable by words, for about a second at most; returns what people should know."""
        self._require_folders()
        if self._upkeep is None:
            self._indexer.refresh()
            return (*self._indexer.away, *self._meaning.notices())
        self._upkeep.flush()
        return (*self._upkeep.notices(), *self._indexer.away, *self._meaning.notices())

    def status(self) -> Status:
        """The ledger, without looking at the disk."""
        with self._views.open() as view:
            return self._status(view)

    def _status(self, view: View) -> Status:
        ledger, target = view.ledger, self._embedders.target
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
            notices=(*self._indexer.away, *self._meaning.notices()),
            owner=self._upkeep.status() if self._upkeep is not None else None,
        )

    def freshness(self, view: View) -> Freshness:
        """How current a result is."""
        serving = view.ledger.get("serving") or ""
        now = datetime.now().astimezone()
        current = self._upkeep is not None and self._upkeep.is_current()
        as_of = now if current else view.ledger.scanned_at() or now
        return Freshness(as_of, view.ledger.pending_count(), view.ledger.vectors.notes_missing(serving))

    def coverage(self, view: View, searched: int) -> Coverage:
        """How much of the notes could be looked at."""
        status = self._status(view)
        freshness = self.freshness(view)
        return Coverage(
            notes=sum(folder.on_disk for folder in status.folders),
            searched=searched,
            pending=freshness.pending,
            embedding=freshness.embedding,
            skipped=sum(folder.skipped for folder in status.folders),
            as_of=freshness.as_of,
        )

    def _require_folders(self) -> None:
        if not self._config.folders:
            raise VaultError("No folder of notes is set up yet.", "Add yours with `exo init FOLDER`.")


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

    def evidence(self, question: str, *, literal: bool = False, scope: str = "") -> Retrieved:
        """Passages for a question, several a note, from the index as it is."""
        with self._views.open() as view:
            query = view.query(question, literal=literal, scope=scope)
            return view.retriever.evidence(query, ANSWER_NOTES, ANSWER_PASSAGES)

    def _found(self, view: View, found: Retrieved, mode: Mode, notices: tuple[str, ...]) -> Found:
        freshness = self._index.freshness(view)
        return Found(found.hits, mode, freshness, (*notices, *found.notices), found.explained, found.milliseconds)


class Answers:
    """Questions, answered from the notes alone."""

    def __init__(self, index: Index, views: Views) -> None:
        self._index = index
        self._views = views

    def ask(self, question: str, *, scope: str = "", literal: bool = False) -> Answer:
        """The sentences that answer, each with its evidence, or an abstention with the nearest notes."""
        from exocortex.answering import ExtractiveEngine

        if not question.strip():
            raise UsageError("There is no question.", 'Ask one: exo ask "When does the lease end?"')
        self._index.refresh()
        with self._views.open() as view:
            query = view.query(question, literal=literal, scope=scope)
            found = view.retriever.evidence(query, ANSWER_NOTES, ANSWER_PASSAGES)
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
            )


class Notes:
    """Single notes, and the lists over all of them."""

    def __init__(self, index: Index, views: Views) -> None:
        self._index = index
        self._views = views

    def show(self, note: str) -> NoteText:
        """The note's file as it is now."""
        self._index.refresh()
        with self._views.open() as view:
            return view.browser.text(view.browser.find(note))

    def links(self, note: str) -> NoteLinks:
        """Where it leads, what leads to it, and what leads nowhere."""
        self._index.refresh()
        with self._views.open() as view:
            return view.browser.links(view.browser.find(note))

    def inspect(self, note: str) -> Inspected:
        """The note as the index sees it."""
        self._index.refresh()
        with self._views.open() as view:
            return self._inspect(view, note)

    def _inspect(self, view: View, note: str) -> Inspected:
        found, catalog = view.browser.find(note), view.catalog
        row = found.row
        return Inspected(
            note=found.ref,
            file=view.browser.file(found),
            digest=found.digest,
            tags=catalog.tags_of(row),
            aliases=catalog.aliases_of(row),
            properties=catalog.properties_of(row),
            headings=catalog.headings_of(row),
            links=catalog.links_of(row),
            tasks=catalog.tasks_of(row),
            warnings=found.warnings,
            chunks=_inspected_chunks(view, row),
        )

    def recent(self, limit: int = 20) -> list[RecentNote]:
        """Notes by the time their file changed, newest first."""
        self._index.refresh()
        with self._views.open() as view:
            return view.browser.recent(limit)

    def tags(self) -> list[TagCount]:
        """Every tag, most used first."""
        self._index.refresh()
        with self._views.open() as view:
            return view.browser.tags()

    def tasks(self, *, done: bool = False, scope: str = "") -> list[TaskOfNote]:
        """Open tasks (or done ones), by note."""
        self._index.refresh()
        with self._views.open() as view:
            return view.browser.tasks(done, view.query("", scope=scope))


def _inspected_chunks(view: View, row: int) -> tuple[InspectedChunk, ...]:
    chunks = [placed.chunk for placed in view.catalog.chunks_of([row])]
    embedder = view.embedder()
    inputs = [embedding_input(chunk.title, chunk.headings, chunk.text) for chunk in chunks]
    tokens = embedder.token_counter()(inputs)
    known, _ = view.ledger.vectors.of(embedder.fingerprint, [chunk.key for chunk in chunks])
    return tuple(
        InspectedChunk(
            *(chunk.key, chunk.headings, chunk.first_line, chunk.last_line, count, chunk.key in set(known)),
            text=chunk.text,
        )
        for chunk, count in zip(chunks, tokens, strict=True)
    )


def _deliver(config: Config) -> str | None:
    """Make notes of captures that a crash or an absent folder left in the journal; returns what people should know."""
    from exocortex.capturing import deliver, waiting

    late = [one for one in deliver(config) if not one.delivered] if waiting(config) else []
    return f"{len(late)} captured in the journal and not in a note yet: {late[0].reason}." if late else None


def _best_of_each(hits: tuple[Hit, ...]) -> tuple[Hit, ...]:
    """The first hit of every note."""
    return tuple({hit.note.id: hit for hit in reversed(hits)}[note] for note in dict.fromkeys(h.note.id for h in hits))


def _size(home: Path) -> int:
    """Bytes of the index and the vectors."""
    files = [*home.glob("index.db*"), *(home / "vectors").rglob("*")]
    return sum(file.stat().st_size for file in files if file.is_file())
