"""Rendering: a note's Markdown laid out by Rich, as rows to paint and the lines that each of them comes from.

A widget for each block, as Textual's Markdown has them, takes seconds for 64 KB and holds up every key meanwhile.
"""

from __future__ import annotations

import io
from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import ClassVar

from markdown_it.token import Token
from rich import box, markdown
from rich.console import Console, ConsoleOptions, JustifyMethod, RenderResult
from rich.segment import Segment
from rich.style import Style
from rich.syntax import Syntax
from rich.table import Table
from rich.theme import Theme
from textual.strip import Strip

from exocortex.core.lines import split_lines
from exocortex.tui.markdown import parser, with_front_fenced

MAX_CHARACTERS = 64 * 1024
MAX_LINES = 2_000
"""Of a note that is rendered; longer ones are read as lines."""
_MAX_HIGHLIGHTED = 20_000
"""Characters of a block of code whose language is minded."""


@dataclass(frozen=True, slots=True)
class Rows:
    """A rendered note."""

    strips: tuple[Strip, ...]
    blocks: tuple[tuple[int, int], ...]
    """(first row, first line) of each block, in order, and of what would follow the last one."""

    def line_at(self, row: int) -> int:
        """The line of the note, 1-based, that this row comes from: exact for a block's first, near for the others."""
        return self._beside(row, 0)

    def row_of(self, line: int) -> int:
        """The row that shows this line."""
        return min(self._beside(line, 1), max(0, len(self.strips) - 1))

    def _beside(self, place: int, known: int) -> int:
        """From a row to its line (`known` is 0), or back (1); a block's rows are taken to be its lines, stretched."""
        at = bisect_right(self.blocks, place, key=lambda block: block[known]) - 1
        sought = 1 - known
        if at < 0 or at + 1 == len(self.blocks):
            return self.blocks[max(0, at)][sought]
        here, after = self.blocks[at], self.blocks[at + 1]
        return here[sought] + (place - here[known]) * (after[sought] - here[sought]) // (after[known] - here[known])


def render(
    text: str,
    width: int,
    styles: Mapping[str, Style],
    code_theme: str,
    *,
    has_front: bool = True,
    paints: Mapping[str, Style] = MappingProxyType({}),
) -> Rows:
    """Lay Markdown out; `styles` are Rich's of Markdown, by name. Raises whatever Rich makes of what it can't lay out.

    A note has a front; a reply has none. Words linked to one of the addresses in `paints` are in that style instead.
    """
    console = Console(
        file=io.StringIO(), width=width, theme=Theme(styles), markup=False, emoji=False, highlight=False, _environ={}
    )
    made = _Markdown("", code_theme=code_theme)
    strips: list[Strip] = []
    blocks: list[tuple[int, int]] = []
    for tokens, first in _blocks(parser().parse(with_front_fenced(text) if has_front else text)):
        made.parsed = tokens
        rows = _without_blank_edges(console.render_lines(made, console.options, pad=False))
        if not rows:
            continue
        if strips:
            strips.append(Strip([]))
        blocks.append((len(strips), first))
        strips += [Strip([_linked(segment, paints) for segment in row]) for row in rows]
    end = (len(strips), max(len(split_lines(text)) + 1, blocks[-1][1] + 1 if blocks else 0))
    return Rows(tuple(strips), (*blocks, end) if blocks else EMPTY.blocks)


EMPTY = Rows((), ((0, 1),))
"""Nothing."""


def _blocks(tokens: Sequence[Token]) -> Iterator[tuple[list[Token], int]]:
    """The note's blocks that lie in no other, with their first lines."""
    gathered: list[Token] = []
    depth = 0
    for token in tokens:
        gathered.append(token)
        depth += token.nesting
        if depth == 0:
            first, _ = gathered[0].map or (0, 0)
            yield gathered, first + 1
            gathered = []


def _without_blank_edges(rows: list[list[Segment]]) -> list[list[Segment]]:
    filled = [at for at, row in enumerate(rows) if any(one.text.strip() or _has_ground(one) for one in row)]
    return rows[filled[0] : filled[-1] + 1] if filled else []


def _has_ground(segment: Segment) -> bool:
    return segment.style is not None and segment.style.bgcolor is not None


def _linked(segment: Segment, paints: Mapping[str, Style]) -> Segment:
    """Where a link leads is kept for whoever is clicked on; the terminal isn't told, it would open anything."""
    style = segment.style
    if style is None or not style.link:
        return segment
    if style.link in paints:
        return Segment(segment.text, paints[style.link])
    return Segment(segment.text, style.update_link(None) + Style(meta={"href": style.link}))


class _Heading(markdown.Heading):
    LEVEL_ALIGN: ClassVar[dict[str, JustifyMethod]] = {}


class _Code(markdown.CodeBlock):
    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        code = str(self.text).rstrip()
        lexer = self.lexer_name if len(code) <= _MAX_HIGHLIGHTED else "text"
        ground = console.get_style("markdown.code_block").bgcolor
        colour = ground.get_truecolor().hex if ground is not None else None
        yield Syntax(code, lexer, theme=self.theme, word_wrap=True, padding=(0, 1), background_color=colour)


class _Rule(markdown.HorizontalRule):
    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        yield Segment("─" * options.max_width, console.get_style("markdown.hr"))


class _Table(markdown.TableElement):
    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        table = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False, style="markdown.table.border")
        for cell in self.header.row.cells if self.header is not None and self.header.row is not None else ():
            heading = cell.content.copy()
            heading.stylize("markdown.table.header")
            table.add_column(heading, justify=cell.justify)
        for row in self.body.rows if self.body is not None else ():
            table.add_row(*(cell.content for cell in row.cells))
        yield table


class _Markdown(markdown.Markdown):
    elements: ClassVar[dict[str, type[markdown.MarkdownElement]]] = {
        **markdown.Markdown.elements,
        "heading_open": _Heading,
        "fence": _Code,
        "code_block": _Code,
        "hr": _Rule,
        "table_open": _Table,
    }
