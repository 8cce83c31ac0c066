"""Dates as people write them, in a query: `2024-03`, `5 march 2024`, "last week", "3 days ago".

Weeks start on Monday. A month, a day of a month or a weekday without more is the latest that has begun; "two weeks
ago" is that whole week; "last 3 months" reaches from the same day three months back to today.
"""

from __future__ import annotations

import re
from calendar import monthrange
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta

from exocortex.core.errors import UsageError

_DAY = timedelta(days=1)
_MONTHS = (
    *("january", "february", "march", "april", "may", "june"),
    *("july", "august", "september", "october", "november", "december"),
)
_WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_NUMBERS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve")

_UNIT = "(?P<unit>day|week|weekend|month|quarter|year)"
_COUNT = f"(?P<count>[0-9]{{1,5}}|an?|{'|'.join(_NUMBERS)})"
_MONTH = f"(?P<month>{'|'.join(f'{name[:3]}(?:{name[3:]})?' for name in _MONTHS)}|sept)\\.?"
_WEEKDAY = f"(?P<weekday>{'|'.join(_WEEKDAYS)}|mon|tues?|wed|thu(?:rs?)?|fri|sat|sun)"
_WHICH = "(?P<which>last|past|previous|this|next)"
_YEAR = "(?P<year>[0-9]{4})"
_DAY_NUMBER = "(?P<day>[0-9]{1,2})(?:st|nd|rd|th)?"
_STEPS = {"last": -1, "past": -1, "previous": -1, "this": 0, "next": 1}


@dataclass(frozen=True, slots=True)
class DateRange:
    """Days from `first` to `last`, both included; None leaves that side open."""

    first: date | None
    last: date | None


@dataclass(frozen=True, slots=True)
class _Period:
    """Days from `first` to `last`, both included."""

    first: date
    last: date
    counted: bool = False
    """True if it was counted from today: "last week", "3 days ago", yesterday, monday."""


def parse_dates(text: str, today: date) -> DateRange | None:
    """The days that `text` names, seen from `today`; None if it names none."""
    period = _parse(text, today)
    return DateRange(period.first, period.last) if period else None


def bounded(key: str, text: str, today: date) -> DateRange:
    """The days that `before:text`, `after:text` or `on:text` leaves.

    `before:` ends the day before the first of the days named. `after:` starts the day after the last of them, save for
    days counted from today ("last week", "3 days ago", yesterday, monday): there it means since, and starts with the
    first of them. `key` is one of the three. Raises UsageError if the text names no date.
    """
    period = _parse(text, today)
    try:
        if period and key == "on":
            return DateRange(period.first, period.last)
        if period and key == "before":
            return DateRange(None, period.first - _DAY)
        if period:
            return DateRange(period.first if period.counted else period.last + _DAY, None)
    except OverflowError:
        pass
    raise UsageError(
        f"{key}: does not understand the date {text!r}",
        'Dates that work: 2024, 2024-03, 2024-03-05, 2024-W10, 2024-Q1, 05.03.2024, march, "5 march 2024", yesterday, '
        'friday, "last week", "past 7 days", "3 days ago".',
    )


def _parse(text: str, today: date) -> _Period | None:
    plain = " ".join(text.casefold().replace(",", " ").split()).removeprefix("the ")
    try:
        for pattern, period in _FORMS:
            if match := re.fullmatch(pattern, plain):
                return period(match, today)
    except (ValueError, OverflowError):
        return None  # a 31st of February, or a year beyond 9999
    return None


def _month(year: int, month: int, months: int = 1) -> _Period:
    """That many whole months from this one; months past December run on into the next year."""
    first = date(year + (month - 1) // 12, (month - 1) % 12 + 1, 1)
    final = first.year * 12 + first.month - 1 + months - 1
    year, month = final // 12, final % 12 + 1
    return _Period(first, date(year, month, monthrange(year, month)[1]))


def _months_away(day: date, months: int) -> date:
    """The same day of another month, or the last there is of it."""
    month = _month(day.year, day.month + months)
    return month.first.replace(day=min(day.day, month.last.day))


def _around(day: date, unit: str) -> _Period:
    """The day, week, weekend, month, quarter or year that a day lies in, as counted from today."""
    monday = day - day.weekday() * _DAY
    match unit:
        case "day":
            period = _Period(day, day)
        case "week":
            period = _Period(monday, monday + 6 * _DAY)
        case "weekend":
            period = _Period(monday + 5 * _DAY, monday + 6 * _DAY)
        case "month":
            period = _month(day.year, day.month)
        case "quarter":
            period = _month(day.year, (day.month - 1) // 3 * 3 + 1, 3)
        case _:
            period = _month(day.year, 1, 12)
    return _Period(period.first, period.last, counted=True)


def _shifted(day: date, unit: str, count: int) -> date:
    """The day that lies `count` units later (earlier if negative)."""
    if unit in ("day", "week", "weekend"):
        return day + count * (_DAY if unit == "day" else 7 * _DAY)
    return _months_away(day, count * {"month": 1, "quarter": 3, "year": 12}[unit])


def _number(text: str) -> int:
    if text in ("a", "an"):
        return 1
    return _NUMBERS.index(text) if text in _NUMBERS else int(text)


def _month_number(name: str) -> int:
    return next(number for number, month in enumerate(_MONTHS, 1) if month.startswith(name[:3]))


def _iso(match: re.Match[str], today: date) -> _Period:  # noqa: ARG001  # every form gets both
    year, month, day = match["year"], match["month"], match["day"]
    first = date(int(year), int(month or 1), int(day or 1))
    if day:
        return _Period(first, first)
    return _month(first.year, first.month, 1 if month else 12)


def _iso_week(match: re.Match[str], today: date) -> _Period:  # noqa: ARG001
    year, week, day = int(match["year"]), int(match["week"]), match["day"]
    first = date.fromisocalendar(year, week, int(day or 1))
    return _Period(first, first if day else first + 6 * _DAY)


def _quarter(match: re.Match[str], today: date) -> _Period:  # noqa: ARG001
    return _month(int(match["year"]), int(match["quarter"]) * 3 - 2, 3)


def _slashes(match: re.Match[str], today: date) -> _Period | None:  # noqa: ARG001
    """5/3/2024 is the third of May to some and the fifth of March to others: only what both read alike is a date."""
    one, other, year = int(match["one"]), int(match["other"]), int(match["year"])
    if one <= 12 and other <= 12 and one != other:
        return None
    only = date(year, min(one, other), max(one, other))
    return _Period(only, only)


def _named_day(match: re.Match[str], today: date) -> _Period:
    return _around(today + {"yesterday": -1, "today": 0, "now": 0, "tomorrow": 1}[match[0]] * _DAY, "day")


def _weekday(match: re.Match[str], today: date) -> _Period:
    number = next(number for number, name in enumerate(_WEEKDAYS) if name.startswith(match["weekday"][:3]))
    since = (today.weekday() - number) % 7
    match match["which"]:
        case None:
            day = today - since * _DAY
        case "this":
            day = today + (number - today.weekday()) * _DAY
        case "next":
            day = today + (7 - since) * _DAY
        case _:
            day = today - (since or 7) * _DAY
    return _around(day, "day")


def _neighbour(match: re.Match[str], today: date) -> _Period:
    return _around(_shifted(today, match["unit"], _STEPS[match["which"]]), match["unit"])


def _rolling(match: re.Match[str], today: date) -> _Period:
    count = _number(match["count"])
    if match["which"] == "next":
        return _Period(today, _shifted(today, match["unit"], count), counted=True)
    return _Period(_shifted(today, match["unit"], -count), today, counted=True)


def _distant(match: re.Match[str], today: date) -> _Period:
    count = _number(match["count"])
    return _around(_shifted(today, match["unit"], count if match["ahead"] else -count), match["unit"])


def _month_name(match: re.Match[str], today: date) -> _Period:
    number, which = _month_number(match["month"]), match["which"]
    if match["year"]:
        return _month(int(match["year"]), number)
    if match["whose"]:
        return _month(today.year + _STEPS[match["whose"]], number)
    if which == "next":
        return _month(today.year + (number <= today.month), number)
    begun = number < today.month if which in ("last", "past", "previous") else number <= today.month
    return _month(today.year if begun or which == "this" else today.year - 1, number)


def _day_of_month(match: re.Match[str], today: date) -> _Period:
    number, day, year = _month_number(match["month"]), int(match["day"]), match["year"]
    begun = (number, day) <= (today.month, today.day)
    only = date(int(year) if year else today.year - (not begun), number, day)
    return _Period(only, only)


_FORMS: tuple[tuple[str, Callable[[re.Match[str], date], _Period | None]], ...] = (
    (_YEAR + "(?:(?P<dash>[-/.])(?P<month>[0-9]{1,2})(?:(?P=dash)(?P<day>[0-9]{1,2}))?)?", _iso),
    (_YEAR + "(?P<month>[0-9]{2})(?P<day>[0-9]{2})", _iso),
    (f"(?:(?P<day>[0-9]{{1,2}})\\.)?(?P<month>[0-9]{{1,2}})\\.{_YEAR}", _iso),
    (_YEAR + "-?w(?P<week>[0-9]{1,2})(?:-(?P<day>[1-7]))?", _iso_week),
    (_YEAR + "-?q(?P<quarter>[1-4])", _quarter),
    (f"q(?P<quarter>[1-4]) {_YEAR}", _quarter),
    (f"(?P<one>[0-9]{{1,2}})/(?P<other>[0-9]{{1,2}})/{_YEAR}", _slashes),
    ("yesterday|today|now|tomorrow", _named_day),
    (f"(?:{_WHICH} )?{_WEEKDAY}", _weekday),
    (f"{_WHICH} {_UNIT}", _neighbour),
    (f"{_WHICH} {_COUNT} {_UNIT}s?", _rolling),
    (f"{_COUNT} {_UNIT}s? (?:ago|(?P<ahead>from now))", _distant),
    (f"(?P<ahead>in) {_COUNT} {_UNIT}s?", _distant),
    (f"(?:{_WHICH} )?{_MONTH}(?: {_YEAR}| (?P<whose>last|this|next) year)?", _month_name),
    (f"{_DAY_NUMBER} (?:of )?{_MONTH}(?: {_YEAR})?", _day_of_month),
    (f"{_MONTH} {_DAY_NUMBER}(?: {_YEAR})?", _day_of_month),
)
