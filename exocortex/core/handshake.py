"""Handshake: what a client and the owner of the index tell each other before the first question."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

PROTOCOL = 1
MOST_REQUEST = 4 * 1024 * 1024
"""Bytes of a request; a longer one ends the connection."""
MOST_REPLY = 1 << 30
"""Bytes of a reply: a note is sent whole."""


@dataclass(frozen=True, slots=True)
class Build:
    """Which program this is. Of two with the same version the one changed later is the newer one."""

    protocol: int
    schema: int
    """Of the JSON that people are promised."""
    version: str
    changed: float
    """When the program's files last changed, in seconds since the epoch."""

    def is_newer_than(self, other: Build) -> bool:
        """Whether this program may take the place of the other one."""
        return self._order() > other._order()

    def _order(self) -> tuple[int, list[int], float]:
        numbers = [int(part) if part.isdecimal() else 0 for part in self.version.split(".")]
        return (self.protocol, numbers, self.changed)


@dataclass(frozen=True, slots=True)
class Hello:
    """A client's first message."""

    build: Build
    config: str | None
    """The settings it wants in force, packed as JSON; None: whichever are."""


Verdict = Literal["welcome", "newer", "older", "closing"]


@dataclass(frozen=True, slots=True)
class Welcome:
    """The owner's answer. `newer`: the owner is, and stays. `older`: the owner is, and makes way. `closing`: it is
    about to end, so try again."""

    verdict: Verdict
    build: Build
    pid: int
