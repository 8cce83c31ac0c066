"""Turns: a conversation as a language model is given it, and how its next words are chosen."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Role = Literal["system", "user", "assistant"]


@dataclass(frozen=True, slots=True)
class Turn:
    """What one side said. Its text is text throughout: nothing in it is ever a control token."""

    role: Role
    text: str


@dataclass(frozen=True, slots=True)
class Sampling:
    """How the next token is chosen; the same values give the same reply on one machine."""

    temperature: float = 0.0
    """0 always takes the likeliest token."""
    top_p: float = 0.95
    seed: int = 0
    most_tokens: int = 512
    """Where a reply is cut off."""
