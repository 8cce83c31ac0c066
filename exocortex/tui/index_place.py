"""IndexPlace: what the index holds and lacks, what is skipped and why, what happens to it, and what to do about it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from threading import Event as StopEvent
from typing import TYPE_CHECKING, ClassVar

from textual import on
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.events import Resize
from textual.widget import Widget
from textual.widgets import ProgressBar, Static

from exocortex.tui import safe
from exocortex.tui.boxes import Confirm
from exocortex.tui.following import read_status
from exocortex.tui.index_work import (
    RECALL,
    RUN,
    PauseSet,
    RecallRead,
    RunEnded,
    read_recall,
    run,
    set_paused,
)
from exocortex.tui.lanes import Failed
from exocortex.tui.ledger import doing, told, vanished, warnings
from exocortex.tui.messages import EditNote
from exocortex.tui.place import Place
from exocortex.tui.row_list import Row, RowList
from exocortex.tui.status_line import Standing

if TYPE_CHECKING:
    from exocortex.core.errors import ExocortexError
    from exocortex.core.status import Skipped, Status
    from exocortex.tui.desk import Desk
    from exocortex.tui.lately import Moment

MOST_SKIPPED = 500
NARROW = 100
"""Columns below which the two lists stand one above the other."""


class IndexPlace(Place):
    """The ledger above, what is skipped and what happened lately below."""

    MODE = "index"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("r", "retry", "Try skipped again", id="index.retry"),
        Binding("p", "pause", "Pause/go on", id="index.pause"),
        Binding("c", "recall", "Recall", id="index.recall"),
        Binding("a", "accept", "Accept deletions", id="index.accept"),
        Binding("e", "edit", "Edit", show=False, id="index.edit"),
        Binding("escape", "stop", "Stop", show=False, id="index.stop"),
    ]

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk)
        self._status: Status | None = None
        self._recall = "c measures how many of the nearest passages Chroma finds"
        self._stop: StopEvent | None = None
        """Set to end the run that was begun here."""

    def body(self) -> Iterator[Widget]:
        """What goes on, the ledger, the two lists."""
        with Horizontal(id="doing"):
            yield ProgressBar(show_percentage=False, show_eta=False, id="bar")
            yield Static(id="now")
        with VerticalScroll(id="ledger", can_focus=False):
            yield Static(safe.line("looking …", "$muted"), id="told")
            yield Static(id="warnings")
        with Horizontal(id="lists"):
            with Vertical(id="left-out"):
                yield Static(id="skipped-head", classes="head")
                yield RowList(id="skipped")
            with Vertical():
                yield Static(safe.line("Lately", "$secondary"), classes="head")
                yield RowList(id="lately", stays_on_top=True)

    def on_mount(self) -> None:
        """Follow how things stand and what happens."""
        self.watch(self.app, "standing", self._stands)
        self.watch(self.app, "lately", self._happened)

    def on_resize(self, event: Resize) -> None:
        """Beside or above each other."""
        self.set_class(event.size.width < NARROW, "narrow")

    def arrive(self) -> None:
        """Where what was skipped is, if anything was."""
        self.query_one("#skipped" if self._status and self._status.skipped else "#lately", RowList).focus()
        self.come_back()

    def come_back(self) -> None:
        """Look anew."""
        read_status(self.desk, self.app)

    # What is shown

    def _stands(self, standing: Standing) -> None:
        if standing.status is None:
            return
        is_other = self._status is None or self._status.skipped != standing.status.skipped
        self._status = standing.status
        self.query_one("#told", Static).update(told(self.desk, standing.status, self._recall))
        warned = warnings(standing.status)
        self.query_one("#warnings", Static).update(warned)
        self.query_one("#warnings").display = bool(warned.plain)
        self._show_doing(standing)
        if is_other:
            self._show_skipped(standing.status)

    def _show_doing(self, standing: Standing) -> None:
        assert standing.status is not None
        progress = standing.progress
        self.query_one("#bar").display = progress is not None
        if progress is not None:
            self.query_one(ProgressBar).update(total=progress.total, progress=progress.done)
        now = doing(standing.status, progress, is_ours=self._stop is not None)
        self.query_one("#now", Static).update(safe.line(now, "$accent" if progress is not None else "$muted"))

    def _show_skipped(self, status: Status) -> None:
        count = len(status.skipped)
        self.set_class(not count, "complete")
        self.query_one("#skipped-head", Static).update(safe.line(f"Skipped, {count:,}", "$secondary"))
        rows = [self._skipped_row(status, one) for one in status.skipped[:MOST_SKIPPED]]
        if count > MOST_SKIPPED:
            rows.append(Row(safe.line(f"and {count - MOST_SKIPPED:,} more: exo status", "$muted")))
        self.query_one("#skipped", RowList).show(rows)

    def _skipped_row(self, status: Status, one: Skipped) -> Row:
        place = f"{one.folder}:{one.path}" if len(status.folders) > 1 else one.path
        root = next((folder.root for folder in status.folders if folder.name == one.folder), "")
        text = safe.joined(safe.line(place), safe.line(f"  {one.reason}", "$warning"))
        return Row(text, wraps=True, file=str(Path(root) / one.path))

    def _happened(self, lately: tuple[Moment, ...]) -> None:
        self.query_one("#lately", RowList).show(self._moment_row(moment) for moment in lately)

    def _moment_row(self, moment: Moment) -> Row:
        several = len(self.desk.config.folders) > 1
        paths = [path if several else path.partition(":")[2] for path in moment.paths]
        text = safe.line(moment.text)
        named = safe.line(f"  {', '.join(paths)}" if paths else "", "$muted")
        at = moment.at.astimezone(self.desk.now().tzinfo)
        return Row(safe.joined(safe.line(f"{at:%H:%M:%S}  ", "$faint"), text, named), wraps=True)

    # What can be done

    def action_retry(self) -> None:
        """Look at everything again, what was skipped too."""
        self._run(retry=True)

    def action_accept(self) -> None:
        """Take the notes out that vanished all at once, if that is meant."""
        count = vanished(self._status) if self._status is not None else 0
        if not count:
            self.notify("No notes wait to be taken out.", markup=False)
            return
        question = f"Take {count:,} note{'' if count == 1 else 's'} out of the index?"
        about = "Their files vanished all at once, as when a disk is away. Nothing on the disk is touched."
        self.app.push_screen(Confirm(question, about), lambda sure: self._run(accept_deletions=True) if sure else None)

    def _run(self, *, retry: bool = False, accept_deletions: bool = False) -> None:
        if self._stop is None:
            self._stop = run(self.desk, self, retry=retry, accept_deletions=accept_deletions)
            self._show_now()

    @on(RunEnded)
    def _ended(self) -> None:
        self._stop = None
        read_status(self.desk, self.app)

    def action_stop(self) -> None:
        """End the run that was begun here; what it did is kept."""
        if self._stop is not None:
            self._stop.set()

    def action_pause(self) -> None:
        """Have the background rest, or go on."""
        owner = self._status.owner if self._status is not None else None
        if owner is not None:
            set_paused(self.desk, self, not owner.paused)

    @on(PauseSet)
    def _paused(self) -> None:
        read_status(self.desk, self.app)

    def action_recall(self) -> None:
        """Measure how many of the nearest passages Chroma finds."""
        self._show_recall("measuring …")
        read_recall(self.desk, self)

    @on(RecallRead)
    def _recall_read(self, message: RecallRead) -> None:
        found = message.recall
        self._show_recall(
            "not needed now: every vector is compared, which misses none"
            if found is None
            else f"Chroma finds {found:.1%} of the nearest passages"
        )

    def action_edit(self) -> None:
        """Open the chosen file in the user's editor."""
        skipped = self.query_one("#skipped", RowList)
        if skipped.has_focus and skipped.chosen is not None and skipped.chosen.file:
            self.post_message(EditNote(skipped.chosen.file, 1))

    @on(Failed)
    def _failed(self, message: Failed) -> None:
        if message.lane == RUN:
            self._stop = None
            self._show_now()
        elif message.lane == RECALL:
            message.stop()
            self._show_recall(_words(message.error))

    def _show_recall(self, said: str) -> None:
        self._recall = said
        if self._status is not None:
            self.query_one("#told", Static).update(told(self.desk, self._status, self._recall))

    def _show_now(self) -> None:
        standing = getattr(self.app, "standing", None)
        if isinstance(standing, Standing) and standing.status is not None:
            self._show_doing(standing)


def _words(error: ExocortexError) -> str:
    return error.told
