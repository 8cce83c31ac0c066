"""The extractive engine: quotes are real, citations known, and what isn't in the notes is not answered."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exocortex.answering import Draft, ExtractiveEngine
from exocortex.answering.composing import WORTH_ASKING
from exocortex.answering.questions import Wants, holds, read_question
from exocortex.answering.weights import THRESHOLD
from exocortex.assets import bundled
from exocortex.core.answers import Hit, Ranks, Snippet
from exocortex.core.chunks import Chunk
from exocortex.core.notes import NoteRef
from exocortex.engines.hash_embedder import HashEmbedder
from exocortex.engines.onnx_embedder import OnnxEmbedder

LINE_END = re.compile(r"\r\n|\r|\n")

LEASE = """# Lease

The tenancy runs for two years, from 1 October 2025. Notice is two full months, in writing.

| rule | limit |
|------|-------|
| pets | one dog, no parrots |
"""
BOILER = "# Boiler\n\n- Pressure when cold: **1.3 bar**.\n- E7 means that the pressure is too low.\n"
BREAD = "# Sourdough\n\nMix flour and water.\nBake for 25 minutes at 240 °C with the lid on. Let it cool.\n"


def hit(text: str, note: str = "a", title: str = "Note", first_line: int = 1) -> Hit:
    lead = text[: len(text) - len(text.lstrip())]
    first = first_line + len(LINE_END.findall(lead))
    last = first + len(LINE_END.findall(text.strip()))
    chunk = Chunk(f"{note}{first_line}", title, (), text, first, last, embedded=True)
    ref = NoteRef(note, "notes", f"{note}.md", title, date(2024, 5, 1))
    return Hit(ref, f"/notes/{note}.md", chunk, 0.5, Ranks(1, 1), Snippet("", first, ()))


@pytest.fixture(scope="module")
def engine() -> ExtractiveEngine:
    return ExtractiveEngine(OnnxEmbedder(bundled("models/all-MiniLM-L6-v2"), 1))


@pytest.fixture
def vault() -> list[Hit]:
    return [hit(LEASE, "lease", "Lease"), hit(BOILER, "boiler", "Boiler"), hit(BREAD, "bread", "Sourdough")]


@pytest.mark.parametrize(
    ("question", "sentence", "note", "line"),
    [
        ("How much notice do we have to give?", "Notice is two full months, in writing.", "lease", 3),
        ("What should the boiler pressure be when cold?", "Pressure when cold: **1.3 bar**.", "boiler", 3),
        ("What does E7 mean?", "E7 means that the pressure is too low.", "boiler", 4),
        ("How long does the bread bake with the lid on?", "Bake for 25 minutes at 240 °C with the lid on.", "bread", 4),
        ("Are pets allowed, a dog for instance?", "pets | one dog, no parrots", "lease", 7),
    ],
)
def test_it_quotes_the_sentence_that_answers(
    engine: ExtractiveEngine, vault: list[Hit], question: str, sentence: str, note: str, line: int
) -> None:
    draft = engine.answer(question, vault)
    assert not draft.abstained
    assert draft.sentences[0].text == sentence
    [citation] = [one for one in draft.citations if one.number == draft.sentences[0].citations[0]]
    assert (citation.number, citation.note.id, citation.first_line, citation.last_line) == (1, note, line, line)
    assert citation.quote == sentence


@pytest.mark.parametrize(
    "question",
    [
        "When does my passport expire?",
        "Who won the chess championship in Reykjavik?",
        "What is the landlord's telephone number?",
        "How do I install the printer driver?",
        "Wie heißt die Katze von Hanne?",
    ],
)
def test_it_abstains_when_the_notes_say_nothing_of_it(
    engine: ExtractiveEngine, vault: list[Hit], question: str
) -> None:
    draft = engine.answer(question, vault)
    assert draft == Draft((), (), draft.confidence, abstained=True)
    assert draft.confidence < 0.45


def test_an_answer_is_surer_than_a_guess(engine: ExtractiveEngine, vault: list[Hit]) -> None:
    sure = engine.answer("What does E7 mean?", vault).confidence
    unsure = engine.answer("What does the manual of the dishwasher cost?", vault).confidence
    assert 0 < unsure < sure < 1


@pytest.mark.parametrize(
    ("question", "note"),
    [
        ("How much notice do we have to give?", "lease"),
        ("What does E7 mean?", "boiler"),
        ("How long does the sourdough bake?", "bread"),
    ],
)
def test_without_the_note_that_answers_it_is_less_sure(
    engine: ExtractiveEngine, vault: list[Hit], question: str, note: str
) -> None:
    there = engine.answer(question, vault)
    without = engine.answer(question, [one for one in vault if one.note.id != note])
    assert without.confidence < WORTH_ASKING < THRESHOLD <= there.confidence


def test_the_same_sentence_in_two_notes_has_two_citations(engine: ExtractiveEngine) -> None:
    hits = [hit(BOILER, "boiler", "Boiler"), hit("\n\n" + BOILER, "copy", "Boiler")]
    draft = engine.answer("What does E7 mean?", hits)
    assert len({sentence.text for sentence in draft.sentences}) == len(draft.sentences)
    assert draft.sentences[0].citations == (1, 2)
    assert [(one.note.id, one.first_line) for one in draft.citations[:2]] == [("boiler", 4), ("copy", 6)]


def test_two_sentences_of_one_line_share_a_citation_that_holds_both() -> None:
    line = "The red ferry leaves Oban at nine. Then tea. The blue ferry leaves Oban at noon."
    draft = ExtractiveEngine(HashEmbedder(), threshold=0.0).answer("ferry leaves Oban", [hit(line)])
    assert {sentence.citations for sentence in draft.sentences} == {(1,)}
    assert len(draft.sentences) == 2
    assert [citation.quote for citation in draft.citations] == [line]


def test_nothing_to_read_is_an_abstention() -> None:
    engine = ExtractiveEngine(HashEmbedder())
    for question, hits in (("", [hit(LEASE)]), ("Who?", []), ("   ", [hit(LEASE)]), ("Who?", [hit(" \n")])):
        assert engine.answer(question, hits) == Draft((), (), 0.0, abstained=True)


texts = st.one_of(
    st.text(max_size=200),
    st.lists(st.sampled_from([*LEASE.splitlines(True), *BREAD.splitlines(True), "\r", "> x\n", "Oban. "])).map("".join),
)


@given(st.one_of(st.text(max_size=60), st.just("How long does it bake?")), st.lists(texts, max_size=5))
@settings(max_examples=150, deadline=None)
def test_any_answer_to_anything_is_borne_out_by_its_lines(question: str, notes: Sequence[str]) -> None:
    hits = [hit(text, f"n{number % 3}", first_line=1 + 1000 * number) for number, text in enumerate(notes)]
    draft = ExtractiveEngine(HashEmbedder(), threshold=0.0).answer(question, hits)
    assert 0 <= draft.confidence <= 1
    assert [citation.number for citation in draft.citations] == list(range(1, len(draft.citations) + 1))
    cited = list(dict.fromkeys(number for sentence in draft.sentences for number in sentence.citations))
    assert cited == [citation.number for citation in draft.citations]
    places = {(citation.note.id, citation.first_line, citation.last_line) for citation in draft.citations}
    assert len(places) == len(draft.citations)
    for citation in draft.citations:
        assert citation.quote in quoted_lines(hits, citation.first_line, citation.last_line)
    for sentence in draft.sentences:
        assert sentence.citations
        assert all(sentence.text in draft.citations[number - 1].quote for number in sentence.citations)


def quoted_lines(hits: Sequence[Hit], first_line: int, last_line: int) -> str:
    [source] = [one for one in hits if one.chunk.first_line <= first_line <= one.chunk.last_line]
    lines = LINE_END.split(source.chunk.text.lstrip())
    start = first_line - source.chunk.first_line
    return " ".join(" ".join(lines[start : start + last_line - first_line + 1]).split())


def test_a_lone_surrogate_is_text_too(engine: ExtractiveEngine) -> None:
    draft = engine.answer("What does \ud800 mean?", [hit("It means \udfff nothing.")])
    assert 0 <= draft.confidence <= 1


@pytest.mark.parametrize(
    ("question", "wants", "yes", "no"),
    [
        ("How much does Priya earn?", Wants.MONEY, "She earns £2,100 a month.", "She runs the firm."),
        ("What is Callum's telephone number?", Wants.ADDRESS, "Callum: 07700 900123", "Callum has a telephone."),
        ("When did it rain in 1956?", Wants.TIME, "It rained on 14 August.", "In 1956 it rained."),
        ("How strong are the tablets?", Wants.NUMBER, "Each has 2.5 mg.", "They are strong."),
        ("Who plays at the wedding?", Wants.PERSON, "The music is by Slack Water.", "A band will play."),
        ("Why is the alarm loud?", Wants.REASON, "It is loud because of the weir.", "The alarm is loud."),
    ],
)
def test_a_question_tells_what_kind_of_answer_it_wants(question: str, wants: Wants, yes: str, no: str) -> None:
    asked = read_question(question)
    assert asked.wants is wants
    assert holds(asked, yes)
    assert not holds(asked, no)


def test_names_are_the_capitalised_terms_and_the_numbers() -> None:
    assert read_question("What did Dad cook on 14 August?").names == {"dad", "14", "august"}
    assert read_question("WHERE IS THE KEY NOW PLEASE").names == frozenset()
