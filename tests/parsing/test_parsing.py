"""`parse` takes any bytes: quickly, in little memory, and never fails but by Unreadable."""

from __future__ import annotations

import time
import tracemalloc

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exocortex.parsing import SUFFIXES, Unreadable, decode, parse

MEGA = 1_000_000
CHARACTERS = '*_[(<`#>|!\\-"'
HOSTILE = {
    **{f"only {c}": c * MEGA for c in CHARACTERS},
    **{f"{c} and space": f"{c} " * (MEGA // 2) for c in "*[<`>-"},
    **{f"{c} a line": f"{c}\n" * (MEGA // 2) for c in "*`#>-"},
    "50k quotes": ">" * 50_000 + "a",
    "50k spaced quotes": "> " * 50_000 + "a",
    "50k lists": "- " * 50_000 + "a",
    "deep list": "".join("  " * i + "- a\n" for i in range(1400)),
    "deep lists": "".join("  " * i + "- a\n" for i in range(25)) * 400,
    "deep quotes": (">" * 55 + " a\n") * 4_000,
    "quotes and lists": ("> - " * 14 + "a\n") * 5_000,
    "1M wikilinks": "[[a]] " * MEGA,
    "1M links": "[a](b)\n" * MEGA,
    "10 MB line": "a " * (5 * MEGA),
    "10 MB word": "a" * (10 * MEGA),
    "1M items": "- [[a]]\n" * MEGA,
    "open links": "[a](" * (MEGA // 4),
    "open titles": "[a](b '" * (MEGA // 7),
    "open comments": "<!-- " * (MEGA // 5),
    "ticks": "".join("`" * i + " " for i in range(1400)),
    "footnotes": "[^a]: b\n" * 40_000,
    "nested footnotes": "[^a]: " * (MEGA // 6),
    "definitions": "[a]:\n" * (MEGA // 5),
    "wide table": "|a" * (MEGA // 4) + "|\n" + "|-" * (MEGA // 4) + "|\n",
    "long table": "|a|b|\n|-|-|\n" + "|c|d|\n" * 50_000,
    "stressed titles": ("# " + "*a" * 280 + "\n") * (MEGA // 560),
    "block ids": " ^a\n" * (MEGA // 4),
    "form feeds": "\x0c\n\n" * (MEGA // 3),
    "fields": "---\n" + "key: value\n" * (MEGA // 2) + "---\nbody\n",
    "open fields": "---\n" + "key: value\n" * (MEGA // 2),
}


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE.keys())
def test_hostile_text_is_parsed_within_seconds(text: str) -> None:
    data = text.encode()
    began = time.process_time()
    note = parse(data, "note.md")
    assert time.process_time() - began < 10
    assert note.text == text
    assert note.blocks[0].start == 0
    assert note.blocks[-1].end == len(text)


@pytest.mark.parametrize("kind", ["- a line", "1M wikilinks"])
def test_hostile_text_takes_little_memory(kind: str) -> None:
    data = HOSTILE[kind].encode()
    tracemalloc.start()
    try:
        parse(data, "note.md")
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 300 * MEGA


def test_binary_data_is_skipped_with_a_reason() -> None:
    with pytest.raises(Unreadable) as refused:
        parse(b"PK\x03\x04\0\0\0\0", "archive.md")
    assert str(refused.value) == "binary data"


def test_an_encoding_is_told_before_other_warnings() -> None:
    note = parse("---\na: ü: ö\n---\nschön, grün, müde, böse, süß".encode("cp1252"), "note.md")
    assert note.text.endswith("süß")
    assert note.warnings == ("not UTF-8: read as cp1252", "frontmatter is not valid YAML (line 2)")


def test_decode_gives_the_text_that_parse_sees() -> None:
    data = "\ufeff# Ü\r\n".encode("utf-16")
    assert decode(data) == parse(data, "a.md").text


def test_suffixes_are_lower_case_endings() -> None:
    assert all(suffix.startswith(".") and suffix == suffix.lower() for suffix in SUFFIXES)


@given(st.binary(max_size=200), st.sampled_from(["a.md", "b.txt", "2024-01-01", "", "x/y.markdown"]))
def test_any_bytes_are_parsed_or_unreadable(data: bytes, name: str) -> None:
    try:
        note = parse(data, name)
    except Unreadable:
        return
    assert "".join(note.text[block.start : block.end] for block in note.blocks) == note.text


@given(st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"])))
def test_any_text_is_parsed(text: str) -> None:
    note = parse(text.encode(), "a.md")
    assert note.text == text.removeprefix("\ufeff")
    assert all(tag == tag.lower() and "#" not in tag for tag in note.tags)
