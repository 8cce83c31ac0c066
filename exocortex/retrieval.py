"""Retrieval: which notes answer a query, and which passage of each. By words, by meaning, or by both."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from exocortex.core.answers import Hit, Ranks
from exocortex.core.chunks import Chunk
from exocortex.core.errors import EngineError
from exocortex.core.fusion import fuse
from exocortex.core.query import Query
from exocortex.core.results import Explained, Mode, Sort
from exocortex.core.words import Highlighter, content_terms, fts_any, fts_match, fts_pairs
from exocortex.passages import Passage, passages, snippet
from exocortex.reranking import RERANKED, rerank
from exocortex.spelling import respell
from exocortex.storage.catalog import Catalog, NoteRow, PlacedChunk
from exocortex.storage.vectors import Vectors as StoredVectors

if TYPE_CHECKING:
    from exocortex.core.ports import Embedder, Reranker
    from exocortex.meaning import Meaning, Nearness

WORD_WEIGHTS = (2.0, 1.0)
"""BM25 weights of a note's title (with its aliases) and its body."""

PAIR_WEIGHT = 0.2
"""What BM25 of pairs of neighbouring words adds to that of the words. nDCG@10: links-obsidian-hub .851 → .891, cacm
.519 → .537, scifact .689 → .697, med .696 → .693; anything from .1 to .4 does as well."""

CANDIDATES = 200
"""Notes taken from the words arm."""

NEIGHBOURS = 400
"""Chunks taken from the meaning arm: several may belong to one note."""

SCANNED_EXACTLY = 20_000
"""Chunks under a filter up to which all are compared, so that a filter never starves the search by meaning."""

HEARD = 10
"""Notes of which a question is shown a passage each, however many better ones the others have."""

MACHINE_WRITTEN = "machine-written"
"""The property of notes that people didn't write."""

_EMPTY = Query("", (), (), (), (), ())


@dataclass(frozen=True, slots=True)
class Retrieved:
    """Hits and how they came about."""

    hits: tuple[Hit, ...]
    explained: tuple[Explained, ...]
    notices: tuple[str, ...]
    milliseconds: tuple[tuple[str, float], ...]
    searched: int
    """Notes that could have been found, after filters."""
    away: tuple[str, ...] = ()
    """`folder:path` of notes that are no evidence, since their files are gone; their deletion isn't confirmed."""
    unmet: tuple[str, ...] = ()
    """The words, if no note has any: then the hits are near in meaning alone, which something always is."""


@dataclass(frozen=True, slots=True)
class _Arms:
    """Each arm's scores by note, greater is better, and what tells the similarity of chunks."""

    words: dict[int, float]
    meaning: dict[int, float]
    beside: Nearness | None

    def similarities(self, chunks: Iterable[PlacedChunk]) -> dict[str, float]:
        """Of those of these chunks that have a vector, by key."""
        return {} if self.beside is None else self.beside.similarities(placed.chunk.key for placed in chunks)


class Retriever:
    """Searches one index. `roots` gives each folder's root; `embedder` is asked for only when meaning is wanted."""

    def __init__(
        self,
        catalog: Catalog,
        vectors: StoredVectors,
        meaning: Meaning,
        roots: dict[str, Path],
        embedder: Callable[[], Embedder],
        reranker: Reranker | None = None,
    ) -> None:
        self._catalog = catalog
        self._vectors = vectors
        self._meaning = meaning
        self._roots = roots
        self._embedder = embedder
        self._reranker = reranker

    def search(
        self,
        query: Query,
        mode: Mode,
        limit: int,
        *,
        sort: Sort = "score",
        chunks: bool = False,
        notes: int | None = None,
    ) -> Retrieved:
        """The best `limit` notes (or chunks, of at most `notes` notes) for a query.

        Only filters and no words: the newest notes that meet them.
        """
        clock = _Clock()
        query, notices = self._respelled(query)
        among = self._catalog.matching(query.filters, query.dates, fts_any(query.excluded))
        clock.lap("filter")
        if query.empty:
            return self._listed(among, limit, notices, clock)
        arms, missing = self._arms(query, mode, among, clock)
        scores = _scores(arms, mode)
        clock.lap("fuse")
        if self._reranker is not None and sort == "score":
            scores, late = self._reranked(self._reranker, query, arms, scores)
            missing = (*missing, *late)
            clock.lap("rerank")
        order = self._ordered(scores, notes or limit, sort)
        hits, explained = self._hits(query, arms, scores, order, limit if chunks else None)
        clock.lap("passages")
        searched = self._catalog.count() if among is None else len(among)
        unmet = content_terms(query.words) if hits and mode == "hybrid" and not arms.words else ()
        return Retrieved(hits, explained, (*notices, *missing), clock.laps(), searched, unmet=unmet)

    def evidence(self, query: Query, notes: int, limit: int) -> Retrieved:
        """The best `limit` passages of the best `notes` notes for a question, as many of one note as deserve it.

        A note whose file is gone, while deletions wait to be confirmed, is no evidence; nor is one that a machine
        wrote, unless the query asks for such by their property.
        """
        found = self.search(query, "hybrid", limit, chunks=True, notes=notes)
        wanted = any(one.key == MACHINE_WRITTEN for one in query.filters)
        not_by_people = set[str]() if wanted else self._catalog.bearing(MACHINE_WRITTEN)
        pairs = zip(found.hits, found.explained, strict=True)
        kept = [pair for pair in pairs if not pair[0].missing and pair[0].note.id not in not_by_people]
        away = tuple(dict.fromkeys(f"{hit.note.folder}:{hit.note.path}" for hit in found.hits if hit.missing))
        return replace(found, hits=tuple(hit for hit, _ in kept), explained=tuple(why for _, why in kept), away=away)

    def similar(self, note: NoteRow, limit: int) -> Retrieved:
        """Notes nearest in meaning to the mean of this note's chunks, itself left out."""
        clock = _Clock()
        fingerprint = self._embedder().fingerprint
        mine = [key for key, _ in self._catalog.keys_of([note.row])]
        centre = self._meaning.centre(self._vectors, fingerprint, mine)
        if centre is None:
            return Retrieved((), (), (f"The meaning of {note.ref.path} is not indexed yet; run `exo index`.",), (), 0)
        beside = self._meaning.beside(self._vectors, fingerprint, centre)
        arms = self._by_meaning(beside, {}, None, own=note.row)
        clock.lap("meaning")
        scores = _scores(arms, "meaning")
        hits, explained = self._hits(_EMPTY, arms, scores, self._ordered(scores, limit, "score"), None)
        clock.lap("passages")
        return Retrieved(hits, explained, (), clock.laps(), self._catalog.count())

    # -- the arms ---------------------------------------------------------------------------------------------------

    def _arms(self, query: Query, mode: Mode, among: set[int] | None, clock: _Clock) -> tuple[_Arms, tuple[str, ...]]:
        words: dict[int, float] = {}
        beside, problem = self._begun(query, among) if mode != "words" and query.text.strip() else (None, ())
        if mode != "meaning" or query.phrases:
            words = self._by_words(query, fts_match(query.words, query.phrases), among)
            clock.lap("words")
        if beside is None:
            return _Arms(words, {}, None), problem
        if query.phrases:
            among = self._catalog.with_all(query.phrases, among)
        try:
            arms = self._by_meaning(beside, words, among)
        except EngineError as error:
            return _Arms(words, {}, None), _words_only(error)
        clock.lap("meaning")
        return arms, ()

    def _begun(self, query: Query, among: set[int] | None) -> tuple[Nearness | None, tuple[str, ...]]:
        """The query's meaning, on its way while the words are looked up; or why there is none."""
        try:
            embedder = self._embedder()
        except EngineError as error:
            return None, _words_only(error)
        among_all = among is None and not query.phrases
        return self._meaning.begin(
            self._vectors,
            embedder.fingerprint,
            lambda: embedder.embed([query.text], "query")[0],
            among_all=among_all,
        ), ()

    def _by_words(self, query: Query, match: str, among: set[int] | None) -> dict[int, float]:
        """BM25 of the whole note, and a little for words that stand side by side as in the query."""
        words = self._catalog.ranked(match, WORD_WEIGHTS, CANDIDATES, among)
        pairs = self._catalog.ranked(fts_pairs(query.words), WORD_WEIGHTS, CANDIDATES, among)
        return {note: score + PAIR_WEIGHT * pairs.get(note, 0.0) for note, score in words.items()}

    def _by_meaning(self, beside: Nearness, words: dict[int, float], among: set[int] | None, own: int = -1) -> _Arms:
        """Nearest chunks and, exactly, every chunk of the notes found by words, pooled to the best of each note."""
        if among is None:
            places = self._catalog.places_of(key for key, _ in beside.nearest(NEIGHBOURS))
        else:
            places = self._catalog.keys_of(among)
        pooled = beside.pooled([*places, *self._catalog.keys_of(words)])
        pooled.pop(own, None)
        return _Arms(words, pooled, beside)

    def _reranked(
        self, reranker: Reranker, query: Query, arms: _Arms, scores: dict[int, float]
    ) -> tuple[dict[int, float], tuple[str, ...]]:
        """The scores with those of the first notes dealt out anew, and a sentence if that could not be done."""
        first = list(scores)[:RERANKED]
        chunks = self._catalog.chunks_of(first)
        by_note = passages(query, chunks, arms.similarities(chunks))
        return rerank(reranker, query.text, scores, {note: by_note[note][0].placed.chunk for note in by_note})

    # -- hits -------------------------------------------------------------------------------------------------------

    def _ordered(self, scores: dict[int, float], limit: int, sort: Sort) -> list[NoteRow]:
        """The best notes, best first; or the newest of the candidates, newest first."""
        order = list(scores)
        notes = self._catalog.notes(order[: CANDIDATES if sort == "date" else limit])
        found = [notes[note] for note in order if note in notes]
        if sort == "date":
            found.sort(key=_day, reverse=True)
        return found[:limit]

    def _hits(
        self, query: Query, arms: _Arms, scores: dict[int, float], notes: Sequence[NoteRow], limit: int | None
    ) -> tuple[tuple[Hit, ...], tuple[Explained, ...]]:
        """A hit for each note, of its best passage; with a `limit`, that many passages instead, the best of all."""
        chunks = self._catalog.chunks_of([note.row for note in notes])
        by_note = passages(query, chunks, arms.similarities(chunks))
        most = 1 if limit is None else None
        found = [(note, passage) for note in notes for passage in (by_note.get(note.row) or [_no_text(note)])[:most]]
        if limit is not None:
            found = _deserving(found, scores, limit)
        places, sought = _Places(arms), Highlighter(query.words, query.phrases)
        hits = [
            self._hit(sought, note, passage.placed, scores[note.row], places.of(note.row)) for note, passage in found
        ]
        return tuple(hits), tuple(places.explained(note.row) for note, _ in found)

    def _hit(self, sought: Highlighter, note: NoteRow, passage: PlacedChunk, score: float, ranks: Ranks) -> Hit:
        file = self._file(note)
        missing = not os.path.lexists(file)
        return Hit(note.ref, file, passage.chunk, score, ranks, snippet(passage.chunk, sought), missing)

    def _file(self, note: NoteRow) -> str:
        return str(self._roots.get(note.ref.folder, Path()) / note.raw)

    def _listed(self, among: set[int] | None, limit: int, notices: tuple[str, ...], clock: _Clock) -> Retrieved:
        """Notes that meet the filters, the newest first: there is nothing to rank them by."""
        notes = self._catalog.notes(among or ())
        order = sorted(notes.values(), key=_day, reverse=True)[:limit]
        nothing = _Arms({}, {}, None)
        hits, explained = self._hits(_EMPTY, nothing, dict.fromkeys(notes, 1.0), order, None)
        clock.lap("passages")
        return Retrieved(hits, explained, notices, clock.laps(), len(notes))

    def _respelled(self, query: Query) -> tuple[Query, tuple[str, ...]]:
        """Words no note has, replaced by their nearest spellings, and a sentence about each."""
        replaced = respell(self._catalog, content_terms(query.words))
        if not replaced:
            return query, ()
        words = (*query.words, *(word for near in replaced.values() for word in near))
        notices = tuple(f"No note has “{word}”; searched for {_list(near)} too." for word, near in replaced.items())
        return replace(query, words=words), notices


def _words_only(error: EngineError) -> tuple[str, ...]:
    return (f"Searched by words only: {error.message}",)


def _no_text(note: NoteRow) -> Passage:
    """What is shown of a note found by its name alone: it holds no text."""
    return Passage(PlacedChunk(note.row, 0, Chunk("", note.ref.title, (), "", 1, 1, embedded=False)), 0.0)


def _day(note: NoteRow) -> tuple[date, int]:
    return (note.ref.date or note.modified.date(), note.row)


def _scores(arms: _Arms, mode: Mode) -> dict[int, float]:
    """A score from 0 to 1 for every note that an arm found, best first."""
    fused = fuse(arms.words if mode != "meaning" else {}, arms.meaning if mode != "words" else {})
    return dict(sorted(fused.items(), key=lambda pair: (-pair[1], pair[0])))


class _Places:
    """Each note's place in either arm."""

    def __init__(self, arms: _Arms) -> None:
        self._arms = arms
        self._words = _places(arms.words)
        self._meaning = _places(arms.meaning)

    def of(self, note: int) -> Ranks:
        return Ranks(self._words.get(note), self._meaning.get(note))

    def explained(self, note: int) -> Explained:
        return Explained(self._arms.words.get(note), self._arms.meaning.get(note))


def _places(scores: dict[int, float]) -> dict[int, int]:
    order = sorted(scores, key=lambda note: (-scores[note], note))
    return {note: place for place, note in enumerate(order, start=1)}


class _Clock:
    """Milliseconds of each step."""

    def __init__(self) -> None:
        self._last = time.perf_counter()
        self._laps: list[tuple[str, float]] = []

    def lap(self, step: str) -> None:
        now = time.perf_counter()
        self._laps.append((step, (now - self._last) * 1000))
        self._last = now

    def laps(self) -> tuple[tuple[str, float], ...]:
        return tuple(self._laps)


def _list(words: Sequence[str]) -> str:
    return ", ".join(f"“{word}”" for word in words)


def _deserving(
    found: Sequence[tuple[NoteRow, Passage]], scores: dict[int, float], limit: int
) -> list[tuple[NoteRow, Passage]]:
    """The best passages, best first; of each of the first notes one at least, or a long note would hide them all."""
    ranked = sorted(found, key=lambda pair: -scores[pair[0].row] - pair[1].fit)
    first: dict[int, int] = {}
    for place, (note, _) in enumerate(ranked):
        first.setdefault(note.row, place)
    heard = [first[row] for row in sorted(first, key=lambda row: -scores[row])[:HEARD]]
    kept = list(dict.fromkeys([*heard, *range(len(ranked))]))[:limit]
    return [ranked[place] for place in sorted(kept)]
