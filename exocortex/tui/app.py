"""ExocortexApp: the places, what leads to them, and how things stand; the screens do the rest."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import replace
from functools import partial
from pathlib import PurePath
from threading import Event as StopEvent
from typing import ClassVar

from textual import on
from textual.app import App, SystemCommand
from textual.binding import Binding, BindingType
from textual.reactive import reactive
from textual.screen import Screen

from exocortex.core.events import Indexed, Notice, Progress, Saved
from exocortex.tui import safe
from exocortex.tui.desk import Desk
from exocortex.tui.editing import edit
from exocortex.tui.following import follow, read_status
from exocortex.tui.lanes import Failed
from exocortex.tui.messages import Edited, EditNote, Happened, OpenNote, OwnerHeard, OwnerLost, StatusRead
from exocortex.tui.notes import NotesPlace
from exocortex.tui.place import PLACES, Place, PlaceName
from exocortex.tui.reader import Reader
from exocortex.tui.search import SearchPlace
from exocortex.tui.status_line import Standing, clock_of
from exocortex.tui.themes import DARK, DEFAULTS, OURS, users_themes

STATUS_SECONDS = 5.0
"""How old what the status line tells may be while nothing happens."""
_SIGNALS = (signal.SIGTERM, signal.SIGHUP)


class ExocortexApp(App[int]):
    """The terminal UI."""

    TITLE = "Exocortex"
    CSS_PATH: ClassVar[list[str | PurePath]] = [
        "styles/places.tcss",
        "styles/search.tcss",
        "styles/notes.tcss",
        "styles/reader.tcss",
    ]
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("f1", "keys", "Keys", id="app.keys"),
        *(
            Binding(key.lower(), f"go('{mode}')", name, show=False, id=f"app.{mode}")
            for mode, (name, key) in PLACES.items()
        ),
        Binding("ctrl+p", "command_palette", "Commands", id="app.commands", priority=True),
        Binding("ctrl+z", "suspend_process", "Suspend", show=False, id="app.suspend"),
        Binding("ctrl+q", "quit", "Quit", id="app.quit", priority=True),
    ]

    standing: reactive[Standing] = reactive(Standing())

    def __init__(self, desk: Desk) -> None:
        super().__init__()
        self.desk = desk
        self._following: StopEvent | None = None
        makers: dict[str, Callable[[Desk], Place]] = {"search": SearchPlace, "notes": NotesPlace}
        for mode, make in makers.items():
            self.add_mode(mode, partial(make, desk))

    def get_theme_variable_defaults(self) -> dict[str, str]:
        """What our styles name beyond Textual's themes."""
        return DEFAULTS

    def on_mount(self) -> None:
        """Colours, the first place, and an ear for the owner."""
        for theme in OURS:
            self.register_theme(theme)
        for found in users_themes(self.desk.config.home):
            if isinstance(found, str):
                self.notify(safe.plain(found), severity="warning", markup=False)
            else:
                self.register_theme(found)
        self.theme = DARK
        self._heed_signals()
        self.app_resume_signal.subscribe(self, lambda _: self.call_later(self._paint_anew))
        self.switch_mode("search")
        self._following = follow(self.desk, self)
        self.set_interval(STATUS_SECONDS, self._read_status)

    def _heed_signals(self) -> None:
        """A terminal that is closed, or a kill, leaves it as clean as quitting does."""
        loop = asyncio.get_running_loop()
        with suppress(NotImplementedError, RuntimeError, ValueError):
            for number in _SIGNALS:
                loop.add_signal_handler(number, partial(self.exit, return_code=128 + number))

    def _paint_anew(self) -> None:
        self.screen.refresh(layout=True)
        self.refresh(repaint=True, layout=True)

    def _read_status(self) -> None:
        read_status(self.desk, self)

    def on_unmount(self) -> None:
        """Hang up."""
        if self._following is not None:
            self._following.set()
        self.desk.close()

    def action_go(self, mode: str) -> None:
        """Go to a place."""
        if len(self.screen_stack) > 1:
            return
        self.switch_mode(mode)

    def action_keys(self) -> None:
        """Show the keys of this place, or hide them."""
        if self.screen.query("HelpPanel"):
            self.action_hide_help_panel()
        else:
            self.action_show_help_panel()

    def get_system_commands(self, screen: Screen[object]) -> Iterable[SystemCommand]:
        """Places, then what Textual offers."""
        for mode, (name, key) in PLACES.items():
            yield SystemCommand(f"Go to {name}", key, lambda mode=mode: self.action_go(mode))
        yield from super().get_system_commands(screen)

    @on(PlaceName.Chosen)
    def _chosen(self, message: PlaceName.Chosen) -> None:
        self.action_go(message.mode)

    @on(StatusRead)
    def _status_read(self, message: StatusRead) -> None:
        status = message.status
        owner = status.owner
        self.standing = Standing(
            status=status,
            progress=owner.progress if owner is not None else None,
            model=self.desk.config.model.name or self.desk.config.model.server_model,
            outbound=message.outbound,
            trouble=self.standing.trouble,
            fresh=clock_of(status.as_of),
        )

    @on(OwnerHeard)
    def _owner_heard(self) -> None:
        self._stand(trouble="")
        self._read_status()

    @on(OwnerLost)
    def _owner_lost(self, message: OwnerLost) -> None:
        self._stand(trouble=f"Lost the process that holds the index; trying again. {message.why}")

    @on(Happened)
    def _happened(self, message: Happened) -> None:
        event = message.event
        if isinstance(event, Progress):
            self._stand(progress=event if event.done < event.total else None)
        elif isinstance(event, Notice):
            self.notify(safe.plain(event.text), markup=False)
        elif isinstance(event, Saved | Indexed):
            self._read_status()

    @on(OpenNote)
    def _open_note(self, message: OpenNote) -> None:
        self.push_screen(Reader(self.desk, message))

    @on(EditNote)
    def _edit_note(self, message: EditNote) -> None:
        told = edit(self, self.desk.environ, message.file, message.line)
        if told:
            self.notify(safe.plain(told), severity="error", markup=False)
        self.screen.post_message(Edited())

    @on(Failed)
    def _failed(self, message: Failed) -> None:
        if message.lane != "status":
            told = f"{message.error.message} {message.error.hint}".strip()
            self.notify(safe.plain(told), severity="error", markup=False)

    def _stand(self, **changes: object) -> None:
        self.standing = replace(self.standing, **changes)  # type: ignore[arg-type]
