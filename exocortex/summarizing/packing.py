"""Packing: texts put together into batches that a language model can read at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from exocortex.core.ports import LanguageModel
    from exocortex.core.turns import Turn

TOKENS_A_POINT = 60
"""Room a point is given in a reply."""

_SAFETY = 0.9
"""Share of the context that is used: tokens are counted text by text, and a template adds some."""
_JOIN = 3
"""Tokens counted for a batch's number and the blank line after a text."""


@dataclass(frozen=True, slots=True)
class Room:
    """What a model can take at once."""

    prompt: int
    """Tokens of texts."""
    reply: int


def room(model: LanguageModel, empty: Sequence[Turn], points: int) -> Room:
    """What is left beside a prompt without texts (`empty`) and a reply of so many points. Raises EngineError."""
    fixed = sum(model.count([turn.text for turn in empty]))
    reply = min(TOKENS_A_POINT * points, model.context // 3)
    return Room(int(model.context * _SAFETY) - fixed - reply, reply)


def packed(model: LanguageModel, texts: Sequence[str], tokens: int) -> tuple[list[list[int]], list[int]]:
    """Indexes of the texts in batches of at most so many tokens, in order; and those too long for any batch.

    Raises EngineError.
    """
    batches: list[list[int]] = []
    too_long: list[int] = []
    used = tokens
    for index, size in enumerate(model.count(texts) if texts else []):
        if size + _JOIN > tokens:
            too_long.append(index)
            continue
        if used + size + _JOIN > tokens:
            batches.append([])
            used = 0
        batches[-1].append(index)
        used += size + _JOIN
    return batches, too_long
