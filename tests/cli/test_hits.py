"""Hits as people and as grep read them."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from surroundings import NOON, make_hit, pipe, terminal

from exocortex.cli.hits import freshness, paint_found, paint_nothing, snippet_lines
from exocortex.core.answers import Snippet
from exocortex.core.results import Explained, Found, Freshness

FRESH = Freshness(NOON, 0, 0)
FOUND = Found(
    (make_hit("A deposit of\n£1,480.", (2, 9)),), "hybrid", FRESH, (), (Explained(0.4, 0.7),), (("embed", 8.2),)
)


def test_in_a_pipe_a_hit_is_one_line_that_begins_with_its_place() -> None:
    at = pipe()
    paint_found(at.face, FOUND, explain=False)
    assert at.shown == "Home/Lease.md:42: Lease › Deposit: A deposit of £1,480.\n"
    assert at.said == ""


def test_on_a_terminal_title_place_and_lines_stand_below_each_other() -> None:
    at = terminal(TERM="dumb")
    paint_found(at.face, FOUND, explain=False)
    rows = [row.rstrip() for row in at.shown.splitlines()]
    assert rows[1].startswith(" 1  Lease")
    assert rows[1].endswith("2024-03-05")
    assert rows[2:5] == ["    Home/Lease.md:42 › Deposit", "    A deposit of", "    £1,480."]


def test_a_heading_that_is_the_title_is_not_shown_twice() -> None:
    at = terminal(TERM="dumb")
    paint_found(at.face, replace(FOUND, hits=(make_hit("# Lease\n\nA deposit.", (2, 7)),)), explain=False)
    assert at.shown.count("Lease\n") + at.shown.count("Lease ") == 1
    assert "    A deposit." in at.shown


def test_what_was_searched_for_is_bold_on_a_terminal() -> None:
    at = terminal()
    paint_found(at.face, FOUND, explain=False)
    assert "A \x1b[1;36mdeposit\x1b[0m of" in at.shown


def test_explain_shows_scores_ranks_and_times() -> None:
    at = pipe()
    paint_found(at.face, FOUND, explain=True)
    assert "score 0.910 · words 0.40 (rank 1)" in at.shown
    assert "embed 8 ms" in at.said


def test_notices_stand_beside_the_answer() -> None:
    at = pipe()
    paint_found(at.face, replace(FOUND, notices=("Searched for “deposit”.",)), explain=False)
    assert "Searched for" in at.said
    assert "Searched for" not in at.shown


@pytest.mark.parametrize(
    ("pending", "embedding", "said"),
    [
        (0, 0, ""),
        (12, 0, "12 pending"),
        (0, 3, "3 by words only so far"),
        (12, 3, "12 pending, 3 by words only so far"),
    ],
)
def test_freshness_is_said_when_something_is_missing(pending: int, embedding: int, said: str) -> None:
    text = freshness(pipe().face, Freshness(NOON, pending, embedding))
    assert said in text
    assert text.startswith("as of ") is bool(said)


def test_a_scan_of_another_day_is_dated() -> None:
    text = freshness(pipe().face, Freshness(NOON - timedelta(days=3), 1, 0))
    assert text.startswith("as of 2026-11-20 ")


def test_nothing_found_leaves_the_answer_empty() -> None:
    at = pipe()
    paint_nothing(at.face, replace(FOUND, hits=(), explained=()))
    assert at.shown == ""
    assert "Nothing found." in at.said


@pytest.mark.parametrize(
    ("text", "marks", "expected"),
    [
        ("abc", ((0, 3),), [["", "abc", ""]]),
        ("abc\n\ndef", ((1, 6),), [["a", "bc", ""], ["", "d", "ef"]]),
        ("abc", ((1, 9),), [["a", "bc", ""]]),
        ("abc", (), [["abc"]]),
        ("abc\ndef", ((5, 6),), [["d", "e", "f"]]),
        ("word " * 50 + "x", ((250, 251),), [["… " + "word " * 23, "x", ""]]),
        ("abcd", ((0, 1), (2, 3)), [["", "a", "b", "c", "d"]]),
    ],
)
def test_marks_are_cut_at_line_ends_and_the_first_is_in_sight(
    text: str, marks: tuple[tuple[int, int], ...], expected: list[list[str]]
) -> None:
    assert [[span.text for span in line] for line in snippet_lines(Snippet(text, 1, marks))] == expected
