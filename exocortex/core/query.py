"""Query: what the user asked for, taken apart: words, phrases, exclusions and filters; and the language it is typed in.

    lease "notice period"      any of the words, ranked; each phrase must occur
    -draft  -"first draft"     neither word nor phrase in the note
    tag:work  path:journal/    tags below it too; a part of the path; also title: and folder:
    has:task                   or open-task, link, tag
    before: after: on:         2024, 2024-03-05, 2024-W10, march, "last week", "3 days ago" …
    status:done                any property the index knows, with no space after the colon
    -tag:work                  a filter turned round

Whatever is not one of these is a word: `12:30`, `http://x`, `Note: foo`, `C++`. Filters are all to be met.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass, field, replace
from datetime import date, timedelta

from exocortex.core.dates import DateRange, bounded, parse_dates
from exocortex.core.errors import UsageError
from exocortex.core.words import clean, terms

__all__ = ["BUILT_IN_KEYS", "HAS_VALUES", "DateRange", "Filter", "Query", "parse_query", "with_scope"]

HAS_VALUES = ("task", "open-task", "link", "tag")
"""What `has:` knows: a checkbox, an unticked one, a link to another file, a tag."""

BUILT_IN_KEYS = ("tag", "path", "title", "folder", "has", "before", "after", "on")

_QUOTES = '"“”„‟＂'
_QUOTED = re.compile(f"[{_QUOTES}]([^{_QUOTES}]*)[{_QUOTES}]")
_KEY = re.compile(f"([^\\s:{_QUOTES}]+):(?=\\S)")
_NEXT = re.compile(r"\S")
_WORD = re.compile(r"\S+")
_DATE_WORDS = re.compile(f"[^\\s{_QUOTES}]+(?:[^\\S\\n]+[^\\s:{_QUOTES}-][^\\s:{_QUOTES}]*){{0,3}}")
_CLOSING = "?!,;."
"""Punctuation of the sentence around a filter, not of its value."""


@dataclass(frozen=True, slots=True)
class Filter:
    """One condition a note must meet."""

    key: str
    """`tag path title folder has`, or a property's lower-case name."""
    value: str
    """As typed (NFC), never empty; a tag is lower case without `#`, `has` is one of HAS_VALUES."""
    negated: bool = False


@dataclass(frozen=True, slots=True)
class Query:
    """A parsed question or search."""

    text: str
    """What is embedded: the question as worded, without filters, exclusions and the quotes of phrases."""
    words: tuple[str, ...]
    """Bare words as typed (NFC), OR-ed and ranked; each holds a letter or a digit."""
    phrases: tuple[str, ...]
    """Each must occur."""
    excluded: tuple[str, ...]
    """Words or phrases that must not occur in the note."""
    filters: tuple[Filter, ...]
    dates: tuple[DateRange, ...]
    """The note's date must lie in each."""

    @property
    def empty(self) -> bool:
        """True if there is nothing to rank by: only filters, or nothing at all."""
        return not self.words and not self.phrases


def parse_query(text: str, *, properties: Collection[str] = (), today: date, literal: bool = False) -> Query:
    """Take a question or search apart; `properties` are the keys besides the built-in ones that make a filter.

    With `literal` all of it is words. Raises UsageError for a date or a `has:` it does not know, and for nothing else.
    """
    reader = _Reader(clean(text), {clean(name).lower() for name in properties}, today)
    return reader.words_only() if literal else reader.read()


def with_scope(query: Query, scope: Query) -> Query:
    """The query within a scope: both their conditions; the scope's phrases must occur, its exclusions must not.

    Raises UsageError if the scope holds bare words, which would rank but not limit.
    """
    if scope.words:
        raise UsageError(
            f"a scope takes filters, not the word {scope.words[0]!r}",
            'Write title:WORD or tag:WORD, or put it in double quotes to say that it must occur: "WORD".',
        )
    return replace(
        query,
        phrases=(*query.phrases, *scope.phrases),
        excluded=(*query.excluded, *scope.excluded),
        filters=(*query.filters, *scope.filters),
        dates=(*query.dates, *scope.dates),
    )


@dataclass(slots=True)
class _Reader:
    """Reads a query from left to right; each `_read_…` returns where it stopped, or None if nothing was its own."""

    source: str
    properties: Collection[str]
    today: date
    kept: list[str] = field(default_factory=list)
    words: list[str] = field(default_factory=list)
    phrases: list[str] = field(default_factory=list)
    excluded: list[str] = field(default_factory=list)
    filters: list[Filter] = field(default_factory=list)
    dates: list[DateRange] = field(default_factory=list)

    def read(self) -> Query:
        position = 0
        while found := _NEXT.search(self.source, position):
            start = found.start()
            self.kept.append(self.source[position:start])
            fresh = start == 0 or start > position
            position = self._read_phrase(start) or (fresh and self._read_special(start)) or self._read_word(start)
        return self._query()

    def words_only(self) -> Query:
        position = 0
        while found := _NEXT.search(self.source, position):
            self.kept.append(" ")
            position = self._read_word(found.start())
        return self._query()

    def _query(self) -> Query:
        return Query(
            " ".join("".join(self.kept).split()),
            tuple(self.words),
            tuple(self.phrases),
            tuple(self.excluded),
            tuple(self.filters),
            tuple(self.dates),
        )

    def _read_word(self, start: int) -> int:
        found = _WORD.match(self.source, start)
        assert found, "called at a character that is no space"
        self.kept.append(found[0])
        if terms(found[0]):
            self.words.append(found[0])
        return found.end()

    def _read_phrase(self, start: int) -> int | None:
        found = _QUOTED.match(self.source, start)
        if not found:
            return None
        phrase = " ".join(found[1].split())
        self.kept.append(phrase)
        if terms(phrase):
            self.phrases.append(phrase)
        return found.end()

    def _read_special(self, start: int) -> int | None:
        """A filter or an exclusion."""
        negated = self.source[start] == "-"
        start += negated
        return self._read_filter(start, negated) or (self._read_exclusion(start) if negated else None)

    def _read_exclusion(self, start: int) -> int | None:
        if found := _QUOTED.match(self.source, start):
            excluded = " ".join(found[1].split())
        elif self.source[start : start + 1].isalpha() and (found := _WORD.match(self.source, start)):
            excluded = found[0]
        else:
            return None
        if terms(excluded):
            self.excluded.append(excluded)
        return found.end()

    def _read_filter(self, start: int, negated: bool) -> int | None:
        named = _KEY.match(self.source, start)
        if not named:
            return None
        key, start = named[1].lower(), named.end()
        if key not in BUILT_IN_KEYS and key not in self.properties:
            return None
        if quoted := _QUOTED.match(self.source, start):
            value, tail, end = " ".join(quoted[1].split()), "", quoted.end()
        else:
            value, tail, end = self._bare_value(key, start)
        # A quote left here was never closed: then all of it is words.
        if not value or value[0] in _QUOTES or not self._add(key, value, negated):
            return None
        if tail and (before := "".join(self.kept).rstrip()):
            self.kept = [before, tail]  # "the plan tag:work?" asks "the plan?"
        return end

    def _bare_value(self, key: str, start: int) -> tuple[str, str, int]:
        """A value without quotes, the punctuation after it, and where that ends; a date may go on for some words."""
        if key in ("before", "after", "on") and (found := _DATE_WORDS.match(self.source, start)):
            parts = list(_WORD.finditer(found[0]))
            for part in reversed(parts[1:]):
                value = found[0][: part.end()].rstrip(_CLOSING)
                if parse_dates(value, self.today):
                    return value, found[0][len(value) : part.end()], start + part.end()
        found = _WORD.match(self.source, start)
        assert found, "a key is followed by a character that is no space"
        value = found[0].rstrip(_CLOSING)
        return value, found[0][len(value) :], found.end()

    def _add(self, key: str, value: str, negated: bool) -> bool:
        """Note down a filter; False if its value is empty after all."""
        match key:
            case "before" | "after" | "on":
                days = bounded(key, value, self.today)
                self.dates.append(_complement(days, value) if negated else days)
                return True
            case "tag":
                value = value.lstrip("#").strip("/").lower()
            case "has":
                value = _has(value)
        if value:
            self.filters.append(Filter(key, value, negated))
        return bool(value)


def _complement(days: DateRange, value: str) -> DateRange:
    """All other days, of a range open to one side."""
    if days.first is None and days.last:
        return DateRange(days.last + timedelta(days=1), None)
    if days.last is None and days.first:
        return DateRange(None, days.first - timedelta(days=1))
    raise UsageError(f"-on:{value} would leave two ranges of dates", "Use before: or after: to say which.")


def _has(value: str) -> str:
    """One of HAS_VALUES, in the singular."""
    singular = value.lower().removesuffix("s")
    if singular not in HAS_VALUES:
        raise UsageError(f"has: does not know {value!r}", f"It knows {', '.join(HAS_VALUES)}.")
    return singular
