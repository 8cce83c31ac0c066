"""Nothing that comes from a note may drive the terminal or hide in it; what is clean stays as it is."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exocortex.core.terminal import blanked, masked, visible

CONTROLS = [chr(code) for code in (*range(0x20), *range(0x7F, 0xA0))]
BIDI = [*"\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"]
UNSEEN = [*"\u180e\u200b\u2060\u2063\u206a\ufeff\u2028\u2029\ufff9", "\U000e0001", "\U000e0041", "\U000e007f"]
SURROGATES = ["\ud800", "\udc9b", "\udfff"]
NEVER = {*CONTROLS, *BIDI, *UNSEEN, *SURROGATES} - {"\n", "\t"}
HOSTILE = st.text(st.one_of(st.sampled_from(sorted(NEVER | {"\n", "\t", "\u200c", "\u200d"})), st.characters()))


@given(HOSTILE)
def test_no_control_or_unseen_character_comes_through(text: str) -> None:
    shown = visible(text)
    assert not NEVER & set(shown)
    assert not any("\ud800" <= character <= "\udfff" for character in shown)
    shown.encode("utf-8")


@given(HOSTILE)
def test_one_line_stays_one_line(text: str) -> None:
    shown = visible(text, keep_newlines=False)
    assert not (NEVER | {"\n", "\t"}) & set(shown)
    assert len(shown.splitlines()) <= 1


@given(HOSTILE)
def test_safe_text_is_not_touched_again(text: str) -> None:
    assert visible(visible(text)) == visible(text)
    assert visible(visible(text), keep_newlines=False) == visible(text).replace("\n", "\\n").replace("\t", "\\t")


@given(st.text(st.characters(categories=["L", "M", "N", "P", "S", "Zs"])).filter(lambda t: not set(t) & NEVER))
def test_letters_marks_and_signs_of_any_script_are_unchanged(text: str) -> None:
    plain = "".join(c for c in text if not 0xE0100 <= ord(c) <= 0xE01EF)
    assert visible(plain) == plain
    assert visible(plain, keep_newlines=False) == plain


@pytest.mark.parametrize(
    "text",
    [
        "plain [b]markup[/b] \\[ back\\slash \\x1b",
        "tab\tand\nnewline",
        "mañana — “quotes” … naïve cafe\u0301",
        "部署 今天 葛\U000e0100城 𠮷野家",
        "می\u200cخواهم",
        "क्\u200dष ශ්\u200dරී",
        "👩\u200d👩\u200d👧 🏳\ufe0f\u200d🌈 👩🏽\u200d🚀 ❤\ufe0f",
        "עברית ثلاثة",
    ],
)
def test_what_people_write_is_unchanged(text: str) -> None:
    assert visible(text) is text or visible(text) == text


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("\x1b[2J\x1b]0;title\x07", "\\x1b[2J\\x1b]0;title\\x07"),
        ("\x1b]52;c;ZXZpbA==\x1b\\", "\\x1b]52;c;ZXZpbA==\\x1b\\"),
        ("\x1b]8;;http://evil\x07x\x1b]8;;\x07", "\\x1b]8;;http://evil\\x07x\\x1b]8;;\\x07"),
        ("\x9b31m \x90dcs\x9c \x85", "\\x9b31m \\x90dcs\\x9c \\x85"),
        ("invoice\u202efdp.exe", "invoice\\u202efdp.exe"),
        ("pass\u200bword pass\u200dword \u200d", "pass\\u200bword pass\\u200dword \\u200d"),
        ("می\u200c\u200c", "می\u200c\\u200c"),
        ("a\U000e0100 \U000e0061", "a\\U000e0100 \\U000e0061"),
        ("bad\udce9", "bad\\udce9"),
        ("one\r\ntwo\rthree", "one\ntwo\nthree"),
        ("nul\0", "nul\\x00"),
    ],
)
def test_attacks_are_written_out(text: str, shown: str) -> None:
    assert visible(text) == shown


def test_names_show_their_line_breaks() -> None:
    assert visible("a\nb\tc\r\x1b", keep_newlines=False) == "a\\nb\\tc\\r\\x1b"


def test_every_format_character_is_shown_or_known_to_be_seen_or_needed() -> None:
    kept = {
        chr(code)
        for code in range(0x110000)
        if unicodedata.category(chr(code)) == "Cf" and chr(code) == visible(chr(code))
    }
    soft_hyphen = {"\u00ad"}
    number_signs = {*"\u0600\u0601\u0602\u0603\u0604\u0605\u06dd\u070f\u0890\u0891\u08e2\U000110bd\U000110cd"}
    layout = {chr(code) for code in (*range(0x13430, 0x13440), *range(0x1BCA0, 0x1BCA4), *range(0x1D173, 0x1D17B))}
    assert kept <= soft_hyphen | number_signs | layout


def test_a_megabyte_takes_no_time_to_speak_of() -> None:
    text = "clean text, all of it\n" * 50_000
    assert visible(text) is text


def test_masked_text_has_the_same_length_and_shows_where_something_was() -> None:
    assert masked("a\x1b[2Jb\u202ec\te\u009bf") == "a\ufffd[2Jb\ufffdc\te\ufffdf"
    assert masked("héron 👩\u200d🔬") == "héron 👩\u200d🔬"


def test_blanked_text_has_the_same_length_and_no_commands() -> None:
    text = "a\x1b[2Jb\u202ec\td\ne\u200df"
    assert blanked(text) == "a [2Jb c d e f"
    assert blanked("héron 👩\u200d🔬") == "héron 👩\u200d🔬"
