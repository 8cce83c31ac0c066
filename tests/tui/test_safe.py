"""T26 and T27: what is shown of a note is text, whatever it looks like to a terminal or to markup."""

from __future__ import annotations

import re

import pytest
from hostile import COMMANDS, MARKUP
from textual.content import Content

from exocortex.tui import safe

_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]")


@pytest.mark.parametrize("text", COMMANDS, ids=range(len(COMMANDS)))
def test_t26_commands_to_the_terminal_are_written_out(text: str) -> None:
    shown = [safe.line(text).plain, safe.lines(text).plain, safe.plain(text), safe.marked(text, [(0, 2)], "bold").plain]
    for one in shown:
        assert not _CONTROL.search(one)
        assert re.search(r"\\(x|u)[0-9a-f]{2}", one)


@pytest.mark.parametrize("text", MARKUP, ids=range(len(MARKUP)))
def test_t27_brackets_are_brackets(text: str) -> None:
    for content in safe.line(text), safe.lines(text), safe.marked(text, [(0, 3)], "bold"), safe.joined(safe.line(text)):
        assert content.plain == text
        assert all(span.style in ("", "bold") for span in content.spans)


def test_one_line_stays_one_line() -> None:
    assert safe.line("a\nb\rc\td").plain == "a\\nb\\rc\\td"
    assert safe.lines("a\r\nb\tc").plain == "a\nb   c"


def test_marks_stay_at_their_words_when_what_is_before_them_grows() -> None:
    text = "\x1b[2J heron \u202e stands"
    start = text.index("heron")
    content = safe.marked(text, [(start, start + 5), (start + 8, start + 14)], "bold")
    marked = [content.plain[span.start : span.end] for span in content.spans if span.style == "bold"]
    assert marked == ["heron", "stands"]


def test_the_programs_own_words_may_join_and_be_no_markup_either() -> None:
    joined = safe.joined("[b]", safe.line("[/b]", "bold"), Content("[i]"))
    assert joined.plain == "[b][/b][i]"
