"""Summary and Digest: what many notes say in a few points, each with its evidence, and what came up in a period."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal

from exocortex.core.answers import Citation, Support
from exocortex.core.notes import NoteRef
from exocortex.core.results import Freshness, TaskOfNote

Scope = Literal["note", "folder", "query"]
Period = Literal["day", "week"]


@dataclass(frozen=True, slots=True)
class Point:
    """One thing the notes say."""

    text: str
    citations: tuple[int, ...]
    support: Support
    quoted: bool
    """Verbatim from a note; otherwise a model wrote it."""


@dataclass(frozen=True, slots=True)
class Making:
    """How points came about, and out of how much."""

    engine: str
    """`extractive`, or the name of the language model."""
    notes: int
    """Notes read."""
    passages: int
    """Passages of theirs that were read."""
    shown: int
    """Passages the model was shown; 0 without one."""
    dropped: int
    """Citations of passages it had not been shown, taken out."""
    unusable: int
    """Replies of the model without one usable point; sentences of the notes stand in their place."""
    notices: tuple[str, ...]
    """Sentences for the user: a model that failed, a folder that is away."""
    freshness: Freshness


@dataclass(frozen=True, slots=True)
class Summary:
    """What a note, a folder or the notes found by a query say; no points if nothing was found."""

    title: str
    """What was summarized, and as what it was understood: `Note “Lease”`, `Folder Home`, `Notes found by tag:x`."""
    scope: Scope
    points: tuple[Point, ...]
    """In the order of the notes, and within one of its lines."""
    citations: tuple[Citation, ...]
    """Numbered from 1 in the order in which the points cite them."""
    making: Making


@dataclass(frozen=True, slots=True)
class Touched:
    """A note that was written or changed in a period, with the sentences that say most."""

    note: NoteRef
    file: str
    modified: datetime
    new: bool
    """It says itself that it is of a day in the period; any other note counts as changed."""
    points: tuple[Point, ...]


@dataclass(frozen=True, slots=True)
class DigestFolder:
    """The notes touched that lie directly in one folder."""

    folder: str
    """Name of the folder of notes."""
    path: str
    """Below it, `/`-separated; empty for itself."""
    notes: tuple[Touched, ...]


@dataclass(frozen=True, slots=True)
class Digest:
    """What came into the notes in a period; no folders if nothing did."""

    period: Period
    first: date
    last: date
    overview: tuple[Point, ...]
    """What it comes to, if there is a language model to say so."""
    folders: tuple[DigestFolder, ...]
    tasks: tuple[TaskOfNote, ...]
    """Open ones of these notes."""
    left_out: int
    """Notes touched that are not shown: too many for one digest."""
    citations: tuple[Citation, ...]
    """Numbered from 1 throughout."""
    making: Making
