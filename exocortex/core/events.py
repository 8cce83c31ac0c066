"""Events: what a long job says while it works. Jobs are generators of these."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Stage = Literal["scan", "words", "meaning", "vectors"]


@dataclass(frozen=True, slots=True)
class Progress:
    """A step of a stage is done; `total` can grow while the stage runs."""

    stage: Stage
    done: int
    total: int
    seconds: float
    """Since the stage began."""

    @property
    def eta(self) -> float | None:
        """Seconds left at the pace so far; None before the first step."""
        return self.seconds / self.done * (self.total - self.done) if self.done else None


@dataclass(frozen=True, slots=True)
class Indexed:
    """An indexing run is over (or was stopped, which keeps what is done)."""

    added: int
    modified: int
    moved: int
    removed: int
    skipped: int
    embedded: int
    """Chunks embedded."""
    stopped: bool
    seconds: float


Event = Progress | Indexed
