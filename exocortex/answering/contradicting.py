"""Contradictions: what must match exactly between a sentence and the lines it cites, and in which way it does not.

Figures, dates, names, negations and a short list of opposites. Each finding is a short phrase for people. Knows nothing
of how the rest of the wording compares.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations, product
from typing import Generic, TypeVar

from exocortex.answering.claims import Claims, Name
from exocortex.answering.figures import Figure
from exocortex.answering.moments import Moment

F = TypeVar("F", bound=Figure | Moment | Name)


@dataclass(frozen=True, slots=True)
class Evidence:
    """The cited sentences."""

    near: tuple[Claims, ...]
    """Those that the clauses of the sentence draw on."""
    every: tuple[Claims, ...]
    stems: frozenset[str]
    """Of all of them."""

    def holds(self, name: Name) -> bool:
        """Whether all its words occur, in whatever case and place."""
        return self.stems.issuperset(name.stems)


@dataclass(frozen=True, slots=True)
class _Kind(Generic[F]):
    """How facts of a kind are found and compared."""

    said: Callable[[Claims], Sequence[F]]
    """In the sentence."""
    held: Callable[[Claims], Sequence[F]]
    """In a cited one, where a date also holds its year as a figure."""
    same: Callable[[F, F], bool]
    """Whether the sentence's is borne out by the cited one."""


_MOST_COMPARED = 16
"""Facts of a kind whose places in a sentence are compared."""
_SCOPE = 3
"""Content words after a negation that it may be about."""
_REPEATED = 0.85
"""Share of words in common from which two sentences have the same wording."""
_PAIRS = """
above below, after before, allow forbid, allowed forbidden, always never, best worst, decrease increase,
decreased increased, decreases increases, earlier later, early late, everybody nobody, everyone nobody,
fall rise, fell rose, first last, high low, higher lower, highest lowest, in out, include exclude,
included excluded, inside outside, left right, less more, lose win, lost won, maximum minimum, most few,
most some, on off, open close, opened closed, optional required, over under, start end, started ended,
starts ends, up down, valid invalid, with without
"""
_OPPOSITES = [frozenset(pair.split()) for pair in _PAIRS.split(",")]
_OPPOSED = re.compile(rf"\b(?:{'|'.join(sorted(frozenset().union(*_OPPOSITES)))})\b", re.IGNORECASE)
_FIGURES: _Kind[Figure] = _Kind(lambda one: one.figures, lambda one: one.figures + one.years, Figure.agrees)
_NAMES: _Kind[Name] = _Kind(lambda one: one.names, lambda one: one.names, Name.agrees)


def contradictions(claims: Claims, evidence: Evidence) -> list[str]:
    """What the sentence says otherwise than the cited lines, or without them."""
    years = frozenset(f.readings for one in evidence.every for f in one.figures + one.years)
    dates: _Kind[Moment] = _Kind(lambda one: one.moments, lambda one: one.moments, lambda a, b: a.borne_out(b, years))
    found = [
        *_unmatched(claims, evidence, _FIGURES),
        *_unmatched(claims, evidence, dates),
        *_unknown(claims, evidence),
        *_unmatched(claims, evidence, _NAMES),
        *_exchanges(claims, evidence),
        *_negations(claims, evidence.near),
        *_opposites(claims, evidence.near),
    ]
    return list(dict.fromkeys(found))


def _unmatched(claims: Claims, evidence: Evidence, kind: _Kind[F]) -> Iterator[str]:
    """Facts that no line holds, and facts that stand where the lines have another."""
    for fact in kind.said(claims):
        elsewhere = any(kind.same(fact, other) for one in evidence.every for other in kind.held(one))
        if isinstance(fact, Name) and not (elsewhere or (evidence.holds(fact) and not fact.soft)):
            continue
        if elsewhere or fact.soft or isinstance(fact, Name):
            rival = next(_rivals(claims, fact, evidence.near, kind), None)
            if rival:
                yield f'"{fact.text}" stands where the cited lines say "{rival.text}"'
        else:
            yield f'"{fact.text}" is not in the cited lines'


def _unknown(claims: Claims, evidence: Evidence) -> Iterator[str]:
    """Names that occur in no cited line, not even in lower case or as an acronym of what does."""
    for name in claims.names:
        if name.soft or evidence.holds(name):
            continue
        if not any(
            name.stems == other.stems or name.abbreviates(other) for one in evidence.every for other in one.names
        ):
            yield f'"{name.text}" is not in the cited lines'


def _rivals(claims: Claims, fact: F, near: Sequence[Claims], kind: _Kind[F]) -> Iterator[F]:
    """Facts of the lines that fit the place of this one better than it does itself."""
    held = [(_fit(claims, fact, one, other), other) for one in near for other in kind.held(one)[:_MOST_COMPARED]]
    own = max((fit for fit, other in held if kind.same(fact, other)), default=0)
    for fit, other in held:
        if fit > own and not kind.same(fact, other) and (fit == 2 or _lacking(claims, other, kind)):
            yield other


def _lacking(claims: Claims, other: F, kind: _Kind[F]) -> bool:
    """Whether the sentence leaves a fact of the lines out."""
    if isinstance(other, Name):
        return not set(claims.stems).issuperset(other.stems)
    return not any(kind.same(mine, other) for mine in kind.said(claims))


def _exchanges(claims: Claims, evidence: Evidence) -> Iterator[str]:
    """Two facts of a kind, each in the other's place."""
    for one in evidence.near:
        yield from _exchanged(claims, one, _FIGURES)
        if claims.passive == one.passive:
            yield from _exchanged(claims, one, _NAMES)


def _exchanged(claims: Claims, one: Claims, kind: _Kind[F]) -> Iterator[str]:
    held = kind.held(one)[:_MOST_COMPARED]
    found = [(fact, [other for other in held if kind.same(fact, other)]) for fact in kind.said(claims)[:_MOST_COMPARED]]
    pairs = [(fact, others[0]) for fact, others in found if len(others) == 1]
    for (first, mine), (second, theirs) in combinations(pairs, 2):
        straight = _fit(claims, first, one, mine) + _fit(claims, second, one, theirs)
        crossed = _fit(claims, first, one, theirs), _fit(claims, second, one, mine)
        if mine is not theirs and min(crossed) and sum(crossed) > straight:
            yield f'"{first.text}" and "{second.text}" are exchanged'


def _fit(claims: Claims, fact: Figure | Moment | Name, one: Claims, other: Figure | Moment | Name) -> int:
    """On how many sides both have the same word beside them; a figure that says which never stands for how many."""
    if isinstance(fact, Figure) and isinstance(other, Figure) and fact.ordinal != other.ordinal:
        return 0
    before, after = claims.beside(fact.start, fact.end)
    left, right = one.beside(other.start, other.end)
    return (before == left != "") + (after == right != "")


def _negations(claims: Claims, near: Sequence[Claims]) -> Iterator[str]:
    """Negations that one side has and the other lacks."""
    denied = "it is negated, unlike the cited lines"
    affirmed = "the cited lines negate it"
    for place in claims.negations:
        about = _about(claims, place)
        if not any(about & _vicinity(one, cue) for one in near for cue in one.negations):
            yield denied
    for one in near:
        for cue in one.negations:
            said = next((stem for stem in _likely(one, cue) if stem in claims.stems), None)
            if said and not _negated(claims, said) and not _affirmed(one, said):
                yield affirmed
        if _same_wording(claims, one) and len(claims.negations) != len(one.negations):
            yield denied if len(claims.negations) > len(one.negations) else affirmed


def _opposites(claims: Claims, near: Sequence[Claims]) -> Iterator[str]:
    """Words that stand between the same words as their opposites do in the lines, where neither side has both."""
    said = {match[0].lower(): match for match in _OPPOSED.finditer(claims.text)}
    for one in near if said else ():
        held = {match[0].lower(): match for match in _OPPOSED.finditer(one.text)}
        for word, other in product(said.keys() - held.keys(), held.keys() - said.keys()):
            place = claims.beside(*said[word].span())
            if frozenset((word, other)) in _OPPOSITES and any(place) and place == one.beside(*held[other].span()):
                yield f'"{word}" stands where the cited lines say "{other}"'


def _same_wording(claims: Claims, one: Claims) -> bool:
    """Whether one sentence repeats the other, so that each negation must be there again."""
    mine, theirs = set(claims.stems), set(one.stems)
    return len(mine & theirs) >= _REPEATED * len(mine | theirs)


def _likely(claims: Claims, place: int) -> tuple[str, ...]:
    """The words a negation is most likely about: the two after it, or those before if it stands last."""
    return claims.stems[place : place + 2] or claims.stems[max(0, place - 2) : place]


def _about(claims: Claims, place: int) -> frozenset[str]:
    """What a negation may be about: the words after it, and the one before."""
    return frozenset(claims.stems[max(0, place - 1) : place + _SCOPE])


def _vicinity(claims: Claims, place: int) -> frozenset[str]:
    return frozenset(claims.stems[max(0, place - 1) : place + _SCOPE + 1])


def _negated(claims: Claims, stem: str) -> bool:
    """Whether a word stands close after a negation, or before one that stands last, anywhere."""
    return any(_governed(claims, place) for place, other in enumerate(claims.stems) if other == stem)


def _affirmed(claims: Claims, stem: str) -> bool:
    """Whether a word stands away from every negation, anywhere."""
    return not all(_governed(claims, place) for place, other in enumerate(claims.stems) if other == stem)


def _governed(claims: Claims, place: int) -> bool:
    last = len(claims.stems)
    return any(-1 <= place - cue <= _SCOPE or (cue == last and last - place <= 2) for cue in claims.negations)
