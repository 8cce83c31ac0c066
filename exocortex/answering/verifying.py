"""Verifying: whether the lines that a sentence of an answer cites say what it says.

Figures, dates, names and negations must match, and no word may be its opposite (contradicting.py). The rest is compared
clause by clause: the words a clause shares with the cited sentence that fits it best (aligning.py) and, where those are
few, the similarity of the two. One clause without a counterpart is enough for a doubt. Knows nothing of files, indexes
or models of language.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from exocortex.answering.aligning import Aligned, align
from exocortex.answering.claims import Claims, read_claims
from exocortex.answering.contradicting import Evidence, contradictions
from exocortex.answering.questions import plain
from exocortex.answering.sentences import spans
from exocortex.core.answers import Support
from exocortex.core.words import clean

if TYPE_CHECKING:
    from exocortex.core.ports import Embedder

LONGEST_SENTENCE = 2_000
"""Characters of a sentence that are read; a longer one is never more than weakly supported, unless it is a quote."""
MOST_CITED = 40_000
"""Characters of the cited lines that are read, all passages together."""
SUPPORTED = 0.35
"""Score of the least supported clause from which a sentence counts as supported; chosen with `bench.verify --tune`."""
WEAK = 0.2
_CONTRADICTED = 0.1
"""The most that a contradicted sentence scores."""
_SURE = 0.6
"""Share of a clause's words from which its meaning could not change the verdict and is not looked at."""
_MEANING = 0.4
"""Weight of similarity beside words."""
_MOST_EMBEDDED = 2
"""Clauses compared by meaning, the least covered; each costs two short texts at most."""
_NEAR = 0.4
"""Share of a clause that a cited sentence must cover for their facts to be compared."""
_LONGEST_SHOWN = 60
_MARKS = re.compile(r"[*_`~\s]+")


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the cited lines say to a sentence."""

    support: Support
    reasons: tuple[str, ...]
    """Why it isn't supported, as short phrases for people; empty if it is."""
    score: float
    """0 to 1: how well the least supported clause is borne out, at most 0.1 where the lines contradict it."""


def verify(sentence: str, cited: Sequence[str], embedder: Embedder) -> Verdict:
    """Whether these passages support a sentence, citation marks left out; any texts will do.

    Raises EngineError if the embedder's model is missing or damaged.
    """
    quotes = _quotes(cited)
    if not quotes:
        return Verdict(Support.UNSUPPORTED, ("it cites no lines",), 0.0)
    if (said := _bare(sentence)) and any(said == _bare(quote) for quote in quotes):
        return Verdict(Support.SUPPORTED, (), 1.0)
    claims = read_claims(sentence[:LONGEST_SENTENCE])
    sources = [read_claims(quote) for quote in quotes]
    aligned = align(claims, sources)
    if found := contradictions(claims, _evidence(aligned, sources)):
        return Verdict(Support.UNSUPPORTED, tuple(found), min(_CONTRADICTED, _least([one.covered for one in aligned])))
    if not (aligned or claims.figures or claims.moments):
        return Verdict(Support.WEAK, ("it says too little to be compared",), WEAK)
    return _judged(claims, aligned, _borne_out(claims, aligned, sources, embedder), len(sentence) > LONGEST_SENTENCE)


def _quotes(cited: Sequence[str]) -> list[str]:
    """The sentences of the passages, as far as they are read; frontmatter is text here."""
    found, left = [], MOST_CITED
    for passage in cited:
        found += [span.quote for span in spans(passage[:left], 2)]
        left = max(0, left - len(passage))
    return found


def _bare(text: str) -> str:
    """Text as it reads: without emphasis, link targets and the full stop."""
    return _MARKS.sub(" ", plain(clean(text))).strip(" .").casefold()


def _evidence(aligned: Sequence[Aligned], sources: Sequence[Claims]) -> Evidence:
    """The cited sentences, those apart that the clauses draw on."""
    best = max(aligned, key=lambda one: one.covered * len(one.clause), default=None)
    drawn = {one.source for one in aligned if one.covered >= _NEAR or one is best} - {-1}
    stems = frozenset(stem for one in sources for stem in one.stems)
    return Evidence(tuple(sources[index] for index in sorted(drawn)), tuple(sources), stems)


def _borne_out(
    claims: Claims, aligned: Sequence[Aligned], sources: Sequence[Claims], embedder: Embedder
) -> list[float]:
    """How well each clause is: by its words, and by meaning those whose words are few."""
    borne = [one.covered for one in aligned]
    doubtful = sorted((i for i, one in enumerate(aligned) if one.covered < _SURE), key=lambda i: (borne[i], i))
    asked = [index for index in doubtful if aligned[index].source >= 0][:_MOST_EMBEDDED]
    if not asked:
        return borne
    texts = [claims.clause(aligned[index].clause) for index in asked]
    texts += [sources[aligned[index].source].text for index in asked]
    unlike = list(dict.fromkeys(texts))
    vectors = dict(zip(unlike, embedder.embed(unlike), strict=True))
    for index, clause, source in zip(asked, texts, texts[len(asked) :], strict=False):
        similarity = max(0.0, round(float(vectors[clause] @ vectors[source]), 5))
        borne[index] = (1 - _MEANING) * borne[index] + _MEANING * similarity
    return borne


def _judged(claims: Claims, aligned: Sequence[Aligned], borne: Sequence[float], cut: bool) -> Verdict:
    """The verdict on a sentence that nothing contradicts; `cut` says that only its beginning was read."""
    score = round(min(1.0, _least(borne)), 4)
    missing = [one.clause for one, value in zip(aligned, borne, strict=True) if value < SUPPORTED]
    reasons = [f'nothing in the cited lines says "{_shortened(claims.clause(clause))}"' for clause in missing]
    if cut:
        reasons.append("it is too long to be compared whole")
    if not reasons:
        return Verdict(Support.SUPPORTED, (), score)
    return Verdict(Support.WEAK if score >= WEAK else Support.UNSUPPORTED, tuple(reasons), score)


def _least(borne: Sequence[float]) -> float:
    return min(borne, default=1.0)


def _shortened(text: str) -> str:
    return text if len(text) <= _LONGEST_SHOWN else f"{text[: _LONGEST_SHOWN - 1].rstrip()}…"
