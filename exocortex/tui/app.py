"""ExocortexApp: the places, what leads to them, and how things stand; the screens do the rest."""

from __future__ import annotations

import asyncio
import signal
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from functools import partial
from pathlib import PurePath
from threading import Event as StopEvent
from typing import TYPE_CHECKING, ClassVar

from textual import on
from textual.app import App, SystemCommand
from textual.binding import Binding, BindingType
from textual.events import Event, InputEvent
from textual.reactive import reactive
from textual.screen import ModalScreen, Screen
from textual.theme import Theme

from exocortex.clipboard import put
from exocortex.config import set_text
from exocortex.core.errors import ExocortexError
from exocortex.core.events import Indexed, Notice, Progress, Saved
from exocortex.tui import safe
from exocortex.tui.editing import edit
from exocortex.tui.engines import in_force
from exocortex.tui.following import follow, read_status
from exocortex.tui.keymap import has_keymap, ids_of, keys_of, keys_told, read_keymap
from exocortex.tui.lanes import Failed
from exocortex.tui.lately import Moment, with_event
from exocortex.tui.messages import (
    AskAbout,
    Copy,
    Edited,
    EditNote,
    FolderTaken,
    Happened,
    LinkChosen,
    OpenNote,
    OwnerHeard,
    OwnerLost,
    Ready,
    StatusRead,
)
from exocortex.tui.place import PLACES, PlaceName
from exocortex.tui.screens import MAKERS, WELCOME, capture_box, with_keys
from exocortex.tui.status_line import Standing, clock_of
from exocortex.tui.themes import DARK, DEFAULTS, OURS, users_themes
from exocortex.tui.tidying import REST, tidy

if TYPE_CHECKING:
    from exocortex.tui.desk import Desk

STATUS_SECONDS = 5.0
"""How old what the status line tells may be while nothing happens."""
_SIGNALS = (signal.SIGTERM, signal.SIGHUP)


class ExocortexApp(App[int]):
    """The terminal UI."""

    TITLE = "Exocortex"
    CSS_PATH: ClassVar[list[str | PurePath]] = [
        "styles/places.tcss",
        "styles/boxes.tcss",
        "styles/search.tcss",
        "styles/ask.tcss",
        "styles/notes.tcss",
        "styles/reader.tcss",
        "styles/welcome.tcss",
        "styles/capture.tcss",
        "styles/today.tcss",
        "styles/index.tcss",
    ]
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("f1,question_mark", "keys", "Keys", id="app.keys"),
        *(
            Binding(key.lower(), f"go('{mode}')", name, show=False, id=f"app.{mode}")
            for mode, (name, key) in PLACES.items()
        ),
        Binding("ctrl+n", "capture", "Capture", id="app.capture", priority=True),
        Binding("ctrl+p", "command_palette", "More", id="app.commands", priority=True),
        Binding("ctrl+z", "suspend_process", "Suspend", show=False, id="app.suspend"),
        Binding("ctrl+q", "quit", "Quit", id="app.quit", priority=True),
    ]

    standing: reactive[Standing] = reactive(Standing())
    lately: reactive[tuple[Moment, ...]] = reactive(())

    def __init__(self, desk: Desk, shown: Callable[[], None] = lambda: None) -> None:
        """`shown` is called after the first frame."""
        super().__init__()
        self.desk = desk
        self._shown = shown
        self._following: StopEvent | None = None
        self._introduced = False
        self._pressed = time.monotonic()
        for mode, make in MAKERS.items():
            self.add_mode(mode, partial(make, desk))
        self._wrong = list(self._dress())

    def get_theme_variable_defaults(self) -> dict[str, str]:
        """What our styles name beyond Textual's themes."""
        return DEFAULTS

    def on_mount(self) -> None:
        """The first place, and an ear for the owner."""
        self.theme_changed_signal.subscribe(self, self._keep_theme)
        for wrong in (*self._wrong, *self._take_keys()):
            self._warn(wrong)
        self._heed_signals()
        self.app_resume_signal.subscribe(self, lambda _: self.call_later(self._paint_anew))
        self.set_interval(STATUS_SECONDS, self._read_status)
        self.set_interval(REST, lambda: tidy(time.monotonic() - self._pressed))
        self.call_after_refresh(self._shown)
        if self.desk.config.folders:
            self._begin()
        else:
            self.switch_mode(WELCOME)

    async def on_event(self, event: Event) -> None:
        """Note when something was pressed last."""
        if isinstance(event, InputEvent):
            self._pressed = time.monotonic()
        await super().on_event(event)

    @on(Ready)
    def _begin(self) -> None:
        self.switch_mode("ask")
        self.call_after_refresh(self._follow)  # the first frame waits for nobody

    @on(FolderTaken)
    def _follow(self) -> None:
        if self._following is not None:
            self._following.set()
        self._following = follow(self.desk, self)

    def _dress(self) -> Iterator[str]:
        """Put the colours on, before the styles are read with them; what is wrong with some."""
        for theme in OURS:
            self.register_theme(theme)
        for found in users_themes(self.desk.config.home):
            if isinstance(found, str):
                yield found
            else:
                self.register_theme(found)
        wanted = self.desk.config.screen.theme
        if wanted not in self.available_themes:
            yield f"There is no theme called {wanted}: see More (ctrl+p), Theme."
            wanted = DARK
        self.theme = wanted

    def _keep_theme(self, theme: Theme) -> None:
        """A theme that was chosen is there the next time."""
        if theme.name != self.desk.config.screen.theme:
            try:
                set_text(self.desk.config, "screen.theme", theme.name)
                self.desk.config = self.desk.load()
            except ExocortexError as error:
                self._warn(error.told)

    def _take_keys(self) -> Sequence[str]:
        if not has_keymap(self.desk.config.home):
            return ()
        keys, wrong = read_keymap(self.desk.config.home, ids_of(ExocortexApp, *with_keys()))
        self.desk.keys = keys
        self.set_keymap(keys)
        return wrong

    def _warn(self, text: str) -> None:
        self.notify(safe.plain(text), severity="warning", markup=False)

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
        if self._following is not None:
            read_status(self.desk, self)

    def on_unmount(self) -> None:
        """Hang up."""
        if self._following is not None:
            self._following.set()
        self.desk.close()

    def action_go(self, mode: str) -> None:
        """Go to a place; a box has to be answered first."""
        if not isinstance(self.screen, ModalScreen) and self.current_mode != WELCOME:
            self.switch_mode(mode)

    def action_capture(self) -> None:
        """Write a thought down, over whatever is on the screen."""
        box = capture_box(self.desk)
        if not any(isinstance(screen, type(box)) for screen in self.screen_stack):
            self.push_screen(box)

    def action_keys(self) -> None:
        """Show the keys of what is on the screen, or hide them."""
        from exocortex.tui.keys_box import KeysBox

        if isinstance(self.screen, KeysBox):
            self.screen.dismiss()
        else:
            self.push_screen(KeysBox(self.screen, self.desk.keys))

    def get_system_commands(self, screen: Screen[object]) -> Iterable[SystemCommand]:
        """All that keys do here, places, then what Textual offers."""
        for node in (screen, self):
            for binding in keys_of(node, self.desk.keys):
                if binding.action != "command_palette":
                    key = keys_told(self, binding)
                    yield SystemCommand(binding.description, key, partial(self.run_action, binding.action, node))
        yield from (one for one in super().get_system_commands(screen) if one.title != "Keys")

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
            model=in_force(self.desk.config),
            outbound=message.outbound,
            trouble=self.standing.trouble,
            fresh=clock_of(status.as_of),
        )

    @on(OwnerHeard)
    def _owner_heard(self) -> None:
        self._introduced = False
        self._stand(trouble="")
        self._read_status()

    @on(OwnerLost)
    def _owner_lost(self, message: OwnerLost) -> None:
        if self.standing.trouble:  # the line below may be too narrow for what keeps it away
            self.notify(safe.plain(message.why), severity="error", markup=False)
        self._stand(trouble=f"The index can't be reached; trying again. {message.why}")

    @on(Happened)
    def _happened(self, message: Happened) -> None:
        event = message.event
        self.lately = with_event(self.lately, self.desk.now(), event)
        if isinstance(event, Progress):
            self._stand(progress=event if event.done < event.total else None)
        elif isinstance(event, Notice):
            if self._introduced:  # the first one tells how changes are noticed, as the status does
                self.notify(safe.plain(event.text), markup=False)
            self._introduced = True
        elif isinstance(event, Saved | Indexed):
            self._read_status()

    @on(OpenNote)
    def _open_note(self, message: OpenNote) -> None:
        from exocortex.tui.reader import Reader

        self.push_screen(Reader(self.desk, message))

    @on(AskAbout)
    async def _ask_about(self, message: AskAbout) -> None:
        await self.switch_mode("ask")
        while len(self.screen_stack) > 1:
            await self.pop_screen()
        from exocortex.tui.ask import AskPlace

        if isinstance(self.screen, AskPlace):
            self.screen.narrow(message.scope, message.said)

    @on(Copy)
    def _copy(self, message: Copy) -> None:
        self.copy_to_clipboard(message.text)
        threading.Thread(target=put, args=(message.text, self.desk.environ), daemon=True).start()
        self.notify(safe.plain(f"Copied {message.what}."), markup=False, timeout=2)

    @on(LinkChosen)
    def _link_chosen(self, message: LinkChosen) -> None:
        from exocortex.tui.leads import lead
        from exocortex.tui.link_boxes import show_lead

        show_lead(self, lead(message.href))

    @on(EditNote)
    def _edit_note(self, message: EditNote) -> None:
        told = edit(self, self.desk.environ, message.file, message.line)
        if told:
            self.notify(safe.plain(told), severity="error", markup=False)
        self.screen.post_message(Edited())

    @on(Failed)
    def _failed(self, message: Failed) -> None:
        if message.lane != "status":
            told = message.error.told
            self.notify(safe.plain(told), severity="error", markup=False)

    def _stand(self, **changes: object) -> None:
        self.standing = replace(self.standing, **changes)  # type: ignore[arg-type]
