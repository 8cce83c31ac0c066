"""The extractive engine: picks the sentences that answer a question, and says how sure it is that they do.

Each sentence of the passages is measured (evidence.py) and ranked by a linear model; a second one turns what is known
of the best into the probability that it answers. Their weights (weights.py) are fitted by tools/fit_answering.py.
Knows nothing about files, indexes or how the passages were found.
"""

from __future__ import annotations

import math
import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from exocortex.answering.evidence import Candidate, candidates, doubts, measure, rarities, shortlist
from exocortex.answering.questions import read_question, terms
from exocortex.answering.weights import CONFIDENCE, RANKING, THRESHOLD
from exocortex.core.answers import Citation, Hit, Sentence, Support
from exocortex.core.words import clean

if TYPE_CHECKING:
    from exocortex.core.ports import Embedder

MOST_PASSAGES = 32
MOST_SENTENCES = 1_000
MOST_SHOWN = 3
_WORTH_SHOWING = 0.22
"""Probability a further sentence needs to be shown beside the best one."""
_SAME = 0.6
"""Share of words in common above which two sentences say the same."""
_LINE_END = re.compile(r"\r\n|\r|\n")


@dataclass(frozen=True, slots=True)
class Draft:
    """An answer before coverage and freshness are known."""

    sentences: tuple[Sentence, ...]
    """Best first; empty if it abstained."""
    citations: tuple[Citation, ...]
    """Numbered from 1 in the order in which the sentences cite them, one for each range of lines."""
    confidence: float
    """0 to 1: how likely the best sentence answers the question."""
    abstained: bool


@dataclass(frozen=True, slots=True)
class _Ranked:
    """A sentence with its share of the belief that one of them answers."""

    candidate: Candidate
    share: float


class ExtractiveEngine:
    """Answers with sentences of the passages it is given, none of its own."""

    name = "extractive"

    def __init__(self, embedder: Embedder, threshold: float = THRESHOLD) -> None:
        self._embedder = embedder
        self._threshold = threshold

    def answer(self, question: str, hits: Sequence[Hit], carried: Collection[str] = ()) -> Draft:
        """The sentences of these passages that answer, or an abstention if none is likely to; any text is a question.

        `hits` are passages, best first, several of a note welcome; those past the 32nd are not read. `carried` are
        words of the question that come from what was said before.
        """
        hits = hits[:MOST_PASSAGES]
        ranked, confidence = self._ranked(question, hits, frozenset(terms(" ".join(carried))))
        if not ranked or confidence < self._threshold:
            return Draft((), (), confidence, abstained=True)
        sentences, citations = _cited(_shown(ranked), [one.candidate for one in ranked], hits)
        return Draft(sentences, citations, confidence, abstained=False)

    def _ranked(self, question: str, hits: Sequence[Hit], carried: Collection[str]) -> tuple[list[_Ranked], float]:
        """All sentences worth a look, best first, and the confidence in the first."""
        asked = read_question(question)
        pool = candidates(hits)[:MOST_SENTENCES]
        weights = rarities(asked, pool, carried)
        kept = shortlist(asked, pool, weights)
        if not kept or not asked.text.strip():
            return [], 0.0
        measured = measure(asked, kept, weights, self._similarities(asked.text, [one.embedded for one in kept]))
        scores = [RANKING.score(one.features) for one in measured]
        order = sorted(range(len(kept)), key=lambda index: (-scores[index], index))
        total = sum(math.exp(score - scores[order[0]]) for score in scores)
        ranked = [_Ranked(kept[i], math.exp(scores[i] - scores[order[0]]) / total) for i in order]
        return ranked, _logistic(CONFIDENCE.score(doubts(asked, measured, order[0])))

    def _similarities(self, question: str, sentences: Sequence[str]) -> list[float]:
        """Cosines, rounded: equal sentences must be equal whatever the order in which a matrix product is summed."""
        vector = self._embedder.embed([clean(question)], "query")[0]
        vectors = self._embedder.embed([clean(sentence) for sentence in sentences])
        return [round(float(value), 5) for value in vectors @ vector]


def _logistic(value: float) -> float:
    return 1 / (1 + math.exp(-max(-30.0, min(30.0, value))))


def _shown(ranked: Sequence[_Ranked]) -> list[Candidate]:
    """The best sentence, and those after it that are likely too and say something else."""
    shown = [ranked[0].candidate]
    for one in ranked[1:]:
        if len(shown) == MOST_SHOWN or one.share < _WORTH_SHOWING:
            break
        if not any(_alike(one.candidate, other) for other in shown):
            shown.append(one.candidate)
    return shown


def _alike(one: Candidate, other: Candidate) -> bool:
    mine, theirs = set(one.terms), set(other.terms)
    return one.span.quote == other.span.quote or len(mine & theirs) > _SAME * len(mine | theirs)


def _cited(
    shown: Sequence[Candidate], known: Sequence[Candidate], hits: Sequence[Hit]
) -> tuple[tuple[Sentence, ...], tuple[Citation, ...]]:
    """The shown sentences with their evidence: where each stands, and where else the same words do."""
    citations: dict[tuple[str, int, int], Citation] = {}
    sentences = []
    for candidate in shown:
        same = [other for other in known if other.span.quote == candidate.span.quote and other is not candidate]
        places = [candidate, *same[: MOST_SHOWN - 1]]
        numbers = dict.fromkeys(_number(citations, place, hits[place.hit]) for place in places)
        sentences.append(Sentence(candidate.span.quote, tuple(numbers), Support.SUPPORTED))
    return tuple(sentences), tuple(citations.values())


def _number(citations: dict[tuple[str, int, int], Citation], candidate: Candidate, hit: Hit) -> int:
    """The number of the citation of these lines; one that is there already is widened to hold both quotes."""
    span = candidate.span
    key = (hit.note.id, span.first_line, span.last_line)
    known = citations.get(key)
    if known is None:
        number = len(citations) + 1
        citations[key] = Citation(number, hit.note, hit.file, span.first_line, span.last_line, span.quote)
        return number
    if span.quote not in known.quote:
        citations[key] = replace(known, quote=_covering(hit, known, span.quote))
    return known.number


def _covering(hit: Hit, known: Citation, quote: str) -> str:
    """The part of the cited lines from the beginning of one quote to the end of the other."""
    first = known.first_line - hit.chunk.first_line
    lines = _LINE_END.split(hit.chunk.text.lstrip())[first : first + known.last_line - known.first_line + 1]
    whole = " ".join(" ".join(lines).split())
    starts = whole.find(known.quote), whole.find(quote)
    if min(starts) < 0:
        return known.quote
    return whole[min(starts) : max(starts[0] + len(known.quote), starts[1] + len(quote))]
