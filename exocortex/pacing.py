"""Pace: how much is embedded at once, so that more urgent work never waits long for it."""

from __future__ import annotations

from collections.abc import Sequence

from exocortex.storage.vectors import Unembedded

_FEWEST, MOST, _STEP = 8, 128, 8
"""Texts embedded at once: whole steps, so that an embedder's threads end together."""
_TEXT_COST = 50
"""What a text costs however short it is, in characters."""
_EMBEDDING_SECONDS = 0.2
"""About how long embedding may keep more urgent work waiting."""


class Pace:
    """How many characters a second are embedded, as measured; cuts texts into batches that take about as long."""

    def __init__(self) -> None:
        self._speed: float | None = None
        self._cold = True

    def cut(self, texts: list[Unembedded]) -> tuple[list[Unembedded], list[Unembedded]]:
        """The first of these texts, as many as can be embedded in the time, and the rest."""
        if self._speed is None:
            return texts[:_FEWEST], texts[_FEWEST:]
        count, budget = 0, self._speed * _EMBEDDING_SECONDS
        while count < len(texts) and budget > 0:
            budget -= _cost(texts[count])
            count += 1
        count = max(_FEWEST, count // _STEP * _STEP)
        return texts[:count], texts[count:]

    def took(self, batch: Sequence[Unembedded], seconds: float) -> None:
        """Learn from a batch, but not from the first: it may have loaded a model."""
        if self._cold:
            self._cold = False
        elif batch and seconds > 0:
            speed = sum(map(_cost, batch)) / seconds
            self._speed = speed if self._speed is None else (self._speed + speed) / 2


def _cost(text: Unembedded) -> int:
    return len(text.text) + _TEXT_COST
