"""Progress of a long job: bars with the time left on a terminal, a line every few seconds elsewhere."""

from __future__ import annotations

from types import TracebackType
from typing import TYPE_CHECKING, Protocol, Self

from exocortex.cli.console import Console, Screen, Span
from exocortex.core import sizes
from exocortex.core.durations import duration
from exocortex.core.events import Progress, Stage

if TYPE_CHECKING:
    from rich.progress import Progress as Bars
    from rich.progress import TaskID

_NAMES: dict[Stage, str] = {
    "scan": "Folders",
    "words": "Words",
    "meaning": "Meaning",
    "vectors": "Vectors",
    "fetch": "Fetched",
    "copy": "Copied",
    "checksum": "Checked",
    "reading": "Reading",
    "writing": "Writing",
}
_OF_BYTES: tuple[Stage, ...] = ("fetch", "copy", "checksum")
_SECONDS = 3.0
"""Between two lines where there are no bars."""


class Reporter(Protocol):
    """Shows progress while it is entered; leaving it leaves the screen in order."""

    def __enter__(self) -> Self: ...
    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...
    def show(self, progress: Progress) -> None:
        """The newest state of a stage."""
        ...


def reporter(console: Console) -> Reporter:
    """What suits the stream that progress goes to; nothing at all with `-q`."""
    if console.quiet:
        return Silence()
    return BarReporter(console.err) if console.err.styled else LineReporter(console.err)


class Silence:
    """Shows nothing."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def show(self, progress: Progress) -> None:
        """Nothing is shown."""


class LineReporter:
    """A plain line a stage now and then, for logs and pipes."""

    def __init__(self, screen: Screen) -> None:
        self._screen = screen
        self._said: dict[Stage, float] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def show(self, progress: Progress) -> None:
        """Say it if the last line about this stage is a few seconds old."""
        if progress.seconds < self._said.get(progress.stage, 0.0) + _SECONDS:
            return
        self._said[progress.stage] = progress.seconds
        left = f", {duration(progress.eta)} left" if progress.eta is not None else ""
        text = f"{_NAMES[progress.stage].lower()}: {_amount(progress, ' of ')}{left}"
        self._screen.line([Span(text)])


class BarReporter:
    """A bar a stage, on a terminal."""

    def __init__(self, screen: Screen) -> None:
        self._bars = _bars(screen)
        self._tasks: dict[Stage, TaskID] = {}

    def __enter__(self) -> Self:
        self._bars.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._bars.stop()

    def show(self, progress: Progress) -> None:
        """Move the stage's bar."""
        if not progress.total and progress.stage not in _OF_BYTES:
            return
        task = self._tasks.get(progress.stage)
        if task is None:
            task = self._tasks[progress.stage] = self._bars.add_task(_NAMES[progress.stage], left="", amount="")
        over = progress.done >= progress.total
        left = (
            duration(progress.seconds) if over else f"{duration(progress.eta)} left" if progress.eta is not None else ""
        )
        self._bars.update(
            task, completed=progress.done, total=progress.total or None, left=left, amount=_amount(progress, "/")
        )


def _amount(progress: Progress, between: str) -> str:
    """`1300/6600`, `0.4 of 4.7 GB`; of a download whose size isn't known, what has come."""
    if progress.stage not in _OF_BYTES:
        return f"{progress.done:,}{between}{progress.total:,}"
    return sizes.of(progress.done, progress.total, between) if progress.total else sizes.spelled(progress.done)


def _bars(screen: Screen) -> Bars:
    from rich.progress import BarColumn, TextColumn
    from rich.progress import Progress as Bars

    return Bars(
        TextColumn("  {task.description:<8}", markup=False),
        BarColumn(bar_width=30, complete_style="cyan", finished_style="cyan", style="dim"),
        TextColumn("{task.fields[amount]}", style="progress.download", markup=False),
        TextColumn("{task.fields[left]}", style="dim", markup=False),
        console=screen.rich(),
        refresh_per_second=12,
    )
