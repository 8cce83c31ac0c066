"""What `exo` says when what was asked for isn't there, as a real process."""

from __future__ import annotations

import pytest
from places import Place


@pytest.mark.parametrize(
    ("options", "message", "hint"),
    [
        (["--role", "nobody"], "There is no role called “nobody”.", "nobody.toml"),
        (["--scope", "before:never"], "never", ""),
        (["--engine", "nomodel"], "There is no model called 'nomodel'", ""),
        (["--thread", "01ZZZ"], "There is no conversation with “01ZZZ”.", "exo chat --list"),
    ],
)
def test_a_conversation_that_can_not_be_held_is_refused_before_a_question(
    place: Place, options: list[str], message: str, hint: str
) -> None:
    ended = place.exo("chat", *options)
    assert ended.code == 2
    assert message in ended.err
    assert hint in ended.err
    assert ended.err.count("\n") >= 2
    assert ended.out == ""


@pytest.mark.parametrize("command", [["summarize", "Lease"], ["digest", "week"], ["ask", "How much is the deposit?"]])
def test_who_writes_can_be_said_of_each_command_that_writes(place: Place, command: list[str]) -> None:
    assert place.exo(*command, "--engine", "quotes").code == 0
    refused = place.exo(*command, "--engine", "nomodel")
    assert refused.code == 2
    assert "nomodel" in refused.err
