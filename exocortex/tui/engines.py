"""Engines: what may answer a question here: the model in force, quoting, and every model that was added."""

from __future__ import annotations

from contextlib import suppress

from exocortex.config import Config
from exocortex.core.errors import ExocortexError
from exocortex.tui.boxes import Choice

QUOTING = "extractive"


def engines_of(config: Config) -> list[Choice[str]]:
    """Choices, the one in force first."""
    from exocortex.storage.models import Models

    now = config.model.name or config.model.server_model
    choices = [
        Choice("As set", "", now or "quotes, as no model is set"),
        Choice("Quotes", QUOTING, "no model is asked"),
    ]
    with suppress(ExocortexError, OSError):
        entries = Models(config.home).entries()
        choices += [Choice(one.name, one.name, "" if one.state == "ready" else one.state) for one in entries]
    return choices
