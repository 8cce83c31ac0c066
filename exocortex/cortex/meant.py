"""Meant: which notes the words of a summary mean: a note, else a folder, else what a query finds."""

from __future__ import annotations

import os
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from exocortex.config import Folder
from exocortex.core.answers import Hit
from exocortex.core.chunks import Chunk
from exocortex.core.errors import UsageError
from exocortex.core.query import Query
from exocortex.core.summaries import Scope
from exocortex.core.words import clean, fts_any
from exocortex.retrieval import Retrieved
from exocortex.storage.catalog import NoteRow
from exocortex.summarizing import Source
from exocortex.views import View, Views

QUERY_NOTES, QUERY_PASSAGES = 20, 40
"""What a query with words is taken to mean: the best passages of the best notes."""

_LEAST_SCORE = 0.4
"""Share of the best score that a note found by such a query must have."""
_LEAST_SIMILARITY = 0.3
"""Cosine that a note must have which holds none of its words."""
_LEAST_ALONE = 0.5
"""The same where no note holds any. Of 16 made-up words, the nearest of 1,200 notes of til, 1,500 pages of tldr and 400
parts of qmsum came to .42, .48 and .28 at most; of 300 headings of til, three in four came to .52 of their notes."""
_NOTES_AT_ONCE = 50
"""Read in one look at the index: a long summary holds no connection while it thinks."""


@dataclass(frozen=True, slots=True)
class Picked:
    """A note that is meant, and which of its lines if not all."""

    row: int
    id: str
    within: tuple[tuple[int, int], ...] | None = None


@dataclass(frozen=True, slots=True)
class Meant:
    """What some words mean."""

    scope: Scope
    title: str
    picked: tuple[Picked, ...]
    focus: str = ""
    """What is asked about, if the words are more than filters."""
    notices: tuple[str, ...] = ()


def meant(view: View, folders: Sequence[Folder], what: str) -> Meant:
    """What these words mean; no notes picked if a query finds nothing. Raises UsageError."""
    what = clean(what).strip()
    if not what:
        raise UsageError("There is nothing to summarize.", "Name a note, a folder or a query: exo summarize tag:work")
    if view.browser.called(what):
        note = view.browser.find(what)
        return Meant("note", f"Note “{note.ref.title}”", picks([note]))
    below = _below(view, folders, what)
    if below:
        return Meant("folder", f"Folder {_shown(folders, what)}", picks(below))
    return _found(view, what)


def sources(views: Views, picked: Sequence[Picked]) -> Iterator[Source]:
    """The notes that are meant, some at a time; those whose files are gone, or that changed places, are left out."""
    for start in range(0, len(picked), _NOTES_AT_ONCE):
        part = picked[start : start + _NOTES_AT_ONCE]
        with views.open() as view:
            found = list(_read(view, part))
        yield from found


def _read(view: View, picked: Sequence[Picked]) -> Iterator[Source]:
    notes = view.catalog.notes(one.row for one in picked)
    chunks: dict[int, list[Chunk]] = {}
    for placed in view.catalog.chunks_of(notes):
        chunks.setdefault(placed.note, []).append(placed.chunk)
    for one in picked:
        note = notes.get(one.row)
        if note is None or note.ref.id != one.id or not view.browser.is_there(note):
            continue
        yield Source(note.ref, view.browser.file(note), tuple(chunks.get(one.row, ())), one.within)


def picks(notes: Iterable[NoteRow]) -> tuple[Picked, ...]:
    """All of each of these notes."""
    return tuple(Picked(note.row, note.ref.id) for note in notes)


def _below(view: View, folders: Sequence[Folder], what: str) -> list[NoteRow]:
    """Notes of the folders of notes called so, or else below such a path in any of them."""
    places = _places(folders, what)
    return [note for folder, path in places for note in view.catalog.below(folder, path)]


def _places(folders: Sequence[Folder], what: str) -> list[tuple[str, str]]:
    """(folder of notes, path in it) for everything that these words may name."""
    names = [folder.name for folder in folders]
    if Path(what).is_absolute():
        place = Path(os.path.realpath(what))
        inside = [folder for folder in folders if place.is_relative_to(folder.root)]
        return [(one.name, _written(place.relative_to(one.root))) for one in inside]
    named = [(name, "") for name in names if name.casefold() == what.strip("/").casefold()]
    if named:
        return named
    folder, colon, path = what.partition(":")
    if colon and folder in names:
        return [(folder, path)]
    return [(name, what) for name in names if what.strip("/.")]


def _written(path: Path) -> str:
    return "" if path == Path() else unicodedata.normalize("NFC", path.as_posix())


def _shown(folders: Sequence[Folder], what: str) -> str:
    """The folder as people write it: relative to its folder of notes."""
    if not Path(what).is_absolute():
        return what.rstrip("/")
    [(name, path), *_] = _places(folders, what)
    return path or name


def _found(view: View, what: str) -> Meant:
    query = view.query(what)
    title = f"Notes found by {what}"
    if query.empty:
        return Meant("query", title, _listed(view, query))
    found = view.retriever.evidence(query, QUERY_NOTES, QUERY_PASSAGES)
    return Meant("query", title, _of_hits(view, _relevant(found)), query.text, found.notices)


def _listed(view: View, query: Query) -> tuple[Picked, ...]:
    """Every note that meets the filters, the newest first; none if these words are no filter either."""
    among = view.catalog.matching(query.filters, query.dates, fts_any(query.excluded))
    notes = view.catalog.notes(among or ()).values()
    return picks(sorted(notes, key=lambda note: (note.ref.date or date.min, note.row), reverse=True))


def _relevant(found: Retrieved) -> list[Hit]:
    """A search by meaning finds something for any words: what is far from them is no part of a summary."""
    least = _LEAST_SCORE * max((hit.score for hit in found.hits), default=0.0)
    similar = _LEAST_ALONE if found.unmet else _LEAST_SIMILARITY
    return [
        hit
        for hit, why in zip(found.hits, found.explained, strict=True)
        if hit.score >= least and (why.words is not None or (why.meaning or 0.0) >= similar)
    ]


def _of_hits(view: View, hits: Sequence[Hit]) -> tuple[Picked, ...]:
    """The notes of these passages, best first, each with the lines found."""
    lines: dict[tuple[str, str], list[tuple[int, int]]] = {}
    for hit in hits:
        lines.setdefault((hit.note.folder, hit.note.path), []).append((hit.chunk.first_line, hit.chunk.last_line))
    rows = [(view.catalog.at(*place), ranges) for place, ranges in lines.items()]
    return tuple(Picked(row.row, row.ref.id, tuple(ranges)) for row, ranges in rows if row is not None)
