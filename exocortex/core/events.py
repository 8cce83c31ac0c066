"""Events: what a long job says while it works. Jobs are generators of these."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from exocortex.core.answers import Answer, Citation

Stage = Literal["scan", "words", "meaning", "vectors", "reading", "writing", "fetch", "copy", "checksum"]
"""The last three count bytes, the others notes, passages or vectors."""

_NAMED = 5


_PACED = 1.0
"""Seconds after which the pace of a job says how long it will take."""


@dataclass(frozen=True, slots=True)
class Progress:
    """A step of a stage is done; `total` can grow while the stage runs."""

    stage: Stage
    done: int
    total: int
    seconds: float
    """Since the stage began."""
    before: int = 0
    """What was done in an earlier run, which says nothing of the pace of this one."""

    @property
    def eta(self) -> float | None:
        """Seconds left at the pace so far; None in the first second, whose pace says little, and without a total."""
        fresh, left = self.done - self.before, self.total - self.done
        return self.seconds / fresh * left if fresh > 0 and left >= 0 and self.seconds >= _PACED else None


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


@dataclass(frozen=True, slots=True)
class Retrieved:
    """What an answer will be made from, known before its first word."""

    sources: tuple[Citation, ...]
    """Numbered as the answer cites them; empty where no model is asked."""
    dropped: int
    """Passages that the model's context had no room for."""


@dataclass(frozen=True, slots=True)
class Token:
    """The next piece of an answer that is being written. It isn't checked yet."""

    text: str


@dataclass(frozen=True, slots=True)
class Answered:
    """The answer as a whole, checked."""

    answer: Answer


@dataclass(frozen=True, slots=True)
class Asked:
    """In which conversation a question was asked, and what it was made into to be searched for."""

    thread: str
    query: str


@dataclass(frozen=True, slots=True)
class Replayed:
    """An answer made again from its receipt."""

    same: bool
    """To the letter."""
    same_model: bool
    then: str
    now: str


Answering = Asked | Retrieved | Token | Answered
"""What whoever asked is told, in this order; `Asked` in conversations only."""

Happening = Event | Notice
"""What whoever watches is told."""
