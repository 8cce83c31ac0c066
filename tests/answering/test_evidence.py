"""What is measured of a sentence, and what tells that the best one doesn't answer."""

from __future__ import annotations

from datetime import date

import pytest

from exocortex.answering import evidence
from exocortex.answering.questions import read_question
from exocortex.core.answers import Hit, Ranks, Snippet
from exocortex.core.chunks import Chunk
from exocortex.core.notes import NoteRef

TEXT = "The ferry leaves Oban at nine. The kettle is blue. The ferry to Mull takes an hour."


def doubts(question: str, similarities: list[float], text: str = TEXT) -> dict[str, float]:
    """Of the first sentence of the text."""
    chunk = Chunk("k", "Note", (), text, 1, 1, embedded=True)
    found = Hit(NoteRef("a", "notes", "a.md", "", date(2024, 5, 1)), "", chunk, 0.5, Ranks(1, 1), Snippet("", 1, ()))
    asked, pool = read_question(question), evidence.candidates([found])
    measured = evidence.measure(asked, pool, evidence.rarities(asked, pool), similarities)
    return evidence.doubts(asked, measured, 0)


def test_a_sentence_among_equally_near_ones_stands_out_less() -> None:
    alone = doubts("When does the ferry leave Oban?", [0.6, 0.1, 0.1])["apart"]
    among = doubts("When does the ferry leave Oban?", [0.6, 0.6, 0.6])["apart"]
    assert 0 < among < alone


def test_a_single_sentence_is_told_apart_from_what_is_usual() -> None:
    near, far = (doubts("Is it blue?", [nearness], "The kettle is blue.")["apart"] for nearness in (0.7, 0.1))
    assert near > 0.3 > 0 > far


def test_words_side_by_side_as_asked_are_a_pair_and_half_a_pair_with_one_between() -> None:
    beside = doubts("Is the kettle blue?", [0.5], "My kettle blue as ever.")["pairs"]
    between = doubts("Is the kettle blue?", [0.5], "My kettle, always blue.")["pairs"]
    assert beside == pytest.approx(2 * between) != 0


def test_a_name_that_is_nowhere_near_is_lost() -> None:
    assert doubts("When does the ferry leave Oban?", [0.5, 0.1, 0.1])["lost_names"] == 0
    assert doubts("When does the ferry leave Kirkwall?", [0.5, 0.1, 0.1])["lost_names"] == 1
    assert doubts("when does it leave?", [0.5, 0.1, 0.1])["lost_names"] == 0
