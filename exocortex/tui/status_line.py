"""StatusLine: one line on how things stand: notes, what is left to read, the model, what goes out, how fresh it is."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from textual.content import Content
from textual.reactive import reactive
from textual.widgets import Static

from exocortex.core.durations import duration
from exocortex.tui import safe

if TYPE_CHECKING:
    from exocortex.core.events import Progress
    from exocortex.core.status import Status


@dataclass(frozen=True, slots=True)
class Standing:
    """What the line tells; None or empty for what isn't known."""

    status: Status | None = None
    progress: Progress | None = None
    model: str = ""
    outbound: int | None = None
    """Connections to other machines; None where that can't be measured."""
    trouble: str = ""
    fresh: str = ""
    """`14:05`"""


class StatusLine(Static):
    """Bound to the app's standing."""

    standing: reactive[Standing] = reactive(Standing())

    def on_mount(self) -> None:
        """Follow the app's."""
        self.watch(self.app, "standing", self._follow)

    def _follow(self, standing: Standing) -> None:
        self.standing = standing

    def watch_standing(self, standing: Standing) -> None:
        """Tell it anew."""
        self.set_class(bool(standing.trouble), "trouble")
        self.update(told(standing), layout=False)


def told(standing: Standing) -> Content:
    """The standing as a line, what matters most first: a narrow terminal cuts the end off."""
    if standing.trouble:
        return safe.line(standing.trouble)
    parts = [_notes(standing.status), _left(standing)]
    parts.append(safe.line(standing.model) if standing.model else safe.line("no model: answers are quotes"))
    parts.append(safe.line(_outbound(standing.outbound)))
    if standing.fresh:
        parts.append(safe.line(f"fresh {standing.fresh}"))
    return Content(" · ").join([part for part in parts if part.plain])


def _notes(status: Status | None) -> Content:
    if status is None:
        return safe.line("looking at your notes …")
    indexed = sum(folder.indexed for folder in status.folders)
    skipped = sum(folder.skipped for folder in status.folders)
    aside = f" ({skipped} skipped)" if skipped else ""
    away = "".join(f" · {folder.name} isn't there" for folder in status.folders if folder.missing)
    return safe.joined(f"{indexed:,} note{'' if indexed == 1 else 's'}", safe.line(aside + away, "$warning"))


def _left(standing: Standing) -> Content:
    progress, status = standing.progress, standing.status
    if progress is not None and progress.total > progress.done:
        what = {"scan": "looking", "words": "reading", "meaning": "meaning"}.get(progress.stage, progress.stage)
        eta = f", {duration(progress.eta)} left" if progress.eta is not None else ""
        return safe.line(f"{what} {progress.done:,}/{progress.total:,}{eta}", "$accent")
    if status is None:
        return Content("")
    pending = sum(folder.pending for folder in status.folders)
    if status.owner is not None and status.owner.paused:
        return safe.line(f"paused, {pending:,} to read" if pending else "paused", "$warning")
    if pending:
        return safe.line(f"{pending:,} to read", "$accent")
    return safe.line(f"{status.embedding:,} by words only so far" if status.embedding else "", "$accent")


def _outbound(number: int | None) -> str:
    if number is None:
        return "connections: not measurable here"
    return "0 connections out" if number == 0 else f"{number} connection{'s' if number > 1 else ''} out"


def clock_of(moment: datetime | None) -> str:
    """`14:05` of a moment, or nothing."""
    return "" if moment is None else moment.astimezone().strftime("%H:%M")
