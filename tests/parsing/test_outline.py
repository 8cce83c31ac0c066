"""The block structure is CommonMark's, and no input makes finding it slow."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from exocortex.parsing.outline import TooIntricate, outline


def shape(text: str) -> list[tuple[int, str]]:
    return [(leaf.line, leaf.kind) for leaf in outline(text)]


@pytest.mark.parametrize(
    ("text", "leaves"),
    [
        ("one\ntwo\n\nthree", [(0, "paragraph"), (3, "paragraph")]),
        ("# A\ntext\n## B ##\n", [(0, "heading"), (1, "paragraph"), (2, "heading")]),
        ("A\n===\nB\n---\n", [(0, "heading"), (2, "heading")]),
        ("A\n\n---\n***\n", [(0, "paragraph"), (2, "rule"), (3, "rule")]),
        ("```\n# no\n\n- no\n```\nyes", [(0, "fence"), (5, "paragraph")]),
        ("~~~~\n```\n~~~\n~~~~\nyes", [(0, "fence"), (4, "paragraph")]),
        ("```\nnever closed\n\n# no", [(0, "fence")]),
        ("a\n\n    code\n\n    more\n", [(0, "paragraph"), (2, "fence")]),
        ("| a | b |\n|---|---|\n| c | d |\n\nx", [(0, "table"), (4, "paragraph")]),
        ("a | b\n--- | ---\nc | d\n", [(0, "table")]),
        ("a | b\nno table\n", [(0, "paragraph")]),
        ("<div>\n\n*x*\n\n</div>\n", [(0, "html"), (2, "paragraph"), (4, "html")]),
        ("<!-- a\n\nb -->\nc", [(0, "html"), (3, "paragraph")]),
        ("> a\n> b\n\nc", [(0, "paragraph"), (3, "paragraph")]),
        ("> # in a quote\n", [(0, "paragraph")]),
        ("- # in a list\n", [(0, "item")]),
        ("[^1]: note\n\n    more\n\nx [^1]", [(0, "paragraph"), (2, "paragraph"), (4, "paragraph")]),
        ("[a]: /url\n\nx [a]", [(0, "paragraph"), (2, "paragraph")]),
        ("\n\n\na", [(3, "paragraph")]),
        ("", []),
        ("   \n\t\n", []),
    ],
)
def test_blocks_of_every_kind(text: str, leaves: list[tuple[int, str]]) -> None:
    assert shape(text) == leaves


@pytest.mark.parametrize(
    ("text", "leaves"),
    [
        ("- a\n- b\n", [(0, "item"), (1, "item")]),
        ("* a\n+ b\n1. c\n2) d\n", [(0, "item"), (1, "item"), (2, "item"), (3, "item")]),
        ("- a\n  - b\n    - c\n- d\n", [(0, "item"), (1, "item"), (2, "item"), (3, "item")]),
        ("- a\n  goes on\nlazily\n- b\n", [(0, "item"), (3, "item")]),
        ("- a\n\n  second\n- b\n", [(0, "item"), (2, "paragraph"), (3, "item")]),
        ("- a\n  ```\n  code\n  ```\n- b\n", [(0, "item"), (1, "fence"), (4, "item")]),
        ("- ```\n  code\n  ```\n- b\n", [(0, "item"), (3, "item")]),
        ("-\n  a\n-\n- b\n", [(0, "item"), (2, "item"), (3, "item")]),
        ("- - a\n  - b\n", [(0, "item"), (1, "item")]),
        ("> - a\n> - b\n", [(0, "item"), (1, "item")]),
        ("text\n2. no list\n", [(0, "paragraph")]),
        ("text\n1. a list\n", [(0, "paragraph"), (1, "item")]),
        ("-a\n", [(0, "paragraph")]),
    ],
)
def test_each_list_item_is_a_leaf(text: str, leaves: list[tuple[int, str]]) -> None:
    assert shape(text) == leaves


def test_titles_come_with_level_and_text() -> None:
    found = [(leaf.level, leaf.content) for leaf in outline("## A *b* ##\n\nC\nd\n===\n#\n> # E\n")]
    assert found == [(2, "A *b*"), (1, "C\nd"), (1, ""), (0, "")]


def test_code_and_html_are_literal() -> None:
    text = "a\n\n```\nb\n```\n<p>\n\n    c\n\n- ```\n  d\n"
    assert [leaf.literal for leaf in outline(text)] == [False, True, True, True, True]


def test_very_long_lines_keep_their_structure() -> None:
    long = "x" * 10_000
    text = f"<!-- {long} -->\n# {long}\n- {long}\n\n{long}\n"
    assert shape(text) == [(0, "html"), (1, "heading"), (2, "item"), (4, "paragraph")]


INTRICATE = {
    "items": "- a\n" * 150_000,
    "paragraphs": "a\n\n" * 250_000,
    "lines": "a\r" * 300_000,
    "quotes": "> " * 80 + "a",
    "lists": "- " * 80 + "a",
}


@pytest.mark.parametrize("text", INTRICATE.values(), ids=INTRICATE.keys())
def test_intricate_text_is_given_up(text: str) -> None:
    with pytest.raises(TooIntricate):
        outline(text)


PIECES = [
    "a",
    "b|c",
    "|-|-|",
    "# ",
    "- ",
    "  - ",
    "1. ",
    "> ",
    "```",
    "~~~",
    "    ",
    "\t",
    "===",
    "---",
    "[^1]: ",
    "<div>",
]
PIECES += ["<!--", "-->", "[a]: b", "\n", "\n", "\n", "\n\n", "\r\n", "* * *", "*"]


@given(st.lists(st.sampled_from(PIECES), max_size=40).map("".join))
def test_headings_and_starts_agree_with_markdown_it_itself(text: str) -> None:
    from mdit_py_plugins.footnote import footnote_plugin

    plain = MarkdownIt("commonmark", {"maxNesting": 70}).enable("table").use(footnote_plugin).disable("reference")
    plain.core.ruler.enableOnly(["normalize", "block"])
    tokens = [(token.map[0], token) for token in plain.parse(text) if token.map]
    titles = [(line, int(token.tag[1])) for line, token in tokens if token.type == "heading_open" and not token.level]
    leaves = outline(text)
    assert [(leaf.line, leaf.level) for leaf in leaves if leaf.level] == titles
    assert {leaf.line for leaf in leaves} <= {line for line, _ in tokens}
    items = [line for line, token in tokens if token.type == "list_item_open"]
    assert sorted({leaf.line for leaf in leaves if leaf.kind in ("item", "fence")} & set(items)) == sorted(set(items))
