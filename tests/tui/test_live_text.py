"""LiveText: what grows at its end looks as if it had come at once, and pours without holding up the keys."""

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

from exocortex.core.answers import Answer, Coverage
from exocortex.core.terminal import visible
from exocortex.tui.desk import Desk
from exocortex.tui.exchange_view import ExchangeView
from exocortex.tui.live_text import LiveText

_TEXT = "The heron **stands** in the water.\n\n- 漢字 one\n- two\n\n" * 10


class _Page(App[int]):
    CSS = "LiveText { height: auto; padding: 0 0 0 2; }"

    def compose(self) -> ComposeResult:
        """The text alone."""
        with VerticalScroll():
            yield LiveText()


def _showing(script: Callable[[Pilot[int], LiveText], Awaitable[None]], size: tuple[int, int] = (40, 60)) -> None:
    async def run() -> None:
        app = _Page()
        async with app.run_test(size=size) as pilot:
            await script(pilot, app.query_one(LiveText))

    asyncio.run(run())


@pytest.mark.parametrize("piece", [1, 7, 100_000])
def test_pieces_make_the_same_rows_as_the_whole(piece: int) -> None:
    async def script(pilot: Pilot[int], live: LiveText) -> None:
        for at in range(0, len(_TEXT), piece):
            live.write(_TEXT[at : at + piece])
            if at % 50 == 0:
                await pilot.pause()
        await pilot.pause()
        rows = shown(pilot).split("\n")
        assert rows[:5] == ["  The heron **stands** in the water.", "", "  - 漢字 one", "  - two", ""]
        assert live.size.height == _TEXT.count("\n") + 1

    _showing(script)


def test_another_width_wraps_all_of_it_anew() -> None:
    async def script(pilot: Pilot[int], live: LiveText) -> None:
        live.write("The heron stands still in the shallow water. " * 4)
        for columns in (40, 15, 60):
            await pilot.resize_terminal(columns, 30)
            await pilot.pause()
            assert all(cell_len(row) <= columns for row in shown(pilot).split("\n"))
            assert " ".join(shown(pilot).replace("▁", "").split()).count("shallow water.") == 4

    _showing(script)


def test_t26_commands_in_it_are_written_out() -> None:
    async def script(pilot: Pilot[int], live: LiveText) -> None:
        for attack in (*COMMANDS, *MARKUP[:5]):
            live.write(f"{attack}\n")
        await pilot.pause()
        assert visible(shown(pilot)) == shown(pilot)
        assert "\\x1b]52" in shown(pilot)
        assert "[@click=app.quit]x[/]" in shown(pilot)

    _showing(script)


def test_a_megabyte_takes_no_longer_the_more_there_is() -> None:
    async def script(pilot: Pilot[int], live: LiveText) -> None:
        began = time.perf_counter()
        for _ in range(300):
            live.write(_TEXT[:500] * 7)
        assert time.perf_counter() - began < 2

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
        await view.end(answer)
        await until(pilot, lambda: "It stands" in shown(pilot))
        assert visible(shown(pilot)) == shown(pilot)
        assert entity in shown(pilot)

    drive(desk, script, (100, 40))
