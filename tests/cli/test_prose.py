"""Words that come in pieces: rows end between words, nothing acts on the terminal, a pipe gets what was written."""

from __future__ import annotations

import re
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.cells import cell_len
from surroundings import pipe, terminal

from exocortex.cli.console import Span

CONTROL = re.compile(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")
TEXT = st.text(st.sampled_from("aé漢👩\u200d\u0301 \n\r\t\x1b]\u202e.-") | st.characters(), max_size=200)


def written(*pieces: str, columns: int = 30, indent: int = 2) -> str:
    at = terminal(COLUMNS=str(columns))
    with at.console.prose(indent) as prose:
        for piece in pieces:
            prose.add(piece)
    return at.shown


def test_rows_end_between_words_below_an_indent() -> None:
    assert written("The deposit is £1,4", "80 and paid ", "back within ten days.") == (
        "  The deposit is £1,480 and\n  paid back within ten days.\n"
    )


def test_paragraphs_stay_apart_by_one_empty_row_and_no_more() -> None:
    assert written("\n\nOne.\n\n\n\nTwo.\nThree.\n\n\n") == "  One.\n\n  Two.\n  Three.\n"
    assert written(" \n ") == ""


def test_a_word_is_shown_as_soon_as_it_is_whole() -> None:
    at = terminal()
    prose = at.console.prose(2)
    prose.add("The dep")
    assert at.shown == "  The"
    prose.add("osit ")
    assert at.shown == "  The deposit"


def test_scripts_without_spaces_break_anywhere_and_long_words_are_cut() -> None:
    assert written("漢" * 20) == f"  {'漢' * 14}\n  {'漢' * 6}\n"
    assert written("x" * 50) == f"  {'x' * 28}\n  {'x' * 22}\n"


@settings(max_examples=200, deadline=None)
@given(TEXT, st.lists(st.integers(0, 200), max_size=6), st.integers(20, 60))
def test_however_it_is_cut_it_fits_and_can_not_act(text: str, cuts: list[int], columns: int) -> None:
    bounds = [0, *sorted(cuts), len(text)]
    shown = written(*(text[a:b] for a, b in pairwise(bounds)), columns=columns)
    assert shown == written(text, columns=columns)
    assert not CONTROL.search(shown)
    assert all(cell_len(row) <= columns for row in shown.split("\n"))


def test_a_pipe_gets_it_as_it_was_written_but_for_what_acts() -> None:
    at = pipe()
    with at.console.prose(2) as prose:
        prose.add("One\n\ntwo \x1b[2J")
        prose.add("three")
    assert at.shown == "One\n\ntwo \\x1b[2Jthree\n"


@pytest.mark.parametrize("quiet", [False, True])
def test_a_notice_meanwhile_has_a_row_of_its_own(quiet: bool) -> None:
    at = terminal(TERM="dumb")
    at.console.quiet = quiet
    with at.console.prose(2) as prose:
        prose.add("The deposit is ")
        at.console.notice(Span("Stopped."))
        prose.add("high.")
    assert at.said == ("" if quiet else "\nStopped.\n")
    assert at.shown == ("  The deposit is high.\n" if quiet else "  The deposit is  high.\n")
