"""Status: the ledger as shown to people. On disk = indexed + pending + skipped, always, for every folder."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


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
