"""The capture popup on a real terminal: what is typed is there whenever it was typed, and no owner is needed."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from owned import OwnedPlace, make_owned
from owners import eventually
from terminals import Terminal


@pytest.fixture
def place(tmp_path: Path) -> Iterator[OwnedPlace]:
    made = make_owned(tmp_path)
    yield made
    made.end()


def _notes(place: OwnedPlace) -> list[str]:
    return [path.read_text() for path in (place.vault / "Inbox").glob("*.md")]


@pytest.mark.parametrize("early", [0.0, 0.1, 0.2, 0.3, 0.4])
def test_keys_typed_before_it_is_there_are_not_lost(place: OwnedPlace, early: float) -> None:
    at = Terminal(place, "capture", "--popup", "--tag", "garden")
    time.sleep(early)
    at.writes("buy two hoses")
    at.waits_for("keep as a draft")
    at.waits_for("buy two hoses")
    at.presses("s")
    assert at.ends() == 0
    [note] = _notes(place)
    assert "\nbuy two hoses\n" in note
    assert "garden" in note
    assert "Inbox/" in at.text
    assert "Captured." in at.text
    assert place.owners() == []


def test_esc_keeps_a_draft_and_the_next_popup_goes_on_with_it(place: OwnedPlace) -> None:
    at = Terminal(place, "capture", "--popup")
    at.waits_for("keep as a draft")
    at.writes("half a thought")
    at.waits_for("draft kept")
    at.writes("\x1b")
    assert at.ends() == 1
    assert "kept as a draft" in at.text
    assert _notes(place) == []
    again = Terminal(place, "capture", "--popup")
    again.waits_for("half a thought")
    again.presses("s")
    assert again.ends() == 0
    [note] = _notes(place)
    assert "half a thought" in note


def test_it_can_be_added_to_a_note(place: OwnedPlace) -> None:
    at = Terminal(place, "capture", "--popup", "--to", "Lease#Deposit")
    at.waits_for("Lease#Deposit")
    at.types("ask whether it is back")
    at.waits_for("ask whether it is back")
    at.presses("s")
    assert at.ends() == 0
    lease = (place.vault / "Home" / "Lease.md").read_text()
    assert lease.index("## Deposit") < lease.index("ask whether it is back") < lease.index("## Notice")
    assert _notes(place) == []


def test_a_place_that_is_none_is_told_and_the_text_stays(place: OwnedPlace) -> None:
    at = Terminal(place, "capture", "--popup")
    at.waits_for("keep as a draft")
    at.writes("for nowhere")
    at.waits_for("for nowhere")
    for _ in range(2):
        at.writes("\t")
        time.sleep(0.3)
    at.writes("No such note")
    at.waits_for("No such note")
    at.presses("s")
    at.waits_for("no note")
    assert "for nowhere" in at.text
    at.presses("u")
    time.sleep(0.3)
    at.presses("s")
    assert at.ends() == 0
    assert ["for nowhere" in note for note in _notes(place)] == [True]


def test_what_goes_with_no_popup_is_refused(place: OwnedPlace) -> None:
    assert place.exo("capture", "--popup").code == 2
    at = Terminal(place, "capture", "--popup", "words")
    assert at.ends() == 2
    at = Terminal(place, "capture", "--popup", "--to", "No such note")
    assert at.ends() == 2
    at = Terminal(place, "capture", "--popup", TERM="dumb")
    assert at.ends() == 2
    assert eventually(lambda: _notes(place) == [], 1)
