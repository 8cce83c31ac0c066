"""Markdown is laid out in rows that know their lines; nothing in it is markup or a command; and it is quick."""

from __future__ import annotations

import time
from contextlib import suppress

import pytest
from hostile import COMMANDS, MARKUP
from rich.style import Style

from exocortex.core.lines import split_lines
from exocortex.core.terminal import visible
from exocortex.tui.rendering import MAX_CHARACTERS, MAX_LINES, Rows, render

NOTE = """---
title: Lease
tags: [home]
---
# Lease

The **deposit** is `£1,480`. See [[Boiler#Pressure|the boiler]].

- one
- two
  - three

> quoted

| a | b |
|---|--:|
| 1 | 22 |

```python
def f(): ...
```

<b>bold</b> README.md ![a picture](x.png)
"""


def laid(text: str, width: int = 60) -> Rows:
    return render(text, width, {"markdown.code_block": Style(bgcolor="#101010")}, "nord")


def shown(rows: Rows) -> list[str]:
    return [strip.text.rstrip() for strip in rows.strips]


def test_it_is_what_is_meant() -> None:
    rows = shown(laid(NOTE))
    for row in (
        *(" title: Lease", "Lease", "The deposit is £1,480. See the boiler.", " • one", "    • three", "▌ quoted"),
        *("1   22", " def f(): ...", "<b>bold</b> README.md ▣ a picture"),
    ):
        assert row in rows


def test_links_are_kept_apart_from_the_terminal() -> None:
    styles = [segment.style for strip in laid(NOTE).strips for segment in strip if segment.style is not None]
    assert not any(style.link for style in styles)
    assert [style.meta["href"] for style in styles if style.meta] == ["note:Boiler#Pressure", "x.png"]


def test_rows_and_lines_lead_to_each_other() -> None:
    rows = laid(NOTE)
    lines = split_lines(NOTE)
    for line in (5, 7, 13, 23):
        text = shown(rows)[rows.row_of(line)]
        assert lines[line - 1].strip("#> ")[:3] in text.replace("**", "")
        assert rows.line_at(rows.row_of(line)) == line
    for row in range(len(rows.strips)):
        assert 1 <= rows.line_at(row) <= len(lines)
    for line in range(1, len(lines) + 2):
        assert 0 <= rows.row_of(line) < len(rows.strips)


@pytest.mark.parametrize("text", ["", "\n\n", "[a]: b.md\n", "---\nx: 1\n", "---\n---\n"])
def test_next_to_nothing_is_laid_out_too(text: str) -> None:
    rows = laid(text)
    assert (rows.line_at(0), rows.row_of(1)) == (1, 0)


@pytest.mark.parametrize(
    "attack", [*COMMANDS, *MARKUP, "&#x202e;&#27;[2J&#155;2J", "&#8203;"], ids=lambda one: repr(one)[:20]
)
@pytest.mark.parametrize(
    "around",
    ["{}", "# {}", "- {}", "> {}", "`{}`", "[{}](x.md)", "[[{}]]", "![{}](x)", "| a |\n|---|\n| {} |", "    {}"],
)
def test_t26_t27_hostile_text_is_shown_literally(around: str, attack: str) -> None:
    rows = shown(laid(around.format(attack)))
    text = "\n".join(rows)
    assert visible(text) == text


def test_markup_of_the_screens_means_nothing() -> None:
    assert shown(laid("[@click=app.quit]x[/] [b]y[/b] :smile:")) == ["[@click=app.quit]x[/] [b]y[/b] :smile:"]


def test_nesting_without_end_is_laid_out_or_refused_in_time() -> None:
    for text in (">" * 5_000 + " x", "".join(" " * n + "- x\n" for n in range(200)), "[" * 20_000, "*" * 20_000):
        began = time.thread_time()
        with suppress(RecursionError):
            laid(text)
        assert time.thread_time() - began < 2


def test_the_longest_note_that_is_laid_out_takes_no_time_to_speak_of() -> None:
    block = "# Head\n\nSome words with a [[link]], **more** of them, and a [way](out.md).\n\n- a\n- b\n\n"
    text = block * min(MAX_CHARACTERS // len(block), MAX_LINES // block.count("\n"))
    times = []
    for _ in range(3):
        began = time.thread_time()
        laid(text)
        times.append(time.thread_time() - began)
    assert min(times) < 1
