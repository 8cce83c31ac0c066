"""The passage shown is the one that fits, and its snippet holds the words that were asked for."""

from __future__ import annotations

from datetime import date

from hypothesis import given, settings
from hypothesis import strategies as st

from exocortex.core.chunks import Chunk, chunk_key
from exocortex.core.query import Query, parse_query
from exocortex.core.words import Highlighter
from exocortex.passages import Passage, passages, snippet
from exocortex.storage.catalog import PlacedChunk


def query(text: str) -> Query:
    return parse_query(text, today=date(2024, 5, 15))


def sought(text: str) -> Highlighter:
    return Highlighter(query(text).words, query(text).phrases)


def chunk(text: str, *headings: str, first_line: int = 1) -> Chunk:
    last = first_line + text.rstrip().count("\n")
    return Chunk(chunk_key("T", headings, text, True), "T", headings, text, first_line, last, True)


def placed(*texts: str, note: int = 1) -> list[PlacedChunk]:
    return [PlacedChunk(note, ordinal, chunk(text)) for ordinal, text in enumerate(texts)]


def texts(found: dict[int, list[Passage]], note: int = 1) -> list[str]:
    return [passage.placed.chunk.text for passage in found[note]]


def test_the_passage_with_most_of_the_words_comes_first_then_the_order_of_the_note() -> None:
    chunks = placed("nothing", "the deposit", "deposit and notice", "nothing else")
    assert texts(passages(query("notice deposits"), chunks, {})) == [
        "deposit and notice",
        "the deposit",
        "nothing",
        "nothing else",
    ]


def test_similarity_alone_points_to_a_passage_too() -> None:
    chunks = placed("one", "two", "three")
    similarities = {chunks[1].chunk.key: 0.4, chunks[2].chunk.key: 0.5}
    assert texts(passages(query("unrelated"), chunks, similarities)) == ["three", "two", "one"]


def test_words_in_a_heading_count_less_than_in_the_text() -> None:
    above = PlacedChunk(1, 0, chunk("body", "Notice"))
    inside = PlacedChunk(1, 1, chunk("notice"))
    neither = PlacedChunk(1, 2, chunk("other"))
    found = passages(query("notice"), [neither, above, inside], {})[1]
    assert [passage.placed for passage in found] == [inside, above, neither]


def test_blank_passages_are_never_shown_and_notes_are_kept_apart() -> None:
    found = passages(query("x"), [*placed("  \n", "x"), *placed(" ", note=2), *placed("x y", note=3)], {})
    assert set(found) == {1, 3}
    assert texts(found) == ["x"]


def test_a_query_of_filters_alone_takes_the_first_passage() -> None:
    assert texts(passages(Query("", (), (), (), (), ()), placed("one", "two"), {})) == ["one", "two"]


def test_words_of_scripts_without_spaces_point_to_a_passage() -> None:
    assert texts(passages(query("部署"), placed("何もない", "今日は部署の会議"), {}))[0] == "今日は部署の会議"


def test_a_short_passage_is_shown_whole_without_its_margins() -> None:
    found = snippet(chunk("\n\nThe deposit is back.\n\n", first_line=7), sought("deposit"))
    assert found.text == "The deposit is back."
    assert found.line == 7
    assert [found.text[start:end] for start, end in found.highlights] == ["deposit"]


def test_a_long_passage_is_shown_around_the_densest_words() -> None:
    text = "deposit\n" + "filler text here\n" * 60 + "the deposit and the notice\n" + "more filler\n" * 60
    found = snippet(chunk(text), sought("deposit notice"))
    assert "deposit and the notice" in found.text
    assert len(found.text) <= 240
    assert text.split("\n")[found.line - 1].startswith(found.text.split("\n")[0])


TEXT = st.text("ab deposit\n\r é日\u0301", min_size=1, max_size=700)


@settings(max_examples=300, deadline=None)
@given(text=TEXT, words=st.text('deposit ab日é"', max_size=20), lines=st.integers(1, 5), width=st.integers(20, 300))
def test_a_snippet_is_a_slice_of_the_passage_at_the_line_it_says(text: str, words: str, lines: int, width: int) -> None:
    one = chunk(text, first_line=lines)
    found = snippet(one, sought(words), width)
    assert found.text in text
    assert len(found.text) <= width
    assert lines <= found.line
    for start, end in found.highlights:
        assert 0 <= start < end <= len(found.text)
    assert list(found.highlights) == sorted(found.highlights)
    if text.strip():
        places = [place for place in range(len(text)) if text.startswith(found.text, place)]
        lead = len(text) - len(text.lstrip())
        said = {lines + ends(text[lead:place]) for place in places if place >= lead}
        assert found.line in said


def ends(text: str) -> int:
    return text.replace("\r\n", "\n").replace("\r", "\n").count("\n")
