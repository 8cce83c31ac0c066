"""Questions that lean on what was said before, and those that stand by themselves."""

from __future__ import annotations

import pytest

from exocortex.answering.following import carried, leans

LEANING = (
    "and how much notice?",
    "the deposit?",
    "When is it paid back?",
    "why?",
    "How much?",
    "which of those is cheaper?",
    "What about the boiler?",
    "since when?",
    "who pays?",
    "Is there another?",
    "where is that kept?",
    "What else?",
)
STANDING = (
    "Who is Jonas?",
    "When is Mum's birthday?",
    "How much is the deposit?",
    "Is there a spare key?",
    "What did I plan for this week?",
    "what is the wifi password?",
    "garden gate code",
    "When does the lease end?",
    "Why did the pump fail?",
    "What's the landlord's number?",
)


@pytest.mark.parametrize("question", LEANING)
def test_what_goes_on_from_there_leans(question: str) -> None:
    assert leans(question)
    assert carried(question, ["When does the lease end?"]) == f"{question} lease end"


@pytest.mark.parametrize("question", STANDING)
def test_what_says_it_all_is_asked_as_it_stands(question: str) -> None:
    assert not leans(question)
    assert carried(question, ["Which pump is in the cellar?"]) == question


def test_words_come_from_as_far_back_as_the_questions_lean_and_no_further() -> None:
    said = ["Who mends the boiler?", "When does the lease end?", "and how much notice?"]
    assert carried("by letter?", said) == "by letter? notice lease end"


def test_words_that_are_there_already_are_not_carried_over() -> None:
    assert carried("and the lease deposit?", ["When does the lease end?"]) == "and the lease deposit? end"


def test_few_words_are_carried_however_long_it_goes_on() -> None:
    said = [f"and the {word} {word}s thing{word}?" for word in ("pump", "roof", "bath", "door", "sofa", "lamp")]
    assert len(carried("and it?", said).split()) == 2 + 8


def test_a_first_question_is_asked_as_it_stands() -> None:
    assert carried("and then?", []) == "and then?"
