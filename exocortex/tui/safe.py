"""Safe: the one place where text from notes, models and paths is made fit to be shown.

Nothing of it is ever markup: it becomes `Content`, in which brackets are brackets and control characters are seen.
"""

from __future__ import annotations

from collections.abc import Iterable

from rich.text import Text
from textual.content import Content
from textual.style import Style

from exocortex.core.terminal import masked, visible


def line(text: str, style: str | Style = "") -> Content:
    """One line: a title, a path, a name."""
    return Content.styled(visible(text, keep_newlines=False), style)


def lines(text: str, style: str | Style = "") -> Content:
    """Text of several lines."""
    return Content.styled(visible(text).expandtabs(4), style)


def text(text: str, style: str = "") -> Text:
    """One line, for widgets that take Rich's text; the style is Rich's too."""
    return Text(visible(text, keep_newlines=False), style)


def plain(text: str) -> str:
    """For widgets that take text and no markup: several lines."""
    return visible(text).expandtabs(4)


def marked(text: str, ranges: Iterable[tuple[int, int]], style: str) -> Content:
    """Text with ranges of it in a style. It is cut first and made safe piece by piece, which changes lengths."""
    pieces: list[Content] = []
    at = 0
    for start, end in ranges:
        pieces += [line(text[at:start].replace("\n", " ")), line(text[start:end].replace("\n", " "), style)]
        at = end
    return Content("").join([*pieces, line(text[at:].replace("\n", " "))])


def joined(*parts: Content | str) -> Content:
    """Parts one after the other; a plain string is the program's own words."""
    return Content("").join([Content(part) if isinstance(part, str) else part for part in parts])


__all__ = ["joined", "line", "lines", "marked", "masked", "plain", "text"]
