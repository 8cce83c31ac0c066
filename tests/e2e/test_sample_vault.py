"""The sample vault with the real embedder: the demo's cited lines are right, and so is the evidence of every answer."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from exocortex.assets import bundled
from exocortex.bootstrap import open_cortex
from exocortex.cli.demo import QUESTIONS
from exocortex.config import Config, Folder
from exocortex.core.answers import Answer
from exocortex.cortex import Cortex

ASKED: dict[str, Any] = json.loads((Path(__file__).parent.parent / "vault_questions.json").read_text("utf-8"))


@pytest.fixture(scope="module")
def cortex(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cortex]:
    home = tmp_path_factory.mktemp("sample") / "home"
    config = Config(home=home, folders=(Folder("vault", bundled("vault").resolve()),))
    with open_cortex(config) as opened:
        for _ in opened.index.run():
            pass
        yield opened


@pytest.fixture(scope="module")
def answers(cortex: Cortex) -> dict[str, Answer]:
    asked = [one["question"] for one in ASKED["answerable"]] + ASKED["unanswerable"]
    return {question: cortex.answers.ask(question) for question in asked}


def cited_lines(answer: Answer) -> Iterator[tuple[str, str]]:
    """Each citation's quote and the lines it names, white space collapsed."""
    for citation in answer.citations:
        lines = re.split(r"\r\n|\n|\r", Path(citation.file).read_text("utf-8"))
        cited = " ".join(" ".join(lines[citation.first_line - 1 : citation.last_line]).split())
        yield " ".join(citation.quote.split()), cited


def test_the_demo_cites_the_right_lines_and_admits_what_it_does_not_know(cortex: Cortex) -> None:
    alarm, notice, passport = (cortex.answers.ask(question) for question in QUESTIONS)
    assert [(c.note.path, c.first_line) for c in alarm.citations] == [
        ("Work/Meetings/2026-10-06 Heron postmortem.md", 16)
    ]
    assert "heron" in alarm.sentences[0].text
    assert [(c.note.path, c.first_line) for c in notice.citations] == [("Home/Lease.md", 30)]
    assert "two full months' notice" in notice.sentences[0].text
    assert passport.abstained
    assert not passport.citations


def test_every_quote_is_part_of_the_lines_it_cites(answers: dict[str, Answer]) -> None:
    pairs = [pair for answer in answers.values() for pair in cited_lines(answer)]
    assert len(pairs) >= 20
    for quote, lines in pairs:
        assert quote in lines


def test_every_sentence_has_evidence_and_every_citation_is_used(answers: dict[str, Answer]) -> None:
    for answer in answers.values():
        used = {number for sentence in answer.sentences for number in sentence.citations}
        assert used == {citation.number for citation in answer.citations}
        assert all(sentence.citations for sentence in answer.sentences)


def test_what_is_ignored_is_never_evidence(answers: dict[str, Answer]) -> None:
    assert not [hit for answer in answers.values() for hit in answer.hits if hit.note.path.startswith("Archive/")]


def test_most_questions_are_answered_by_the_right_line_and_most_others_refused(answers: dict[str, Answer]) -> None:
    right = [
        one
        for one in ASKED["answerable"]
        if any(one["answer"].lower() in sentence.text.lower() for sentence in answers[one["question"]].sentences)
    ]
    refused = [question for question in ASKED["unanswerable"] if answers[question].abstained]
    assert len(right) >= len(ASKED["answerable"]) // 2
    assert len(refused) >= len(ASKED["unanswerable"]) // 2
