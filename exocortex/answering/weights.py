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
        "inside": 7.84,
        "beside": 5.331,
        "passage": 2.211,
        "pairs": 1.272,
        "names": -0.825,
        "names_near": 0.729,
        "new": 0.504,
        "length": 0.014,
        "nothing_new": -2.763,
        "figure_found": 0.589,
        "figure_missing": -1.216,
        "name_found": 0.439,
        "name_missing": -0.602,
        "reason_found": 0.75,
        "reason_missing": -0.284,
        "asks": -0.454,
        "similarity": 5.083,
        "passage_similarity": 8.566,
        # The open sets hold next to no such text; these are set by hand, after their likes.
        "money_found": 0.589,
        "money_missing": -1.216,
        "code_found": 0.589,
        "code_missing": -1.216,
        "heading": -1.0,
        "property": -1.0,
    },
)
"""Ranks the sentences; the exponentials of two scores compare how likely each is the one that answers."""

CONFIDENCE = Linear(
    bias=-1.647,
    weights={
        "nearest": 1.556,
        "similarity": 1.798,
        "passage_similarity": 1.298,
        "bare": -4.379,
        "lost_names": -1.363,
        "figure_missing": -0.154,
        "name_missing": -0.19,
        # By hand: no sum of money, no price; no digit or address, no telephone number.
        "money_missing": -2.0,
        "code_missing": -2.0,
    },
)
"""Log odds that the best sentence answers."""

THRESHOLD = 0.45
"""Confidence below which the engine abstains.

On the fit's held-out vaults it refuses 87 % of the questions about something else, 69 % of those whose paragraph was
taken out, and 19 % of the answerable ones; on SQuAD 2.0, whose unanswerable questions are made to look answerable, 8 %
of the answerable ones. Lower lets more guesses through; higher costs more answers than it saves errors.
"""
