"""Entry: a line to type in. What is pasted may come from anywhere: no control character gets in, nor a flood."""

from __future__ import annotations

from textual.widgets import Input

from exocortex.core.terminal import blanked

MOST = 8_000
"""Characters; the rest of what is pasted is left out."""


class Entry(Input):
    """An `Input` whose value can be painted as it is."""

    def validate_value(self, value: str) -> str:
        """Lengths stay, so that the cursor is where it was put."""
        return blanked(value[:MOST])
