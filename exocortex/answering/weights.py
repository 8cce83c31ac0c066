"""The weights of the extractive engine: fitted on open question sets by tools/fit_answering.py, not chosen."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Linear:
    """A linear model over named features."""

    bias: float
    weights: Mapping[str, float]

    def score(self, features: Mapping[str, float]) -> float:
        """The weighted sum; features without a weight don't count, absent ones are 0."""
        return self.bias + sum(weight * features.get(name, 0.0) for name, weight in self.weights.items())


RANKING = Linear(
    bias=0.0,
    weights={
        "inside": 7.509,
        "beside": 5.091,
        "passage": 1.983,
        "pairs": 1.437,
        "names": -0.487,
        "names_near": 0.533,
        "new": 0.396,
        "length": 0.105,
        "nothing_new": -2.6,
        "figure_found": 0.363,
        "figure_missing": -1.253,
        "name_found": 0.271,
        "name_missing": -0.804,
        "reason_found": 0.554,
        "reason_missing": -0.568,
        "asks": -0.49,
        "similarity": 4.908,
        "passage_similarity": 8.428,
        # The open sets hold next to no such text; these are set by hand, after their likes.
        "money_found": 0.363,
        "money_missing": -1.253,
        "code_found": 0.363,
        "code_missing": -1.253,
        "heading": -1.0,
        "property": -1.0,
    },
)
"""Ranks the sentences; the exponentials of two scores compare how likely each is the one that answers."""

CONFIDENCE = Linear(
    bias=-1.882,
    weights={
        "nearest": -0.81,
        "apart": 5.342,
        "similarity": 0.734,
        "passage_similarity": 1.231,
        "pairs": 1.92,
        "bare": -3.208,
        "lost_names": -1.13,
        "figure_missing": -0.375,
        "name_missing": -0.216,
        # By hand: no sum of money, no price; no digit or address, no telephone number.
        "money_missing": -2.0,
        "code_missing": -2.0,
    },
)
"""Log odds that the best sentence answers."""

THRESHOLD = 0.45
"""Confidence below which the engine abstains: where, on the fit's held-out vaults, the share of questions about
something else that it refuses (90 %) exceeds that of answerable ones (20 %) by most.

It refuses 78 % there of the questions whose paragraph was taken out, and on SQuAD 2.0 about 9 % of the answerable ones.
"""
