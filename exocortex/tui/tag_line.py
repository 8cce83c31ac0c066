"""TagLine: a line of tags, completed from those that the notes have."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from threading import Event as StopEvent

from textual.content import Content
from textual.message import Message
from textual.message_pump import MessagePump
from textual_autocomplete import AutoComplete, DropdownItem, TargetState

from exocortex.core.results import TagCount
from exocortex.core.service import CortexPort
from exocortex.tui import safe
from exocortex.tui.desk import Desk
from exocortex.tui.entry import Entry

LANE = "tags"
_MOST = 8
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


class TagChoices(AutoComplete):
    """The tags that the word at the cursor may become, below it."""

    def __init__(self, line: TagLine) -> None:
        super().__init__(line, candidates=[])
        self._counts: tuple[TagCount, ...] = ()

    def offer(self, tags: Sequence[TagCount]) -> None:
        """From now on these, most used first; one that would read otherwise than it is typed is left out."""
        self._counts = tuple(one for one in tags if safe.line(one.tag).plain == one.tag)

    def get_search_string(self, target_state: TargetState) -> str:
        """The word at the cursor."""
        return _BETWEEN.split(target_state.text[: target_state.cursor_position])[-1].lstrip("#")

    def get_candidates(self, target_state: TargetState) -> list[DropdownItem]:
        """Tags that begin with it, then those that hold it."""
        word = self.get_search_string(target_state).casefold()
        found = [one for one in self._counts if word and word in one.tag.casefold() and word != one.tag.casefold()]
        found.sort(key=lambda one: not one.tag.casefold().startswith(word))
        return [DropdownItem(safe.line(one.tag)) for one in found[:_MOST]]

    def match(self, query: str, candidate: str) -> tuple[float, tuple[int, ...]]:
        """Those offered are matches already, in order."""
        at = candidate.casefold().find(query.casefold())
        return 1.0, tuple(range(at, at + len(query))) if at >= 0 else ()

    def apply_highlights(self, candidate: Content, offsets: tuple[int, ...]) -> Content:
        """What was typed of it."""
        return candidate.stylize("bold", offsets[0], offsets[-1] + 1) if offsets else candidate

    def apply_completion(self, value: str, state: TargetState) -> None:
        """Put it in the place of the word at the cursor."""
        word = self.get_search_string(state)
        before = state.text[: state.cursor_position - len(word)]
        after = state.text[state.cursor_position :]
        self.target.value = f"{before}{value} {after.lstrip()}"
        self.target.cursor_position = len(before) + len(value) + 1


def line_with_choices(value: str) -> Iterator[TagLine | TagChoices]:
    """The line and what completes it."""
    line = TagLine(value, id="tags")
    yield line
    yield TagChoices(line)
