"""Single notes, and the lists over all of them."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from pathlib import Path

from exocortex.core.chunks import embedding_input
from exocortex.core.notes import Heading, NoteRef, Task
from exocortex.core.results import (
    FilterValues,
    FolderContents,
    Inspected,
    InspectedChunk,
    NoteLinks,
    NoteText,
    RecentNote,
    TagCount,
    TaskOfNote,
)
from exocortex.cortex.index import Index
from exocortex.ticking import tick
from exocortex.views import View, Views

OLD_DAYS = 30
"""How long a note has to be left alone to be worth seeing again."""


class Notes:
    """Single notes, and the lists over all of them."""

    def __init__(self, index: Index, views: Views, home: Path) -> None:
        self._index = index
        self._views = views
        self._home = home

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

    def outline(self, note: str) -> list[Heading]:
        """Its headings, in order."""
        self._index.refresh()
        with self._views.open() as view:
            return list(view.catalog.headings_of(view.browser.find(note).row))

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

    def contents(self, folder: str, path: str = "", *, after: str = "", limit: int = 500) -> FolderContents:
        """What lies directly in this place of a folder of notes."""
        self._index.refresh()
        with self._views.open() as view:
            view.browser.check_folder(folder)
            return view.listing.contents(folder, path, after, limit)

    def named(self, text: str, *, limit: int = 50) -> list[NoteRef]:
        """Notes that have these words in their path or title."""
        self._index.refresh()
        with self._views.open() as view:
            return view.listing.named(text, limit)

    def tags(self) -> list[TagCount]:
        """Every tag, most used first."""
        self._index.refresh()
        with self._views.open() as view:
            return view.browser.tags()

    def filters(self) -> list[FilterValues]:
        """What notes can be filtered by."""
        with self._views.open() as view:
            return view.browser.filters()

    def tasks(self, *, done: bool = False, scope: str = "") -> list[TaskOfNote]:
        """Open tasks (or done ones), by note."""
        self._index.refresh()
        with self._views.open() as view:
            return view.browser.tasks(done, view.query("", scope=scope))

    def tick(self, note: str, line: int, text: str, done: bool) -> TaskOfNote:
        """Mark a task done, or open; searches see it at once."""
        self._index.refresh()
        with self._views.open() as view:
            found = view.browser.find(note)
            root, file = view.browser.root(found), view.browser.file(found)
        task = Task(text, done, line)
        tick(root, found.raw, task, self._home)
        self._index.refresh()
        return TaskOfNote(found.ref, file, task)

    def again(self, day: date) -> RecentNote | None:
        """A note that was left alone for long, another one every day."""
        self._index.refresh()
        before = datetime.combine(day - timedelta(days=OLD_DAYS), time.min).astimezone()
        with self._views.open() as view:
            return view.browser.again(before, day)


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
