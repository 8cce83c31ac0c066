"""Passages: a note's chunks with the sentences that begin in each, whatever the note is cut into."""

from __future__ import annotations

from dataclasses import replace

from short_notes import BOILER, LEASE, lines, source

from exocortex.answering.sentences import Kind
from exocortex.summarizing.passages import cut


def test_every_sentence_lies_in_the_passage_it_begins_in() -> None:
    found = cut(source(LEASE))
    assert len(found) > 1
    for passage in found:
        for span in passage.spans:
            assert passage.chunk.first_line <= span.first_line <= passage.chunk.last_line
            assert span.quote in lines(LEASE, span.first_line, span.last_line)


def test_code_stays_code_in_a_chunk_that_begins_inside_it() -> None:
    text = "# Log\n\n```\n" + "\n".join(f"This is line {n} of what was printed." for n in range(60)) + "\n```\n"
    found = cut(source(text))
    assert len(found) > 3
    assert {span.kind for passage in found for span in passage.spans} == {Kind.HEADING, Kind.CODE}


def test_only_what_is_meant_is_kept() -> None:
    whole = source(BOILER + "\n## Service\n\nIt was serviced in May and again in June of the year after, by Ned.\n" * 3)
    last = whole.chunks[-1]
    (kept,) = cut(replace(whole, within=((last.first_line, last.first_line),)))
    assert kept.chunk == last


def test_blank_notes_have_no_passages() -> None:
    assert cut(source("")) == ()
    assert cut(source("\n \n")) == ()
    assert cut(replace(source(LEASE), chunks=())) == ()
