"""The capture popup: the capture box by itself, for a thought while anything else is on the screen.

Starts no owner and waits for none: with one running it completes tags, without it does all the rest.
"""

from __future__ import annotations

import gc
from collections.abc import Callable, Mapping
from pathlib import PurePath
from typing import TYPE_CHECKING, ClassVar

from textual import on
from textual.app import App

from exocortex.capturing import Captured
from exocortex.clipboard import put
from exocortex.core.errors import OwnerError
from exocortex.tui.capture_box import CaptureBox
from exocortex.tui.desk import Desk
from exocortex.tui.messages import Copy
from exocortex.tui.themes import DARK, DEFAULTS, OURS
from exocortex.tui.tidying import settle

if TYPE_CHECKING:
    from exocortex.config import Config
    from exocortex.core.service import CortexPort


class CapturePopup(App[Captured]):
    """Ends once the text is a note, or kept as a draft; returns the note."""

    TITLE = "Capture"
    ENABLE_COMMAND_PALETTE = False
    CSS_PATH: ClassVar[list[str | PurePath]] = ["styles/boxes.tcss", "styles/capture.tcss", "styles/popup.tcss"]

    def __init__(self, desk: Desk, to: str, tags: str) -> None:
        super().__init__()
        self.desk = desk
        self._to, self._tags = to, tags
        for theme in OURS:
            self.register_theme(theme)
        wanted = desk.config.screen.theme
        self.theme = wanted if wanted in self.available_themes else DARK

    def get_theme_variable_defaults(self) -> dict[str, str]:
        """What our styles name beyond Textual's themes."""
        return DEFAULTS

    def on_mount(self) -> None:
        """The box, and nothing else."""
        self.push_screen(CaptureBox(self.desk, self._to, self._tags), self.exit)
        self.call_after_refresh(settle)

    def on_unmount(self) -> None:
        """Hang up."""
        self.desk.close()

    @on(Copy)
    def _copy(self, message: Copy) -> None:
        self.copy_to_clipboard(message.text)
        put(message.text, self.desk.environ)


def popup(
    config: Config, environ: Mapping[str, str], load: Callable[[], Config], to: str, tags: str
) -> Captured | None:
    """Show it in this terminal until it is left; the note that came of it, None if a draft was kept or nothing."""
    gc.disable()
    desk = Desk(config, environ, _running, load)
    return CapturePopup(desk, to, tags).run(inline=True)


def _running(config: Config) -> CortexPort:
    from exocortex.starting import find_owner

    found = find_owner(config)
    if found is None:
        raise OwnerError("No process holds the index.", "Start one: exo serve")
    return found
