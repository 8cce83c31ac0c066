"""DigestView: what came into the notes in a day or a week, sentence by sentence, each leading to its lines."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from textual.app import ComposeResult
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import Static

from exocortex.core.counting import counted
from exocortex.core.durations import duration
from exocortex.tui import safe
from exocortex.tui.row_list import Row, RowList, heading

if TYPE_CHECKING:
    from exocortex.core.answers import Citation
    from exocortex.core.events import Progress
    from exocortex.core.summaries import Digest, DigestFolder, Period, Point
    from exocortex.tui.desk import Desk

_NAMES: dict[Period, str] = {"day": "Digest of today", "week": "Digest of the week"}
_STEPS = {"reading": "reading", "writing": "writing", "meaning": "weighing"}
_SUPPORT = {"supported": "", "weak": "  weakly borne out", "unsupported": "  not borne out"}


class DigestView(Vertical):
    """A line on how it stands, and the digest."""

    def __init__(self, desk: Desk, *, id: str | None = None) -> None:  # noqa: A002 (Textual's name)
        super().__init__(id=id)
        self._desk = desk

    def compose(self) -> ComposeResult:
        """The line above, the rows below."""
        yield Static(classes="head")
        yield RowList(id="digest-rows")

    def begin(self, period: Period) -> None:
        """One is being made."""
        self.query_one(RowList).show(())
        self._head(_NAMES[period], "beginning …  Esc stops")

    def move(self, period: Period, progress: Progress) -> None:
        """So far."""
        step = _STEPS.get(progress.stage, progress.stage)
        left = f", {duration(progress.eta)} left" if progress.eta is not None else ""
        self._head(_NAMES[period], f"{step} {progress.done:,}/{progress.total:,}{left}  Esc stops")

    def fail(self, period: Period, why: str) -> None:
        """None comes."""
        self._head(_NAMES[period], why)

    def show(self, digest: Digest) -> None:
        """It is there."""
        self._head(_NAMES[digest.period], _headline(digest))
        self.query_one(RowList).show(_rows(self._desk, digest))
        self.query_one(RowList).focus()

    def _head(self, name: str, told: str) -> None:
        head = safe.joined(safe.line(name, "bold"), "  ", safe.line(told, "$muted"))
        self.query_one(".head", Static).update(head)


def _headline(digest: Digest) -> str:
    new = sum(note.new for folder in digest.folders for note in folder.notes)
    changed = sum(len(folder.notes) for folder in digest.folders) - new + digest.left_out
    said = [f"{new} new"] if new else []
    said += [f"{changed} changed"] if changed else []
    return ", ".join(said) or "nothing came into your notes"


def _rows(desk: Desk, digest: Digest) -> Iterator[Row]:
    cited = {citation.number: citation for citation in digest.citations}
    for point in digest.overview:
        yield _point(point, cited, 0)
    for folder in digest.folders:
        yield from _folder(desk, folder, cited)
    if digest.left_out:
        yield heading(safe.line(f"{counted(digest.left_out, 'more note')} changed", "$muted"))
    making = digest.making
    writer = "sentences of your notes" if making.engine == "extractive" else f"written by {making.engine}"
    yield heading(safe.line(f"{writer}, from {counted(making.passages, 'passage')}", "$muted"))
    for notice in making.notices:
        yield Row(safe.line(notice, "$warning"), wraps=True)


def _folder(desk: Desk, folder: DigestFolder, cited: dict[int, Citation]) -> Iterator[Row]:
    place = folder.path or folder.folder
    yield heading(safe.line(f"{folder.folder}:{place}" if len(desk.config.folders) > 1 else place, "$secondary"))
    for note in folder.notes:
        told = safe.line("new" if note.new else "changed", "$muted")
        yield Row(safe.line(note.note.title, "bold"), told, note=note.note, first=1, file=note.file)
        for point in note.points:
            yield _point(point, cited, 2)


def _point(point: Point, cited: dict[int, Citation], indent: int) -> Row:
    """A sentence; it leads to the first of the lines it stands on."""
    source = cited.get(point.citations[0]) if point.citations else None
    text = safe.joined(safe.line(" ".join(point.text.split())), safe.line(_SUPPORT[point.support], "$warning"))
    if source is None:
        return Row(text, indent=indent, wraps=True)
    where = Content("") if indent else safe.line(f"  {source.note.title}", "$muted")
    line = safe.line(f"  :{source.first_line}", "$faint")
    return Row(
        safe.joined(text, where, line),
        indent=indent,
        wraps=True,
        note=source.note,
        first=source.first_line,
        last=source.last_line,
    )
