"""Scopes: what limits a question to a note or to a folder, in the language that filters are typed in."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from exocortex.core.notes import NoteRef
    from exocortex.tui.desk import Desk

_CUTS = re.compile(r"[\"“”„‟＂]|\s\s+|[^\S ]")
"""What can't stand between the quotes of a filter: quotes, and spaces that it would take for a single one."""


def of_note(desk: Desk, note: NoteRef) -> str:
    """This note."""
    return _scope(desk, note.folder, note.path)


def of_folder(desk: Desk, folder: str, path: str) -> str:
    """All notes at any depth below this path of a folder, or all of the folder."""
    return _scope(desk, folder, f"{path}/" if path else "")


def _scope(desk: Desk, folder: str, path: str) -> str:
    """A path with something in it that a filter can't hold is told by its pieces; a folder is, if there are several."""
    folders = _pieces(folder) if len(desk.config.folders) > 1 else []
    return " ".join([*(f'folder:"{piece}"' for piece in folders), *(f'path:"{piece}"' for piece in _pieces(path))])


def _pieces(text: str) -> list[str]:
    return [piece.strip() for piece in _CUTS.split(text) if piece.strip()]
