"""Moments: the dates of a text, as far as it gives them, so that "March 2024" can be compared with `2024-03-05`.

Knows nothing of today: "yesterday" and "last week" are left to the words around them.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True, slots=True)
class Day:
    """What is said of a day; None where nothing is."""

    year: int | None = None
    month: int | None = None
    day: int | None = None
    weekday: int | None = None
    """0 is Monday."""


@dataclass(frozen=True, slots=True)
class Moment:
    """A date as a text holds it."""

    text: str
    start: int
    end: int
    readings: tuple[Day, ...]
    """More than one for 5/3/2024, which is in March to some and in May to others."""
    soft: bool = False
    """Never: a date always says something."""

    def borne_out(self, other: Moment, years: Collection[frozenset[str]]) -> bool:
        """Whether all that this date says is said by the other, or its year, if that gives none, by one of `years`."""
        return any(_within(mine, theirs, years) for mine in self.readings for theirs in other.readings)


_MONTHS = ("jan feb mar apr may jun jul aug sep oct nov dec").split()
_WEEKDAYS = "monday tuesday wednesday thursday friday saturday sunday".split()
_MONTH = (
    "(?P<month>january|february|march|april|may|june|july|august|september|october|november|december"
    "|jan|feb|mar|apr|jun|jul|aug|sept|sep|oct|nov|dec)"
)
_NUMERIC = re.compile(
    r"(?<![\w./-])(?:(?P<year>\d{4})(?P<dash>[-/])(?P<month>\d{1,2})(?:(?P=dash)(?P<day>\d{1,2}))?"
    r"|(?P<one>\d{1,2})(?P<mark>[./])(?P<other>\d{1,2})(?P=mark)(?P<last>\d{4}))(?![\w/-]|\.\d)"
)
_DAY = r"(?:st|nd|rd|th)?"
_NAMED = re.compile(
    rf"\b(?:(?P<before>\d{{1,2}}){_DAY} (?:of )?)?{_MONTH}\b\.?"
    rf"(?: (?P<after>\d{{1,2}}){_DAY}(?![\w%]|[:.]\d))?(?:,? (?P<year>\d{{4}})\b)?",
    re.IGNORECASE,
)
_MODAL = frozenset(("may", "march", "mar", "jun", "dec", "sep", "jan", "oct", "august"))
"""Words, names or abbreviations that are a month by themselves only after a preposition."""
_PREPOSITION = re.compile(
    r"\b(?:in|since|until|till|by|of|early|mid|late|from|to|through|every|last|next|and)[ -]$", re.I
)
_WEEKDAY = re.compile(rf"\b({'|'.join(_WEEKDAYS)})s?\b", re.IGNORECASE)


def moments(text: str) -> list[Moment]:
    """The dates of a text in order; a year by itself is a figure."""
    found = [one for one in (_numeric(match) for match in _NUMERIC.finditer(text)) if one.readings]
    found += [one for one in (_named(text, match) for match in _NAMED.finditer(text)) if one.readings]
    for match in _WEEKDAY.finditer(text):
        found.append(Moment(match[0], *match.span(), (Day(weekday=_WEEKDAYS.index(match[1].lower())),)))
    return sorted(found, key=lambda one: one.start)


def _numeric(match: re.Match[str]) -> Moment:
    if match["year"]:
        readings = [_day(int(match["year"]), int(match["month"]), int(match["day"]) if match["day"] else None)]
    else:
        year, one, other = int(match["last"]), int(match["one"]), int(match["other"])
        readings = [_day(year, other, one)]
        if match["mark"] == "/" and one != other:
            readings.append(_day(year, one, other))
    return Moment(match[0], *match.span(), tuple(one for one in readings if one))


def _named(text: str, match: re.Match[str]) -> Moment:
    name = match["month"].lower()
    before, after, year = match["before"], match["after"], match["year"]
    alone = not (before or after or year)
    said = match["month"][0].isupper() and (
        name not in _MODAL or _PREPOSITION.search(text[max(0, match.start() - 8) : match.start()])
    )
    number = int(before or after) if before or after else None
    day = _day(int(year) if year else None, _MONTHS.index(name[:3]) + 1, number)
    end = match.end() - (alone and match[0].endswith("."))
    return Moment(text[match.start() : end], match.start(), end, (day,) if day and (said or not alone) else ())


def _day(year: int | None, month: int, day: int | None) -> Day | None:
    """The day, if the calendar has one."""
    try:
        whole = date(year or 2000, month, day or 1)
    except ValueError:
        return None
    return Day(year, month, day, whole.weekday() if year and day else None)


def _within(mine: Day, theirs: Day, years: Collection[frozenset[str]]) -> bool:
    if mine.month is None:
        return mine.weekday == theirs.weekday
    if mine.month != theirs.month or (mine.day is not None and mine.day != theirs.day):
        return False
    return (
        mine.year is None or mine.year == theirs.year or (theirs.year is None and frozenset([str(mine.year)]) in years)
    )
