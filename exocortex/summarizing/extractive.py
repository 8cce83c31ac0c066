"""The extractive engine: the sentences that say most of many notes and differ from each other, no word changed.

Map: of each note its most central sentences. Reduce: whenever 300 have come together, the best of them go on to the
next level, until one final choice is left. Time grows with the number of notes (embedding is nearly all of it), memory
with its logarithm: 300 sentences and their vectors a level.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Generator, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from threading import Event as StopEvent
from typing import TYPE_CHECKING

from exocortex.core.events import Progress
from exocortex.core.words import clean
from exocortex.summarizing.candidates import Candidate, candidates
from exocortex.summarizing.passages import Passage
from exocortex.summarizing.ranking import centrality, distinct

if TYPE_CHECKING:
    from exocortex.core.ports import Embedder, Vectors

NAME = "extractive"

GROUP = 300
"""Sentences that are compared with each other: a matrix of 300 × 300."""

_BUDGET = 4_000
"""Sentences embedded in all, about: the more notes there are, the fewer of each, down to `_LEAST_A_NOTE`."""
_LEAST_A_NOTE = 3
_WINDOW = 48
"""Sentences embedded between two looks at `stop`: a few tenths of a second."""
_KEPT = 60
"""Of a full group, at least."""


@dataclass(frozen=True, slots=True)
class _Ranked:
    """A sentence with its vector."""

    order: int
    """Of its note among the notes."""
    candidate: Candidate
    vector: Vectors


def choose(
    notes: Iterable[Sequence[Passage]],
    total: int,
    points: int,
    embedder: Embedder,
    stop: StopEvent,
    focus: str = "",
) -> Generator[Progress, None, list[Candidate] | None]:
    """The sentences that say most of all these notes, in the order of the notes; None if it was stopped.

    `notes` gives each one's passages, `total` is how many will come. With a `focus`, what is near it in meaning counts
    for more. Raises EngineError.
    """
    kept = max(_KEPT, 3 * points)
    rounds = _Rounds(kept)
    share = min(points, max(1, -(-2 * points // max(1, total))))
    """Most sentences of one note in the end: one each if there are twice as many notes as points."""
    for event in _mapped(notes, total, share + 1 if total > 1 else kept, embedder, stop, focus):
        if isinstance(event, Progress):
            yield event
        else:
            rounds.add(event)
    if stop.is_set():
        return None
    best = rounds.last(points, share)
    return [one.candidate for one in sorted(best, key=_place)]


def highlights(
    notes: Iterable[Sequence[Passage]], total: int, each: int, embedder: Embedder, stop: StopEvent
) -> Generator[Progress, None, list[list[Candidate]] | None]:
    """Of each note by itself the sentences that say most, in order; None if it was stopped. Raises EngineError."""
    found: list[list[Candidate]] = []
    for event in _mapped(notes, total, each, embedder, stop, ""):
        if isinstance(event, Progress):
            yield event
        else:
            found.append([one.candidate for one in sorted(event, key=_place)])
    return None if stop.is_set() else found


def pick(passages: Sequence[Passage], points: int, embedder: Embedder, stop: StopEvent) -> list[Candidate]:
    """The same for a few passages at once: what stands in where a model's reply can't be used."""
    steps = choose(list(_by_note(passages)), 1, points, embedder, stop)
    while True:
        try:
            next(steps)
        except StopIteration as over:
            return over.value or []


def _by_note(passages: Sequence[Passage]) -> Iterator[list[Passage]]:
    for note in dict.fromkeys(passage.note.id for passage in passages):
        yield [passage for passage in passages if passage.note.id == note]


def _mapped(
    notes: Iterable[Sequence[Passage]], total: int, each: int, embedder: Embedder, stop: StopEvent, focus: str
) -> Iterator[Progress | list[_Ranked]]:
    """Each note's most central sentences, best first, and progress; ends early once `stop` is set."""
    began = time.monotonic()
    yield Progress("reading", 0, total, 0.0)
    near = embedder.embed([clean(focus)], "query")[0] if focus.strip() else None
    most = max(_LEAST_A_NOTE, _BUDGET // max(1, total))
    window: list[list[Candidate]] = []
    done = 0
    for passages in notes:
        if stop.is_set():
            return
        window.append(candidates(passages, most))
        if sum(map(len, window)) >= _WINDOW:
            for found in _embedded(window, done, embedder, stop, titled=total > 1):
                yield _best_of_note(found, each, near)
            done, window = done + len(window), []
            yield Progress("reading", done, max(total, done), time.monotonic() - began)
    for found in _embedded(window, done, embedder, stop, titled=total > 1):
        yield _best_of_note(found, each, near)
    yield Progress("reading", done + len(window), max(total, done + len(window)), time.monotonic() - began)


def _embedded(
    window: Sequence[Sequence[Candidate]], first: int, embedder: Embedder, stop: StopEvent, titled: bool
) -> Iterator[list[_Ranked]]:
    """The notes of a window with their sentences' vectors; none at all once `stop` is set."""
    flat = [candidate for found in window for candidate in found]
    vectors: list[Vectors] = []
    for start in range(0, len(flat), _WINDOW):
        if stop.is_set():
            return
        part = flat[start : start + _WINDOW]
        vectors += list(embedder.embed([clean(one.titled if titled else one.text) for one in part]))
    remaining = iter(vectors)
    for order, found in enumerate(window, start=first):
        yield [_Ranked(order, candidate, next(remaining)) for candidate in found]


def _best_of_note(found: Sequence[_Ranked], each: int, near: Vectors | None) -> list[_Ranked]:
    """The most central sentences of one note, best first, chosen by groups if it is a long one."""
    if near is not None:
        found = [_focused(one, near) for one in found]
    while len(found) > GROUP:
        groups = [found[start : start + GROUP] for start in range(0, len(found), GROUP)]
        found = [one for group in groups for one in sorted(_best(group, max(each, _KEPT), GROUP), key=_place)]
    return _best(found, each, each)


def _focused(one: _Ranked, near: Vectors) -> _Ranked:
    """Half as near to the question counts for a quarter; what has nothing to do with it, for next to nothing."""
    similarity = max(0.05, round(float(one.vector @ near), 5))
    return replace(one, candidate=replace(one.candidate, weight=one.candidate.weight * similarity**2))


def _best(pool: Sequence[_Ranked], most: int, share: int) -> list[_Ranked]:
    """At most so many of these, and of one note, that say much and differ; best first."""
    if not pool:
        return []
    import numpy as np

    vectors = np.stack([one.vector for one in pool])
    weights = [one.candidate.weight for one in pool]
    scores = [a * b**0.5 for a, b in zip(centrality(vectors, weights), weights, strict=True)]
    highest = max(scores) or 1.0
    counts: Counter[int] = Counter()

    def allowed(index: int, _chosen: Sequence[int]) -> bool:
        counts[pool[index].order] += 1
        return counts[pool[index].order] <= share

    return [pool[index] for index in distinct(vectors, [score / highest for score in scores], most, allowed)]


class _Rounds:
    """Levels of sentences still in the running; a level that is full is reduced to its best, which go one up."""

    def __init__(self, kept: int) -> None:
        self._kept = kept
        self._levels: list[list[_Ranked]] = [[]]

    def add(self, found: Iterable[_Ranked]) -> None:
        """Take in the best of one note."""
        self._levels[0] += found
        level = 0
        while len(self._levels[level]) >= max(GROUP, 2 * self._kept):
            if level + 1 == len(self._levels):
                self._levels.append([])
            self._levels[level + 1] += _best(self._levels[level], self._kept, self._kept)
            self._levels[level] = []
            level += 1

    def last(self, points: int, share: int) -> list[_Ranked]:
        """The final choice, best first; `share` is the most of one note.

        What is left on a lower level is reduced in the same measure first, or the last notes would outnumber the rest.
        """
        for level, above in pairwise(self._levels):
            above += _best(level, -(-len(level) * self._kept // GROUP), self._kept)
        return _best(sorted(self._levels[-1], key=_place), points, share)


def _place(one: _Ranked) -> tuple[int, int]:
    return one.order, one.candidate.place
