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
        "inside": 7.529,
        "beside": 5.1,
        "passage": 1.985,
        "pairs": 1.419,
        "names": -0.496,
        "names_near": 0.554,
        "new": 0.39,
        "length": 0.108,
        "nothing_new": -2.604,
        "figure_found": 0.359,
        "figure_missing": -1.299,
        "name_found": 0.278,
        "name_missing": -0.813,
        "reason_found": 0.509,
        "reason_missing": -0.511,
        "asks": -0.511,
        "similarity": 4.909,
        "passage_similarity": 8.466,
        # The open sets hold next to no such text; these are set by hand, after their likes.
        "money_found": 0.359,
        "money_missing": -1.299,
        "code_found": 0.359,
        "code_missing": -1.299,
        "heading": -1.0,
        "property": -1.0,
    },
)
"""Ranks the sentences; the exponentials of two scores compare how likely each is the one that answers."""

CONFIDENCE = Linear(
    bias=-1.671,
    weights={
        "nearest": 2.005,
        "similarity": 1.327,
        "passage_similarity": 1.427,
        "bare": -4.569,
        "lost_names": -1.365,
        "figure_missing": -0.36,
        "name_missing": -0.124,
        # By hand: no sum of money, no price; no digit or address, no telephone number.
        "money_missing": -2.0,
        "code_missing": -2.0,
    },
)
"""Log odds that the best sentence answers."""

THRESHOLD = 0.45
"""Confidence below which the engine abstains: where, on the fit's held-out vaults, the share of questions about
something else that it refuses (88 %) exceeds that of answerable ones (19 %) by most.

It refuses 67 % there of the questions whose paragraph was taken out, and on SQuAD 2.0 about 9 % of the answerable ones.
"""
