"""Welcome: the way in, where no folder of notes is known yet: which folder, a model or none, then a first question."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from threading import Event as StopEvent
from typing import TYPE_CHECKING, ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.message import Message
from textual.screen import Screen
from textual.suggester import Suggester
from textual.widgets import Input, OptionList, Static
from textual.widgets.option_list import Option

from exocortex.config import add_folder, set_text
from exocortex.config.folders import readable_root
from exocortex.core import sizes
from exocortex.core.counting import counted
from exocortex.core.errors import ExocortexError
from exocortex.core.events import Progress
from exocortex.likely import MODEL_FOLDERS, FoundModel, FoundNotes, count_notes, find_models, find_notes
from exocortex.tui import safe
from exocortex.tui.entry import Entry
from exocortex.tui.keys_line import KeysLine
from exocortex.tui.lanes import Failed, aside
from exocortex.tui.messages import FolderTaken, Ready

if TYPE_CHECKING:
    from exocortex.tui.desk import Desk

_MOST = 6
"""Folders and models offered."""


@dataclass
class FoldersFound(Message):
    """Folders that may hold the user's notes."""

    found: list[FoundNotes]


@dataclass
class Counted(Message):
    """How many notes a folder has."""

    found: FoundNotes


@dataclass
class ModelsFound(Message):
    """Model files that lie about."""

    found: list[FoundModel]


@dataclass
class ModelTaken(Message):
    """A model is used from now on; with no name, how far that is."""

    name: str
    told: str


class Welcome(Screen[None]):
    """Two questions, one after the other; Esc skips the second."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "skip", "No model", show=False, id="welcome.skip")]

    def __init__(self, desk: Desk) -> None:
        super().__init__()
        self.desk = desk
        self._folders: list[FoundNotes] = []
        self._models: list[FoundModel] = []
        self._wanted = ""
        self._has_notes = False
        self._waits = False

    def compose(self) -> ComposeResult:
        """What is asked, a list to choose from, a line to type in, and what came of it."""
        with Vertical(id="welcome"):
            yield Static(safe.line("exo", "bold $accent"), id="brand")
            yield Static(id="asked")
            yield OptionList(id="offered")
            yield Entry(id="typed", suggester=FolderSuggester())
            yield Static(id="told")
        yield KeysLine()

    def on_mount(self) -> None:
        """Look where notes may lie."""
        self._ask(
            "Which folder holds your notes?",
            "Markdown and text files, in folders as deep as you like. Nothing is written into it unless you ask, and"
            " nothing leaves this machine.",
            "~/notes",
        )
        self.query_one("#offered").display = False
        self.query_one("#typed").focus()
        user, config = _user(self.desk), self.desk.config

        def look(_: StopEvent) -> Iterable[Message]:
            yield FoldersFound(find_notes(user, config))

        aside(self, look)

    def _ask(self, question: str, about: str, example: str) -> None:
        self.query_one("#asked", Static).update(
            Content("\n").join([safe.line(question, "bold"), safe.line(about, "$muted")])
        )
        line = self.query_one("#typed", Input)
        line.value, line.placeholder = "", example

    def _tell(self, text: str, colour: str = "$muted") -> None:
        self.query_one("#told", Static).update(safe.lines(text, colour))

    @on(FoldersFound)
    def _folders_found(self, message: FoldersFound) -> None:
        if not self._has_notes:
            self._folders = message.found[:_MOST]
            self._offer([(_short(self.desk, one.root), counted(one.notes, "note")) for one in self._folders])

    def _offer(self, rows: Sequence[tuple[str, str]]) -> None:
        offered = self.query_one("#offered", OptionList)
        offered.clear_options()
        offered.add_options(
            [Option(safe.joined(safe.line(name), "  ", safe.line(about, "$muted"))) for name, about in rows]
        )
        offered.display = bool(rows)
        if rows and not self.query_one("#typed", Input).value:
            offered.highlighted = 0
            offered.focus()

    @on(OptionList.OptionSelected, "#offered")
    def _selected(self, event: OptionList.OptionSelected) -> None:
        if self._waits:
            return
        if not self._has_notes:
            self._take_folder(self._folders[event.option_index].root)
        elif event.option_index == 0:
            self.post_message(Ready())
        else:
            self._take_model(self._models[event.option_index - 1].file)

    @on(Input.Submitted, "#typed")
    def _submitted(self, event: Input.Submitted) -> None:
        typed = event.value.strip().strip("'\"")
        if self._waits:
            return
        if not typed:
            file = "the path of a model file (.gguf), or choose above" if self._has_notes else "the path of a folder"
            self._tell(f"Type {file}, as in {event.input.placeholder}", "$warning")
            return
        path = Path(os.path.abspath(os.path.expanduser(typed)))
        if self._has_notes:
            self._take_model(path)
        elif str(path) == self._wanted:
            self._take_folder(path)
        else:
            self._count(path)

    @on(Input.Changed, "#typed")
    def _typed(self) -> None:
        """What was told of another folder no longer holds."""
        if not self._has_notes and not self._waits:
            self._wanted = ""
            self._tell("")

    def _count(self, path: Path) -> None:
        config = self.desk.config

        def count(_: StopEvent) -> Iterable[Message]:
            root = readable_root(path)
            yield Counted(FoundNotes(path, count_notes(root, config)))

        self._tell("Counting …")
        aside(self, count)

    @on(Counted)
    def _counted(self, message: Counted) -> None:
        self._wanted = str(message.found.root)
        if message.found.notes:
            self._tell(f"{counted(message.found.notes, 'note')}. Enter takes this folder.", "$accent")
        else:
            self._tell("No notes are in it yet (.md, .markdown, .txt). Enter takes it all the same.", "$warning")

    def _take_folder(self, root: Path) -> None:
        try:
            add_folder(self.desk.config, root)
            self.desk.reread()
        except ExocortexError as error:
            self._tell(error.told, "$error")
            return
        self._has_notes = True
        self._ask(
            "A language model, or none?",
            "With one, answers are put into words, and each sentence is checked against your notes. Without one, they"
            " are quoted from your notes; everything else is the same. You can add one at any time: exo model add FILE",
            "path of a .gguf file",
        )
        self._tell("Your notes are being read meanwhile: words within seconds, meaning after that.", "$accent")
        self._offer([("None for now", "answers are quotes")])
        self.query_one("#offered").focus()
        user = _user(self.desk)

        def look(_: StopEvent) -> Iterable[Message]:
            yield ModelsFound(find_models(user))

        self.post_message(FolderTaken())
        aside(self, look)

    @on(ModelsFound)
    def _models_found(self, message: ModelsFound) -> None:
        self._models = message.found[:_MOST]
        rows = [(_short(self.desk, one.file), sizes.spelled(_size(one.file))) for one in self._models]
        self._offer([("None for now", "answers are quotes"), *rows])
        if not rows:
            looked = ", ".join(f"~/{one}" for one in MODEL_FOLDERS)
            self._tell(f"No model file (.gguf) is in {looked}.\nYour notes are being read meanwhile.")

    def _take_model(self, file: Path) -> None:
        config = self.desk.config
        self._waits = True

        def add(_: StopEvent) -> Iterable[Message]:
            from exocortex.storage.models import Added, Models

            for event in Models(config.home).add(file, ""):
                if isinstance(event, Progress):
                    yield ModelTaken("", f"Reading it: {sizes.spelled(event.done)} of {sizes.spelled(event.total)}")
                elif isinstance(event, Added):
                    set_text(config, "model.name", event.model.name)
                    yield ModelTaken(event.model.name, "")

        aside(self, add)

    @on(ModelTaken)
    def _model_taken(self, message: ModelTaken) -> None:
        if not message.name:
            self._tell(message.told)
            return
        self.desk.reread()
        self.post_message(Ready())

    @on(Failed)
    def _failed(self, message: Failed) -> None:
        message.stop()
        self._waits = False
        self._tell(message.error.told, "$error")

    def action_skip(self) -> None:
        """No model."""
        if self._has_notes and not self._waits:
            self.post_message(Ready())


class FolderSuggester(Suggester):
    """Completes the path of a folder."""

    def __init__(self) -> None:
        super().__init__(use_cache=False, case_sensitive=True)

    async def get_suggestion(self, value: str) -> str | None:
        """The first folder that goes on like this, hidden ones left out."""
        above, _, begun = value.rpartition("/")
        if "/" not in value:
            return None
        try:
            with os.scandir(os.path.expanduser(above + "/")) as entries:
                names = sorted(one.name for one in entries if one.name.startswith(begun) and one.is_dir())
        except OSError:
            return None
        fitting = [name for name in names if name.isprintable() and (begun or not name.startswith("."))]
        return f"{above}/{fitting[0]}" if fitting else None


def _user(desk: Desk) -> Path:
    return Path(os.path.realpath(desk.environ.get("HOME") or os.path.expanduser("~")))


def _short(desk: Desk, path: Path) -> str:
    user = _user(desk)
    return f"~/{path.relative_to(user)}" if path.is_relative_to(user) and path != user else str(path)


def _size(file: Path) -> int:
    try:
        return file.stat().st_size
    except OSError:
        return 0
