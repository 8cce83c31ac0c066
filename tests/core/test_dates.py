"""Dates as people write them, seen from Wednesday 6 March 2024."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exocortex.core.dates import DateRange, bounded, parse_dates
from exocortex.core.errors import UsageError

TODAY = date(2024, 3, 6)


def days(text: str, today: date = TODAY) -> str | None:
    """The range as `first..last`, or one date if it is a single day."""
    found = parse_dates(text, today)
    if found is None:
        return None
    return str(found.first) if found.first == found.last else f"{found.first}..{found.last}"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2024", "2024-01-01..2024-12-31"),
        ("2024-02", "2024-02-01..2024-02-29"),
        ("2024-3-5", "2024-03-05"),
        ("2024-03-05", "2024-03-05"),
        ("20240305", "2024-03-05"),
        ("2024/03/05", "2024-03-05"),
        ("2024-W10", "2024-03-04..2024-03-10"),
        ("2024-w10-3", "2024-03-06"),
        ("2020-W53", "2020-12-28..2021-01-03"),
        ("2024-Q1", "2024-01-01..2024-03-31"),
        ("Q4 2023", "2023-10-01..2023-12-31"),
        ("05.03.2024", "2024-03-05"),
        ("03.2024", "2024-03-01..2024-03-31"),
        ("25/12/2024", "2024-12-25"),
        ("12/25/2024", "2024-12-25"),
        ("05/05/2024", "2024-05-05"),
    ],
)
def test_dates_in_figures(text: str, expected: str) -> None:
    assert days(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("today", "2024-03-06"),
        ("Yesterday", "2024-03-05"),
        ("tomorrow", "2024-03-07"),
        ("wednesday", "2024-03-06"),
        ("thursday", "2024-02-29"),
        ("mon", "2024-03-04"),
        ("last monday", "2024-03-04"),
        ("last wednesday", "2024-02-28"),
        ("this friday", "2024-03-08"),
        ("next friday", "2024-03-08"),
        ("next wednesday", "2024-03-13"),
        ("this week", "2024-03-04..2024-03-10"),
        ("the  last\tweek", "2024-02-26..2024-03-03"),
        ("next week", "2024-03-11..2024-03-17"),
        ("last weekend", "2024-03-02..2024-03-03"),
        ("last month", "2024-02-01..2024-02-29"),
        ("last quarter", "2023-10-01..2023-12-31"),
        ("last year", "2023-01-01..2023-12-31"),
        ("past 7 days", "2024-02-28..2024-03-06"),
        ("last 3 months", "2023-12-06..2024-03-06"),
        ("next two weeks", "2024-03-06..2024-03-20"),
        ("3 days ago", "2024-03-03"),
        ("two weeks ago", "2024-02-19..2024-02-25"),
        ("a month ago", "2024-02-01..2024-02-29"),
        ("an year ago", "2023-01-01..2023-12-31"),
        ("in 3 days", "2024-03-09"),
        ("two days from now", "2024-03-08"),
    ],
)
def test_days_counted_from_today(text: str, expected: str) -> None:
    assert days(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("march", "2024-03-01..2024-03-31"),
        ("april", "2023-04-01..2023-04-30"),
        ("last march", "2023-03-01..2023-03-31"),
        ("this april", "2024-04-01..2024-04-30"),
        ("next march", "2025-03-01..2025-03-31"),
        ("Feb. 2024", "2024-02-01..2024-02-29"),
        ("march last year", "2023-03-01..2023-03-31"),
        ("sept 2023", "2023-09-01..2023-09-30"),
        ("5 march", "2024-03-05"),
        ("7 march", "2023-03-07"),
        ("march 5", "2024-03-05"),
        ("5 march 2020", "2020-03-05"),
        ("5th of March, 2020", "2020-03-05"),
        ("march 5th, 2020", "2020-03-05"),
    ],
)
def test_months_by_name(text: str, expected: str) -> None:
    assert days(text) == expected


NO_DATES = (
    *("", "lunch", "last", "3 days", "days ago", "monday week", "5", "2024-03..", "١٢٣٤", "05/03/2024", "2024-13"),
    *("2024-02-30", "2023-W53", "0000", "0000-01", "9999999999", "march 32", "30 february 2024"),
    *("99999 years ago", "next 99999 months"),
)


@pytest.mark.parametrize("text", NO_DATES)
def test_what_is_no_date(text: str) -> None:
    assert parse_dates(text, TODAY) is None


def test_the_last_day_of_a_short_month_is_meant_where_a_day_does_not_exist() -> None:
    assert days("last 1 month", date(2024, 3, 31)) == "2024-02-29..2024-03-31"
    assert days("last 1 year", date(2024, 2, 29)) == "2023-02-28..2024-02-29"


@pytest.mark.parametrize(
    ("key", "text", "first", "last"),
    [
        ("on", "2024-03", date(2024, 3, 1), date(2024, 3, 31)),
        ("before", "2024-03", None, date(2024, 2, 29)),
        ("before", "last week", None, date(2024, 2, 25)),
        ("after", "2024-03-05", date(2024, 3, 6), None),
        ("after", "2023", date(2024, 1, 1), None),
        ("after", "february", date(2024, 3, 1), None),
        ("after", "last week", date(2024, 2, 26), None),
        ("after", "3 days ago", date(2024, 3, 3), None),
        ("after", "yesterday", date(2024, 3, 5), None),
    ],
)
def test_before_after_on(key: str, text: str, first: date | None, last: date | None) -> None:
    assert bounded(key, text, TODAY) == DateRange(first, last)


@pytest.mark.parametrize(("key", "text"), [("on", "blursday"), ("before", "2023 years ago"), ("after", "9999")])
def test_a_bad_date_is_named_beside_dates_that_work(key: str, text: str) -> None:
    if text == "2023 years ago":
        assert parse_dates(text, TODAY) == DateRange(date(1, 1, 1), date(1, 12, 31))
    with pytest.raises(UsageError) as caught:
        bounded(key, text, TODAY)
    assert repr(text) in caught.value.message
    assert '"last week"' in caught.value.hint


WORDS = [
    "last",
    "next",
    "this",
    "past",
    "in",
    "ago",
    "week",
    "days",
    "march",
    "5",
    "2024",
    "w10",
    "-",
    ".",
    "monday",
    "of",
]


@given(st.text(max_size=20) | st.lists(st.sampled_from(WORDS), max_size=5).map(" ".join), st.dates())
def test_any_text_is_a_range_in_order_or_nothing(text: str, today: date) -> None:
    found = parse_dates(text, today)
    assert found is None or (found.first is not None and found.last is not None and found.first <= found.last)


@given(st.dates(date(2, 1, 1), date(9998, 1, 1)), st.dates())
def test_an_iso_date_is_itself_from_anywhere(day: date, today: date) -> None:
    assert parse_dates(day.isoformat(), today) == DateRange(day, day)
    assert bounded("before", str(day), today).last == day - timedelta(days=1)
    assert bounded("after", str(day), today).first == day + timedelta(days=1)
