"""Screens by name, each imported when it is first gone to: what nobody looks at costs the start nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from textual.screen import Screen

    from exocortex.tui.capture_box import CaptureBox
    from exocortex.tui.desk import Desk


def _welcome(desk: Desk) -> Screen[None]:
    from exocortex.tui.welcome import Welcome

    return Welcome(desk)


def _ask(desk: Desk) -> Screen[None]:
    from exocortex.tui.ask import AskPlace

    return AskPlace(desk)


def _search(desk: Desk) -> Screen[None]:
    from exocortex.tui.search import SearchPlace

    return SearchPlace(desk)


def _notes(desk: Desk) -> Screen[None]:
    from exocortex.tui.notes import NotesPlace

    return NotesPlace(desk)


def _today(desk: Desk) -> Screen[None]:
    from exocortex.tui.today import TodayPlace

    return TodayPlace(desk)


def _index(desk: Desk) -> Screen[None]:
    from exocortex.tui.index_place import IndexPlace

    return IndexPlace(desk)


WELCOME = "welcome"
MAKERS: dict[str, Callable[[Desk], Screen[None]]] = {
    WELCOME: _welcome,
    "ask": _ask,
    "search": _search,
    "notes": _notes,
    "today": _today,
    "index": _index,
}
"""Mode: what makes its screen."""


def capture_box(desk: Desk) -> CaptureBox:
    """A thought is written down over any screen."""
    from exocortex.tui.capture_box import CaptureBox

    return CaptureBox(desk)


def with_keys() -> Iterator[type]:
    """Screens and boxes whose keys can be given to other keys."""
    from exocortex.tui.ask import AskPlace
    from exocortex.tui.boxes import Choose, Confirm, Prompt, TextBox
    from exocortex.tui.capture_box import CaptureBox
    from exocortex.tui.index_place import IndexPlace
    from exocortex.tui.link_boxes import LinkBox, WebBox
    from exocortex.tui.notes import NotesPlace
    from exocortex.tui.reader import Reader
    from exocortex.tui.search import SearchPlace
    from exocortex.tui.threads_box import ThreadsBox
    from exocortex.tui.today import TodayPlace
    from exocortex.tui.welcome import Welcome

    yield from (AskPlace, SearchPlace, NotesPlace, TodayPlace, IndexPlace, Reader, Welcome)
    yield from (CaptureBox, LinkBox, WebBox, ThreadsBox, Prompt, Confirm, Choose, TextBox)
