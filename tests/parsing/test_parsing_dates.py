"""Days are read from fields and file names, and never guessed."""

from __future__ import annotations

from datetime import date

import pytest

from exocortex.parsing.dates import date_of_fields, date_of_name, read_date

DAY = date(2024, 3, 5)


@pytest.mark.parametrize(
    "stem",
    [
        "2024-03-05",
        "2024-03-05 Call with Ana",
        "2024-03-05T09:30 standup",
        "20240305",
        "20240305 call",
        "202403051230 zettel",
        "20240305123059",
        "20240305T1230",
        "Meeting 2024-03-05",
        "2024_03_05 call",
        "2024.3.5",
    ],
)
def test_a_file_name_gives_its_day(stem: str) -> None:
    assert date_of_name(stem) == DAY


@pytest.mark.parametrize(
    "stem", ["note", "2024-13-05", "2024-02-30", "2024-03", "call 20240305", "12024-03-055", "20241305"]
)
def test_a_file_name_without_a_real_day_gives_none(stem: str) -> None:
    assert date_of_name(stem) is None


@pytest.mark.parametrize(
    "text",
    [
        "2024-03-05",
        "2024-03-05T10:00:00+01:00",
        "2024-03-05 10:00",
        "2024/3/5",
        "20240305",
        "5 March 2024",
        "Tuesday 5th Mar. 2024",
        "March 5, 2024",
        "Mar 5th 2024 09:30",
        "[[2024-03-05]]",
    ],
)
def test_ways_to_write_a_day(text: str) -> None:
    assert read_date(text) == DAY


@pytest.mark.parametrize("text", ["", "yesterday", "05/03/2024", "2024", "2024-03", "March 2024", "31 February 2024"])
def test_what_is_no_day_is_not_guessed(text: str) -> None:
    assert read_date(text) is None


@pytest.mark.parametrize(
    "key", ["date", "created", "created_at", "creation date", "creation-date", "date created", "day"]
)
def test_fields_that_give_the_day(key: str) -> None:
    assert date_of_fields([("title", "2020-01-01"), (key, "2024-03-05")]) == DAY


def test_date_goes_before_created_and_both_before_nothing() -> None:
    assert date_of_fields([("created", "2020-01-01"), ("date", "2024-03-05")]) == DAY
    assert date_of_fields([("created", "2024-03-05"), ("date", "soon")]) == DAY
    assert date_of_fields([("modified", "2024-03-05")]) is None
