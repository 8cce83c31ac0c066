"""Links and tags are found where they are meant, and only there."""

from __future__ import annotations

import pytest

from exocortex.core.lines import line_starts
from exocortex.core.notes import Link, LinkKind
from exocortex.parsing.inline import MAX_LINKS, InlineScanner

WIKI, EMBED, MARKDOWN, IMAGE = LinkKind.WIKI, LinkKind.EMBED, LinkKind.MARKDOWN, LinkKind.IMAGE


def scanned(text: str) -> InlineScanner:
    scanner = InlineScanner(text, line_starts(text))
    scanner.scan(0, len(text))
    return scanner


def tags(text: str) -> list[str]:
    return list(scanned(text).tags)


@pytest.mark.parametrize(
    ("text", "link"),
    [
        ("[[Note]]", Link(WIKI, "Note", None, None, 1)),
        ("see [[ Note |  the   alias ]].", Link(WIKI, "Note", None, "the alias", 1)),
        ("[[folder/Note#A heading|x]]", Link(WIKI, "folder/Note", "A heading", "x", 1)),
        ("[[Note#A#B]]", Link(WIKI, "Note", "A#B", None, 1)),
        ("[[Note#^id]]", Link(WIKI, "Note", "^id", None, 1)),
        ("[[#Here]]", Link(WIKI, "", "Here", None, 1)),
        ("| [[Note\\|x]] |", Link(WIKI, "Note", None, "x", 1)),
        ("![[pic.png|100]]", Link(EMBED, "pic.png", None, "100", 1)),
        ("\\![[Note]]", Link(WIKI, "Note", None, None, 1)),
        ("[a](b.md)", Link(MARKDOWN, "b.md", None, "a", 1)),
        ("[](b.md)", Link(MARKDOWN, "b.md", None, None, 1)),
        ("[a](<b c.md>)", Link(MARKDOWN, "b c.md", None, "a", 1)),
        ("[a](b%20c.md#d%20e)", Link(MARKDOWN, "b c.md", "d e", "a", 1)),
        ("[a](b.md 'title')", Link(MARKDOWN, "b.md", None, "a", 1)),
        ('[a](b.md\n  "title")', Link(MARKDOWN, "b.md", None, "a", 1)),
        ("[a](b_(c).md)", Link(MARKDOWN, "b_(c).md", None, "a", 1)),
        ("[a](b\\).md)", Link(MARKDOWN, "b).md", None, "a", 1)),
        ("[a](b&amp;c.md)", Link(MARKDOWN, "b&c.md", None, "a", 1)),
        ("[two\nlines](../b.md)", Link(MARKDOWN, "../b.md", None, "two lines", 1)),
        ("[a](#here)", Link(MARKDOWN, "", "here", "a", 1)),
        ("![a](b.png)", Link(IMAGE, "b.png", None, "a", 1)),
        ("x\r\ny\rz [[Note]]", Link(WIKI, "Note", None, None, 3)),
        ("` [[Note]]", Link(WIKI, "Note", None, None, 1)),
        ("`` a ` [[Note]]", Link(WIKI, "Note", None, None, 1)),
        ("a < b [[Note]] > c", Link(WIKI, "Note", None, None, 1)),
        ("<!-- [[Note]]", Link(WIKI, "Note", None, None, 1)),
        ("[[a [[Note]]", Link(WIKI, "Note", None, None, 1)),
    ],
)
def test_one_link(text: str, link: Link) -> None:
    assert scanned(text).links == [link]


@pytest.mark.parametrize(
    "text",
    [
        "`[[Note]]`",
        "`` `[[Note]]` ``",
        "\\[[Note]]",
        "\\[a](b.md)",
        "<!-- [[Note]] -->",
        '<a href="b.md#[x](y)">',
        "[a](http://b.c/d.md)",
        "[a](mailto:x@y.z)",
        "[a](//b.c/d)",
        "[a](javascript:x)",
        "[a](file:///etc/passwd)",
        "[a](\\\\\\\\host\\\\x)",
        "[[https://b.c]]",
        "[a] (b.md)",
        "[a](b c.md)",
        "[a](b.md",
        "[[]]",
        "[[ ]]",
        "[[|x]]",
        "[a]()",
        "[[two\nlines]]",
    ],
)
def test_no_link(text: str) -> None:
    assert scanned(text).links == []


def test_a_linked_image_is_two_links() -> None:
    links = scanned("[![alt](a.png)](b.md)").links
    assert [(link.kind, link.target) for link in links] == [(IMAGE, "a.png"), (MARKDOWN, "b.md")]


def test_code_spans_end_where_they_end() -> None:
    assert [link.target for link in scanned("`[a` [[One]] `` ` `` [[Two]]").links] == ["One", "Two"]


def test_reference_definitions_are_links() -> None:
    text = 'a\n[one]: b.md "title"\n[two]: <c d.md>\n[^3]: e.md\n[four]: http://x.y\n[five]: not one\n'
    scanner = InlineScanner(text, line_starts(text))
    scanner.scan_definitions(0, len(text))
    assert scanner.links == [Link(MARKDOWN, "b.md", None, "one", 2), Link(MARKDOWN, "c d.md", None, "two", 3)]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("#tag", ["tag"]),
        ("a #Tag, (#b) “#c” *#d*", ["tag", "b", "c", "d"]),
        ("#a/b/C #a/b/c", ["a/b/c"]),
        ("#größe #日本語 #こころ。 #тег #हिन्दी", ["größe", "日本語", "こころ", "тег", "हिन्दी"]),
        ("#u\u0308ber", ["über"]),
        ("#🔥 #work-log #snake_case", ["🔥", "work-log", "snake_case"]),
        ("#2024 #2024/03 #y2024 #2024-03", ["y2024", "2024-03"]),
        ("#1. # ## #- #/ #_", []),
        ("#a/ #b. #c! #d;", ["a", "b", "c", "d"]),
        ("a#b http://x.y/#z x.y/?a=#b &#39; \\#e ##f", []),
        ("`#a` ``#b` #c`` <a href='#d'> <http://x.y/ #z>", []),
        ("[x](#a) [x](y#a) [[#a]] [[y#a]]", []),
        ("`#a` #b `#c`", ["b"]),
    ],
)
def test_tags(text: str, found: list[str]) -> None:
    assert tags(text) == found


def test_links_beyond_the_limit_are_left_out() -> None:
    scanner = scanned("[[a]]" * (MAX_LINKS + 10))
    assert len(scanner.links) == MAX_LINKS
    assert scanner.full
