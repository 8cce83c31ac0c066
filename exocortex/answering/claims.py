"""Claims: what a sentence says, in parts that can be compared with what another says.

Its content words as stems, its figures and dates, its names, its negations and its clauses. Knows nothing of notes or
of whether the claims are true.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from exocortex.answering.figures import Figure, figures
from exocortex.answering.moments import Moment, moments
from exocortex.answering.questions import is_stop, plain
from exocortex.core.stemming import stem
from exocortex.core.words import clean, tokens


@dataclass(frozen=True, slots=True)
class Word:
    """A content word."""

    stem: str
    start: int


@dataclass(frozen=True, slots=True)
class Name:
    """Capitalised words that stand side by side within a sentence, an acronym, or a code such as `E7`."""

    text: str
    start: int
    end: int
    stems: tuple[str, ...]
    soft: bool = False
    """At the beginning of a sentence, where any word has a capital."""

    def agrees(self, other: Name) -> bool:
        """Whether both can name the same: "Ada" and "Ada Lovelace", "WHO" and "World Health Organization"."""
        mine, theirs = set(self.stems), set(other.stems)
        return mine <= theirs or mine >= theirs or self.abbreviates(other)

    def abbreviates(self, other: Name) -> bool:
        """Whether one is the initials of the other."""
        return self._initials() == "".join(other.stems) or other._initials() == "".join(self.stems)

    def _initials(self) -> str:
        return "".join(stem[0] for stem in self.stems) if len(self.stems) > 1 else " "


@dataclass(frozen=True, slots=True)
class Claims:
    """A sentence taken apart. Places are indices into `words`: how many content words stand before."""

    text: str
    words: tuple[Word, ...]
    stems: tuple[str, ...]
    """Of the words."""
    figures: tuple[Figure, ...]
    moments: tuple[Moment, ...]
    names: tuple[Name, ...]
    negations: tuple[int, ...]
    """The place of the word that each negation stands before."""
    clauses: tuple[range, ...]
    """Places, in order, without gaps."""

    years: tuple[Figure, ...]
    """Of its dates."""
    passive: bool

    def clause(self, places: range) -> str:
        """The text of a clause, from its first content word on."""
        end = self.words[places.stop].start if places.stop < len(self.words) else len(self.text)
        return self.text[self.words[places.start].start : end].strip(" ,;:.()")

    def beside(self, start: int, end: int) -> tuple[str, str]:
        """The stems right before and right after a range of characters, empty where there is none."""
        first, last = (bisect_left(self.words, place, key=lambda word: word.start) for place in (start, end))
        before, after = self.words[max(0, first - 1) : first], self.words[last : last + 1]
        return (before[0].stem if before else ""), (after[0].stem if after else "")


_CONTRACTED = re.compile(r"\b(?P<stem>ca|wo|sha)n['’]t\b|(?<=[a-z])n['’]t\b|\bcannot\b", re.IGNORECASE)
_WHOLE = {"ca": "can", "wo": "will", "sha": "shall", "cannot": "can"}
_NEGATIONS = frozenset("not never no none nobody nothing nowhere neither nor without".split())
_NOT_ONLY = re.compile(r" (?:only|just|least)\b|\. ?\d")
_CLAUSE_END = re.compile(
    r"[,;:()–—]|\s-{1,2}\s|\b(?:and|but|or|because|which|who|when|while|although|though|if|since|so|where|whereas|as"
    r"|until|unless|after|before|that)\b",
    re.IGNORECASE,
)
_BREAK = re.compile(r"[,;:()–—]")
_SHORTEST_CLAUSE = 2
_ACRONYMS = frozenset(["WHO", "IT"])
"""Those that are common words otherwise."""
_NO_NAMES = frozenset("i i'm i've i'll i'd ok".split())
_CALENDAR = re.compile(
    r"(?:mon|tues|wednes|thurs|fri|satur|sun)days?|january|february|march|april|may|june|july|august"
    r"|september|october|november|december"
)
_BEGINS = re.compile(r"(?:^|[.!?:;\"“”(\[*_•|>…]|\s['‘-])\s*$")
_BESIDE = re.compile(r"[\s-]{1,2}|\s?&\s?")
_PASSIVE = re.compile(
    r"\b(?:is|are|was|were|be|been|being) (?:\w{1,20} )?\w{2,20}(?:ed|en|wn|nt|ght|ade|old|uilt) by\b"
)
_CAPITALS_ABOUND = 0.85
"""Share of capitalised words from which capitals tell nothing: a title."""


def read_claims(sentence: str) -> Claims:
    """Take a sentence apart; any text is one."""
    text = _CONTRACTED.sub(_spelled_out, plain(clean(sentence)))
    dated = moments(text)
    counted = figures(text, [(one.start, one.end) for one in dated])
    spans = sorted([(one.start, one.end) for one in dated] + [(one.start, one.end) for one in counted])
    found = list(_free(text, spans))
    words = tuple(Word(stem(low), start) for start, _, low in found if not (is_stop(low) or low in _NEGATIONS))
    starts = [word.start for word in words]
    return Claims(
        text,
        words,
        tuple(word.stem for word in words),
        tuple(counted),
        tuple(dated),
        tuple(_names(text, found)),
        tuple(_negations(text, found, starts)),
        tuple(_clauses(text, starts)),
        tuple(_years(dated)),
        _PASSIVE.search(text) is not None,
    )


def _years(dated: Sequence[Moment]) -> Iterator[Figure]:
    for one in dated:
        for year in {str(day.year) for day in one.readings if day.year}:
            yield Figure(one.text, one.start, one.end, frozenset([year]))


def _spelled_out(match: re.Match[str]) -> str:
    return f"{_WHOLE.get((match['stem'] or match[0]).lower(), '')} not"


def _free(text: str, spans: Sequence[tuple[int, int]]) -> Iterator[tuple[int, int, str]]:
    """Start, end and lower-case text of each token outside these ranges."""
    number = 0
    for token in tokens(text):
        while number < len(spans) and spans[number][1] <= token.start:
            number += 1
        if number == len(spans) or token.end <= spans[number][0]:
            yield token.start, token.end, token.text


def _negations(text: str, found: Sequence[tuple[int, int, str]], starts: Sequence[int]) -> Iterator[int]:
    """The places of negations, but for one that ends the sentence and is about nothing named: ", without it"."""
    for start, end, low in found:
        place = bisect_left(starts, start)
        before = text[starts[place - 1] : start] if place else ""
        stray = place == len(starts) and (not before or _BREAK.search(before))
        if low in _NEGATIONS and not _NOT_ONLY.match(text, end) and not stray:
            yield place


def _names(text: str, found: Sequence[tuple[int, int, str]]) -> list[Name]:
    """Names, those side by side as one; codes only where capitals abound."""
    content = [one for one in found if not is_stop(one[2]) or text[one[0] : one[1]] in _ACRONYMS]
    capitals = sum(text[start].isupper() for start, _, _ in content)
    titled = len(content) > 3 and capitals > _CAPITALS_ABOUND * len(content)
    names: list[Name] = []
    for start, end, low in content:
        if (titled and not _is_code(text[start:end])) or low in _NO_NAMES or _CALENDAR.fullmatch(low):
            continue
        if not (text[start].isupper() or _is_code(text[start:end])):
            continue
        opening = not (_is_code(text[start:end]) or text[start:end].isupper()) and _opens(text, start)
        last = names[-1] if names else None
        if last and _BESIDE.fullmatch(text, last.end, start):
            names[-1] = Name(text[last.start : end], last.start, end, (*last.stems, stem(low)))
        else:
            names.append(Name(text[start:end], start, end, (stem(low),), opening))
    return names


def _is_code(spelled: str) -> bool:
    return any(letter.isdigit() for letter in spelled)


def _opens(text: str, start: int) -> bool:
    return _BEGINS.search(text[max(0, start - 4) : start]) is not None


def _clauses(text: str, starts: Sequence[int]) -> list[range]:
    """Cut at commas, conjunctions and the like; a single content word goes with those after it."""
    cuts = sorted({bisect_left(starts, match.end()) for match in _CLAUSE_END.finditer(text)})
    pieces, first = [], 0
    for last in (*cuts, len(starts)):
        if last - first >= _SHORTEST_CLAUSE:
            pieces.append(range(first, last))
            first = last
    if first < len(starts):
        pieces[-1:] = [range(pieces[-1].start if pieces else 0, len(starts))]
    return pieces
