"""A Markdown note is taken apart with every part in its place."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exocortex.core.notes import Heading, LinkKind, ParsedNote, Task
from exocortex.parsing import parse

NOTE = """\
---
title: The lease
date: 2023-11-02
tags: [Home, money/rent]
aliases: [Flat]
related: "[[Landlord]]"
---

# Lease

Signed with [[Landlord#Phone|Ms Berg]] #home #contract/flat

## Rent ##
- [ ] pay *deposit* ^deposit
- [x] call bank
  1. [/] ask about fees
  2. no task
    [ ] not one

> [!note] Keys
> See ![[keys.jpg]] and [plan](plans/flat%20plan.md#Hall).

Setext *title*
---

| a | b |
|---|---|
| [[Landlord\\|x]] | #table |

```python
# no heading [[nothing]] #nothing
- [ ] no task ^nothing
```

The end.
^end
"""


def parsed(text: str, name: str = "note.md") -> ParsedNote:
    return parse(text.encode(), name)


def test_the_whole_note() -> None:
    note = parsed(NOTE)
    assert (note.title, note.date, note.aliases) == ("The lease", date(2023, 11, 2), ("Flat",))
    assert note.tags == ("home", "money/rent", "contract/flat", "table")
    assert note.headings == (Heading(1, "Lease", 9), Heading(2, "Rent", 13), Heading(2, "Setext title", 23))
    assert note.tasks == (
        Task("pay *deposit*", False, 14),
        Task("call bank", True, 15),
        Task("ask about fees", True, 16),
    )
    assert note.anchors == (("deposit", 14), ("end", 36))
    assert ("related", "[[Landlord]]") in note.properties
    assert note.warnings == ()


def test_links_with_their_lines() -> None:
    found = [(link.kind, link.target, link.anchor, link.alias, link.line) for link in parsed(NOTE).links]
    assert found == [
        (LinkKind.WIKI, "Landlord", None, None, 6),
        (LinkKind.WIKI, "Landlord", "Phone", "Ms Berg", 11),
        (LinkKind.EMBED, "keys.jpg", None, None, 21),
        (LinkKind.MARKDOWN, "plans/flat plan.md", "Hall", "plan", 21),
        (LinkKind.WIKI, "Landlord", None, "x", 28),
    ]


def test_blocks_own_their_sections_and_blank_lines() -> None:
    note = parsed(NOTE)
    shape = [(b.kind, b.headings, note.text[b.start : b.end].split("\n", 1)[0]) for b in note.blocks]
    assert shape[:4] == [
        ("frontmatter", (), "---"),
        ("heading", ("Lease",), "# Lease"),
        ("paragraph", ("Lease",), "Signed with [[Landlord#Phone|Ms Berg]] #home #contract/flat"),
        ("heading", ("Lease", "Rent"), "## Rent ##"),
    ]
    assert [kind for kind, _, _ in shape[4:]] == ["item"] * 4 + ["paragraph", "heading", "table", "fence", "paragraph"]
    assert shape[-1][1] == ("Lease", "Setext title")
    assert note.text[note.blocks[0].start : note.blocks[0].end].endswith("---\n\n")


@pytest.mark.parametrize(
    ("text", "title"),
    [
        ("---\ntitle: A\n---\n# B\n", "A"),
        ("---\ntitle:\n---\n# B\n", "B"),
        ("## C\n\ntext\n\n# **B** #\n", "B"),
        ("B\n===\n", "B"),
        ("## C\n", "2024-03-05 Name"),
        ("#\n\n#tag\n", "2024-03-05 Name"),
        ("```\n# B\n```\n", "2024-03-05 Name"),
        ("", "2024-03-05 Name"),
    ],
)
def test_title_from_frontmatter_then_first_h1_then_file_name(text: str, title: str) -> None:
    assert parsed(text, "journal/2024-03-05 Name.md").title == title


@pytest.mark.parametrize(
    ("name", "title"),
    [("v1.2.md", "v1.2"), ("a.MD", "a"), ("b.markdown", "b"), (".md", ".md"), ("u\u0308.md", "ü"), ("\udcff.md", "?")],
)
def test_title_from_any_file_name(name: str, title: str) -> None:
    assert parsed("text", name).title == title


def test_the_frontmatter_date_goes_before_the_file_name() -> None:
    assert parsed("---\ncreated: 2020-01-02\n---\n", "2024-03-05.md").date == date(2020, 1, 2)
    assert parsed("text", "2024-03-05.md").date == date(2024, 3, 5)
    assert parsed("text", "note.md").date is None


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_lines_are_exact_with_every_line_end(end: str) -> None:
    note = parsed(NOTE.replace("\n", end))
    plain = parsed(NOTE)
    assert note.headings == plain.headings
    assert note.links == plain.links
    assert note.tasks == plain.tasks
    assert note.anchors == plain.anchors
    assert [block.kind for block in note.blocks] == [block.kind for block in plain.blocks]


def test_other_separators_end_no_line() -> None:
    note = parsed("a\x0bb\x0cc\x85d\u2028e\n# F\n")
    assert note.headings == (Heading(1, "F", 2),)


@pytest.mark.parametrize(
    ("text", "tasks"),
    [
        ("* [ ] a\n+ [X] b\n1. [ ] c\n2) [-] d\n", [("a", False), ("b", True), ("c", False), ("d", True)]),
        ("> - [ ] quoted\n", [("quoted", False)]),
        ("- [ ] two\n  lines [[x]]\n", [("two lines [[x]]", False)]),
        ("- [ ]\n- [ ] \n- [] a\n- [ab] c\n- [x](y.md)\n[ ] a\n", []),
        ("```\n- [ ] a\n```\n", []),
    ],
)
def test_tasks(text: str, tasks: list[tuple[str, bool]]) -> None:
    assert [(task.text, task.done) for task in parsed(text).tasks] == tasks


def test_a_long_list_is_cut_at_its_items() -> None:
    text = "- parent\n" + "".join(f"  - child {i}\n" for i in range(100))
    assert [block.kind for block in parsed(text).blocks] == ["item"] * 101


def test_leading_blank_lines_belong_to_the_first_block() -> None:
    assert [(b.start, b.end) for b in parsed("\n\na\n\n\nb").blocks] == [(0, 6), (6, 7)]


@pytest.mark.parametrize(
    ("text", "kinds"),
    [
        ("", []),
        (" \n\n", ["paragraph"]),
        ("---\na: b\n---", ["frontmatter"]),
        ("---\na: b\n---\n\n\n", ["frontmatter"]),
        ("---\nA rule.\n", ["rule", "paragraph"]),
    ],
)
def test_odd_notes_are_covered_too(text: str, kinds: list[str]) -> None:
    note = parsed(text)
    assert [block.kind for block in note.blocks] == kinds
    assert "".join(note.text[block.start : block.end] for block in note.blocks) == text


def test_a_subsection_ends_with_its_parent() -> None:
    note = parsed("### deep\n# A\n## B\n#### C\n## D\ntext\n# E\n")
    assert [block.headings for block in note.blocks] == [
        ("deep",),
        ("A",),
        ("A", "B"),
        ("A", "B", "C"),
        ("A", "D"),
        ("A", "D"),
        ("E",),
    ]


def test_text_too_long_for_the_rules_keeps_headings_links_and_blocks() -> None:
    text = "# A\n\n" + "- [[x]] and so on, word after word #tag\n" * 210_000 + "\n```\n# no\n```\n\n## B ##\nend ^e\n"
    note = parsed(text)
    assert [(heading.text, heading.line) for heading in note.headings] == [("A", 1), ("B", 210_008)]
    assert note.blocks[-1].headings == ("A", "B")
    assert (note.links[0].target, note.links[0].line) == ("x", 3)
    assert note.tags == ("tag",)
    assert note.anchors == (("e", 210_009),)
    assert any("cut at headings" in warning for warning in note.warnings)


PIECES = [
    "a",
    "word ",
    "# ",
    "## T\n",
    "- ",
    "  - [ ] ",
    "1. ",
    "> ",
    "```",
    "~~~",
    "    ",
    "\t",
    "===",
    "---",
    "[^1]: ",
]
PIECES += [
    "<div>",
    "<!--",
    "-->",
    "[a]: b",
    "[[N#h|x]]",
    "![[e]]",
    "[t](p.md)",
    "`",
    "*",
    "_",
    "#tag",
    " ^id",
    "|",
    "|-|",
]
PIECES += [
    "\\",
    "[",
    "]",
    "(",
    "\n",
    "\n",
    "\n\n",
    "\r\n",
    "\r",
    "\x0b",
    "\u2028",
    "é",
    "日本",
    "😀",
    "---\n",
    "tags: [a]\n",
    "a: b\n",
]


@given(st.lists(st.sampled_from(PIECES), max_size=50).map("".join))
def test_blocks_cover_any_text_in_order(text: str) -> None:
    note = parsed(text)
    assert note.text == text
    edges = [0, *(block.end for block in note.blocks)] if note.blocks else [0]
    assert edges[-1] == len(text)
    assert [block.start for block in note.blocks] == edges[:-1]
    assert all(block.start < block.end for block in note.blocks)
    count = 1 + text.replace("\r\n", "\n").replace("\r", "\n").count("\n")
    lines = [part.line for parts in (note.headings, note.links, note.tasks) for part in parts]
    assert all(1 <= line <= count for line in lines)
    assert len([block for block in note.blocks if block.kind == "heading"]) == len(note.headings)


@given(
    st.lists(
        st.sampled_from(["a\n", "# T\n", "- [ ] t\n", "[[x]]\n", "\n", "> q\n", "```\n", "  ^id\n", "a|b\n|-|-|\n"])
    )
)
def test_line_ends_change_nothing_but_offsets(lines: list[str]) -> None:
    unix, windows, mac = (parsed("".join(lines).replace("\n", end)) for end in ("\n", "\r\n", "\r"))
    for other in (windows, mac):
        assert other.headings == unix.headings
        assert other.links == unix.links
        assert other.tasks == unix.tasks
        assert other.anchors == unix.anchors
        assert [block.kind for block in other.blocks] == [block.kind for block in unix.blocks]
