"""The extractive engine: real quotes that differ, fairly shared among the notes, however many notes there are."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from short_notes import BOILER, BREAD, LEASE, finished, lines, passages

from exocortex.assets import bundled
from exocortex.core.events import Progress
from exocortex.core.ports import Embedder, Kind
from exocortex.engines.hash_embedder import HashEmbedder
from exocortex.engines.onnx_embedder import OnnxEmbedder
from exocortex.summarizing.candidates import Candidate
from exocortex.summarizing.extractive import choose, highlights, pick
from exocortex.summarizing.passages import Passage

if TYPE_CHECKING:
    from exocortex.core.ports import Vectors

NEVER = threading.Event()


class LargestBatch(HashEmbedder):
    """Remembers how many texts it was given, at once and in all."""

    def __init__(self) -> None:
        self.largest = self.total = 0

    def embed(self, texts: Sequence[str], kind: Kind = "note") -> Vectors:
        """As ever."""
        self.largest = max(self.largest, len(texts))
        self.total += len(texts)
        return super().embed(texts, kind)


@pytest.fixture(scope="module")
def embedder() -> Embedder:
    return OnnxEmbedder(bundled("models/all-MiniLM-L6-v2"), 1)


def chosen(notes: Sequence[Sequence[Passage]], points: int, embedder: Embedder, focus: str = "") -> list[Candidate]:
    found = finished(choose(notes, len(notes), points, embedder, NEVER, focus))
    assert found is not None
    return found


def test_a_note_is_told_in_its_own_sentences_in_their_order(embedder: Embedder) -> None:
    found = chosen(passages(LEASE), 3, embedder)
    assert len(found) == 3
    assert [one.place for one in found] == sorted(one.place for one in found)
    for one in found:
        assert one.span.quote in lines(LEASE, one.span.first_line, one.span.last_line)


def test_of_several_notes_none_is_forgotten(embedder: Embedder) -> None:
    found = chosen(passages(LEASE, BOILER, BREAD), 3, embedder)
    assert len({one.passage.note.id for one in found}) >= 2
    order = [int(one.passage.note.id) for one in found]
    assert order == sorted(order)


def test_with_twice_as_many_notes_as_points_each_gives_one(embedder: Embedder) -> None:
    found = chosen(passages(LEASE, BOILER, BREAD, LEASE.replace("flat", "boat")), 2, embedder)
    assert len({one.passage.note.id for one in found}) == len(found) == 2


def test_a_focus_brings_forward_what_is_near_it(embedder: Embedder) -> None:
    (one,) = chosen(passages(LEASE, BOILER, BREAD), 1, embedder, focus="What does E7 on the boiler mean?")
    assert "E7" in one.span.quote


def test_the_same_notes_give_the_same_summary(embedder: Embedder) -> None:
    notes = passages(LEASE, BOILER, BREAD)
    assert chosen(notes, 4, embedder) == chosen(notes, 4, embedder)


def test_sentences_that_say_the_same_are_told_once() -> None:
    notes = passages(*[f"Note {n}.\n\nThe ferry to Oban leaves the pier at nine.\n" for n in range(9)])
    assert len(chosen(notes, 5, HashEmbedder())) < 5


def test_thousands_of_notes_are_embedded_in_small_batches_and_few_sentences_each() -> None:
    note = "\n\n".join(f"The ferry number {n} leaves pier {n * 7} for island {n * 13}." for n in range(12))
    embedder = LargestBatch()
    notes = (one for number in range(3000) for one in passages(note.replace("ferry", f"ferry{number}")))
    found = finished(choose(notes, 3000, 7, embedder, NEVER))
    assert found is not None
    assert len(found) == 7
    assert embedder.largest <= 48
    assert embedder.total <= 3 * 3000
    assert len({one.passage.note.title for one in found}) <= 7


def test_a_note_of_thousands_of_sentences_is_summarized() -> None:
    note = "\n\n".join(f"On day {n} the gauge at pier {n * 7} showed {n * 13} centimetres." for n in range(5000))
    found = chosen(passages(note), 5, HashEmbedder())
    assert len(found) == 5
    for one in found:
        assert one.span.quote in lines(note, one.span.first_line, one.span.last_line)


def test_it_tells_how_far_it_is_and_stops_within_a_batch() -> None:
    stop = threading.Event()
    embedder = LargestBatch()
    note = "\n\n".join(f"The ferry number {n} leaves pier {n * 7} for the island." for n in range(20))

    def notes() -> Iterator[tuple[Passage, ...]]:
        yield from passages(*[note] * 400)

    steps = choose(notes(), 400, 7, embedder, stop)
    seen: list[Progress] = []
    while len(seen) < 4:
        seen.append(next(steps))
    assert [one.stage for one in seen] == ["reading"] * 4
    assert seen[0].done == 0
    assert 0 < seen[1].done < seen[2].done < seen[3].total == 400
    stop.set()
    before = embedder.total
    assert finished(steps) is None
    assert embedder.total <= before + 48


def test_each_note_has_its_highlights(embedder: Embedder) -> None:
    found = finished(highlights(passages(LEASE, "", BREAD), 3, 2, embedder, NEVER))
    assert found is not None
    assert [len(one) for one in found] == [2, 0, 2]


def test_a_few_passages_can_be_picked_from() -> None:
    notes = [passage for note in passages(LEASE, BREAD) for passage in note]
    assert len(pick(notes, 2, HashEmbedder(), NEVER)) == 2
    assert pick([], 2, HashEmbedder(), NEVER) == []


texts = st.one_of(
    st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0\ufeff"), max_size=200),
    st.lists(st.sampled_from([*LEASE.splitlines(True), *BREAD.splitlines(True), "\r", "> x\n", "Oban. "])).map("".join),
)


@given(st.lists(texts, max_size=6), st.integers(1, 9))
@settings(max_examples=100, deadline=None)
def test_whatever_the_notes_every_quote_is_that_of_its_lines(written: list[str], points: int) -> None:
    found = chosen(passages(*written), points, HashEmbedder())
    assert len(found) <= points
    assert len({(one.passage.note.id, one.text) for one in found}) == len(found)
    for one in found:
        note = written[int(one.passage.note.id)]
        assert one.span.quote in lines(note, one.span.first_line, one.span.last_line)
