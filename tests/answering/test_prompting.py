"""Prompts that fit: whole passages by rank, the end of a long conversation, and never more than the model holds."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exocortex.answering.prompting import MOST_PASSAGES, pack
from exocortex.core.answers import NOT_IN_NOTES, Hit, Ranks, Snippet
from exocortex.core.chunks import Chunk
from exocortex.core.errors import EngineError
from exocortex.core.notes import NoteRef
from exocortex.core.turns import Turn
from exocortex.engines.echo_model import EchoModel


def hit(words: int, number: int = 0) -> Hit:
    text = " ".join(f"word{number}" for _ in range(words))
    note = NoteRef(str(number), "notes", f"{number}.md", f"Note {number}", date(2024, 3, 5))
    chunk = Chunk("0" * 32, note.title, (), f"\n{text}\n", 3, 3, True)
    return Hit(note, f"/notes/{number}.md", chunk, 0.9, Ranks(1, None), Snippet(text, 3, ()))


def said(turns: int, words: int) -> list[Turn]:
    sides = ("user", "assistant")
    return [Turn(sides[number % 2], f"turn{number} " + "x " * (words - 1)) for number in range(turns)]  # type: ignore[arg-type]


def test_a_passage_goes_with_its_title_and_date_and_the_question_comes_last() -> None:
    packed = pack("Why?", [hit(3, 7)], EchoModel(), 100)
    system, user = packed.turns
    assert NOT_IN_NOTES in system.text
    assert user.text == "Passages:\n\n[1] Note 7, 2024-03-05\nword7 word7 word7\n\nQuestion: Why?"
    (source,) = packed.sources
    assert (source.number, source.first_line, source.quote) == (1, 3, "word7 word7 word7")


def test_the_least_relevant_passages_are_left_out_whole() -> None:
    packed = pack("Why?", [hit(200, number) for number in range(10)], EchoModel(1500), 300)
    assert 0 < len(packed.sources) < 10
    assert packed.dropped == 10 - len(packed.sources)
    assert [source.number for source in packed.sources] == list(range(1, len(packed.sources) + 1))
    assert packed.turns[-1].text.count("word0") == 200


def test_a_conversation_of_50_000_tokens_and_40_passages_fit_by_what_is_dropped() -> None:
    history = said(100, 500)
    packed = pack("Why?", [hit(90, number) for number in range(40)], EchoModel(4096), 512, history=history)
    assert len(packed.sources) + packed.dropped == MOST_PASSAGES
    assert packed.sources
    assert packed.forgotten > 90
    assert packed.turns[1:-1] == tuple(history[packed.forgotten :])
    assert packed.turns[1].role == "user"


def test_a_question_that_leaves_no_room_is_refused() -> None:
    with pytest.raises(EngineError, match="leaves no room for a passage"):
        pack("why " * 5000, [hit(90)], EchoModel(4096), 512)


@given(st.lists(st.integers(0, 400), max_size=20), st.lists(st.integers(1, 900), max_size=12), st.integers(600, 6000))
def test_what_is_packed_always_fits(passages: list[int], turns: list[int], context: int) -> None:
    history = [turn for number, words in enumerate(turns) for turn in said(2, words)]
    model = EchoModel(context)
    try:
        packed = pack("Why is it so?", [hit(words, n) for n, words in enumerate(passages)], model, 256, history=history)
    except EngineError:
        assert passages
        return
    assert sum(model.count([turn.text for turn in packed.turns])) + 256 <= context
