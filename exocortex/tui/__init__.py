"""The terminal UI: search, chat and capture on one screen; it paints and asks, and decides nothing."""

from __future__ import annotations

import gc
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from exocortex.config import Config

_GARBAGE = (5_000, 20, 50)
"""Objects made between looks at the youngest, and such looks between those at the older and the oldest ones."""


def run(config: Config, environ: Mapping[str, str], load: Callable[[], Config]) -> int:
    """Show it on this terminal until it is left; `load` reads the settings again. Returns the exit code."""
    gc.disable()
    from exocortex.tui.app import ExocortexApp
    from exocortex.tui.desk import Desk

    app = ExocortexApp(Desk.of(config, environ, load), shown=_settle)
    code = app.run()
    return code if isinstance(code, int) else app.return_code or 0


def _settle() -> None:
    """What the first frame is made of stays: looking through it for garbage held up keys for 60 ms, again and again."""
    gc.freeze()
    gc.set_threshold(*_GARBAGE)
    gc.enable()
