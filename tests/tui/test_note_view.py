"""NoteView: every line of a note in its place, wrapped, marked and quickly there."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Awaitable, Callable

import pytest
from rich.cells import cell_len
from screens import shown
from textual.app import App, ComposeResult
from textual.geometry import Offset
from textual.pilot import Pilot
from textual.selection import Selection

from exocortex.tui.note_view import NoteView


class _Viewer(App[int]):
    CSS = """
    NoteView { scrollbar-size-vertical: 1; scrollbar-gutter: stable; }
    .note-view--found { text-style: bold; }
    .note-view--shown { background: #123456; }
    """

    def compose(self) -> ComposeResult:
        """The view alone."""
        yield NoteView()


def _viewing(script: Callable[[Pilot[int], NoteView], Awaitable[None]], columns: int = 40, rows: int = 10) -> None:
    async def run() -> None:
        app = _Viewer()
        async with app.run_test(size=(columns, rows)) as pilot:
            await script(pilot, app.query_one(NoteView))

    asyncio.run(run())


def _rows(pilot: Pilot[int]) -> list[str]:
    return shown(pilot).split("\n")


def test_lines_are_numbered_as_in_the_file_and_wrapped_between_words() -> None:
    text = "# Heron\r\n\r\n" + "The heron stands still in the shallow water of the harbour.\n" + "End"

    async def script(pilot: Pilot[int], view: NoteView) -> None:
        view.show(text)
        await pilot.pause()
        assert _rows(pilot)[:6] == [
            "  1 # Heron",
            "  2",
            "  3 The heron stands still in the",
            "    shallow water of the harbour.",
            "  4 End",
            "",
        ]

    _viewing(script)


@pytest.mark.parametrize(
    "text",
    [
        "漢字" * 300,
        "a 漢 b 字 " * 200,
        "x" * 1000,
        "👩‍👩‍👧 🏳️‍🌈 " * 100,
        "é" * 500,
        "한국어 " * 100,
        " " * 500 + "end",
        "\t\tindented " * 50,
    ],
    ids=["ideographs", "mixed", "no spaces", "emoji", "accents", "hangul", "spaces first", "tabs"],
)
def test_no_row_is_wider_than_the_screen_and_nothing_is_lost(text: str) -> None:
    async def script(pilot: Pilot[int], view: NoteView) -> None:
        for columns in (80, 40, 13, 12, 5):
            await pilot.resize_terminal(columns, 10)
            view.show(text)
            await pilot.pause()
            assert max(cell_len(row.text) for row in view._rows) <= max(8, columns - 5)
            joined = "".join(row.text for row in view._rows)
            assert joined.replace(" ", "") == text.expandtabs(4).replace(" ", "")
            assert all(cell_len(row) <= columns for row in _rows(pilot))

    _viewing(script)


def test_a_line_of_nothing_but_spaces_is_a_row_and_takes_no_time() -> None:
    async def script(pilot: Pilot[int], view: NoteView) -> None:
        began = time.thread_time()
        view.show("one\n" + " " * 300_000 + "\nthree" + " " * 300_000 + "\nfour")
        assert time.thread_time() - began < 0.5
        await pilot.pause()
        assert [row.strip() for row in _rows(pilot)[:4]] == ["1 one", "2", "3 three", "4 four"]

    _viewing(script)


def test_a_note_of_372_kilobytes_is_laid_out_in_half_a_second() -> None:
    chance = random.Random(5)
    words = ["heron", "harbour", "**bold**", "[[Link]]", "`code`", "wasser", "über", "漢字"]
    text = "\n".join(" ".join(chance.choices(words, k=chance.randrange(60))) for _ in range(2_000))
    assert len(text.encode()) > 372_000

    async def script(pilot: Pilot[int], view: NoteView) -> None:
        began = time.thread_time()
        view.show(text, 1_500, 1_510, ("heron",))
        assert time.thread_time() - began < 0.5
        await pilot.pause()
        assert any(row.startswith("▌ 1500") for row in _rows(pilot))

    _viewing(script, 80, 24)


def test_a_line_of_a_megabyte_is_shown() -> None:
    async def script(pilot: Pilot[int], view: NoteView) -> None:
        began = time.thread_time()
        view.show("[" * 500_000 + "heron " * 100_000, 1, 1, ("heron",))
        assert time.thread_time() - began < 2
        await pilot.press("G")
        await pilot.pause()
        assert "heron heron" in shown(pilot)

    _viewing(script)


def test_marked_lines_have_a_bar_and_their_words_are_found_in_any_case() -> None:
    async def script(pilot: Pilot[int], view: NoteView) -> None:
        view.show("\n".join(f"Heron and heron {n}" for n in range(1, 31)), 12, 13, ("HERON", "(", " "))
        await pilot.pause()
        assert [row[:5] for row in _rows(pilot) if row.startswith("▌")] == ["▌ 12 ", "▌ 13 "]
        assert _rows(pilot)[2].startswith("▌ 12")
        found = [segment.text for segment in view.render_line(2) if segment.style is not None and segment.style.bold]
        assert found == ["Heron", "heron"]
        assert view.line == 12

    _viewing(script)


def test_the_line_to_go_to_is_the_marked_one_while_it_is_in_sight() -> None:
    async def script(pilot: Pilot[int], view: NoteView) -> None:
        view.show("\n".join(str(n) for n in range(1, 101)), 50)
        await pilot.pause()
        assert view.line == 50
        await pilot.press("g")
        await pilot.pause()
        assert view.line == 1
        await pilot.press("G")
        await pilot.pause()
        assert view.line == 91

    _viewing(script)


@pytest.mark.parametrize("size", [(20, 10), (80, 10), (40, 5), (13, 30)])
def test_another_size_keeps_the_place(size: tuple[int, int]) -> None:
    text = "\n".join(f"{n} " + "the heron stands in the water " * (n % 5) for n in range(1, 201))

    async def script(pilot: Pilot[int], view: NoteView) -> None:
        view.show(text, 120, 120)
        await pilot.pause()
        await pilot.resize_terminal(*size)
        await pilot.pause()
        assert any(row.startswith("▌") and "120" in row for row in _rows(pilot)), shown(pilot)
        view.scroll_to(y=view._row_of(60), animate=False, immediate=True)
        await pilot.pause()
        assert view.line == 60
        await pilot.resize_terminal(40, 10)
        await pilot.pause()
        assert view.line == 60

    _viewing(script)


def test_one_column_and_one_row_are_survived() -> None:
    async def script(pilot: Pilot[int], view: NoteView) -> None:
        view.show("# Heron\n" + "The heron 漢字 stands. " * 50, 2, 2, ("heron",))
        for size in ((1, 1), (300, 100), (2, 3), (40, 10)):
            await pilot.resize_terminal(*size)
            await pilot.pause()
        assert "heron" in shown(pilot)

    _viewing(script)


def test_what_is_selected_is_the_text_and_not_its_numbers() -> None:
    async def script(pilot: Pilot[int], view: NoteView) -> None:
        view.show("first line\nsecond line\nthird line")
        await pilot.pause()
        selected = view.get_selection(Selection(Offset(6, 0), Offset(6, 1)))
        assert selected == ("line\nsecond", "\n")
        whole = view.get_selection(Selection(None, None))
        assert whole == ("first line\nsecond line\nthird line", "\n")

    _viewing(script)


def test_text_can_be_selected_with_the_mouse() -> None:
    async def script(pilot: Pilot[int], view: NoteView) -> None:
        view.show("first line\nsecond line\nthird line")
        await pilot.pause()
        await pilot.mouse_down(view, (10, 0))
        await pilot.hover(view, (9, 1))
        await pilot.mouse_up(view, (9, 1))
        await pilot.pause()
        assert pilot.app.screen.get_selected_text() == "line\nsecond"

    _viewing(script)


def test_code_and_front_matter_hold_no_headings() -> None:
    text = "---\ntitle: x\n---\n# Heading\n```\n# comment\n```\n> quote\nplain"

    async def script(pilot: Pilot[int], view: NoteView) -> None:
        view.show(text)
        assert view._kinds == ["faint"] * 3 + ["heading"] + ["faint"] * 4 + [""]

    _viewing(script)
