"""Markdown looks: in which colours a theme has the parts of rendered Markdown, and those of it that are chosen."""

from __future__ import annotations

from collections.abc import Mapping

from rich.cells import cell_len
from rich.style import Style
from textual.strip import Strip
from textual.widget import Widget

_PARTS = {
    "heading": ("h1", "h2", "h3", "h4", "h5", "h6", "table.header"),
    "link": ("link", "link_url"),
    "code": ("code", "code_block"),
    "faint": ("block_quote", "hr", "item.bullet", "item.number", "table.border"),
}
COMPONENTS = {f"rendered--{part}" for part in _PARTS}
"""Component classes of a widget that shows Markdown."""


def styles_of(widget: Widget) -> Mapping[str, Style]:
    """Rich's styles of Markdown, by name."""
    return {
        f"markdown.{name}": widget.get_component_rich_style(f"rendered--{part}", partial=True)
        for part, names in _PARTS.items()
        for name in names
    }


def code_theme_of(widget: Widget) -> str:
    """The theme that code is painted in."""
    return "nord" if widget.app.current_theme.dark else "xcode"


def with_selection(widget: Widget, strip: Strip, at: int) -> Strip:
    """Row `at` with what is selected of it seen to be."""
    if (selection := widget.text_selection) is None or (span := selection.get_span(at)) is None:
        return strip
    start = cell_len(strip.text[: span[0]])
    end = strip.cell_length if span[1] == -1 else cell_len(strip.text[: span[1]])
    chosen = widget.screen.get_component_rich_style("screen--selection")
    parts = [strip.crop(0, start), strip.crop(start, end), strip.crop(end)]
    return Strip.join([parts[0], Strip([*parts[1].apply_style(chosen)]), parts[2]])
