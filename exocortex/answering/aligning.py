"""Aligning: which cited sentence each clause of a sentence draws on, and how much of the clause it covers.

A content word counts in full if a neighbour of it is near it there too, for less if it stands there alone. Knows
nothing of facts or meaning.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from exocortex.answering.claims import Claims

ALONE = 0.5
"""What a word counts that none of its neighbours stands near to."""
ELSEWHERE = 0.3
"""What a word counts that another cited sentence holds."""
_NEAR = 3


@dataclass(frozen=True, slots=True)
class Aligned:
    """A clause with the cited sentence that covers it best."""

    clause: range
    source: int
    """Index of the cited sentence; -1 if none shares a word with the whole sentence."""
    covered: float
    """0 to 1, by that sentence, the others helping a little."""


def align(claims: Claims, sources: Sequence[Claims]) -> list[Aligned]:
    """Each clause of a sentence with the cited sentence that covers it best; of equals, the one that shares most."""
    said, known = set(claims.stems), {stem for one in sources for stem in one.stems}
    shared = [len(said.intersection(one.stems)) for one in sources]
    order = sorted((index for index, count in enumerate(shared) if count), key=lambda index: (-shared[index], index))
    counts = {index: _word_counts(claims.stems, sources[index]) for index in order}
    elsewhere = [ELSEWHERE * (stem in known) for stem in claims.stems]
    return [_best(clause, counts, elsewhere) for clause in claims.clauses]


def _best(clause: range, counts: Mapping[int, Sequence[float]], elsewhere: Sequence[float]) -> Aligned:
    if not counts:
        return Aligned(clause, -1, 0.0)
    best = max(counts, key=lambda index: round(sum(counts[index][place] for place in clause), 6))
    covered = sum(max(counts[best][place], elsewhere[place]) for place in clause)
    return Aligned(clause, best, covered / len(clause))


def _word_counts(stems: Sequence[str], source: Claims) -> list[float]:
    """What each word of the sentence counts in this source."""
    there = set(source.stems)
    near = {
        frozenset((a, b))
        for step in range(1, _NEAR + 1)
        for a, b in zip(source.stems, source.stems[step:], strict=False)
    }
    linked = [frozenset(pair) in near for pair in pairwise(stems)]
    linked_apart = [frozenset(pair) in near for pair in zip(stems, stems[2:], strict=False)]
    counted = []
    for place, stem in enumerate(stems):
        beside = any(linked[max(0, place - 1) : place + 1])
        apart = any(linked_apart[at] for at in (place - 2, place) if 0 <= at < len(linked_apart))
        counted.append((1.0 if beside or apart or len(there) == 1 else ALONE) if stem in there else 0.0)
    return counted
