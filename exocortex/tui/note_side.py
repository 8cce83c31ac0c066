"""NoteSide: what belongs to a note, beside it: its outline, the links both ways, and the notes that mean the like."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from textual.binding import Binding, BindingType
from textual.content import Content
from textual.widgets import OptionList
from textual.widgets.option_list import Option

from exocortex.tui import safe

if TYPE_CHECKING:
    from exocortex.core.answers import Hit
    from exocortex.core.notes import Heading, NoteRef
    from exocortex.core.results import NoteLinks, ResolvedLink

MOST = 200
"""Rows under a title."""


@dataclass(frozen=True, slots=True)
class Around:
    """What is known of a note's surroundings."""

    headings: tuple[Heading, ...] = ()
    links: NoteLinks | None = None
    related: tuple[Hit, ...] = ()


@dataclass(frozen=True, slots=True)
class Way:
    """Where a row leads: to a line of another note, or of this one."""

    label: Content
    note: NoteRef | None
    line: int


class NoteSide(OptionList):
    """Rows under titles; a row leads somewhere."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("j", "cursor_down", "Down", show=False),
        Binding("k", "cursor_up", "Up", show=False),
        Binding("g", "first", "First", show=False),
        Binding("G", "last", "Last", show=False),
    ]

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002 (Textual's name)
        super().__init__(id=id)
        self._around = Around()
        self._ways: list[Way | None] = []

    @property
    def way(self) -> Way | None:
        """Where the row leads that the cursor is at."""
        at = self.highlighted
        return self._ways[at] if at is not None and at < len(self._ways) else None

    def show(self, around: Around) -> None:
        """Put this in the place of what is shown."""
        self._around = around
        self._fill()
        self.highlighted = next((at for at, way in enumerate(self._ways) if way is not None), None)

    def on_resize(self) -> None:
        """Rows are cut to the width there is."""
        at = self.highlighted
        self._fill()
        self.highlighted = at

    def _fill(self) -> None:
        width = max(12, self.size.width - 3)
        self._ways = []
        rows: list[Content] = []
        for title, ways in _sections(self._around):
            if ways:
                rows += [Content(""), safe.line(title, "$muted")] if rows else [safe.line(title, "$muted")]
                self._ways += [None] * (len(rows) - len(self._ways))
                rows += [way.label.truncate(width, ellipsis=True) for way in ways[:MOST]]
                self._ways += ways[:MOST]
            if len(ways) > MOST:
                rows.append(safe.line(f"and {len(ways) - MOST:,} more", "$muted"))
                self._ways.append(None)
        self.clear_options()
        self.add_options(
            [Option(row, disabled=way is None) for row, way in zip(rows, self._ways, strict=True)],
        )


def _sections(around: Around) -> Iterator[tuple[str, Sequence[Way]]]:
    yield "Outline", [*_outline(around.headings)]
    if (links := around.links) is not None:
        yield _titled("Linked from", [_from(link) for link in _once(links.back, by_source=True)])
        yield _titled("Links to", [_to(link) for link in _once(links.out)])
        yield _titled("Leading nowhere", [_missing(link) for link in _once(links.unresolved)])
    yield "Related", [Way(safe.line(hit.note.title), hit.note, hit.chunk.first_line) for hit in around.related]


def _titled(title: str, ways: Sequence[Way]) -> tuple[str, Sequence[Way]]:
    return f"{title}  {len(ways):,}", ways


def _once(links: Iterable[ResolvedLink], *, by_source: bool = False) -> Iterable[ResolvedLink]:
    """A note may link to another in many of its lines: the first one stands for all."""
    first: dict[tuple[str, ...], ResolvedLink] = {}
    for one in links:
        place = (one.source.id,) if by_source else (one.path or one.link.target, one.link.anchor or "")
        first.setdefault(place, one)
    return first.values()


def _outline(headings: Iterable[Heading]) -> Iterator[Way]:
    headings = tuple(headings)
    least = min((heading.level for heading in headings), default=1)
    for heading in headings:
        indent = "  " * (heading.level - least)
        yield Way(safe.joined(indent, safe.line(heading.text)), None, heading.line)


def _from(link: ResolvedLink) -> Way:
    return Way(safe.joined(safe.line(link.source.title), _at(link.link.line)), link.source, link.link.line)


def _to(link: ResolvedLink) -> Way:
    """A note, or another file, which is shown where the link to it stands."""
    if link.target is None:
        return Way(safe.line(link.path or "", "$muted"), None, link.link.line)
    anchor = safe.line(f" > {link.link.anchor}", "$muted") if link.link.anchor else Content("")
    return Way(safe.joined(safe.line(link.target.title), anchor), link.target, link.line or 0)


def _missing(link: ResolvedLink) -> Way:
    written = link.link.target + (f"#{link.link.anchor}" if link.link.anchor else "")
    return Way(safe.joined(safe.line(written, "$warning"), _at(link.link.line)), None, link.link.line)


def _at(line: int) -> Content:
    return safe.line(f"  {line}", "$faint")
