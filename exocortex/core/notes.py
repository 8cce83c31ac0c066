"""Note: one file of the user's, parsed, and the parts found in it. Knows nothing about files or formats."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from enum import StrEnum


@dataclass(frozen=True, slots=True)
class Heading:
    """A section's title line."""

    level: int
    """1 to 6."""
    text: str
    line: int
    """1-based, counted in the whole file, as every line number here."""


class LinkKind(StrEnum):
    """How a link is written."""

    WIKI = "wiki"
    """`[[target#heading|alias]]`"""
    EMBED = "embed"
    """`![[target]]`"""
    MARKDOWN = "markdown"
    """`[alias](target.md#heading)`, relative targets only"""
    IMAGE = "image"
    """`![alias](target.png)`, relative targets only"""


@dataclass(frozen=True, slots=True)
class Link:
    """A reference to another file of the vault, as written: it is resolved when asked, never when stored."""

    kind: LinkKind
    target: str
    """Path or name before `#`, percent-decoded; empty for a link within the note."""
    anchor: str | None
    """Heading text, or `^id` of a block."""
    alias: str | None
    line: int


@dataclass(frozen=True, slots=True)
class Task:
    """A `- [ ]` item."""

    text: str
    done: bool
    line: int


@dataclass(frozen=True, slots=True)
class Block:
    """A run of lines that belongs together (paragraph, list item, fence, table, heading, frontmatter …)."""

    start: int
    """Character offset of its first character in the note's text."""
    end: int
    """Offset after its last character; a block owns the blank lines that follow it."""
    kind: str
    """`heading paragraph item fence table html rule frontmatter`; cutting minds `heading` and `frontmatter` alone."""
    headings: tuple[str, ...]
    """Titles of the sections it lies in, outermost first; a heading lies in its own section."""


@dataclass(frozen=True, slots=True)
class NoteRef:
    """Where a note is and what a person calls it: all that a hit or a citation needs of it."""

    id: str
    folder: str
    """Unique name of the folder it lies in."""
    path: str
    """Relative to the folder, `/`-separated, NFC."""
    title: str
    date: date | None


@dataclass(frozen=True, slots=True)
class ParsedNote:
    """What a parser makes of one file's bytes; `text` is the decoded file, whole, without a byte order mark."""

    text: str
    title: str
    date: date | None
    """From the frontmatter or the file name; None leaves it to the file's modification time."""
    tags: tuple[str, ...]
    """Lower case, without `#`, nested as `a/b`, in order of appearance, each once."""
    aliases: tuple[str, ...]
    properties: tuple[tuple[str, str], ...]
    """Frontmatter fields as (lower-case key, text); a list gives one pair an item, nested maps `a.b`."""
    headings: tuple[Heading, ...]
    links: tuple[Link, ...]
    tasks: tuple[Task, ...]
    anchors: tuple[tuple[str, int], ...]
    """Block ids (`^id`, without `^`) and their lines."""
    blocks: tuple[Block, ...]
    """In order, without gap or overlap, covering `text` from 0 to its end (empty for an empty text)."""
    warnings: tuple[str, ...] = ()
    """What was odd about it, for people: "frontmatter is not valid YAML (line 3)"."""
