"""Status: the ledger as shown to people. On disk = indexed + pending + skipped, always, for every folder."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from exocortex.core.events import Progress


@dataclass(frozen=True, slots=True)
class Skipped:
    """A file that should be a note and isn't in the index, and why."""

    folder: str
    path: str
    reason: str


@dataclass(frozen=True, slots=True)
class FolderStatus:
    """One folder's ledger, as of its last scan."""

    name: str
    root: str
    on_disk: int
    """Files that have a parser and aren't ignored."""
    indexed: int
    """Words are in."""
    pending: int
    """Words are not in yet."""
    skipped: int
    others: int
    """Files without a parser (pictures, PDFs); not counted as on disk."""
    missing: bool
    """The folder itself isn't there at the moment; what was indexed of it still serves."""
    frozen: int
    """Notes that vanished too many at once to be thought deleted: they still serve, and count in none of the above."""


@dataclass(frozen=True, slots=True)
class OwnerStatus:
    """The process that holds the index."""

    pid: int
    started: datetime
    memory_bytes: int
    watch: WatchStatus
    paused: bool
    progress: Progress | None
    """The stage it is in, with what is left of it; None while nothing is being done."""
    problem: str | None
    """Why the last attempt to catch up failed; it is tried again."""


@dataclass(frozen=True, slots=True)
class Status:
    """What the index holds and what is left to do."""

    home: str
    folders: tuple[FolderStatus, ...]
    skipped: tuple[Skipped, ...]
    chunks: int
    embedding: int
    """Notes whose words are in and whose meaning isn't yet, in part or whole."""
    chunks_to_embed: int
    embedder: str
    """Name of the embedder that serves searches by meaning."""
    next_embedder: str | None
    """Name of the one whose vectors are being built, while another still serves."""
    as_of: datetime | None
    """When the folders were last scanned; None before the first time."""
    bytes_on_disk: int
    """Size of the index, vectors included."""
    notices: tuple[str, ...] = ()
    """What people should know: a folder that is away, vectors being rebuilt."""
    owner: OwnerStatus | None = None
    """The process that holds the index in the background; None where the asking process holds it itself."""


@dataclass(frozen=True, slots=True)
class WatchStatus:
    """How changes in the folders are noticed at the moment."""

    mode: Literal["events", "polling", "off"]
    """What is in force, which can differ from what was asked for."""
    since: datetime
    """When this came into force."""
    dirty: int
    """Changes that wait to be looked at; a scan of everything counts as one."""
    why: str
    """A sentence for people if it isn't what was asked for, or not all of it; else empty."""
    unwatched: tuple[str, ...]
    """Names of folders that aren't there or can't be read; they are tried again all the time."""
