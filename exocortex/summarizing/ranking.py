"""Ranking: which sentences say most of what a set of sentences says, and which of those differ from each other.

Centrality on the graph of similar sentences (Erkan and Radev, "LexRank", 2004; Mihalcea and Tarau, "TextRank", 2004),
its random jumps going where a prior says (Otterbacher, Erkan and Radev, "Using Random Walks for Question-focused
Sentence Retrieval", 2005); then maximal marginal relevance (Carbonell and Goldstein, "The Use of MMR", 1998).
Knows vectors and weights, no texts. Both functions are deterministic: ties go to what comes first.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from exocortex.core.ports import Vectors

_DAMPING = 0.7
"""Share of the walk that follows similarity; the rest jumps by the prior."""
_ROUNDS = 40
_LEAST_SIMILARITY = 0.1
"""Below it two sentences have nothing to do with each other: cosines of short texts are never quite zero."""
_RELEVANCE = 0.6
"""What being central counts for in MMR, against being new."""
_SAME = 0.93
"""Similarity above which two sentences say the same."""
_DIGITS = 6
"""Scores are rounded: equal sentences must tie whatever the order in which a product is summed."""


def centrality(vectors: Vectors, weights: Sequence[float]) -> list[float]:
    """How central each of these sentences is, 0 to 1, the best being 1.

    `vectors` of shape (n, dimensions), rows of length 1; `weights` are the prior, of any scale. n² numbers of memory.
    """
    import numpy as np

    jump = np.maximum(np.asarray(weights, np.float64), 1e-6)
    jump /= jump.sum()
    graph = (vectors @ vectors.T).astype(np.float64).round(_DIGITS)
    np.fill_diagonal(graph, 0.0)
    graph[graph < _LEAST_SIMILARITY] = 0.0
    out = graph.sum(axis=1)
    alone = out == 0
    graph /= np.where(alone, 1.0, out)[:, None]
    rank = jump.copy()
    for _ in range(_ROUNDS):
        rank = _DAMPING * (rank @ graph + rank[alone].sum() * jump) + (1 - _DAMPING) * jump
    return [round(float(value), _DIGITS) for value in rank / rank.max()]


def distinct(
    vectors: Vectors,
    scores: Sequence[float],
    most: int,
    allowed: Callable[[int, Sequence[int]], bool] = lambda _index, _chosen: True,
) -> list[int]:
    """Indexes of at most so many sentences, best first: each says much and something else than those before it.

    `allowed` may refuse an index, given those already chosen.
    """
    import numpy as np

    chosen: list[int] = []
    nearest = np.zeros(len(scores))
    open_ = np.ones(len(scores), bool)
    relevance = _RELEVANCE * np.asarray(scores)
    while len(chosen) < most and open_.any():
        gain = np.where(open_, (relevance - (1 - _RELEVANCE) * nearest).round(_DIGITS), -np.inf)
        best = int(gain.argmax())
        open_[best] = False
        if nearest[best] < _SAME and allowed(best, chosen):
            chosen.append(best)
            nearest = np.maximum(nearest, vectors @ vectors[best])
    return chosen
