"""Titles read as a person reads them."""

from __future__ import annotations

import time

import pytest

from exocortex.parsing.markup import MAX_TITLE, plain


@pytest.mark.parametrize(
    ("markdown", "text"),
    [
        ("A  plain\ttitle", "A plain title"),
        ("**Bold**, *it* and ~~out~~", "Bold, it and out"),
        ("**a *b* c** ***d***", "a b c d"),
        ("__a__ _b_ snake_case_name", "a b snake_case_name"),
        ("`__init__` and ``a`b``", "__init__ and a`b"),
        ("[[Note]] [[a/b#c|Alias]] [[a\\|b]]", "Note Alias b"),
        ("[words](url) [![alt](x.png)](y) [ref][1] [`code`](u)", "words alt ref code"),
        ("5 * 3 = 15, a == b, 2 < 3 > 1", "5 * 3 = 15, a == b, 2 < 3 > 1"),
        ("<b>x</b> &amp; y", "x & y"),
        ("\\*not\\* \\#", "*not* #"),
        ("Title ^block-id", "Title"),
        ("C# and C++", "C# and C++"),
        ("u\u0308", "ü"),
        ("", ""),
    ],
)
def test_markup_is_taken_off(markdown: str, text: str) -> None:
    assert plain(markdown) == text


def test_a_title_is_cut() -> None:
    assert plain("x" * 10_000) == "x" * MAX_TITLE


@pytest.mark.parametrize("unit", ["*a", "[a", "`a``b", "_a ", "**", "<a ", "~~a", "[[", "[a](", "\\"])
def test_no_title_is_slow(unit: str) -> None:
    began = time.process_time()
    for _ in range(100):
        plain(unit * 400)
    assert time.process_time() - began < 1.0
