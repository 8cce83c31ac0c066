"""Evidence: what can be measured of how well a sentence answers a question. The weights of it all are elsewhere."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate

from exocortex.answering.questions import Question, holds, plain, terms
from exocortex.answering.sentences import Kind, Span, spans
from exocortex.answering.weights import RANKING
from exocortex.core.answers import Hit

_LONGEST_TITLE = 120
_CARRIED = 0.4
_USUAL, _USUAL_WEIGHT = 0.2, 8
"""Mean cosine of a question and a sentence of its passages in the sets the weights are fitted on, and the number of
sentences it stands for."""
MOST_EMBEDDED = 48
MOST_EMBEDDED_CHARACTERS = 4_800
"""What is embedded for a question, sentences and characters in all: about 120 ms of one thread."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A sentence that might answer, with the words around it."""

    hit: int
    """Index of its passage among the hits."""
    span: Span
    text: str
    """The quote as it reads when rendered."""
    embedded: str
    """The text under its note's title: a sentence rarely names what its note is about."""
    terms: tuple[str, ...]
    context: frozenset[str]
    """Terms of what it stands under: note title, headings, column names, the sentence before."""
    passage: frozenset[str]
    """Terms of its whole passage, title and headings included."""


@dataclass(frozen=True, slots=True)
class Measured:
    """A candidate's features by name."""

    candidate: Candidate
    features: dict[str, float]


def candidates(hits: Sequence[Hit]) -> list[Candidate]:
    """Every sentence of every passage, in order."""
    found: list[Candidate] = []
    for index, hit in enumerate(hits):
        pieces = spans(hit.chunk.text, hit.chunk.first_line)
        texts = [plain(piece.quote) for piece in pieces]
        said = [tuple(terms(text)) for text in texts]
        above = frozenset(terms(" ".join((hit.note.title, *hit.chunk.headings))))
        whole = above.union(*said)
        for piece, text, own in zip(pieces, texts, said, strict=True):
            embedded = f"{hit.note.title[:_LONGEST_TITLE]}: {text}" if hit.note.title else text
            context = above.union(terms(plain(piece.context)))
            found.append(Candidate(index, piece, text, embedded, own, context, whole))
    return found


def rarities(question: Question, pool: Sequence[Candidate], carried: Collection[str] = ()) -> dict[str, float]:
    """How much each term of the question tells: BM25's inverse document frequency among these sentences, sum 1.

    Terms `carried` over from earlier questions tell what it is about, not what is asked, and count less.
    """
    counts = Counter(term for candidate in pool for term in set(candidate.terms))
    size = len(pool)
    weights = {t: math.log(1 + (size - counts[t] + 0.5) / (counts[t] + 0.5)) for t in question.terms}
    weights |= {term: weights[term] * _CARRIED for term in carried if term in weights}
    total = sum(weights.values()) or 1.0
    return {term: weight / total for term, weight in weights.items()}


def shortlist(question: Question, pool: Sequence[Candidate], weights: Mapping[str, float]) -> list[Candidate]:
    """The candidates that fit best by their wording, as many as may be embedded, in their order."""
    scores = [RANKING.score(wording(question, candidate, weights)) for candidate in pool]
    best = sorted(range(len(pool)), key=lambda index: (-scores[index], index))[:MOST_EMBEDDED]
    sizes = accumulate(len(pool[index].embedded) for index in best)
    kept = [index for index, size in zip(best, sizes, strict=True) if size <= MOST_EMBEDDED_CHARACTERS]
    return [pool[index] for index in sorted(kept)]


def measure(
    question: Question, pool: Sequence[Candidate], weights: Mapping[str, float], similarities: Sequence[float]
) -> list[Measured]:
    """All features of each candidate; `similarities` are the cosines of question and sentence."""
    nearest: dict[int, float] = {}
    for candidate, similarity in zip(pool, similarities, strict=True):
        nearest[candidate.hit] = max(similarity, nearest.get(candidate.hit, -1.0))
    return [
        Measured(
            candidate,
            {
                **wording(question, candidate, weights),
                "similarity": similarity,
                "passage_similarity": nearest[candidate.hit],
            },
        )
        for candidate, similarity in zip(pool, similarities, strict=True)
    ]


def wording(question: Question, candidate: Candidate, weights: Mapping[str, float]) -> dict[str, float]:
    """What the words alone tell, and the kind of text they are."""
    own, group = set(candidate.terms), question.wants.group
    inside = sum(weight for term, weight in weights.items() if term in own)
    near = sum(weight for term, weight in weights.items() if term in own or term in candidate.context)
    passage = sum(weight for term, weight in weights.items() if term in candidate.passage)
    new = len(own.difference(question.terms))
    return {
        "inside": inside,
        "beside": near - inside,
        "passage": max(0.0, passage - near),
        "pairs": _pairs(question, candidate),
        "names": _share(question.names, own),
        "names_near": _share(question.names, own | candidate.context),
        "new": math.log1p(new),
        "length": math.log1p(len(candidate.terms)),
        "nothing_new": float(new == 0),
        **({f"{group}_{'found' if holds(question, candidate.text) else 'missing'}": 1.0} if group else {}),
        "asks": float(candidate.text.rstrip().endswith(("?", "？"))),
        "heading": float(candidate.span.kind is Kind.HEADING),
        "property": float(candidate.span.kind is Kind.PROPERTY),
    }


def doubts(question: Question, measured: Sequence[Measured], best: int) -> dict[str, float]:
    """What tells whether the best candidate, the one of this index, answers at all."""
    features = measured[best].features
    return {
        **features,
        "nearest": max(one.features["similarity"] for one in measured),
        "apart": _apart([one.features["similarity"] for one in measured]),
        "bare": max(0.0, 0.5 - features["inside"] - features["beside"]),
        "lost_names": 1.0 - features["names_near"] if question.names else 0.0,
    }


def _apart(similarities: Sequence[float]) -> float:
    """How far the nearest stands out of them all; of a few, which it can't stand out of, by what is usual instead."""
    usual = (sum(similarities) + _USUAL_WEIGHT * _USUAL) / (len(similarities) + _USUAL_WEIGHT)
    return max(similarities) - usual


def _pairs(question: Question, candidate: Candidate) -> float:
    """Share of the question's neighbouring terms that are neighbours here too, half for those with a term between."""
    beside = set(zip(candidate.terms, candidate.terms[1:], strict=False))
    apart = set(zip(candidate.terms, candidate.terms[2:], strict=False))
    found = sum(1.0 if pair in beside else 0.5 for pair in question.pairs if pair in beside or pair in apart)
    return found / (len(question.pairs) or 1)


def _share(wanted: frozenset[str], there: set[str] | frozenset[str]) -> float:
    return len(wanted & there) / (len(wanted) or 1)
