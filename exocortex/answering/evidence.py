"""Evidence: what can be measured of how well a sentence answers a question. Weights are elsewhere."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from exocortex.answering.questions import Question, holds, plain, terms
from exocortex.answering.sentences import Kind, Span, spans
from exocortex.core.answers import Hit


@dataclass(frozen=True, slots=True)
class Candidate:
    """A sentence that might answer, with the words around it."""

    hit: int
    """Index of its passage among the hits."""
    position: int
    """Which sentence of the passage it is."""
    span: Span
    terms: tuple[str, ...]
    context: frozenset[str]
    """Terms of what it stands under: note title, headings, column names, the sentence before."""
    passage: frozenset[str]
    """Terms of its whole passage, title and headings included."""


def candidates(hits: Sequence[Hit]) -> list[Candidate]:
    """Every sentence of every passage, in order."""
    found: list[Candidate] = []
    for index, hit in enumerate(hits):
        pieces = spans(hit.chunk.text, hit.chunk.first_line)
        said = [tuple(terms(plain(piece.quote))) for piece in pieces]
        above = frozenset(terms(" ".join((hit.note.title, *hit.chunk.headings))))
        whole = above.union(*said)
        for position, (piece, own) in enumerate(zip(pieces, said, strict=True)):
            context = above.union(terms(plain(piece.context)))
            found.append(Candidate(index, position, piece, own, context, whole))
    return found


def rarities(question: Question, pool: Sequence[Candidate]) -> dict[str, float]:
    """How much each of the question's terms tells: BM25's inverse document frequency over the sentences, summing to 1."""
    counts = Counter(term for candidate in pool for term in set(candidate.terms))
    size = len(pool)
    weights = {t: math.log(1 + (size - counts[t] + 0.5) / (counts[t] + 0.5)) for t in question.terms}
    total = sum(weights.values()) or 1.0
    return {term: weight / total for term, weight in weights.items()}


def wording(question: Question, candidate: Candidate, weights: Mapping[str, float]) -> tuple[float, ...]:
    """Features of the words alone (see WORDING for their order)."""
    own = set(candidate.terms)
    inside = sum(weight for term, weight in weights.items() if term in own)
    beside = sum(weight for term, weight in weights.items() if term not in own and term in candidate.context)
    passage = sum(
        weight
        for term, weight in weights.items()
        if term not in own and term not in candidate.context and term in candidate.passage
    )
    ordered = set(zip(candidate.terms, candidate.terms[1:], strict=False))
    skipped = set(zip(candidate.terms, candidate.terms[2:], strict=False))
    pairs = sum(1.0 if pair in ordered else 0.5 for pair in question.pairs if pair in ordered or pair in skipped)
    new = len(own.difference(question.terms))
    named = [term for term in question.names if term in weights]
    return (
        inside,
        beside,
        passage,
        pairs / (len(question.pairs) or 1),
        sum(term in own for term in named) / (len(named) or 1),
        sum(term in own or term in candidate.context for term in named) / (len(named) or 1),
        math.log1p(new),
        math.log1p(len(candidate.terms)),
        1.0 if new == 0 else 0.0,
    )


WORDING = ("inside", "beside", "passage", "pairs", "names", "names_near", "new", "length", "nothing_new")


def form(question: Question, candidate: Candidate) -> tuple[float, ...]:
    """Features of what kind of text it is (see FORM for their order)."""
    text = plain(candidate.span.quote)
    fits = holds(question.wants, text, question)
    return (
        1.0 if fits else 0.0,
        1.0 if fits is False else 0.0,
        1.0 if text.rstrip().endswith(("?", "？")) else 0.0,
        1.0 if candidate.span.kind is Kind.HEADING else 0.0,
        1.0 if candidate.span.kind is Kind.CODE else 0.0,
        1.0 if candidate.position == 0 else 0.0,
    )


FORM = ("fits", "misfits", "asks", "heading", "code", "opening")
