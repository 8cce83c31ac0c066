"""NoteTree: the folders of notes as a tree that is filled when a folder is opened, and page by page.

Knows nothing of where the contents come from: it says what is wanted, and is given it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, ClassVar, TypeAlias

from rich.style import Style
from rich.text import Text
from textual import on
from textual.binding import Binding, BindingType
from textual.message import Message
from textual.widgets import Tree
from textual.widgets.tree import TreeNode

from exocortex.core.notes import NoteRef
from exocortex.tui import safe

if TYPE_CHECKING:
    from exocortex.core.results import FolderContents

Place: TypeAlias = tuple[str, str]
"""A folder of notes, and a path in it."""


@dataclass(frozen=True, slots=True)
class FolderRow:
    """A folder."""

    folder: str
    path: str
    notes: int | None
    """At any depth; None where that isn't known yet."""

    @property
    def place(self) -> Place:
        """Where it is."""
        return self.folder, self.path

    @property
    def name(self) -> str:
        """What it is called among its neighbours."""
        return PurePosixPath(self.path).name or self.folder


@dataclass(frozen=True, slots=True)
class MoreRow:
    """Notes of a folder that haven't been asked for yet."""

    folder: str
    path: str
    after: str
    left: int


Row: TypeAlias = FolderRow | NoteRef | MoreRow


class NoteTree(Tree[Row]):
    """Folders first, then notes; a note is called by its file, and by its title where that is another."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {"note-tree--faint", "note-tree--folder"}
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("j", "cursor_down", "Down", show=False),
        Binding("k", "cursor_up", "Up", show=False),
        Binding("l,right", "open", "Open", show=False),
        Binding("h,left", "shut", "Close", show=False),
        Binding("g,home", "scroll_home", "First", show=False),
        Binding("G,end", "scroll_end", "Last", show=False),
        Binding("pagedown", "page_down", "Page down", show=False),
        Binding("pageup", "page_up", "Page up", show=False),
    ]

    @dataclass
    class Wanted(Message):
        """The contents of a place are wanted, from after this note on."""

        folder: str
        path: str
        after: str

    def __init__(self, folders: Iterable[str], *, id: str | None = None) -> None:  # noqa: A002 (Textual's name)
        super().__init__(Text(), id=id)
        self.show_root = False
        self.show_guides = False
        self.guide_depth = 2
        self._folders = tuple(folders)
        self._held: dict[Place, FolderContents] = {}
        self._planted: dict[Place, TreeNode[Row]] = {}
        self._plant()

    @property
    def row(self) -> Row | None:
        """What the cursor is at."""
        return self.cursor_node.data if self.cursor_node is not None else None

    @property
    def opened(self) -> list[tuple[Place, int]]:
        """The folders that are open, outer ones first, each with how many of its notes are here."""
        return [
            (place, len(self._held[place].notes))
            for place, node in self._planted.items()
            if place in self._held and self._is_open(node)
        ]

    def add(self, page: FolderContents) -> None:
        """Take in the contents of a place, or a further page of them."""
        place = (page.folder, page.path)
        node, held = self._planted.get(place), self._held.get(place)
        if node is None or (held is not None and not page.after) or (held is None and page.after):
            return
        if held is not None:
            if not isinstance(more := self._last(node), MoreRow) or more.after != page.after:
                return
            node.children[-1].remove()
        first = len(node.children)
        self._held[place] = page if held is None else replace(held, notes=held.notes + page.notes, more=page.more)
        self._grow(node, page)
        if self.cursor_line < 0 or held is not None:
            self.call_after_refresh(self._place_cursor, node, first if held is not None else 0)

    def renew(self, pages: Iterable[FolderContents]) -> None:
        """The open folders as they are now; the cursor stays at what it is at, as far as that is still there."""
        fresh = {(page.folder, page.path): page for page in pages}
        if fresh == {place: self._held[place] for place, _ in self.opened}:
            return
        kept, line = self.row, self.cursor_line
        with self.prevent(Tree.NodeExpanded):
            self._plant()
            for place, page in fresh.items():
                if (node := self._planted.get(place)) is not None:
                    self._held[place] = page
                    self._grow(node, page)
                    node.expand()
        self._return_to(kept, line)

    def _plant(self) -> None:
        """Empty, but for the folders of notes themselves; if it is only one, its contents are the top."""
        self.clear()
        self._held.clear()
        self._planted.clear()
        if len(self._folders) == 1:
            self._planted[(self._folders[0], "")] = self.root
            self.root.expand()
            return
        for name in self._folders:
            self._add_folder(self.root, FolderRow(name, "", None))
        self.root.expand()

    def _grow(self, node: TreeNode[Row], page: FolderContents) -> None:
        for one in page.folders:
            self._add_folder(node, FolderRow(page.folder, one.path, one.notes))
        for note in page.notes:
            node.add_leaf("", note)
        if page.more:
            node.add_leaf("", MoreRow(page.folder, page.path, page.notes[-1].path if page.notes else "", page.more))

    def _add_folder(self, node: TreeNode[Row], row: FolderRow) -> None:
        self._planted[row.place] = node.add("", row)

    def _is_open(self, node: TreeNode[Row] | None) -> bool:
        while node is not None:
            if not node.is_expanded:
                return False
            node = node.parent
        return True

    def _last(self, node: TreeNode[Row]) -> Row | None:
        return node.children[-1].data if node.children else None

    def _place_cursor(self, node: TreeNode[Row], at: int) -> None:
        if at < len(node.children):
            self.move_cursor(node.children[at])

    def _return_to(self, kept: Row | None, line: int) -> None:
        key = _key(kept)
        lines = range(self.last_line + 1)
        found = next((at for at in lines if kept is not None and _key(self._row_at(at)) == key), None)
        self.cursor_line = min(line, self.last_line) if found is None else found
        self.scroll_to_line(self.cursor_line, animate=False)

    def _row_at(self, line: int) -> Row | None:
        node = self.get_node_at_line(line)
        return node.data if node is not None else None

    @on(Tree.NodeExpanded)
    def _expanded(self, event: Tree.NodeExpanded[Row]) -> None:
        row = event.node.data
        if isinstance(row, FolderRow) and row.place not in self._held:
            self.post_message(self.Wanted(row.folder, row.path, ""))

    @on(Tree.NodeHighlighted)
    def _highlighted(self, event: Tree.NodeHighlighted[Row]) -> None:
        row = event.node.data
        if isinstance(row, MoreRow):
            self.post_message(self.Wanted(row.folder, row.path, row.after))

    def action_open(self) -> None:
        """Open a folder; in an open one, go to its first row."""
        node = self.cursor_node
        if node is None or not node.allow_expand:
            return
        if not node.is_expanded:
            node.expand()
        elif node.children:
            self.move_cursor(node.children[0])

    def action_shut(self) -> None:
        """Close a folder; from anything else, go to the folder it lies in."""
        node = self.cursor_node
        if node is None:
            return
        if node.allow_expand and node.is_expanded:
            node.collapse()
        elif node.parent is not None and not node.parent.is_root:
            self.move_cursor(node.parent)

    def get_label_width(self, node: TreeNode[Row]) -> int:  # noqa: ARG002 (Textual's signature)
        """Rows are cut to what is there to be seen: measuring each would cost more than painting."""
        return 1

    def render_label(self, node: TreeNode[Row], base_style: Style, style: Style) -> Text:
        """A row, as wide as there is room, so that the cursor is a bar."""
        depth = -1
        above = node.parent
        while above is not None:
            depth, above = depth + 1, above.parent
        faint = self.get_component_rich_style("note-tree--faint", partial=True)
        folder = self.get_component_rich_style("note-tree--folder", partial=True)
        text = Text.assemble(Text(" " if depth == 0 else ""), *_told(node, faint, folder))
        text.truncate(
            max(1, self.scrollable_content_region.width - max(0, depth) * self.guide_depth),
            overflow="ellipsis",
            pad=True,
        )
        text.stylize_before(style)
        text.stylize_before(base_style)
        return text


def file_name(path: str) -> str:
    """A note's file, without what nearly all of them end in."""
    return PurePosixPath(path).name.removesuffix(".md")


def _told(node: TreeNode[Row], faint: Style, folder: Style) -> list[Text]:
    match node.data:
        case FolderRow() as row:
            sign = "▾ " if node.is_expanded else "▸ "
            number = "" if row.notes is None else f"  {row.notes:,}"
            return [Text(sign, faint), _styled(row.name, folder), Text(number, faint)]
        case MoreRow() as row:
            return [Text(f"  {row.left:,} more …", faint)]
        case NoteRef() as note:
            name = file_name(note.path)
            title = "" if note.title.casefold() == name.casefold() else f"  {note.title}"
            return [Text("  "), safe.text(name), _styled(title, faint)]
    return []


def _styled(text: str, style: Style) -> Text:
    made = safe.text(text)
    made.stylize(style)
    return made


def _key(row: Row | None) -> object:
    """What stays the same of a row while the index changes."""
    return row.id if isinstance(row, NoteRef) else (type(row), getattr(row, "folder", ""), getattr(row, "path", ""))
