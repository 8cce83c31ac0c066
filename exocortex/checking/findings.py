"""Finding: one thing that was looked at, how it is, and the command that mends it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, Protocol

Severity = Literal["ok", "warning", "error"]


@dataclass(frozen=True, slots=True)
class Finding:
    """What a check found."""

    what: str
    """A short name, always the same for the same check."""
    severity: Severity
    message: str
    """One sentence."""
    mend: str = ""
    """The one command that mends it; empty if none does."""


class Live(Protocol):
    """The process that holds the index and has Chroma open, as far as checks ask it."""

    def recall(self) -> float | None:
        """Share of the true nearest neighbours that Chroma finds on a sample; None if it isn't in use."""
        ...
