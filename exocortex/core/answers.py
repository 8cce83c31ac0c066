"""Hit and Answer: what comes back from a search and from a question, with the evidence."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from exocortex.core.chunks import Chunk
from exocortex.core.notes import NoteRef

NOT_IN_NOTES = "Not in your notes."
"""What is said in the place of an answer, unless there is more to say; a model is told to say it so, too."""


@dataclass(frozen=True, slots=True)
class Ranks:
    """A hit's 1-based place in each arm of the search; None where that arm did not find it."""

    words: int | None
    meaning: int | None


@dataclass(frozen=True, slots=True)
class Snippet:
    """A few lines of a chunk around what was searched for."""

    text: str
    line: int
    """Line of the file the snippet starts at."""
    highlights: tuple[tuple[int, int], ...]
    """Character ranges of `text`, in order, not overlapping."""


@dataclass(frozen=True, slots=True)
class Hit:
    """A note found, with the chunk that found it."""

    note: NoteRef
    file: str
    """Absolute path, as the operating system spells it."""
    chunk: Chunk
    score: float
    """0 to 1, comparable within one query only."""
    ranks: Ranks
    snippet: Snippet
    missing: bool = False
    """The file isn't there, and its deletion isn't confirmed yet."""


class Support(StrEnum):
    """How well a sentence is borne out by the lines it cites."""

    SUPPORTED = "supported"
    WEAK = "weak"
    UNSUPPORTED = "unsupported"


@dataclass(frozen=True, slots=True)
class Citation:
    """Evidence: these lines of this note say so."""

    number: int
    note: NoteRef
    file: str
    first_line: int
    last_line: int
    quote: str
    """Equals those lines after collapsing white space, or a part of them."""


@dataclass(frozen=True, slots=True)
class Sentence:
    """One sentence of an answer."""

    text: str
    citations: tuple[int, ...]
    support: Support
    reasons: tuple[str, ...] = ()
    """Why it isn't supported, as short phrases."""


@dataclass(frozen=True, slots=True)
class Coverage:
    """How much of the notes an answer could look at, and how fresh that is."""

    notes: int
    """Files on disk that should be indexed."""
    searched: int
    """Notes whose words were searched, after the scope's filters."""
    pending: int
    """Words not in yet."""
    embedding: int
    """Words in, meaning not yet."""
    skipped: int
    as_of: datetime


@dataclass(frozen=True, slots=True)
class Answer:
    """A question's answer, or the admission that the notes have none."""

    question: str
    abstained: bool
    engine: str
    confidence: float
    """0 to 1; below the engine's threshold it abstains."""
    sentences: tuple[Sentence, ...]
    citations: tuple[Citation, ...]
    coverage: Coverage
    hits: tuple[Hit, ...]
    receipt: str | None = None
    written: str = ""
    """What a language model wrote, unchecked; a part of it if it was stopped or died. Empty if none was asked."""
    dropped: int = 0
    """Citations in it of passages it was not given."""
    failed: bool = False
    """The model failed: what is answered was quoted instead."""
    silence: str = NOT_IN_NOTES
    """What is said in its place if it abstained: a question that was given up says nothing of the notes."""
    notices: tuple[str, ...] = ()
    """What people should know: notes that are away, passages left out, a model that failed."""
