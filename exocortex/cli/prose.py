"""Prose: words that come in pieces, wrapped below an indent as they come on a terminal, and left as they are in a pipe.

Knows nothing of answers and models. What it is given may hold anything: only text made safe reaches the screen.
"""

from __future__ import annotations

import re
from types import TracebackType
from typing import TYPE_CHECKING, Self

from exocortex.core.terminal import visible

if TYPE_CHECKING:
    from exocortex.cli.console import Screen

_UNSPACED = "\u2e80-\u9fff\ua000-\ua4cf\uf900-\ufaff\uff00-\uffef"
"""Kana, ideographs and their punctuation: no space between words, a line may break after any of them."""
_BETWEEN = re.compile(f"([ \t\r]+|\n|(?<=[{_UNSPACED}]))")


class Prose:
    """A text as it is being written. Each word is shown as soon as it is known to be whole, the last one by `end`."""

    def __init__(self, screen: Screen, indent: int = 0) -> None:
        self._screen = screen
        self._indent = indent
        self._word = ""
        """Not shown yet: more of it may follow."""
        self._column = 0
        """Columns taken of the row, without the indent."""
        self._gap = False
        self._breaks = 0
        self.begun = False
        """Whether there were any words."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.end()

    def add(self, piece: str) -> None:
        """The next piece of the text, cut anywhere."""
        if not self._screen.tty:
            self._pass_on(piece)
            return
        *whole, self._word = _BETWEEN.split(self._word + piece)
        for word, between in zip(whole[::2], whole[1::2], strict=True):
            self._place(word)
            if between == "\n":
                self._breaks, self._gap = min(2, self._breaks + 1), False
            elif between:
                self._gap = True

    def end(self) -> None:
        """Show what was held back, and leave the cursor at the beginning of a row."""
        self._place(self._word)
        self._word = ""
        if self._column:
            self._screen.write("\n")
        self._column = self._breaks = 0
        self._gap = False

    def leave_row(self) -> bool:
        """Go on in a new row, which whoever asks is going to begin; False if this one is empty."""
        was_in, self._column = self._column > 0, 0
        return was_in

    def _pass_on(self, piece: str) -> None:
        if piece:
            self.begun = True
            self._screen.write(visible(piece))
            self._column = not piece.endswith("\n")

    def _place(self, word: str) -> None:
        """A whole word; one that is longer than a row is cut."""
        if not word:
            return
        from rich.cells import cell_len, chop_cells

        text = visible(word, keep_newlines=False)
        room = self._screen.width - self._indent
        for part in chop_cells(text, room) if cell_len(text) > room else [text]:
            self._put(part, cell_len(part), room)

    def _put(self, part: str, width: int, room: int) -> None:
        gap = int(self._gap and self._column > 0)
        if self.begun and self._breaks:
            self._screen.write("\n" * (self._breaks if self._column else self._breaks - 1))
            self._column = 0
        elif self._column and self._column + gap + width > room:
            self._screen.write("\n")
            self._column = 0
        self._screen.write((" " * gap if self._column else " " * self._indent) + part)
        self._column += max(1, width + gap * (self._column > 0))
        self._breaks, self._gap, self.begun = 0, False, True
