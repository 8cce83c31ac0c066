"""Markdown: a decoded note taken apart into title, sections, blocks, links, tags, tasks and block ids."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from itertools import islice

from exocortex.core.lines import line_of, line_starts
from exocortex.core.notes import Block, Heading, ParsedNote, Task
from exocortex.parsing.dates import date_of_fields, date_of_name
from exocortex.parsing.frontmatter import Frontmatter, read_frontmatter
from exocortex.parsing.inline import MAX_LINKS, InlineScanner
from exocortex.parsing.markup import MAX_TITLE, plain
from exocortex.parsing.outline import Leaf, TooIntricate, outline
from exocortex.parsing.paragraphs import paragraphs

_MAX_OUTLINED = 12 * 1024 * 1024
"""Characters; a longer note is a log or an export, and its blocks are found by blank lines and `#` alone."""
_MAX_COARSE_TITLES = 20_000
_MAX_ANCHORS = 100_000
_COARSE = re.compile(r"^(?:(?P<fence>```|~~~)|(?P<marks>#{1,6})[ \t]++(?P<title>[^\r\n]{1,300}))", re.MULTILINE)
_CLOSING_MARKS = re.compile(r"(?:^|[ \t])#+[ \t]*$")
_BLOCK_ID = re.compile(r"\^(?<![^\s>]\^)([A-Za-z0-9-]++)[ \t]*+(?=[\r\n]|\Z)")
_TASK = re.compile(r"\[([^\]\r\n])\][ \t]+(\S.*)", re.DOTALL)
_TRAILING_ID = re.compile(r"[ \t]\^[A-Za-z0-9-]+$")
_MAX_TASK = 1000

Span = tuple[int, int, Leaf]
"""Offsets in the whole text, and what lies between them."""


def parse_markdown(text: str, stem: str) -> ParsedNote:
    """Parse decoded text; `stem` is the file's name without its suffix."""
    starts = line_starts(text)
    front = read_frontmatter(text)
    spans, warnings = _spans(text, starts, front.end)
    headings = [Heading(leaf.level, plain(leaf.content), line_of(starts, at)) for at, _, leaf in spans if leaf.level]
    scanner = _scan(text, starts, front, spans)
    if scanner.full:
        warnings.append(f"more than {MAX_LINKS} links: the rest was left out")
    return ParsedNote(
        text=text,
        title=_title(front, headings, stem),
        date=date_of_fields(front.properties) or date_of_name(stem),
        tags=tuple(scanner.tags),
        aliases=front.aliases(),
        properties=front.properties,
        headings=tuple(headings),
        links=tuple(scanner.links),
        tasks=tuple(_tasks(starts, spans)),
        anchors=tuple(islice(_anchors(text, starts, spans), _MAX_ANCHORS)),
        blocks=tuple(_blocks(text, front, spans, headings)),
        warnings=(*front.warnings, *warnings),
    )


def _title(front: Frontmatter, headings: Sequence[Heading], stem: str) -> str:
    given = " ".join((front.first("title") or "").split())[:MAX_TITLE]
    return given or next((heading.text for heading in headings if heading.level == 1 and heading.text), stem)


def _spans(text: str, starts: Sequence[int], begin: int) -> tuple[list[Span], list[str]]:
    """The body's leaves with their offsets, without gap from the first one on; and what was odd about it."""
    placed, warnings = _placed(text, starts, begin)
    if placed and not begin:
        placed[0] = (0, placed[0][1])
    ends = [*(at for at, _ in placed[1:]), len(text)]
    return [(at, end, leaf) for (at, leaf), end in zip(placed, ends, strict=False)], warnings


def _placed(text: str, starts: Sequence[int], begin: int) -> tuple[list[tuple[int, Leaf]], list[str]]:
    if len(text) > _MAX_OUTLINED:
        return _coarse(text, begin), ["too long for Markdown's rules: cut at headings and blank lines only"]
    body = text[begin:]
    if not body or body.isspace():
        return [], []
    first = line_of(starts, begin) - 1
    try:
        return [(starts[first + leaf.line], leaf) for leaf in outline(body)], []
    except TooIntricate:
        return _coarse(text, begin), [
            "too long or intricate for Markdown's rules: cut at headings and blank lines only"
        ]


def _coarse(text: str, begin: int) -> list[tuple[int, Leaf]]:
    """Large paragraphs and `#` headings outside fences."""
    leaves = {at: Leaf(0, "paragraph") for at in paragraphs(text, begin, join=True)}
    leaves.update(islice(_coarse_titles(text, begin), _MAX_COARSE_TITLES))
    return sorted(leaves.items(), key=lambda item: item[0])


def _coarse_titles(text: str, begin: int) -> Iterator[tuple[int, Leaf]]:
    fence = None
    for match in _COARSE.finditer(text, begin):
        if match["fence"]:
            fence = None if fence == match["fence"] else fence or match["fence"]
        elif fence is None:
            title = _CLOSING_MARKS.sub("", match["title"])
            yield match.start(), Leaf(0, "heading", level=len(match["marks"]), content=title)


def _blocks(text: str, front: Frontmatter, spans: Sequence[Span], headings: Sequence[Heading]) -> Iterator[Block]:
    first = spans[0][0] if spans else len(text)
    if first:
        yield Block(0, first, "frontmatter" if front.end else "paragraph", ())
    titles = iter(headings)
    path: list[Heading] = []
    section: tuple[str, ...] = ()
    for start, end, leaf in spans:
        if leaf.level:
            path = [heading for heading in path if heading.level < leaf.level] + [next(titles)]
            section = tuple(heading.text for heading in path if heading.text)
        yield Block(start, end, leaf.kind, section)


def _scan(text: str, starts: Sequence[int], front: Frontmatter, spans: Sequence[Span]) -> InlineScanner:
    scanner = InlineScanner(text, starts)
    for tag in front.tags():
        scanner.add_tag(tag)
    scanner.scan_wikilinks(0, front.end)
    definitions = "]:" in text
    for start, end, leaf in spans:
        if not leaf.literal:
            scanner.scan(start, end)
            if definitions:
                scanner.scan_definitions(start, end)
    return scanner


def _tasks(starts: Sequence[int], spans: Sequence[Span]) -> Iterator[Task]:
    for at, _, leaf in spans:
        if leaf.content and leaf.kind == "item" and (match := _TASK.match(leaf.content)):
            text = _TRAILING_ID.sub("", " ".join(match[2][:_MAX_TASK].split()))
            yield Task(text, match[1] != " ", line_of(starts, at))


def _anchors(text: str, starts: Sequence[int], spans: Sequence[Span]) -> Iterator[tuple[str, int]]:
    begins = [at for at, _, _ in spans]
    for match in _BLOCK_ID.finditer(text):
        place = bisect_right(begins, match.start()) - 1
        if place >= 0 and not spans[place][2].literal:
            yield match[1], line_of(starts, match.start())
