"""Fusion: one score for each note out of how well it fits by words and by meaning. Knows only keys and numbers.

The two arms measure in different units, so each score is first made a share of its arm's best, and the shares are added
in equal parts: the convex combination of Bruch, Gai & Ingber, "An Analysis of Fusion Functions for Hybrid
Retrieval" (TOIS 2023), with 0 as the lowest value of both. BM25 has it by definition; the cosine of unrelated texts is
near it. Subtracting the least of the candidates instead (min-max) makes a note's score depend on how far down the lists
were cut: in a small vault or under a filter all candidates are somewhat alike, and the stretched differences of one arm
drown the other. Normalised scores beat ranks on 27 of 29 BEIR sets in Pyserini's fusion experiments: a rank forgets by
how much the first is better than the second.

nDCG@10 with 200 notes by words and 400 chunks by meaning, mean of twelve open sets (scifact, cranfield, cisi, cacm,
med, adi, qmsum, tldr, jbranchaud-til, a part of obsidian-hub, locomo by session and by turn), and of three of them with
each question asked within its own conversation, which once is a vault and once a filter:

    words alone .610 and .656 · meaning alone .567 and .553 · reciprocal ranks (k = 60) .627 and .638
    min-max .651 and .681 · this .651 and .684

The top is flat: weights from .5 to .6 lie within .002 of each other. No group of queries, by length, by the share of
their words that the best note has, or by how far it is ahead, wants another weight.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from typing import TypeVar

MEANING_WEIGHT = 0.5
"""The part of meaning in the sum, the same for every query."""

K = TypeVar("K", bound=Hashable)


def fuse(words: Mapping[K, float], meaning: Mapping[K, float], weight: float = MEANING_WEIGHT) -> dict[K, float]:
    """Scores from 0 to 1 for every candidate of either arm, greater is better, comparable within one query only.

    `words` holds BM25 scores (positive, greater is better), `meaning` cosine similarities, which should be given for
    the candidates of `words` too. A note without words gets none; a note without similarity has no vector yet and is
    judged by its words alone. Likewise an empty arm leaves the whole score to the other.
    """
    by_words, by_meaning = _shares(words), _shares(meaning)
    if not by_meaning:
        return by_words
    if not by_words:
        return by_meaning
    fused: dict[K, float] = {}
    for key in {**by_words, **by_meaning}:
        share = by_words.get(key, 0.0)
        fused[key] = (1 - weight) * share + weight * by_meaning.get(key, share)
    return fused


def _shares(scores: Mapping[K, float]) -> dict[K, float]:
    """Each score as a share of the best; 0 for those below 0."""
    best = max(scores.values(), default=0.0)
    return {key: max(score, 0.0) / best if best > 0 else 0.0 for key, score in scores.items()}
