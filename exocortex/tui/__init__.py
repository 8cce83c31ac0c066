"""The terminal UI: search, chat and capture on one screen; it paints and asks, and decides nothing."""

from __future__ import annotations

import gc
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from exocortex.config import Config


def run(config: Config, environ: Mapping[str, str], load: Callable[[], Config]) -> int:
    """Show it on this terminal until it is left; `load` reads the settings again. Returns the exit code."""
    gc.disable()
    from exocortex.tui.app import ExocortexApp
    from exocortex.tui.desk import Desk
    from exocortex.tui.tidying import settle

    app = ExocortexApp(Desk.of(config, environ, load), shown=settle)
    code = app.run()
    return code if isinstance(code, int) else app.return_code or 0
