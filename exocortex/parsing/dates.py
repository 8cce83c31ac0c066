"""Dates: the day a note speaks of, from a frontmatter value or a file name. Knows nothing about modification times."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import date

_FIELDS = ("date", "created", "createdat", "creationdate", "creationtime", "datecreated", "createddate", "day")
_SEPARATORS = re.compile(r"[\s_-]+")
_DAY = re.compile(r"(?<!\d)((?:1[89]|2[01])\d\d)([-/._])(\d{1,2})\2(\d{1,2})(?!\d)")
_COMPACT = re.compile(r"((?:19|20)\d\d)(\d\d)(\d\d)(?:T?\d{4}(?:\d\d)?)?(?!\d)")
_NAMES = "jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec"
_MONTHS = {name: i for i, name in enumerate(_NAMES.split("|"), 1)}
_MONTH = rf"({_NAMES})[a-z]{{0,6}}\.?"
_DAY_FIRST = re.compile(rf"\b(\d{{1,2}})(?:st|nd|rd|th)?\.? (?:of )?{_MONTH},? (\d{{4}})\b", re.IGNORECASE)
_MONTH_FIRST = re.compile(rf"\b{_MONTH} (\d{{1,2}})(?:st|nd|rd|th)?,? (\d{{4}})\b", re.IGNORECASE)


def date_of_fields(properties: Iterable[tuple[str, str]]) -> date | None:
    """The first day given by a field such as `date`, `created` or `creation date`, `date` before all others."""
    found: dict[str, date] = {}
    for key, value in properties:
        name = _SEPARATORS.sub("", key)
        if name in _FIELDS and name not in found and (day := read_date(value)):
            found[name] = day
    return next((found[name] for name in _FIELDS if name in found), None)


def date_of_name(stem: str) -> date | None:
    """The day in a file name: `20240305…` at its beginning, `2024-03-05` anywhere."""
    compact = _COMPACT.match(stem)
    if compact and (day := _day(*compact.groups())):
        return day
    return _first_day(stem)


def read_date(text: str) -> date | None:
    """A day written `2024-03-05`, `2024/3/5`, `20240305`, `5 March 2024` or `March 5, 2024`; a time may follow.

    Orders that depend on the country (`05/03/2024`) are not guessed.
    """
    text = text[:100].strip()
    if day := _first_day(text):
        return day
    if compact := _COMPACT.match(text):
        return _day(*compact.groups())
    if match := _DAY_FIRST.search(text):
        return _day(match[3], _MONTHS[match[2].lower()], match[1])
    if match := _MONTH_FIRST.search(text):
        return _day(match[3], _MONTHS[match[1].lower()], match[2])
    return None


def _first_day(text: str) -> date | None:
    match = _DAY.search(text)
    return _day(match[1], match[3], match[4]) if match else None


def _day(year: str | int, month: str | int, day: str | int) -> date | None:
    try:
        return date(int(year), int(month), int(day))
    except ValueError:
        return None
