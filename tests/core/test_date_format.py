"""Dates as moment.js writes them: what its documentation shows, and what is refused rather than guessed."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exocortex.core.date_format import UnknownTokenError, format_date, is_format

AT = datetime(2024, 2, 3, 4, 5, 6, 78000, timezone(timedelta(hours=-7)))


@pytest.mark.parametrize(
    ("pattern", "written"),
    [
        ("YYYY-MM-DD", "2024-02-03"),
        ("YY M D", "24 2 3"),
        ("dddd, MMMM Do YYYY, h:mm:ss a", "Saturday, February 3rd 2024, 4:05:06 am"),
        ("ddd, hA", "Sat, 4AM"),
        ("dd d E MMM Mo", "Sa 6 6 Feb 2nd"),
        ("DDD DDDo DDDD", "34 34th 034"),
        ("GGGG-[W]WW-E", "2024-W05-6"),
        ("Q Qo W Wo GG", "1 1st 5 5th 24"),
        ("YYYY/MM/YYYY-MM-DD", "2024/02/2024-02-03"),
        ("[Today is] dddd", "Today is Saturday"),
        ("[]YYYY[[x]", "2024[x"),
        ("HH H hh k kk mm m ss s SSS", "04 4 04 4 04 05 5 06 6 078"),
        ("Hmm hmm", "405 405"),
        ("Z ZZ", "-07:00 -0700"),
        ("YYYY-MM-DDTHH", "2024-02-03T04"),
        ("YYYY年MM月DD日", "2024年02月03日"),
        ("", ""),
    ],
)
def test_tokens_are_written_as_moment_writes_them(pattern: str, written: str) -> None:
    assert format_date(AT, pattern) == written


def test_noon_and_midnight_and_ordinals() -> None:
    assert format_date(datetime(2024, 1, 1, 0, 0), "h k A") == "12 24 AM"
    assert format_date(datetime(2024, 1, 1, 12, 0), "h k A") == "12 12 PM"
    days = [format_date(datetime(2024, 1, day), "Do") for day in (1, 2, 3, 4, 11, 12, 13, 21, 22, 23, 31)]
    assert days == "1st 2nd 3rd 4th 11th 12th 13th 21st 22nd 23rd 31st".split()
    assert format_date(datetime(2021, 1, 1), "GGGG-[W]WW") == "2020-W53"
    assert format_date(datetime(1970, 1, 2, tzinfo=UTC), "X x") == "86400 86400000"


@pytest.mark.parametrize("pattern", ["L", "LT", "ww", "gggg", "YYYYYY", "e", "N", "zz", "YYYY-MM-DD ll", "\\Y"])
def test_what_depends_on_a_locale_is_refused_by_name(pattern: str) -> None:
    assert not is_format(pattern)
    with pytest.raises(UnknownTokenError) as raised:
        format_date(AT, pattern)
    assert str(raised.value) in pattern


@given(st.dates(date(1000, 1, 1), date(9999, 12, 31)), st.text("YMDdHhmsaAQWEG[]-/ x", max_size=12))
def test_it_ends_in_a_text_or_in_one_error(day: date, pattern: str) -> None:
    moment = datetime(day.year, day.month, day.day, 13, 14, 15)
    if is_format(pattern) and "x" not in pattern:
        assert isinstance(format_date(moment, pattern), str)
    assert datetime.strptime(format_date(moment, "YYYY-MM-DD"), "%Y-%m-%d").date() == day
