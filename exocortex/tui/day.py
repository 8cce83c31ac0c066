"""Day: what a day holds, asked of the owner for the screen: what came, what is to be done, what to see again."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from threading import Event as StopEvent
from typing import TYPE_CHECKING

from textual.message import Message
from textual.message_pump import MessagePump

from exocortex.core.events import Progress

if TYPE_CHECKING:
    from exocortex.core.results import RecentNote, TaskOfNote
    from exocortex.core.service import CortexPort
    from exocortex.core.summaries import Digest, Period
    from exocortex.tui.desk import Desk

LANE, ACTS, DIGEST = "today", "acts", "digest"
MOST_RECENT = 200
"""Notes looked at for what came; of a day with as many it is known only that there were at least so many."""


@dataclass
class DayRead(Message):
    """What the day holds came back."""

    recent: list[RecentNote]
    """Notes changed last; some of them before this day."""
    tasks: list[TaskOfNote]
    again: RecentNote | None

    def can_replace(self, message: Message) -> bool:
        """The newest is enough."""
        return isinstance(message, DayRead)


@dataclass
class Ticked(Message):
    """A task was marked done, or open again."""

    task: TaskOfNote


@dataclass
class DigestMoved(Message):
    """A digest is being made."""

    number: int
    progress: Progress

    def can_replace(self, message: Message) -> bool:
        """The newest is enough."""
        return isinstance(message, DigestMoved)


@dataclass
class DigestMade(Message):
    """It is there."""

    number: int
    digest: Digest


def read_day(desk: Desk, target: MessagePump, day: date) -> None:
    """Post what this day holds."""

    def work(cortex: CortexPort, _: StopEvent) -> Iterable[Message]:
        yield DayRead(cortex.notes.recent(MOST_RECENT), cortex.notes.tasks(), cortex.notes.again(day))

    desk.lane(LANE).give(target, work)


def tick(desk: Desk, target: MessagePump, task: TaskOfNote) -> None:
    """Mark an open task done or a done one open, and post how it is then."""
    spelled, line, text, done = desk.spelled(task.note), task.task.line, task.task.text, not task.task.done

    def work(cortex: CortexPort, _: StopEvent) -> Iterable[Message]:
        yield Ticked(cortex.notes.tick(spelled, line, text, done))

    desk.lane(ACTS, queues=True).give(target, work)


def read_digest(desk: Desk, target: MessagePump, number: int, period: Period) -> StopEvent:
    """Post a digest and, while it is made, how far that is; setting the event ends it, and none comes then."""

    def work(cortex: CortexPort, stop: StopEvent) -> Iterable[Message]:
        for event in cortex.summaries.digest(period, stop=stop):
            yield DigestMoved(number, event) if isinstance(event, Progress) else DigestMade(number, event)

    return desk.lane(DIGEST).give(target, work)


def of_day(desk: Desk, recent: Sequence[RecentNote]) -> list[RecentNote]:
    """Those that changed today, where the user is."""
    zone, today = desk.now().tzinfo, desk.now().date()
    return [one for one in recent if one.modified.astimezone(zone).date() == today]


def is_captured(desk: Desk, one: RecentNote) -> bool:
    """Whether it lies where captured thoughts go."""
    capture = desk.config.capture
    folders = [folder.name for folder in desk.config.folders]
    home = capture.folder or (folders[0] if folders else "")
    inbox = capture.inbox.strip("/")
    return one.note.folder == home and (not inbox or one.note.path.startswith(f"{inbox}/"))


def ago(day: date, today: date) -> str:
    """How long ago a day was, roughly, for people."""
    days = (today - day) // timedelta(days=1)
    for length, name in ((365, "year"), (30, "month"), (7, "week")):
        if days >= length:
            number = days // length
            return f"{number} {name}{'' if number == 1 else 's'} ago"
    return "today" if days < 1 else f"{days} day{'' if days == 1 else 's'} ago"
