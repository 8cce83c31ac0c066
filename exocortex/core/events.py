"""Events: what a long job says while it works. Jobs are generators of these."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

Stage = Literal["scan", "words", "meaning", "vectors"]

_NAMED = 5


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


@dataclass(frozen=True, slots=True)
class Saved:
    """Changes of the notes that searches by words see from now on."""

    at: datetime
    changed: tuple[str, ...]
    """`folder:path` of the first few that are searchable as they are now."""
    gone: tuple[str, ...]
    """Of the first few that can't be found any more: deleted, moved elsewhere, or not to be read as they are now."""
    count: int
    """How many there are of both."""


def saved(at: datetime, changed: Sequence[str], gone: Sequence[str]) -> Saved:
    """That these `folder:path` became searchable, and these can't be found any more; of many, the number is enough."""
    return Saved(at, tuple(changed[:_NAMED]), tuple(gone[:_NAMED]), len(changed) + len(gone))


Event = Progress | Saved | Indexed


@dataclass(frozen=True, slots=True)
class Notice:
    """Something people should know: how changes are noticed from now on, a folder that is away, a failure."""

    text: str


Happening = Event | Notice
"""What whoever watches is told."""
