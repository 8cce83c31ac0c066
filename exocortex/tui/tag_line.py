"""TagLine: a line of tags, completed from those that the notes have."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from threading import Event as StopEvent
from typing import TYPE_CHECKING

from textual.message import Message
from textual.message_pump import MessagePump

from exocortex.tui.choices import Choices
from exocortex.tui.entry import Entry

if TYPE_CHECKING:
    from exocortex.core.results import TagCount
    from exocortex.core.service import CortexPort
    from exocortex.tui.desk import Desk

LANE = "tags"
_BETWEEN = re.compile(r"[\s,]+")


@dataclass
class TagsRead(Message):
    """The tags there are came back."""

    tags: list[TagCount]


def read_tags(desk: Desk, target: MessagePump) -> None:
    """Post the tags of the notes."""

    def work(cortex: CortexPort, _: StopEvent) -> Iterable[Message]:
        yield TagsRead(cortex.notes.tags())

    desk.lane(LANE).give(target, work)


class TagLine(Entry):
    """Tags between spaces or commas, with or without `#`."""

    def __init__(self, value: str = "", *, id: str | None = None) -> None:  # noqa: A002 (Textual's name)
        super().__init__(value, placeholder="home/garden, plans", id=id)

    @property
    def tags(self) -> tuple[str, ...]:
        """Each once."""
        words = (word.strip("#") for word in _BETWEEN.split(self.value))
        return tuple(dict.fromkeys(word for word in words if word))


class TagChoices(Choices):
    """The tags that the word at the cursor may become."""

    def __init__(self, line: TagLine) -> None:
        super().__init__(line)
        self._tags: tuple[tuple[str, int], ...] = ()

    def offer(self, tags: Sequence[TagCount]) -> None:
        """From now on these, most used first."""
        self._tags = tuple((one.tag, one.notes) for one in tags)

    def word(self, before: str) -> str | None:
        """After the last space or comma."""
        return _BETWEEN.split(before)[-1].lstrip("#") or None

    def offered(self, before: str) -> Sequence[tuple[str, int]]:  # noqa: ARG002 (it is tags everywhere)
        """The notes' tags."""
        return self._tags


def line_with_choices(value: str) -> Iterator[TagLine | TagChoices]:
    """The line and what completes it."""
    line = TagLine(value, id="tags")
    yield line
    yield TagChoices(line)
