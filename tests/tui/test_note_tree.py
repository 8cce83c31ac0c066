"""The tree asks for what is opened, takes it in page by page, and keeps its place when it is renewed."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from textual import on
from textual.app import App, ComposeResult
from textual.pilot import Pilot

from exocortex.core.notes import NoteRef
from exocortex.core.results import FolderContents, Subfolder
from exocortex.tui.note_tree import FolderRow, MoreRow, NoteTree


def _page(folder: str, path: str, names: str, *, after: str = "", more: int = 0, below: str = "") -> FolderContents:
    prefix = f"{path}/" if path else ""
    notes = tuple(NoteRef(f"{folder} {prefix}{one}", folder, f"{prefix}{one}.md", one, None) for one in names.split())
    return FolderContents(folder, path, after, tuple(Subfolder(prefix + one, 1) for one in below.split()), notes, more)


def _name(tree: NoteTree) -> str:
    """Of what the cursor is at."""
    row = tree.row
    if isinstance(row, FolderRow):
        return row.name
    return row.path.rpartition("/")[2] if row is not None else ""


class _Host(App[int]):
    def __init__(self) -> None:
        super().__init__()
        self.wanted: list[tuple[str, str, str]] = []

    def compose(self) -> ComposeResult:
        """A tree of two folders of notes."""
        yield NoteTree(["home", "work"])

    @on(NoteTree.Wanted)
    def _wanted(self, message: NoteTree.Wanted) -> None:
        self.wanted.append((message.folder, message.path, message.after))


def _with(script: Callable[[Pilot[int], _Host, NoteTree], Awaitable[None]]) -> None:
    async def run() -> None:
        app = _Host()
        async with app.run_test(size=(40, 20)) as pilot:
            await script(pilot, app, app.query_one(NoteTree))

    asyncio.run(run())


def test_folders_of_notes_are_asked_for_when_they_are_opened() -> None:
    async def script(pilot: Pilot[int], app: _Host, tree: NoteTree) -> None:
        await pilot.press("j", "j", "l")
        assert app.wanted == [("work", "", "")]
        tree.add(_page("work", "", "a", below="sub"))
        await pilot.press("j", "l")
        assert app.wanted[1:] == [("work", "sub", "")]
        tree.add(_page("work", "sub", "b"))
        await pilot.pause()
        assert tree.opened == [(("work", ""), 1), (("work", "sub"), 1)]
        await pilot.press("j")
        assert _name(tree) == "b.md"
        await pilot.press("h", "h", "h")
        assert _name(tree) == "work"

    _with(script)


def test_the_next_page_is_asked_for_at_the_end_of_one_and_taken_in_once() -> None:
    async def script(pilot: Pilot[int], app: _Host, tree: NoteTree) -> None:
        await pilot.press("j", "l")
        tree.add(_page("home", "", "a b", more=1))
        await pilot.press("j", "j", "j")
        assert tree.row == MoreRow("home", "", "b.md", 1)
        assert app.wanted == [("home", "", ""), ("home", "", "b.md")]
        for _ in range(2):
            tree.add(_page("home", "", "c", after="b.md"))
        await pilot.pause()
        assert _name(tree) == "c.md"
        assert tree.opened == [(("home", ""), 3)]

    _with(script)


def test_renewing_keeps_what_is_open_and_the_place() -> None:
    async def script(pilot: Pilot[int], app: _Host, tree: NoteTree) -> None:
        await pilot.press("j", "l")
        tree.add(_page("home", "", "a b", below="sub"))
        await pilot.press("j", "l")
        tree.add(_page("home", "sub", "x"))
        await pilot.press("j", "j", "j")
        assert _name(tree) == "b.md"
        asked = len(app.wanted)
        tree.renew([_page("home", "", "a aa b", below="new sub"), _page("home", "sub", "x y")])
        await pilot.pause()
        assert _name(tree) == "b.md"
        assert tree.opened == [(("home", ""), 3), (("home", "sub"), 2)]
        tree.renew([_page("home", "", "a aa", below="new sub"), _page("home", "sub", "x y")])
        await pilot.pause()
        assert _name(tree)
        assert len(app.wanted) == asked

    _with(script)
