"""Scopes: what limits a question to a note or to a folder, in the language that filters are typed in."""

from __future__ import annotations

import re

from exocortex.core.notes import NoteRef

_CUTS = re.compile(r"[\"“”„‟＂]|\s\s+|[^\S ]")
"""What can't stand between the quotes of a filter: quotes, and spaces that it would take for a single one."""


def of_note(note: NoteRef) -> str:
    """This note: its folder, and its path."""
    return _scope(note.folder, note.path)


def of_folder(folder: str, path: str) -> str:
    """All notes at any depth below this path of a folder, or all of the folder."""
    return _scope(folder, f"{path}/" if path else "")


def _scope(folder: str, path: str) -> str:
    """A path with something in it that a filter can't hold is told by its pieces."""
    filters = [f'folder:"{piece}"' for piece in _pieces(folder)]
    return " ".join([*filters, *(f'path:"{piece}"' for piece in _pieces(path))])


def _pieces(text: str) -> list[str]:
    return [piece.strip() for piece in _CUTS.split(text) if piece.strip()]
