"""Results: what a search and the questions about single notes give back, ready to be painted or sent."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from exocortex.core.answers import Hit
from exocortex.core.notes import Heading, Link, NoteRef, Task

Mode = Literal["words", "meaning", "hybrid"]
Sort = Literal["score", "date"]


@dataclass(frozen=True, slots=True)
class Freshness:
    """How current a result is: everything saved before `as_of` was looked at, but for what is pending."""

    as_of: datetime
    pending: int
    embedding: int
    """Notes searched by words alone so far."""


@dataclass(frozen=True, slots=True)
class Explained:
    """Why a hit stands where it does."""

    words: float | None
    """BM25 of the note; None where the words arm did not find it."""
    meaning: float | None
    """Cosine similarity of its nearest chunk; None where it has none or meaning was not asked."""


@dataclass(frozen=True, slots=True)
class Found:
    """A search's outcome."""

    hits: tuple[Hit, ...]
    mode: Mode
    freshness: Freshness
    notices: tuple[str, ...]
    """Sentences for the user: a word replaced by its nearest spelling, meaning not available, a folder away."""
    explained: tuple[Explained, ...]
    """One for each hit, in order."""
    milliseconds: tuple[tuple[str, float], ...]
    """(step, time) in order: refresh, embed, words, meaning, fuse, snippets."""
    nearby: bool = False
    """No note has any of the words; the hits are near in meaning only."""


@dataclass(frozen=True, slots=True)
class NoteText:
    """A note as it is on disk now."""

    note: NoteRef
    file: str
    text: str


@dataclass(frozen=True, slots=True)
class ResolvedLink:
    """A link together with where it leads."""

    source: NoteRef
    link: Link
    path: str | None
    """Folder-relative path of what it leads to, a note or another file; None if nothing there fits."""
    target: NoteRef | None
    """The note it leads to, if it is one."""
    line: int | None
    """The line of its heading or block in the target, where it names one that exists."""


@dataclass(frozen=True, slots=True)
class NoteLinks:
    """A note's links, both ways."""

    note: NoteRef
    out: tuple[ResolvedLink, ...]
    back: tuple[ResolvedLink, ...]
    unresolved: tuple[ResolvedLink, ...]


@dataclass(frozen=True, slots=True)
class InspectedChunk:
    """A chunk as the index sees it."""

    key: str
    headings: tuple[str, ...]
    first_line: int
    last_line: int
    tokens: int
    """Of its embedding input, special tokens not counted."""
    embedded: bool
    """Its vector is in."""
    text: str


@dataclass(frozen=True, slots=True)
class Inspected:
    """Everything the index holds of one note."""

    note: NoteRef
    file: str
    digest: str
    tags: tuple[str, ...]
    aliases: tuple[str, ...]
    properties: tuple[tuple[str, str], ...]
    headings: tuple[Heading, ...]
    links: tuple[Link, ...]
    tasks: tuple[Task, ...]
    warnings: tuple[str, ...]
    chunks: tuple[InspectedChunk, ...]


@dataclass(frozen=True, slots=True)
class RecentNote:
    """A note and when its file last changed."""

    note: NoteRef
    file: str
    modified: datetime


@dataclass(frozen=True, slots=True)
class Subfolder:
    """A folder within another, and what lies in it at any depth."""

    path: str
    """Relative to the folder of notes, as notes' paths are."""
    notes: int


@dataclass(frozen=True, slots=True)
class FolderContents:
    """What lies directly in a folder, by name: its subfolders, and one page of its notes."""

    folder: str
    path: str
    """Relative to the folder of notes; empty for that itself."""
    after: str
    """The path of the note before the first of the page; empty for the first page."""
    folders: tuple[Subfolder, ...]
    """On the first page; later ones have none."""
    notes: tuple[NoteRef, ...]
    more: int
    """How many notes follow the page."""


@dataclass(frozen=True, slots=True)
class TagCount:
    """A tag and how many notes carry it (or a tag nested in it)."""

    tag: str
    notes: int


@dataclass(frozen=True, slots=True)
class FilterValues:
    """What may follow the colon of a filter, as far as the notes have it."""

    key: str
    """As it is typed: `tag`, `path`, a property."""
    values: tuple[tuple[str, int], ...]
    """Each with how many notes have it, most used first; the less used of many are left out."""


@dataclass(frozen=True, slots=True)
class TaskOfNote:
    """A task and the note it stands in."""

    note: NoteRef
    file: str
    task: Task
