"""Plain text: a `.txt` file as paragraphs, with its tags and links. Its title is the file name."""

from __future__ import annotations

from exocortex.core.lines import line_starts
from exocortex.core.notes import Block, ParsedNote
from exocortex.parsing.dates import date_of_name
from exocortex.parsing.inline import InlineScanner
from exocortex.parsing.paragraphs import paragraphs


def parse_plaintext(text: str, stem: str) -> ParsedNote:
    """Parse decoded text; `stem` is the file's name without its suffix."""
    begins = paragraphs(text, 0, join=len(text) > 1_000_000)
    ends = [*begins[1:], len(text)]
    scanner = InlineScanner(text, line_starts(text))
    for begin, end in zip(begins, ends, strict=False):
        scanner.scan(begin, end)
    return ParsedNote(
        text=text,
        title=stem,
        date=date_of_name(stem),
        tags=tuple(scanner.tags),
        aliases=(),
        properties=(),
        headings=(),
        links=tuple(scanner.links),
        tasks=(),
        anchors=(),
        blocks=tuple(Block(begin, end, "paragraph", ()) for begin, end in zip(begins, ends, strict=False)),
        warnings=("more links than are kept",) if scanner.full else (),
    )
