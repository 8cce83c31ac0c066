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
        "inside": 7.505,
        "beside": 5.087,
        "passage": 1.981,
        "pairs": 1.438,
        "names": -0.488,
        "names_near": 0.535,
        "new": 0.398,
        "length": 0.101,
        "nothing_new": -2.596,
        "figure_found": 0.373,
        "figure_missing": -1.247,
        "name_found": 0.272,
        "name_missing": -0.806,
        "reason_found": 0.527,
        "reason_missing": -0.576,
        "asks": -0.501,
        "similarity": 4.907,
        "passage_similarity": 8.431,
        # The open sets hold next to no such text; these are set by hand, after their likes.
        "money_found": 0.373,
        "money_missing": -1.247,
        "code_found": 0.373,
        "code_missing": -1.247,
        "heading": -1.0,
        "property": -1.0,
    },
)
"""Ranks the sentences; the exponentials of two scores compare how likely each is the one that answers."""

CONFIDENCE = Linear(
    bias=-1.88,
    weights={
        "nearest": -0.668,
        "apart": 5.11,
        "similarity": 0.688,
        "passage_similarity": 1.253,
        "pairs": 1.925,
        "bare": -3.211,
        "lost_names": -1.145,
        "figure_missing": -0.372,
        "name_missing": -0.216,
        # By hand: no sum of money, no price; no digit or address, no telephone number.
        "money_missing": -2.0,
        "code_missing": -2.0,
    },
)
"""Log odds that the best sentence answers.

On the fit's held-out vaults an answerable question gets more than one whose paragraph was taken out in 87 % of pairs,
on SQuAD 2.0 with paragraphs as notes in 85 %, on COVID-QA in 83 %. Boosted trees on the same features do no better, and
neither ranks and scores of retrieval, margins to the second sentence or passage, nor the terms that are nowhere found
add a hundredth. Questions made to look answerable, as SQuAD 2.0's are, are hardly told from others: 58 % of pairs.
"""

THRESHOLD = 0.45
"""Confidence below which the engine abstains: where, on the fit's held-out vaults, the share of questions about
something else that it refuses (90 %) exceeds that of answerable ones (20 %) by most.

It refuses 77 % there of the questions whose paragraph was taken out. On SQuAD 2.0 with paragraphs as notes it refuses
67 % of those, 99 % of those whose article was, and 14 % of the answerable ones (python -m bench.abstention).
"""
