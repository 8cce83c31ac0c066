"""Receipts: what answers were made from, looked at again: do the notes still say so, and does the model?"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterator
from threading import Event as StopEvent
from typing import TYPE_CHECKING

from exocortex.core.errors import EngineError, ExocortexError, UsageError
from exocortex.core.events import Replayed, Token
from exocortex.core.receipts import Anchor, Checked, Receipt, SourceNow
from exocortex.cortex.index import Index
from exocortex.storage.archive import Archive
from exocortex.storage.state import State
from exocortex.views import View, Views

if TYPE_CHECKING:
    from exocortex.core.ports import LanguageModel


class Receipts:
    """Receipts of answers."""

    def __init__(self, index: Index, views: Views, state: State, model: Callable[[str], LanguageModel | None]) -> None:
        self._index = index
        self._views = views
        self._state = state
        self._archive: Archive = state.archive
        self._model = model

    def recent(self, limit: int = 20) -> list[Receipt]:
        """The newest, newest first."""
        return self._archive.receipts(limit)

    def check(self, receipt: str) -> Checked:
        """One, and what became of its sources since."""
        found = self._archive.receipt(receipt)
        self._index.refresh()
        with self._views.open() as view:
            return Checked(found, tuple(self._now(view, anchor) for anchor in found.passages))

    def replay(self, receipt: str, *, stop: StopEvent | None = None) -> Iterator[Token | Replayed]:
        """The same prompt to the same model with the same sampling, and whether it says the same."""
        found = self._archive.receipt(receipt)
        if found.sampling is None:
            raise UsageError("No model was asked for this answer: it is quoted from the notes.", "See: exo receipt")
        model = self._model(found.engine)
        if model is None:
            raise EngineError(f"The model {found.engine} isn't here any more.", "See: exo model list")
        written = ""
        for piece in model.reply(found.prompt, found.sampling, stop or StopEvent()):
            written += piece
            yield Token(piece)
        yield Replayed(written == found.written, model.fingerprint == found.fingerprint, found.written, written)

    def _now(self, view: View, anchor: Anchor) -> SourceNow:
        place = self._state.place(anchor.note)
        if place is None:
            return SourceNow(anchor, "gone")
        try:
            text = view.browser.text(view.browser.find(":".join(place))).text
        except ExocortexError:
            return SourceNow(anchor, "gone")
        return _compared(anchor, f"{place[0]}:{place[1]}", text)


def _compared(anchor: Anchor, place: str, text: str) -> SourceNow:
    """Where the quote stands by now, or what stands in its place."""
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    length = anchor.last_line - anchor.first_line
    for first in sorted(range(len(lines)), key=lambda line: abs(line + 1 - anchor.first_line)):
        if anchor.quote in " ".join(" ".join(lines[first : first + length + 1]).split()):
            same = first + 1 == anchor.first_line and place == f"{anchor.folder}:{anchor.path}"
            return SourceNow(anchor, "same" if same else "moved", place, first + 1, first + 1 + length)
    there = " ".join(" ".join(lines[anchor.first_line - 1 : anchor.last_line]).split())
    before, now = (_sentences(one) for one in (anchor.quote, there))
    difference = "\n".join(difflib.unified_diff(before, now, "then", "now", lineterm="", n=1))
    return SourceNow(anchor, "changed", place, anchor.first_line, min(anchor.last_line, len(lines)), difference)


def _sentences(text: str) -> list[str]:
    return [one for one in text.replace(". ", ".\n").split("\n") if one]
