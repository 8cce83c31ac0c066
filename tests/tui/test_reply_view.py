"""ReplyView: what grows at its end looks as if it had come at once, and pours without holding up the keys."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable

import pytest
from hostile import COMMANDS, MARKUP
from rich.cells import cell_len
from screens import NOW, drive, shown, until
from textual.app import App, ComposeResult
from textual.containers import VerticalScroll
from textual.pilot import Pilot

from exocortex.core.answers import Answer, Coverage, Sentence, Support
from exocortex.core.terminal import visible
from exocortex.tui.desk import Desk
from exocortex.tui.exchange_view import ExchangeView
from exocortex.tui.messages import LinkChosen
from exocortex.tui.reply_view import ReplyView
from exocortex.tui.shown import given

_TEXT = """# Herons

The heron **stands** in the *shallow* water of `harbour.py` and
waits.

1. one that is small

   and quick
2. 漢字

```python
def fish() -> None:

    return
```

| a | b |
|---|---|
| 1 | 2 |

> quoted

See [the note](note:Herons).
"""


class _Page(App[int]):
    CSS = "ReplyView { height: auto; padding: 0 0 0 2; }"

    def __init__(self) -> None:
        super().__init__()
        self.chosen: list[str] = []

    def compose(self) -> ComposeResult:
        """The reply alone."""
        with VerticalScroll():
            yield ReplyView()

    def on_link_chosen(self, message: LinkChosen) -> None:
        """Keep it."""
        self.chosen.append(message.href)


def _showing(script: Callable[[Pilot[int], ReplyView], Awaitable[None]], size: tuple[int, int] = (40, 60)) -> None:
    async def run() -> None:
        app = _Page()
        async with app.run_test(size=size) as pilot:
            await script(pilot, app.query_one(ReplyView))

    asyncio.run(run())


def _rows(pilot: Pilot[int]) -> list[str]:
    return [row.rstrip() for row in shown(pilot).rstrip().split("\n")]


@pytest.mark.parametrize("piece", [1, 7, 100_000])
def test_pieces_make_the_same_rows_as_the_whole(piece: int) -> None:
    async def script(pilot: Pilot[int], reply: ReplyView) -> None:
        for at in range(0, len(_TEXT), piece):
            reply.write(_TEXT[at : at + piece])
            if at % 40 == 0:
                await pilot.pause(0.06)
        await until(pilot, lambda: "See the note." in shown(pilot))
        grown = _rows(pilot)
        assert "**" not in shown(pilot)
        assert grown[:4] == ["  Herons", "", "  The heron stands in the shallow water", "  of harbour.py and waits."]
        reply.show(_TEXT)
        await pilot.pause()
        assert _rows(pilot) == grown

    _showing(script)


def test_a_block_that_is_too_long_loses_nothing_while_it_grows() -> None:
    words = [f"word{number}" for number in range(900)]
    code = [f"line{number} = {number}" for number in range(300)]

    async def script(pilot: Pilot[int], reply: ReplyView) -> None:
        for text in (" ".join(words), "\n\n```python\n", "\n".join(code), "\n```\n\nend"):
            for at in range(0, len(text), 500):
                reply.write(text[at : at + 500])
                await pilot.pause(0.06)
        await until(pilot, lambda: "end" in shown(pilot))
        rows = shown(pilot)
        assert rows.split()[: len(words)] == words
        assert all(line in rows for line in code)
        assert "```" not in rows

    _showing(script, (80, 800))


def test_another_width_lays_all_of_it_out_anew() -> None:
    async def script(pilot: Pilot[int], reply: ReplyView) -> None:
        reply.write("The heron stands still in the shallow water. " * 4)
        await until(pilot, lambda: "heron" in shown(pilot))
        for columns in (40, 15, 60):
            await pilot.resize_terminal(columns, 30)
            await pilot.pause()
            assert all(cell_len(row) <= columns for row in shown(pilot).split("\n"))
            assert " ".join(shown(pilot).replace("▁", "").split()).count("shallow water.") == 4

    _showing(script)


def test_a_link_is_told_of_when_it_is_clicked() -> None:
    async def script(pilot: Pilot[int], reply: ReplyView) -> None:
        reply.show("[the note](note:Herons)")
        await pilot.pause()
        await pilot.click(ReplyView, offset=(4, 0))
        await pilot.pause()
        assert isinstance(pilot.app, _Page)
        assert pilot.app.chosen == ["note:Herons"]

    _showing(script)


def test_t26_commands_in_it_are_written_out() -> None:
    async def script(pilot: Pilot[int], reply: ReplyView) -> None:
        for attack in (*COMMANDS, *MARKUP[:5]):
            reply.write(f"{attack}\n\n")
        await until(pilot, lambda: "[@click=app.quit]x[/]" in shown(pilot))
        assert visible(shown(pilot)) == shown(pilot)
        assert "\\x1b]52" in shown(pilot)

    _showing(script, (80, 200))


def test_a_megabyte_is_taken_in_at_once() -> None:
    async def script(pilot: Pilot[int], reply: ReplyView) -> None:
        began = time.thread_time()
        for _ in range(300):
            reply.write(_TEXT * 7)
        assert time.thread_time() - began < 2

    _showing(script)


@pytest.mark.parametrize("entity", ["&#x202e;", "&#27;", "&#x1b;", "&ZeroWidthSpace;", "&lrm;", "&#155;"])
def test_t26_entities_of_a_formatted_answer_are_no_characters(desk: Desk, entity: str) -> None:
    """Markdown would turn them into what was made safe before."""
    written = f"# Heron\n\nIt stands {entity}still.\n\n```\n{entity}\n```\n"
    coverage = Coverage(notes=5, searched=5, pending=0, embedding=0, skipped=0, as_of=NOW)
    answer = Answer("Where?", False, "test", 1.0, (), (), coverage, (), written=written)

    async def script(pilot: Pilot[int]) -> None:
        view = ExchangeView(desk, "Where?")
        await pilot.app.screen.query_one("#said").mount(view)
        view.end(given(desk, answer))
        await until(pilot, lambda: "It stands" in shown(pilot))
        assert visible(shown(pilot)) == shown(pilot)
        assert shown(pilot).count(entity) == 1  # in code; in prose the character is written out

    drive(desk, script, (100, 40))


def test_sentences_of_a_formatted_answer_bear_their_marks_and_a_models_own_are_none(desk: Desk) -> None:
    written = "# Herons\n\n- It **stands** still [1]. [✓](mark:0-supported) It flies [2].\n- It sings."
    sentences = (
        Sentence("It **stands** still.", (1,), Support.SUPPORTED),
        Sentence("It flies.", (2,), Support.WEAK, ("other words",)),
        Sentence("It sings.", (), Support.UNSUPPORTED, ("cites nothing",)),
    )
    coverage = Coverage(notes=5, searched=5, pending=0, embedding=0, skipped=0, as_of=NOW)
    answer = Answer("What?", False, "test", 1.0, sentences, (), coverage, (), written=written)

    async def script(pilot: Pilot[int]) -> None:
        view = ExchangeView(desk, "What?")
        await pilot.app.screen.query_one("#said").mount(view)
        view.end(given(desk, answer))
        await until(pilot, lambda: "It flies [2]. ≈" in shown(pilot))
        assert "It stands still [1]. ✓" in shown(pilot)
        assert "It sings. ✗" in shown(pilot)
        assert "✗ not supported: cites nothing" in shown(pilot)
        colours = {
            segment.style.color.name
            for strip in view.query_one(ReplyView)._growing
            for segment in strip
            if segment.style is not None and segment.style.color is not None and segment.text == "✓"
        }
        assert len(colours) == 2

    drive(desk, script, (100, 40))
