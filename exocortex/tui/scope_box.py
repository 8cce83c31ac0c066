"""ScopeBox: which notes are asked, in the query language, with its filters completed."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from textual import on
from textual.widget import Widget

from exocortex.tui.boxes import Prompt
from exocortex.tui.filter_line import LANE, FilterChoices, FilterLine, FiltersRead, read_filters
from exocortex.tui.lanes import Failed

if TYPE_CHECKING:
    from exocortex.tui.desk import Desk

_ABOUT = "Filters, as in a search: tag:work  path:Projects  after:2024-01.  Empty: all notes."


class ScopeBox(Prompt):
    """The scope; None if it is left."""

    def __init__(self, desk: Desk, scope: str) -> None:
        super().__init__("Ask only notes that match", scope, _ABOUT)
        self.desk = desk

    def line(self, value: str) -> Iterator[Widget]:
        """With its choices."""
        line = FilterLine(value, id="line")
        yield line
        yield FilterChoices(line)

    def on_mount(self) -> None:
        """Fetch what there is to choose."""
        read_filters(self.desk, self)

    @on(FiltersRead)
    def _filters_read(self, message: FiltersRead) -> None:
        self.query_one(FilterChoices).offer(message.filters)

    @on(Failed)
    def _failed(self, message: Failed) -> None:
        if message.lane == LANE:
            message.stop()  # it goes without completion
