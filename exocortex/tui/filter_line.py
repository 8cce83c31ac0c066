"""FilterLine: a line in the query language; keys of filters are proposed in it, and their values offered below."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from threading import Event as StopEvent
from typing import TYPE_CHECKING

from textual.message import Message
from textual.message_pump import MessagePump
from textual.suggester import Suggester

from exocortex.core.query import BUILT_IN_KEYS, HAS_VALUES
from exocortex.tui.choices import Choices
from exocortex.tui.entry import Entry

if TYPE_CHECKING:
    from exocortex.core.results import FilterValues
    from exocortex.core.service import CortexPort
    from exocortex.tui.desk import Desk

LANE = "filters"
_DAYS = ("today", "yesterday", "this week", "last week", "this month", "last month", "this year", "last year")
_FIXED = {"has": HAS_VALUES, "before": _DAYS, "after": _DAYS, "on": _DAYS}
_VALUE = re.compile(r"(?:^|\s)-?([^\s:\"]+):(?:\"([^\"]*)|([^\s\":]*))$")
_KEY = re.compile(r"(?:^|\s)-?([^\W\d_][\w-]+)$")
_NEEDS_NO_QUOTES = re.compile(r"[\w/#.+-]*[\w/+]")


@dataclass
class FiltersRead(Message):
    """What notes can be filtered by came back."""

    filters: list[FilterValues]


def read_filters(desk: Desk, target: MessagePump) -> None:
    """Post what notes can be filtered by."""

    def work(cortex: CortexPort, _: StopEvent) -> Iterable[Message]:
        yield FiltersRead(cortex.notes.filters())

    desk.lane(LANE).give(target, work)


class FilterLine(Entry):
    """A query, or a scope."""

    def __init__(self, value: str = "", placeholder: str = "", *, id: str | None = None) -> None:  # noqa: A002
        self._keys = _Keys()
        super().__init__(value, placeholder, suggester=self._keys, id=id)

    def propose(self, filters: Sequence[FilterValues]) -> None:
        """From now on these properties too."""
        self._keys.known = (*BUILT_IN_KEYS, *(one.key for one in filters if one.key not in BUILT_IN_KEYS))


class FilterChoices(Choices):
    """What may follow the colon that was typed."""

    ENTER_IS_THE_LINES = True

    def __init__(self, line: FilterLine) -> None:
        super().__init__(line)
        self._line = line
        self._values: dict[str, Sequence[tuple[str, int]]] = {
            key: [(value, 0) for value in values] for key, values in _FIXED.items()
        }

    def offer(self, filters: Sequence[FilterValues]) -> None:
        """From now on these."""
        self._values |= {one.key: one.values for one in filters if one.key not in _FIXED}
        self._line.propose(filters)

    def word(self, before: str) -> str | None:
        """After the colon of a filter, and the quote there may be."""
        found = _VALUE.search(before)
        if found is None or found[1].casefold() not in self._values:
            return None
        return found[3] if found[2] is None else found[2]

    def offered(self, before: str) -> Sequence[tuple[str, int]]:
        """The values of that filter which can be typed."""
        found = _VALUE.search(before)
        values = self._values.get(found[1].casefold(), ()) if found else ()
        return [(value, notes) for value, notes in values if not re.search(r"[\"“”„‟＂]", value)]

    def spelled(self, value: str) -> str:
        """In quotes, if it needs them; those that were begun are taken for them."""
        state = self._get_target_state()
        found = _VALUE.search(state.text[: state.cursor_position])
        begun = found is not None and found[2] is not None
        if begun:
            return f'{value}"'
        return value if _NEEDS_NO_QUOTES.fullmatch(value) else f'"{value}"'


class _Keys(Suggester):
    """Ends the word that is being typed as the key of a filter; → takes it."""

    def __init__(self) -> None:
        super().__init__(use_cache=False)
        self.known: tuple[str, ...] = BUILT_IN_KEYS

    async def get_suggestion(self, value: str) -> str | None:
        """The line with that key."""
        found = _KEY.search(value)
        if found is None:
            return None
        key = next((key for key in self.known if key.startswith(found[1])), None)
        return None if key is None else f"{value}{key[len(found[1]) :]}:"
