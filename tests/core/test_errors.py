"""What an error says in one line."""

from __future__ import annotations

import pytest

from exocortex.core.errors import UsageError


@pytest.mark.parametrize(
    ("message", "hint", "told"),
    [
        ("The file is gone", "Add it again.", "The file is gone. Add it again."),
        ("The file is gone.", "Add it again.", "The file is gone. Add it again."),
        ("Which file?", "Name one.", "Which file? Name one."),
        ("There is no model: read error", "", "There is no model: read error"),
        ("", "Type one.", "Type one."),
    ],
)
def test_message_and_hint_do_not_run_together(message: str, hint: str, told: str) -> None:
    assert UsageError(message, hint).told == told
