"""Where a text goes in a note, and that not one other byte of it ever changes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exocortex.capturing.sections import UnsuitableNoteError, insertion, stands_in
from exocortex.parsing import parse

NOTE = "---\na: 1\n---\n# Log\n\nfirst\n\n## Plans\n\n- roses\n- box\n\n\n### Inner\n\ndeep\n\n## Other\n\nlast\n"
LINES = st.sampled_from(
    [
        "# Log",
        "## Plans",
        "### Inner",
        "text",
        "- item",
        "  more",
        "",
        " ",
        "```",
        "> quote",
        "Under",
        "===",
        "a #b",
        "鷺",
    ]
)
NOTES = st.builds(
    lambda lines, ending, bom, last: (bom + ending.join(lines) + last * bool(lines)).encode(),
    st.lists(LINES, max_size=12),
    st.sampled_from(["\n", "\r\n", "\r"]),
    st.sampled_from(["", "\ufeff"]),
    st.sampled_from(["", "\n", "\r\n"]),
)
BLOCKS = st.sampled_from(["- 14:05 a thought", "a thought", "two\nlines", "# Heading\n\n- x\n\n#tag"])
HEADINGS = st.sampled_from(["", "Log", "plans", "Log#Inner", "New one", "Under"])


@pytest.mark.parametrize(
    ("heading", "block", "around"),
    [
        ("", "x", "last\n\nx\n"),
        ("Other", "x", "last\n\nx\n"),
        ("Plans", "- 14:05 x", "deep\n\n- 14:05 x\n\n## Other"),
        ("Inner", "x", "deep\n\nx\n\n## Other"),
        ("plans#inner", "x", "deep\n\nx\n\n## Other"),
        ("Log", "x", "last\n\nx\n"),
        ("New", "x", "last\n\n## New\n\nx\n"),
        ("New#Deep", "x", "last\n\n## New\n\n### Deep\n\nx\n"),
        ("Plans#New", "x", "deep\n\n### New\n\nx\n\n## Other"),
    ],
)
def test_it_goes_below_the_last_line_of_its_section(heading: str, block: str, around: str) -> None:
    found = insertion(NOTE.encode(), "a.md", heading, block)
    assert around in found.into(NOTE.encode()).decode()
    assert found.made_heading == ("New" in heading)


@pytest.mark.parametrize(
    ("note", "block", "after"),
    [
        ("", "x", "x\n"),
        ("\ufeff", "x", "\ufeffx\n"),
        ("\n\n", "x", "\n\nx\n"),
        ("  ", "x", "  \nx\n"),
        ("one", "x", "one\n\nx"),
        ("one\n", "x", "one\n\nx\n"),
        ("one\n\n\n", "x", "one\n\nx\n\n\n"),
        ("one\r\n", "x\ny", "one\r\n\r\nx\r\ny\r\n"),
        ("one\rtwo", "x", "one\rtwo\r\rx"),
        ("one\r\ntwo\nthree", "x", "one\r\ntwo\nthree\n\nx"),
        ("- one\n", "- 14:05 x", "- one\n- 14:05 x\n"),
        ("- one\n  more", "- 14:05 x", "- one\n  more\n- 14:05 x"),
        ("- one\n", "x", "- one\n\nx\n"),
        ("one\n", "- 14:05 x", "one\n\n- 14:05 x\n"),
        ("one  ", "x", "one  \n\nx"),
        ("---\na: 1\n---\n", "x", "---\na: 1\n---\n\nx\n"),
    ],
)
def test_line_endings_and_the_last_newline_are_the_notes_own(note: str, block: str, after: str) -> None:
    assert insertion(note.encode(), "a.md", "", block).into(note.encode()) == after.encode()


def test_headings_in_code_and_in_frontmatter_are_none() -> None:
    note = b"---\nx: |\n  # Log\n---\n```\n# Log\n```\n\n# Real\n\nend\n"
    assert insertion(note, "a.md", "Log", "x").into(note).endswith(b"end\n\n## Log\n\nx\n")


def test_an_underlined_heading_ends_a_section_and_stays_one() -> None:
    note = b"# Log\none\n\nNext\n===\ntwo\n"
    assert insertion(note, "a.md", "Next", "x").into(note).endswith(b"two\n\nx\n")
    above = b"# Log\nNext\n===\n"
    assert insertion(above, "a.md", "Log", "x").into(above) == b"# Log\n\nx\n\nNext\n===\n"


@given(NOTES, BLOCKS, HEADINGS)
def test_nothing_else_ever_changes_and_the_text_is_there(note: bytes, block: str, heading: str) -> None:
    found = insertion(note, "a.md", heading, block)
    after = found.into(note)
    assert after[: found.at] + after[found.at + len(found.new) :] == note
    assert after[found.at : found.at + len(found.new)] == found.new
    assert stands_in(after, block)
    assert after.endswith((b"\n", b"\r")) or not note.endswith((b"\n", b"\r"))
    if b"\n" not in note:
        assert b"\r\n" not in found.new
    if note.count(b"\n") == note.count(b"\r") == note.count(b"\r\n") > 0:
        assert found.new.count(b"\n") == found.new.count(b"\r\n")


@given(NOTES, HEADINGS.filter(bool))
def test_a_text_stays_in_its_section_with_no_heading_lost(note: bytes, heading: str) -> None:
    """Unclosed code swallows whatever comes after it, for every program."""
    if note.count(b"```") % 2:
        return
    before = [one.text for one in parse(note, "a.md").headings]
    found = insertion(note, "a.md", heading, "a thought")
    after = [one.text for one in parse(found.into(note), "a.md").headings]
    assert len(before) + found.made_heading <= len(after) <= len(before) + 2 * found.made_heading
    again = insertion(found.into(note), "a.md", heading, "another thought")
    assert not again.made_heading


def test_what_is_no_text_is_refused() -> None:
    for data in (b"caf\xe9", b"\xff\xfea\0"):
        with pytest.raises(UnsuitableNoteError):
            insertion(data, "a.md", "", "x")


def test_the_very_lines_and_no_others_stand_in_a_note() -> None:
    assert stands_in(b"\xef\xbb\xbfx\r\ny", "x\ny")
    assert stands_in(b"a\rx\r", "x")
    assert not stands_in(b"ax\nxa\n", "x")
