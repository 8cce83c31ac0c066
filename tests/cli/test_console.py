"""What reaches the screen: nothing a note says can act on it, and lines end where they should."""

from __future__ import annotations

import json
import re
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from surroundings import Surroundings, pipe, terminal

from exocortex.cli.console import Span, link_to

HOSTILE = "a\x1b]52;c;aGk=\x07b\x1b[2Jc\x9bd\x1bP+q\x1b\\e\u202ef\x1b]8;;http://x\x07g\rh"
OURS = re.compile(r"\x1b\[[0-9;]*m|\x1b\]8;[^\x07\x1b]*\x1b\\")
"""What this program itself writes to a terminal: styles and links."""
CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")


def test_a_pipe_gets_one_plain_line_of_any_length() -> None:
    at = pipe()
    at.console.line(Span("word " * 100, "match", "/a.md", 3), lead=[Span("1 ", "accent")], right=Span("2024"))
    assert at.shown == "1 " + "word " * 100 + "  2024\n"


@pytest.mark.parametrize("make", [pipe, terminal])
def test_control_characters_are_written_out(make: Callable[[], Surroundings]) -> None:
    at = make()
    at.console.line(Span(HOSTILE, "strong", f"/{HOSTILE}.md", 1), lead=[Span(HOSTILE)], right=Span(HOSTILE))
    at.console.rows([[Span(HOSTILE), Span(HOSTILE)]])
    at.console.notice(Span(HOSTILE))
    at.console.error("usage", HOSTILE, HOSTILE)
    written = OURS.sub("", at.shown + at.said)
    assert not CONTROL.search(written)
    assert "\\x1b]52;c;aGk=\\x07b" in written.replace("\n", "").replace(" ", "")


@settings(max_examples=100, deadline=None)
@given(text=st.text(max_size=60), columns=st.integers(1, 120))
def test_whatever_the_text_a_terminal_gets_no_control_of_it(text: str, columns: int) -> None:
    at = terminal(COLUMNS=str(columns))
    at.console.line(Span(text, "accent", f"/{text}.md", 1), lead=[Span(text)], right=Span(text))
    at.console.rows([[Span(text), Span(text)]])
    assert not CONTROL.search(OURS.sub("", at.shown))


def test_markup_is_never_parsed() -> None:
    at = terminal(TERM="dumb")
    at.console.line(Span("[bold]x[/] [@click=app.quit]y[/] [/ :smile:"))
    assert at.shown == "[bold]x[/] [@click=app.quit]y[/] [/ :smile:\n"


def test_a_terminal_wraps_below_the_text_not_below_the_number() -> None:
    at = terminal(TERM="dumb", COLUMNS="30")
    at.console.line(Span("one two three four five six seven"), lead=[Span(" 1  ")])
    assert at.shown == " 1  one two three four five\n    six seven\n"


def test_a_date_stands_at_the_right_edge() -> None:
    at = terminal(TERM="dumb", COLUMNS="30")
    at.console.line(Span("正月"), right=Span("2024-03-05"))
    assert at.shown == "正月" + " " * 16 + "2024-03-05\n"


def test_prose_keeps_to_a_hundred_columns_on_a_wide_terminal() -> None:
    at = terminal(TERM="dumb", COLUMNS="200")
    at.console.line(Span("word " * 60))
    assert max(map(len, at.shown.splitlines())) <= 100


def test_rows_are_aligned_on_a_terminal_and_tabbed_in_a_pipe() -> None:
    rows = [[Span("a"), Span("first")], [Span("日本"), Span("second")]]
    on, off = terminal(TERM="dumb"), pipe()
    on.console.rows(rows, indent=1)
    off.console.rows(rows, indent=1)
    assert on.shown == " a     first\n 日本  second\n"
    assert off.shown == "a\tfirst\n日本\tsecond\n"


def test_a_tab_in_a_name_cannot_shift_columns() -> None:
    at = pipe()
    at.console.rows([[Span("a\tb"), Span("c")]])
    assert at.shown == "a b\tc\n"


def test_a_tab_in_a_line_of_a_note_is_kept() -> None:
    at = pipe()
    at.console.line(Span("a\tb\x1bc"))
    assert at.shown == "a\tb\\x1bc\n"


def test_links_and_styles_only_where_they_are_understood() -> None:
    span = Span("Lease", "accent", "/notes/My Lease\x07.md", 42)
    for at, styled in ((terminal(), True), (terminal(TERM="dumb"), False), (terminal(TERM=""), False), (pipe(), False)):
        at.console.line(span)
        assert ("\x1b" in at.shown) is styled
    on = terminal()
    on.console.line(span)
    assert "file:///notes/My%20Lease%07.md\x1b\\" in on.shown


def test_no_color_keeps_bold_and_drops_colour() -> None:
    at = terminal(NO_COLOR="1")
    at.console.line(Span("x", "match"))
    assert "\x1b[1m" in at.shown
    assert not re.search(r"\x1b\[[0-9;]*3[0-9]", at.shown)


def test_link_template() -> None:
    assert link_to("vscode://file{file}:{line}", "/a b/ü.md", 7) == "vscode://file/a%20b/%C3%BC.md:7"
    assert link_to("file://{file}", "/a\x1b\\b.md", None) == "file:///a%1B%5Cb.md"


def test_no_link_with_an_empty_template() -> None:
    at = terminal()
    at.console.use_links("")
    at.console.line(Span("x", file="/x.md"))
    assert "\x1b]8" not in at.shown


def test_json_is_one_ascii_line() -> None:
    at = pipe()
    at.console.json({"text": HOSTILE})
    assert at.shown.isascii()
    assert at.shown.count("\n") == 1
    assert json.loads(at.shown) == {"text": HOSTILE}


def test_an_error_says_what_happened_and_what_to_do() -> None:
    at = pipe()
    at.console.error("usage", "No note is called x.", "See: exo recent")
    assert at.said == "exo: No note is called x.\n     See: exo recent\n"
    assert at.shown == ""


def test_an_error_as_json() -> None:
    at = pipe()
    at.console.error("usage", "No.", "Do.", as_json=True)
    assert json.loads(at.said) == {"schema": 1, "error": {"kind": "usage", "message": "No.", "hint": "Do."}}


def test_what_is_said_after_the_end_has_nobody_to_hear_it() -> None:
    """An owner's console is closed as it begins; its failure must not be hidden by that of writing to it."""
    surroundings = pipe()
    surroundings.out.close()
    surroundings.err.close()
    surroundings.console.line(Span("x"))
    surroundings.console.error("internal", "What went wrong", "")


def test_quiet_says_errors_only() -> None:
    at = pipe()
    at.console.quiet = True
    at.console.notice(Span("by the way"))
    at.console.error("usage", "No.", "")
    assert at.said == "exo: No.\n"
