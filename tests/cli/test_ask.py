"""Answers on the screen: sentences, sources, how much was looked at."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

from surroundings import NOON, make_hit, pipe, terminal

from exocortex.cli.ask import coverage_line, paint_answer
from exocortex.core.answers import Answer, Citation, Coverage, Sentence, Support
from exocortex.core.notes import NoteRef

COVERAGE = Coverage(34, 34, 0, 0, 0, NOON)
LEASE = NoteRef("1", "notes", "Home/Lease.md", "Lease", date(2024, 3, 5))
ANSWER = Answer(
    question="How much is the deposit?",
    abstained=False,
    engine="extractive",
    confidence=0.9,
    sentences=(Sentence("It is\n£1,480.", (1, 2), Support.SUPPORTED),),
    citations=(
        Citation(1, LEASE, "/notes/Home/Lease.md", 42, 43, "It is £1,480."),
        Citation(2, replace(LEASE, date=None), "/notes/Home/Lease.md", 50, 50, "£1,480"),
    ),
    coverage=COVERAGE,
    hits=(make_hit("It is £1,480."),),
)


def test_sentences_then_sources_then_coverage() -> None:
    at = pipe()
    paint_answer(at.face, ANSWER)
    sentence, _, first, second, _, coverage = at.shown.splitlines()
    assert sentence == "It is £1,480. [1][2]"
    assert first == "1 Home/Lease.md:42 Lease (2024-03-05)"
    assert second == "2 Home/Lease.md:50 Lease"
    assert coverage.startswith("searched 34 of 34 notes · as of ")


def test_support_is_marked_only_where_it_is_weak() -> None:
    weak = replace(ANSWER, sentences=(replace(ANSWER.sentences[0], support=Support.WEAK),))
    for answer, marked in ((ANSWER, False), (weak, True)):
        at = pipe()
        paint_answer(at.face, answer)
        assert ("weakly supported" in at.shown) is marked


def test_an_abstention_says_so_and_names_the_nearest() -> None:
    at = pipe()
    paint_answer(at.face, replace(ANSWER, abstained=True, sentences=(), citations=()))
    assert at.shown.startswith("Not in your notes.\n")
    assert "Home/Lease.md:41  Lease  2024-03-05" in at.shown


def test_an_abstention_without_any_note_names_none() -> None:
    at = pipe()
    paint_answer(at.face, replace(ANSWER, abstained=True, sentences=(), citations=(), hits=()))
    assert "nearest" not in at.shown


def test_coverage_tells_what_is_missing() -> None:
    text = coverage_line(pipe().face, replace(COVERAGE, searched=30, pending=3, embedding=1, skipped=2))
    assert text.startswith("searched 30 of 34 notes")
    assert text.endswith("· 3 pending · 1 by words only so far · 2 skipped")


def test_a_terminal_shows_the_same_words() -> None:
    at = terminal(TERM="dumb")
    paint_answer(at.face, ANSWER)
    assert "  It is £1,480. [1][2]" in at.shown
    assert "  1 Home/Lease.md:42 Lease (2024-03-05)" in at.shown
