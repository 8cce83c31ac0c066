"""Faces on plain buffers, as if a pipe or as if a terminal, and a hit to paint."""

from __future__ import annotations

import io
from datetime import UTC, date, datetime

from exocortex.cli.console import Console
from exocortex.cli.face import Face
from exocortex.core.answers import Hit, Ranks, Snippet
from exocortex.core.chunks import Chunk
from exocortex.core.notes import NoteRef

NOON = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)


class _Terminal(io.StringIO):
    """A buffer that says it is a terminal."""

    def isatty(self) -> bool:
        return True


class Surroundings:
    """A face whose output can be read back."""

    def __init__(self, *, tty: bool, environ: dict[str, str]) -> None:
        self.out = _Terminal() if tty else io.StringIO()
        self.err = _Terminal() if tty else io.StringIO()
        settings = {"TERM": "xterm-256color", "COLUMNS": "80", "EXO_HOME": "/nonexistent/exo", **environ}
        self.face = Face(Console(self.out, self.err, settings), settings, lambda: NOON)

    @property
    def console(self) -> Console:
        """The face's console."""
        return self.face.console

    @property
    def shown(self) -> str:
        """What went to the answer."""
        return self.out.getvalue()

    @property
    def said(self) -> str:
        """What went beside it."""
        return self.err.getvalue()


def pipe(**environ: str) -> Surroundings:
    """A face whose output goes into a pipe."""
    return Surroundings(tty=False, environ=environ)


def terminal(**environ: str) -> Surroundings:
    """A face whose output goes to a terminal of 80 columns."""
    return Surroundings(tty=True, environ=environ)


def make_hit(text: str, *highlights: tuple[int, int], title: str = "Lease", path: str = "Home/Lease.md") -> Hit:
    """A hit at line 42 of a note of 2024, its text given, with the ranges to mark."""
    note = NoteRef("1", "notes", path, title, date(2024, 3, 5))
    chunk = Chunk("0" * 32, title, (title, "Deposit"), text, 41, 44, True)
    return Hit(note, f"/notes/{path}", chunk, 0.91, Ranks(1, None), Snippet(text, 42, highlights))
