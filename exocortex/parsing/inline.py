"""Inline: the links and tags inside running text. Linear time for any input.

Code spans, HTML tags and comments, and backslash escapes are stepped over. Knows nothing about blocks.
"""

from __future__ import annotations

import html
import re
import unicodedata
from bisect import bisect_right
from collections.abc import Sequence
from urllib.parse import unquote

from exocortex.core.lines import line_of
from exocortex.core.notes import Link, LinkKind

MAX_LINKS = 100_000
MAX_TAGS = 10_000
_MAX_TARGET = 1000

# Each repetition is possessive or stops at the character its construct begins with, so no input makes it go back far.
_ADDRESS = (
    r"\(\s*+(?:<(?P<q{0}>[^<>\r\n]*+)>|(?P<b{0}>(?:[^\s()\\<]|\\.|\((?:[^\s()\\]|\\.)*+\))*+))"
    r"(?:\s++(?:\"(?:[^\"\\]|\\.)*+\"|'(?:[^'\\]|\\.)*+'|\((?:[^()\\]|\\.)*+\)))?+\s*+\)"
)
_NOT_IN_TAGS = (
    r"\x00-\x2c\x2e\x3a-\x40\x5b-\x5e\x60\x7b-\xa9\xab-\xb4\xb6-\xb9\xbb-\xbf\u2000-\u200c\u200e-\u206f"
    r"\u2e00-\u2e7f\u3000-\u3004\u3008-\u3020\u3030\uff01-\uff0f\uff1a-\uff20\uff3b-\uff40\uff5b-\uff65"
)
# Each alternative begins with a plain character: that lets the engine jump from one candidate to the next.
_MARKS = re.compile(
    "|".join(
        [
            r"\\[!-/:-@\[-`{-~]",
            r"`(?P<code>`*+)",
            r"<!--(?P<comment>)",
            r"<[A-Za-z/?!](?:[^<>\[\]\"']|\"[^<>\"]*+\"|'[^<>']*+')*+>",
            r"\[\[(?P<wiki>[^\[\]\r\n]++)\]\]",
            r"\[(?P<label>[^\[\]]*+)\]" + _ADDRESS.format(1),
            r"\[(?P<open>)",
            r"\](?P<close>)(?:" + _ADDRESS.format(2) + ")?",
            r"#(?P<tag>[^" + _NOT_IN_TAGS + r"]++)",
        ]
    )
)
_BEFORE_TAG = re.compile(r"[\w#/\\&:.@?=%+\-)\]]")
_DEFINITION = re.compile(
    r"^[ \t>]{0,12}\[(?P<label>[^\[\]\r\n^][^\[\]\r\n]*+)\]:[ \t]*+(?:<(?P<q1>[^<>\r\n]++)>|(?P<b1>[^\s<]++))"
    r"(?=[ \t\r]*+(?:[\"'(]|$))",
    re.MULTILINE,
)
_WIKI = re.compile(r"\[\[(?P<wiki>[^\[\]\r\n]++)\]\]")
_TICKS = re.compile(r"`+")
_EXTERNAL = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:|//")
_ESCAPE = re.compile(r"\\([!-/:-@\[-`{-~])")


class InlineScanner:
    """Gathers what it is shown of one note: call `scan` for each stretch of running text, in order."""

    def __init__(self, text: str, starts: Sequence[int]) -> None:
        self.links: list[Link] = []
        self.tags: dict[str, None] = {}
        self._text = text
        self._starts = starts
        self._end = 0
        self._ticks: dict[int, list[int]] | None = None
        self._comments = True
        self._depth = 0

    @property
    def full(self) -> bool:
        """True once links were left out because there are more than MAX_LINKS."""
        return len(self.links) >= MAX_LINKS

    def scan(self, start: int, end: int) -> None:
        """Read `text[start:end]`, one block: code spans, links and comments do not reach beyond it."""
        self._end, self._ticks, self._comments, self._depth = end, None, True, 0
        position, search, text = start, _MARKS.search, self._text
        while (match := search(text, position, end)) and not self.full:
            kind, after = match.lastgroup, match.end()
            if kind == "tag":
                self._tag(match)
            elif kind == "code":
                after = self._after_code(match)
            elif kind == "comment":
                after = self._after_comment(after)
            elif kind == "open":
                self._depth += 1
            elif kind is not None:
                self._close_or_link(match, kind, escaped=position == match.start())
            position = after

    def scan_definitions(self, start: int, end: int) -> None:
        """Read link reference definitions, `[label]: target.md`: each is a link where it stands."""
        for match in _DEFINITION.finditer(self._text, start, end):
            if not self.full:
                self._link(match, escaped=True)

    def scan_wikilinks(self, start: int, end: int) -> None:
        """Read wikilinks only, as in frontmatter."""
        for match in _WIKI.finditer(self._text, start, end):
            if not self.full:
                self._link(match, escaped=True)

    def add_tag(self, tag: str) -> None:
        """Take in a tag, written with or without `#`; what is no tag (only digits, only punctuation) is ignored."""
        tag = unicodedata.normalize("NFC", tag).strip().lstrip("#").strip("/").lower()
        is_tag = not tag.replace("/", "").isdigit() and any(c.isalnum() or c > "\u2100" for c in tag)
        if is_tag and len(tag) <= _MAX_TARGET and len(self.tags) < MAX_TAGS:
            self.tags[tag] = None

    def _tag(self, match: re.Match[str]) -> None:
        before = self._text[match.start() - 1 : match.start()]
        if not before or not _BEFORE_TAG.match(before):
            self.add_tag(match["tag"])

    def _after_code(self, match: re.Match[str]) -> int:
        """Where the code span that begins here ends; just after the backticks if nothing closes it."""
        if self._ticks is None:
            self._ticks = {}
            for run in _TICKS.finditer(self._text, match.start(), self._end):
                self._ticks.setdefault(run.end() - run.start(), []).append(run.end())
        ends = self._ticks.get(match.end() - match.start(), ())
        place = bisect_right(ends, match.end())
        return ends[place] if place < len(ends) else match.end()

    def _after_comment(self, after: int) -> int:
        close = self._text.find("-->", after, self._end) if self._comments else -1
        self._comments = close >= 0
        return close + 3 if close >= 0 else after

    def _close_or_link(self, match: re.Match[str], kind: str, escaped: bool) -> None:
        """A `]` matters if a `[` is open: words with brackets in them, such as an image, can be linked too."""
        closes = match["close"] is not None
        if kind != "close" and (self._depth or not closes):
            self._link(match, escaped)
        self._depth = max(0, self._depth - closes)

    def _link(self, match: re.Match[str], escaped: bool) -> None:
        """Keep a link; `escaped` says that a `!` before it belongs to something else."""
        start = match.start()
        marked = not escaped and start > 0 and self._text[start - 1] == "!"
        parts = match.groupdict()
        if wiki := parts.get("wiki"):
            kind = LinkKind.EMBED if marked else LinkKind.WIKI
            target, anchor, alias = split_wikilink(wiki)
        else:
            kind = LinkKind.IMAGE if marked else LinkKind.MARKDOWN
            address = next(filter(None, (parts.get(name) for name in ("b1", "q1", "b2", "q2"))), "")
            target, anchor = split_address(address)
            alias = _one_line(parts["label"] or "") or None
        if (target or anchor) and len(target) <= _MAX_TARGET:
            self.links.append(Link(kind, target, anchor, alias, line_of(self._starts, start)))


def split_wikilink(inner: str) -> tuple[str, str | None, str | None]:
    """Target, anchor and alias of what stands between `[[` and `]]`; the target is empty for a web address."""
    written, _, alias = inner.partition("|")
    if "://" in written:
        return "", None, None
    # Inside a table the bar is written `\|`.
    target, _, anchor = written.rstrip("\\").partition("#")
    return target.strip(), _one_line(anchor) or None, _one_line(alias) or None


def split_address(address: str) -> tuple[str, str | None]:
    """Target and anchor of a Markdown link's address, percent-decoded; both empty for another scheme than a path."""
    if "\\" in address:
        address = _ESCAPE.sub(r"\1", address)
    if "&" in address:
        address = html.unescape(address)
    if _EXTERNAL.match(address) or address.startswith("\\\\"):
        return "", None
    target, _, anchor = address.partition("#")
    if "%" in address:
        target, anchor = unquote(target).replace("\0", ""), unquote(anchor).replace("\0", "")
    return target.strip(), anchor.strip() or None


def _one_line(text: str) -> str:
    return " ".join(text.split())
