"""TodayPlace: what came today, one old note worth seeing again, and the open tasks, to be ticked where they stand."""

from __future__ import annotations

from collections.abc import Iterator
from threading import Event as StopEvent
from typing import TYPE_CHECKING, ClassVar

from textual import on
from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.content import Content
from textual.events import Resize
from textual.widget import Widget
from textual.widgets import OptionList, Static

from exocortex.capturing.naming import without_moment
from exocortex.tui import safe
from exocortex.tui.day import (
    ACTS,
    DIGEST,
    MOST_RECENT,
    DayRead,
    DigestMade,
    DigestMoved,
    Ticked,
    ago,
    is_captured,
    of_day,
    read_day,
    read_digest,
    tick,
)
from exocortex.tui.digest_view import DigestView
from exocortex.tui.lanes import Failed
from exocortex.tui.messages import Edited, EditNote, OpenNote
from exocortex.tui.place import Place
from exocortex.tui.row_list import Row, RowList, heading

if TYPE_CHECKING:
    from exocortex.core.results import RecentNote, TaskOfNote
    from exocortex.core.summaries import Period
    from exocortex.tui.desk import Desk

MOST_CAME = 8
"""Shown of what came: the tasks below should be in sight."""
MOST_TASKS = 200
TURN_SECONDS = 5.0
"""How long after midnight, at most, the new day is shown."""
NARROW = 100
"""Columns below which a digest takes the place of the list instead of the half beside it."""


class TodayPlace(Place):
    """The day as one list, and beside it a digest if one is asked for."""

    MODE = "today"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("space,x", "tick", "Tick", id="today.tick"),
        Binding("e", "edit", "Edit", id="today.edit"),
        Binding("d", "digest('day')", "Digest", id="today.digest"),
        Binding("w", "digest('week')", "Of the week", id="today.week"),
        Binding("escape", "leave", "Stop/close", show=False, id="today.leave"),
    ]

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk)
        self._date = desk.now().date()
        """Of the day that was asked for last."""
        self._day: DayRead | None = None
        self._ticked: dict[tuple[str, int], TaskOfNote] = {}
        """Done on this visit: they stay in sight, to be opened again."""
        self._number = 0
        self._period: Period = "day"
        self._stop: StopEvent | None = None

    def body(self) -> Iterator[Widget]:
        """The day above, the list, the digest beside it."""
        yield Static(id="day")
        with Horizontal():
            yield RowList(id="list")
            yield DigestView(self.desk, id="digest")

    def on_mount(self) -> None:
        """Follow what happens to the notes."""
        self.query_one(DigestView).display = False
        self.watch(self.app, "lately", self._something_happened, init=False)
        self.set_interval(TURN_SECONDS, self._turn_over)
        self._show()

    def on_resize(self, event: Resize) -> None:
        """Beside or in the place of the list."""
        self.set_class(event.size.width < NARROW, "narrow")

    def arrive(self) -> None:
        """Look anew; what was ticked before is done with."""
        self._ticked.clear()
        if self.focused is None or not self.focused.display:
            self._focus_rows()
        self._look()

    come_back = arrive

    def _focus_rows(self) -> None:
        """The list, or the digest where that stands in its place."""
        rows = self.query_one("#list", RowList)
        (rows if rows.display else self.query_one("#digest-rows", RowList)).focus()

    def _look(self) -> None:
        self._date = self.desk.now().date()
        read_day(self.desk, self, self._date)

    def _something_happened(self) -> None:
        if self.is_current:
            self._look()

    def _turn_over(self) -> None:
        """A screen that is left open overnight shows the new day in the morning."""
        if self.is_current and self._date != self.desk.now().date():
            self._ticked.clear()
            self._look()

    @on(Edited)
    def _edited(self) -> None:
        self._look()

    # The list

    @on(DayRead)
    def _read(self, message: DayRead) -> None:
        self._day = message
        self._show()

    def _show(self) -> None:
        tasks = self._tasks()
        came = of_day(self.desk, self._day.recent) if self._day is not None else []
        self.query_one("#day", Static).update(self._told(came, sum(not one.task.done for one in tasks)))
        if self._day is not None:
            rows = [*self._came_rows(came), *self._again_rows(self._day.again), *_task_rows(self.desk, tasks)]
            self.query_one("#list", RowList).show(rows)

    def _tasks(self) -> list[TaskOfNote]:
        """Open ones and those done on this visit, by place."""
        open_tasks = {_place(one): one for one in (self._day.tasks if self._day is not None else [])}
        return sorted(({**self._ticked, **open_tasks}).values(), key=_order)

    def _told(self, came: list[RecentNote], open_tasks: int) -> Content:
        day = safe.line(f"{self.desk.now():%A, %-d %B %Y}", "bold")
        if self._day is None:
            return safe.joined(day, safe.line("   looking …", "$muted"))
        captured = sum(is_captured(self.desk, one) for one in came)
        more = "+" if len(came) == MOST_RECENT else ""
        tasks = f"{open_tasks:,} open task{'' if open_tasks == 1 else 's'}"
        parts = (f"{captured}{more} captured", f"{len(came) - captured}{more} changed", tasks)
        return safe.joined(day, safe.line(f"   {' · '.join(parts)}", "$muted"))

    def _came_rows(self, came: list[RecentNote]) -> Iterator[Row]:
        if not came:
            yield heading(safe.line("Nothing came into your notes today. ^n writes a thought down.", "$muted"))
            return
        yield heading(safe.line("Today", "$secondary"))
        for one in came[:MOST_CAME]:
            at = one.modified.astimezone(self.desk.now().tzinfo)
            mark = safe.line("captured  " if is_captured(self.desk, one) else "", "$accent")
            text = safe.joined(safe.line(f"{at:%H:%M}  ", "$faint"), mark, safe.line(without_moment(one.note.title)))
            yield Row(text, _where(self.desk, one), note=one.note, first=1, file=one.file)
        if len(came) > MOST_CAME:
            more = f"{len(came) - MOST_CAME}{'+' if len(came) == MOST_RECENT else ''}"
            yield Row(safe.line(f"and {more} more; d tells of all", "$muted"), is_heading=True)

    def _again_rows(self, again: RecentNote | None) -> Iterator[Row]:
        if again is None:
            return
        yield heading(safe.line("Worth seeing again", "$secondary"))
        since = ago(again.modified.astimezone(self.desk.now().tzinfo).date(), self.desk.now().date())
        text = safe.joined(safe.line(again.note.title), safe.line(f"  last changed {since}", "$muted"))
        yield Row(text, _where(self.desk, again), note=again.note, first=1, file=again.file)

    # What is chosen

    @property
    def _chosen(self) -> Row | None:
        lists = [one for one in self.query(RowList) if one.has_focus]
        return lists[0].chosen if lists else None

    @on(OptionList.OptionSelected)
    def _selected(self) -> None:
        row = self._chosen
        if row is not None and row.note is not None:
            self.post_message(OpenNote(row.note, row.first, row.last))

    def action_edit(self) -> None:
        """Open the chosen note in the user's editor, at its line."""
        row = self._chosen
        if row is not None and row.file:
            self.post_message(EditNote(row.file, row.first))

    def action_tick(self) -> None:
        """Mark the chosen task done, in its note; a done one open again."""
        row = self._chosen
        if row is not None and row.task is not None:
            tick(self.desk, self, row.task)

    @on(Ticked)
    def _was_ticked(self, message: Ticked) -> None:
        task, day = message.task, self._day
        if day is None:
            return
        others = [one for one in day.tasks if _place(one) != _place(task)]
        self._ticked.pop(_place(task), None)
        if task.task.done:
            self._ticked[_place(task)] = task
        self._day = DayRead(day.recent, others if task.task.done else [*others, task], day.again)
        self._show()

    @on(Failed)
    def _failed(self, message: Failed) -> None:
        if message.lane == DIGEST:
            message.stop()
            self._stop = None
            self.query_one(DigestView).fail(self._period, message.error.told)
        elif message.lane == ACTS:  # told by the app; the list may be old
            self._ticked.clear()
            self._look()

    # The digest

    def action_digest(self, period: Period) -> None:
        """Say what came, today or in the week."""
        if self._stop is not None:
            self._stop.set()
        self._number += 1
        self._period = period
        view = self.query_one(DigestView)
        self._show_digest(True)
        view.begin(period)
        self._stop = read_digest(self.desk, self, self._number, period)

    def action_leave(self) -> None:
        """Stop the digest that is being made; else close the one that is there."""
        if self._stop is not None:
            self._stop.set()
            self._stop = None
            self._number += 1
            self.notify("The digest was stopped.", markup=False)
        self._show_digest(False)
        self.query_one("#list", RowList).focus()

    def _show_digest(self, is_shown: bool) -> None:
        self.query_one(DigestView).display = is_shown
        self.set_class(is_shown, "telling")

    @on(DigestMoved)
    def _moved(self, message: DigestMoved) -> None:
        if message.number == self._number:
            self.query_one(DigestView).move(self._period, message.progress)

    @on(DigestMade)
    def _made(self, message: DigestMade) -> None:
        if message.number == self._number:
            self._stop = None
            self.query_one(DigestView).show(message.digest)


def _place(one: TaskOfNote) -> tuple[str, int]:
    return one.note.id, one.task.line


def _order(one: TaskOfNote) -> tuple[str, str, int]:
    return one.note.folder, one.note.path, one.task.line


def _where(desk: Desk, one: RecentNote) -> Content:
    return safe.line(desk.place(one.note), "$muted")


def _task_rows(desk: Desk, tasks: list[TaskOfNote]) -> Iterator[Row]:
    if not tasks:
        return
    yield heading(safe.line("Open tasks", "$secondary"))
    for one in tasks[:MOST_TASKS]:
        done = one.task.done
        box = safe.line("[x] " if done else "[ ] ", "$faint" if done else "$accent")
        text = safe.joined(box, safe.line(one.task.text, "$muted" if done else ""))
        line = one.task.line
        where = safe.line(f"{desk.place(one.note)}:{line}", "$muted")
        yield Row(text, where, note=one.note, first=line, last=line, file=one.file, task=one)
    if len(tasks) > MOST_TASKS:
        yield Row(safe.line(f"and {len(tasks) - MOST_TASKS:,} more: exo tasks", "$muted"), is_heading=True)
