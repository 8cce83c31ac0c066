"""Reranking: the first notes of a search, put in the order in which a slower model sees their best passages.

Optional, and short of time: what is too late is left out, and the search says so.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from exocortex.core.chunks import Chunk, embedding_input
from exocortex.core.errors import EngineError

if TYPE_CHECKING:
    from exocortex.core.ports import Reranker

RERANKED = 16
"""Notes whose order is looked at again."""

RERANK_SECONDS = 1.5
"""What that may add to a search."""


def rerank(
    reranker: Reranker,
    question: str,
    scores: dict[int, float],
    best: Mapping[int, Chunk],
    seconds: float = RERANK_SECONDS,
) -> tuple[dict[int, float], tuple[str, ...]]:
    """The first notes in the reranker's order, then the others; and a sentence if that could not be done.

    `scores` holds the notes best first, `best` the best passage of each of the first notes; one without text keeps its
    place. Each place keeps its score, so that scores stay between 0 and 1 and fall from note to note.
    """
    first = [note for note in list(scores)[:RERANKED] if note in best]
    if len(first) < 2 or not question.strip():
        return scores, ()
    texts = [embedding_input(best[note].title, best[note].headings, best[note].text) for note in first]
    try:
        found = reranker.scores(question, texts, seconds)
    except EngineError as error:
        return scores, (f"Not reranked: {error.told}",)
    if found is None:
        return scores, (f"Not reranked: {reranker.name} was not ready in time.",)
    fit = dict(zip(first, found, strict=True))
    order = iter(sorted(first, key=lambda note: -fit[note]))
    return {next(order) if note in fit else note: score for note, score in scores.items()}, ()
