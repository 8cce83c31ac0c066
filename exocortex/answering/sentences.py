"""Sentences of a passage: Markdown cut into what can be quoted, each with its exact lines. Knows nothing of questions.

A list item, a table row, a line of code, a heading and a sentence of a paragraph are each one span. A span's quote is
a slice of the passage, white space collapsed and markers (`-`, `1.`, `#`, `>`, `|`, `[ ]`, `^id`) stripped at its ends.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import StrEnum


class Kind(StrEnum):
    """What a span is in its note."""

    PROSE = "prose"
    ITEM = "item"
    ROW = "row"
    CODE = "code"
    HEADING = "heading"
    PROPERTY = "property"


@dataclass(frozen=True, slots=True)
class Span:
    """A quotable piece of a passage."""

    quote: str
    """Verbatim but for collapsed white space and markers stripped at its ends."""
    first_line: int
    last_line: int
    kind: Kind
    context: str
    """What a reader needs beside it: the row's column names, the line that leads into the list, the sentence before."""


@dataclass(slots=True)
class _Block:
    """Lines that belong together, while they are being read."""

    kind: Kind
    start: int
    end: int
    context: str = ""
    indent: int = 0


@dataclass(slots=True)
class _State:
    """What the lines read so far say about the next one."""

    block: _Block | None = None
    fence: str = ""
    lead: str = ""
    columns: str = ""
    parents: list[tuple[int, str]] = field(default_factory=list)


LONGEST_QUOTE = 480
_ITEM_KEPT_WHOLE = 180
_LINE_END = re.compile(r"\r\n|\r|\n")
_FENCE = re.compile(r"[ >]{0,12}(`{3,}|~{3,})")
_HEADING = re.compile(r"[ >]{0,8}#{1,6}(?:\s|$)")
_ITEM = re.compile(r"([\s>]{0,80})(?:[-*+]|\d{1,9}[.)])\s+")
_RULE = re.compile(r"\s{0,3}(?:[-*_=]\s{0,3}){2,400}$")
_DELIMITERS = re.compile(r"\s{0,3}\|?(?:\s{0,9}:?-{1,99}:?\s{0,9}\|){1,99}(?:\s{0,9}:?-{1,99}:?\s{0,9})?$")
_LABEL = re.compile(r"[\s>]{0,20}[*_]{0,3}[^\W\d_][^\s:|]{0,24}(?: [^\s:|]{1,24}){0,3}:[*_]{0,3}\s")
_OPENING = re.compile(r"(?:\s|>|\||[-*+](?=\s)|\d{1,9}[.)](?=\s)|#{1,6}(?=\s)|\[[ xX/-]\](?=\s))*")
_CLOSING = re.compile(r"(?:\s|\||\\$|(?<=\s)#{1,6}\s*$|(?<=\s)\^[A-Za-z0-9-]{1,64}\s*$)*$")
_SENTENCE_END = re.compile(
    r"[.!?…]{1,4}[\"'”’)\]*_`]{0,4}(?=\s)|[。！？]{1,4}[」』”）]{0,2}|[؟।]{1,3}(?=\s)|\n[ \t]*\n"
)
_NEXT_STARTS = re.compile(r"\s{1,40}[\"'“‘(\[*_`¿¡«„>]{0,4}[^\W_a-zß-ÿ]")
_ABBREVIATION = re.compile(
    r"(?:\b(?:[A-Z]|[Mm]rs?|[Mm]s|[Dd]r|[Pp]rof|[Ss]t|[Rr]ev|[Gg]en|[Cc]ol|[Cc]apt|[Ll]t|[Ss]gt|[Hh]on|vs|v|cf|e\.g|i\.e|ca|approx|[Nn]os?"
    r"|[Ff]ig|[Ss]ec|[Cc]h|[Vv]ol|pp?|[Ee]d|[Jj]an|[Ff]eb|[Mm]ar|[Aa]pr|[Jj]un|[Jj]ul|[Aa]ug|[Ss]ept?|[Oo]ct|[Nn]ov|[Dd]ec|bzw|z\.B|d\.h|Nr|Str))\.$"
)


def spans(text: str, first_line: int) -> list[Span]:
    """The quotable pieces of a passage whose first character that isn't white space stands on `first_line`."""
    lead = len(text) - len(text.lstrip())
    ends = [match.end() for match in _LINE_END.finditer(text, lead)]
    starts = [0, *ends]
    found: list[Span] = []
    for block in _blocks(text, lead, first_line):
        for start, end in _sentences(text, block):
            before = found[-1].quote if found and block.kind is Kind.PROSE and start > block.start else block.context
            quote = " ".join(text[start:end].split())
            first, last = (first_line + bisect_right(starts, place) - 1 for place in (start, end - 1))
            found.append(Span(quote, first, last, block.kind, before))
    return found


def _blocks(text: str, lead: int, first_line: int) -> Iterator[_Block]:
    """Items, rows, lines of code, headings, properties and paragraphs, in order."""
    lines = list(_lines(text, lead))
    body = 0
    if first_line == 1 and lines and text[slice(*lines[0])].rstrip() == "---":
        closing = (number for number, (a, b) in enumerate(lines) if number and text[a:b].rstrip() in {"---", "..."})
        body = next(closing, len(lines) - 1) + 1
        yield from _properties(text, lines[1 : body - 1])
    state = _State()
    for number in range(body, len(lines)):
        following = text[slice(*lines[number + 1])] if number + 1 < len(lines) else ""
        yield from _read(state, text, lines[number], following)
    if state.block:
        yield state.block


def _lines(text: str, lead: int) -> Iterator[tuple[int, int]]:
    start = lead
    for match in _LINE_END.finditer(text, lead):
        yield start, match.start()
        start = match.end()
    yield start, len(text)


def _properties(text: str, lines: list[tuple[int, int]]) -> Iterator[_Block]:
    """Frontmatter, a field a line; a list's items stand under their field's name."""
    key = ""
    for start, end in lines:
        line = text[start:end]
        name, colon, value = line.partition(":")
        nested = line[:1].isspace() or line.startswith("-")
        if colon and not nested:
            key = name
        if value.strip() or nested:
            yield _Block(Kind.PROPERTY, start, end, key if nested else "")


def _read(state: _State, text: str, span: tuple[int, int], following: str) -> Iterator[_Block]:
    """Take in one line; yields the block it ends, and the line itself where it is a block of its own."""
    line = text[slice(*span)]
    fence = _FENCE.match(line)
    if state.fence or fence:
        yield from _close(state, text)
        yield from _read_code(state, line, span, fence)
    elif not line.strip(" \t>") or _RULE.match(line) or _DELIMITERS.match(line):
        yield from _close(state, text)
        state.columns = state.columns if _DELIMITERS.match(line) else ""
    elif _HEADING.match(line):
        yield from _close(state, text)
        state.lead, state.parents = line.strip(" #>"), []
        yield _Block(Kind.HEADING, *span)
    elif "|" in line and (state.columns or line.lstrip().startswith("|") or _DELIMITERS.match(following)):
        yield from _close(state, text)
        yield from _read_row(state, line, span, heads=bool(_DELIMITERS.match(following)))
    else:
        yield from _read_words(state, text, span, _ITEM.match(line))


def _close(state: _State, text: str) -> Iterator[_Block]:
    if state.block:
        if state.block.kind is Kind.PROSE:
            state.lead, state.parents = text[state.block.start : state.block.end][-200:], []
        yield state.block
        state.block = None


def _read_code(state: _State, line: str, span: tuple[int, int], fence: re.Match[str] | None) -> Iterator[_Block]:
    if not state.fence and fence:
        state.fence = fence[1]
    elif fence and fence[1].startswith(state.fence) and not line[fence.end() :].strip():
        state.fence = ""
    elif line.strip():
        yield _Block(Kind.CODE, *span, state.lead)


def _read_row(state: _State, line: str, span: tuple[int, int], heads: bool) -> Iterator[_Block]:
    """A table's row; the row that names the columns is context to those below, never an answer itself."""
    if heads:
        state.columns = line.strip(" |")
    else:
        yield _Block(Kind.ROW, *span, state.columns or state.lead)


def _read_words(state: _State, text: str, span: tuple[int, int], item: re.Match[str] | None) -> Iterator[_Block]:
    """A line of a paragraph or of a list item."""
    start, end = span
    if item:
        yield from _close(state, text)
        indent = len(item[1])
        state.parents = [parent for parent in state.parents if parent[0] < indent]
        context = state.parents[-1][1] if state.parents else state.lead
        state.block = _Block(Kind.ITEM, start, end, context, indent)
        state.parents.append((indent, text[start + item.end() : end].strip()[:200]))
    elif state.block and _goes_on(text, state.block, start, end):
        state.block.end = end
    else:
        context = state.block.context if state.block else state.lead
        kind = state.block.kind if state.block else Kind.PROSE
        if state.block:
            yield state.block
        state.block = _Block(kind, start, end, context)


def _goes_on(text: str, block: _Block, start: int, end: int) -> bool:
    """Whether a line is the block's next line of running text rather than a line of its own."""
    quoted = text[block.start : block.end].lstrip().startswith(">") == text[start:end].lstrip().startswith(">")
    broken = text[block.end - 2 : block.end] == "  " or text[block.end - 1 : block.end] == "\\"
    return quoted and not broken and not _LABEL.match(text, start, end)


def _sentences(text: str, block: _Block) -> Iterator[tuple[int, int]]:
    """Character ranges of a block's sentences, markers at their ends left out."""
    if block.kind is Kind.CODE:
        yield from _portions(text, block.start, block.end)
        return
    start, stop = _trimmed(text, block.start, block.end)
    whole = block.kind not in {Kind.PROSE, Kind.ITEM} or (block.kind is Kind.ITEM and stop - start <= _ITEM_KEPT_WHOLE)
    cuts = [] if whole else list(_sentence_ends(text, start, stop))
    for end in [*cuts, stop]:
        first, last = _trimmed(text, start, end) if start != block.start else (start, end)
        yield from _portions(text, first, last)
        start = end


def _trimmed(text: str, start: int, end: int) -> tuple[int, int]:
    opening = _OPENING.match(text, start, end)
    start = opening.end() if opening else start
    piece = text[start:end]
    closing = _CLOSING.search(piece[-120:])
    return start, end - (len(closing[0]) if closing else 0)


def _sentence_ends(text: str, start: int, stop: int) -> Iterator[int]:
    """Where a sentence ends: closing punctuation before what can begin one, abbreviations and initials left out."""
    for match in _SENTENCE_END.finditer(text, start, stop):
        if match[0][0] == ".":
            if _ABBREVIATION.search(text, max(start, match.start() - 12), match.start() + 1):
                continue
            if not _NEXT_STARTS.match(text, match.end(), stop):
                continue
        yield match.end()


def _portions(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    """The range itself, or what is too long to quote in parts that end at white space."""
    while end - start > LONGEST_QUOTE:
        stop = text.rfind(" ", start + LONGEST_QUOTE // 2, start + LONGEST_QUOTE) + 1 or start + LONGEST_QUOTE
        if text[start:stop].strip():
            yield _stripped(text, start, stop)
        start = stop
    if text[start:end].strip():
        yield _stripped(text, start, end)


def _stripped(text: str, start: int, end: int) -> tuple[int, int]:
    piece = text[start:end]
    return start + len(piece) - len(piece.lstrip()), start + len(piece.rstrip())
