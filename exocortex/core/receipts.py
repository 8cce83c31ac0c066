"""Receipt: all that an answer was made from, kept so that it can be read, checked and made again later."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from exocortex.core.answers import NOT_IN_NOTES, Sentence
from exocortex.core.turns import Sampling, Turn


@dataclass(frozen=True, slots=True)
class Anchor:
    """A passage as it was when it was used. It is found again by its quote, never by where it stood."""

    number: int
    note: str
    """Id of the note, which stays with it wherever it is moved."""
    digest: str
    """Of the whole file then."""
    folder: str
    path: str
    title: str
    first_line: int
    last_line: int
    quote: str
    """White space collapsed."""


@dataclass(frozen=True, slots=True)
class Receipt:
    """One answer."""

    id: str
    at: datetime
    question: str
    query: str
    """What was searched for: the question, or what a follow-up was made into."""
    scope: str
    engine: str
    fingerprint: str
    """Of the model; empty where none was asked."""
    sampling: Sampling | None
    prompt: tuple[Turn, ...]
    """What the model was given, to the letter."""
    passages: tuple[Anchor, ...]
    left_out: int
    """Passages that the model had no room for."""
    written: str
    """What the model wrote."""
    sentences: tuple[Sentence, ...]
    abstained: bool
    confidence: float
    seconds: float
    silence: str = NOT_IN_NOTES
    """What was said in the place of an answer, if it abstained."""


@dataclass(frozen=True, slots=True)
class SourceNow:
    """What became of a passage since."""

    anchor: Anchor
    state: str
    """`same`, `moved` (other lines, or another file), `changed`, or `gone`."""
    path: str = ""
    """Where the note is now."""
    first_line: int = 0
    """Where the quote stands now, or what became of it."""
    last_line: int = 0
    difference: str = ""
    """Of what was quoted and what stands there now, as a unified diff; empty unless it changed."""


@dataclass(frozen=True, slots=True)
class Checked:
    """A receipt, and its sources as they are now."""

    receipt: Receipt
    sources: tuple[SourceNow, ...]


@dataclass(frozen=True, slots=True)
class Thread:
    """A conversation."""

    id: str
    title: str
    scope: str
    role: str
    """Name of a role file; empty for none."""
    at: datetime
    """When it was last added to."""
    answers: int


@dataclass(frozen=True, slots=True)
class Exchange:
    """A question of a thread and its answer."""

    id: str
    thread: str
    parent: str | None
    """The exchange before it; None for the first. Of two with one parent the later was asked in place of the other."""
    question: str
    receipt: Receipt
