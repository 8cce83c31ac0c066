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


def test_words_that_no_note_has_are_told_beside_what_is_near(place: Place) -> None:
    place.exo("index")
    found = place.exo("search", "xyzzyq")
    if found.out:
        assert "No note searched has “xyzzyq”; these are near in meaning only." in found.err
    as_json = place.exo("search", "xyzzyq", "--json").json()
    assert as_json["nearby"] == bool(as_json["hits"])
    assert place.exo("search", "deposit", "--json").json()["nearby"] is False


def test_a_summary_of_words_that_no_note_has_says_that_nothing_matches(place: Place) -> None:
    ended = place.exo("summarize", "xyzzyq", EXO_EMBEDDER_NAME="all-MiniLM-L6-v2")
    assert ended.code == 1
    assert "Nothing in your notes is called so or matches." in ended.out
