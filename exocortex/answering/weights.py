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
        "inside": 8.368,
        "beside": 5.852,
        "passage": 2.812,
        "pairs": 1.8,
        "names": -0.869,
        "names_near": 1.308,
        "new": 0.131,
        "length": 0.25,
        "nothing_new": -3.401,
        "figure_found": 0.852,
        "figure_missing": -0.723,
        "asks": -0.658,
        "heading": -1.0,
        "property": -1.0,
        "similarity": 4.705,
        "passage_similarity": 9.607,
    },
)
"""Ranks the sentences; the exponentials of two scores compare how likely each is the one that answers."""

CONFIDENCE = Linear(bias=-4.0, weights={"nearest": 8.0, "inside": 1.0})
"""Log odds that the best sentence answers."""

THRESHOLD = 0.4
"""Confidence below which the engine abstains."""
