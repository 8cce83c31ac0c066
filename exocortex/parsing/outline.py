"""Outline: a Markdown text's block structure (CommonMark, tables, footnotes), found by markdown-it's block rules alone.

Knows nothing about what stands inside a block. Three things make it about twice as fast as `MarkdownIt.parse` and safe
for any input: a line's first character decides which rules are tried, tokens nobody reads are not made, and a text that
costs too many attempts or nests too deeply is given up (TooIntricate) instead of taking minutes.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from typing import Literal, cast

from markdown_it import MarkdownIt
from markdown_it import rules_block as rules
from markdown_it.ruler import Ruler
from markdown_it.rules_block import StateBlock
from markdown_it.token import Token
from mdit_py_plugins.footnote.index import footnote_def

from exocortex.core.lines import line_starts

Rule = Callable[[StateBlock, int, int, bool], bool]

_MAX_ATTEMPTS = 200_000
"""Lines looked at, once for each container they lie in: 1 to 2 seconds of work; a note of 1 MB needs about 40,000."""
_MAX_DEPTH = 60
_LONG_LINE = 4096
_HEAD, _TAIL = 3000, 500
_SETEXT = re.compile(r"^[ \t>]*(?:=+|-+)[ \t]*$", re.MULTILINE)
_BREAK = re.compile(r"\r\n?|\n")
_KINDS = {
    "heading_open": "heading",
    "paragraph_open": "paragraph",
    "list_item_open": "item",
    "fence": "fence",
    "code_block": "fence",
    "html_block": "html",
    "hr": "rule",
    "table_open": "table",
}
_BLOCKS = frozenset({"paragraph", "reference", "blockquote"})
_RULES: tuple[tuple[str, Rule, str, frozenset[str]], ...] = (
    # In markdown-it's order: name, rule, the characters a line must begin with ("" for any), what it interrupts.
    # Link reference definitions stay paragraphs: markdown-it's rule for them takes quadratic time.
    ("table", rules.table, "", frozenset({"paragraph", "reference"})),
    ("code", rules.code, "", frozenset()),
    ("fence", rules.fence, "`~", _BLOCKS | {"list"}),
    ("blockquote", rules.blockquote, ">", _BLOCKS | {"list"}),
    ("hr", rules.hr, "*-_", _BLOCKS | {"list"}),
    ("list", rules.list_block, "*-+0123456789", _BLOCKS),
    ("footnote_def", footnote_def, "[", frozenset({"paragraph", "reference"})),
    ("html_block", rules.html_block, "<", _BLOCKS),
    ("heading", rules.heading, "#", _BLOCKS),
    ("lheading", rules.lheading, "", frozenset()),
    ("paragraph", rules.paragraph, "", frozenset()),
)


class TooIntricate(Exception):  # noqa: N818  a finding about the text, caught by the caller
    """The text would take the block rules too long."""


@dataclass(frozen=True, slots=True)
class Leaf:
    """A block that holds text, not blocks; it reaches to the next leaf."""

    line: int
    """0-based, counted in the text given."""
    kind: str
    """As in Block."""
    literal: bool = False
    """Code or HTML: what looks like a link or a tag in it is none."""
    level: int = 0
    """1 to 6 for the title line of a section, else 0 (headings inside lists and quotes open no section)."""
    content: str = ""
    """Markdown of a section's title or of a list item's first paragraph; of very long lines, head and tail."""


def outline(text: str) -> list[Leaf]:
    """The leaves of a Markdown text in order. Raises TooIntricate for inputs made to be slow."""
    if max(text.count("\n"), text.count("\r")) > _MAX_ATTEMPTS:
        raise TooIntricate
    source = _shorten(_BREAK.sub("\n", text) if "\r" in text else text)
    parser = _parser("|" in source, _SETEXT.search(source) is not None)
    recorder = _Recorder(source, parser)
    parser.block.tokenize(recorder, 0, recorder.lineMax)
    return list(_leaves(recorder.tokens))


def _shorten(source: str) -> str:
    """Cut the middle out of very long lines: where a block begins and ends can be seen from their ends."""
    starts = line_starts(source)
    if max(map(operator.sub, [*starts[1:], len(source)], starts)) <= _LONG_LINE:
        return source
    lines = source.split("\n")
    return "\n".join(line if len(line) <= _LONG_LINE else line[:_HEAD] + line[-_TAIL:] for line in lines)


def _leaves(tokens: list[Token]) -> Iterator[Leaf]:
    item: Token | None = None
    for place, token in enumerate(tokens):
        kind = _KINDS.get(token.type)
        if kind is None or token.map is None:
            continue
        if kind == "item":
            if item is not None and _line(item) != _line(token):
                yield Leaf(_line(item), "item")
            item = token
            continue
        if item is not None:
            inside, own = token.level > item.level, _line(item)
            item = None
            if inside:
                yield from _first_of_item(own, token, kind, tokens, place)
                continue
            yield Leaf(own, "item")
        yield _leaf(token, kind, tokens, place)
    if item is not None:
        yield Leaf(_line(item), "item")


def _first_of_item(line: int, token: Token, kind: str, tokens: list[Token], place: int) -> Iterator[Leaf]:
    """A list item's first leaf is the item itself, unless it is code or a table that begins on a line of its own."""
    if kind == "paragraph":
        yield Leaf(line, "item", content=tokens[place + 1].content)
    elif _line(token) == line:
        yield Leaf(line, "item", literal=kind in ("fence", "html"))
    else:
        yield Leaf(line, "item")
        yield _leaf(token, kind, tokens, place)


def _leaf(token: Token, kind: str, tokens: list[Token], place: int) -> Leaf:
    if kind != "heading":
        return Leaf(_line(token), kind, literal=kind in ("fence", "html"))
    if token.level:
        return Leaf(_line(token), "paragraph")
    return Leaf(_line(token), "heading", level=int(token.tag[1]), content=tokens[place + 1].content)


def _line(token: Token) -> int:
    assert token.map is not None
    return token.map[0]


class _Recorder(StateBlock):
    """Parser state that keeps the tokens an outline needs: openings of leaves and items, text of titles and items."""

    def __init__(self, source: str, parser: MarkdownIt) -> None:
        super().__init__(source, parser, {}, [])
        self.attempts = 0
        self._ignored = Token("", "", 0)

    def push(self, ttype: str, tag: str, nesting: Literal[-1, 0, 1]) -> Token:
        """Make a token, or hand out one that is thrown away; rules only write to what they get."""
        if nesting < 0:
            self.level -= 1
        token = self._ignored
        if ttype in _KINDS or (ttype == "inline" and self._follows_text()):
            token = Token(ttype, tag, nesting, level=self.level)
            self.tokens.append(token)
        if nesting > 0:
            self.level += 1
        return token

    def _follows_text(self) -> bool:
        last = self.tokens[-1].type if self.tokens else ""
        return last == "heading_open" or (last == "paragraph_open" and self.level > 2)


class _Chains(Ruler[Rule]):
    """Stands in for markdown-it's ruler: each chain of rules is one function, led by the line's first character."""

    def __init__(self, names: frozenset[str]) -> None:
        super().__init__()
        self._names = [name for name, *_ in _RULES if name in names]
        self._chains = {chain: [_by_first_character(self._of(chain))] for chain in ("", *_BLOCKS, "list")}

    def _of(self, chain: str) -> list[tuple[Rule, str]]:
        active = [rule for rule in _RULES if rule[0] in self._names]
        return [(rule, first) for _, rule, first, interrupts in active if not chain or chain in interrupts]

    def getRules(self, chainName: str = "") -> list[Rule]:  # noqa: N802, N803  markdown-it's names
        """The one function for a chain; markdown-it calls each rule of a chain until one answers True."""
        return self._chains[chainName]

    def get_active_rules(self) -> list[str]:
        """Names of the rules in use; markdown-it asks whether indented code is among them."""
        return self._names


def _by_first_character(chain: list[tuple[Rule, str]]) -> Rule:
    any_start = tuple(rule for rule, first in chain if not first)
    special = {c for _, first in chain for c in first}
    by_character = {c: tuple(rule for rule, first in chain if not first or c in first) for c in special}

    def dispatch(state: StateBlock, start: int, end: int, silent: bool) -> bool:
        recorder = cast(_Recorder, state)
        recorder.attempts += 1
        if recorder.attempts > _MAX_ATTEMPTS or recorder.level > _MAX_DEPTH:
            raise TooIntricate
        position = state.bMarks[start] + state.tShift[start]
        for rule in by_character.get(state.src[position : position + 1], any_start):
            if rule(state, start, end, silent):
                return True
        return False

    return dispatch


@cache
def _parser(tables: bool, underlined_headings: bool) -> MarkdownIt:
    """A parser without the rules that cannot apply; four kinds in all."""
    unused = {"table"} if not tables else set()
    unused |= {"lheading"} if not underlined_headings else set()
    parser = MarkdownIt("commonmark", {"maxNesting": _MAX_DEPTH + 10})
    parser.block.ruler = _Chains(frozenset(name for name, *_ in _RULES) - unused)
    return parser
