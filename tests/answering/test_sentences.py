"""Sentences: every quote is a part of its lines, whatever the text; Markdown is cut where a reader would."""

from __future__ import annotations

import re
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exocortex.answering.sentences import LONGEST_QUOTE, Kind, Span, spans

LINE_END = re.compile(r"\r\n|\r|\n")

pieces = st.one_of(
    st.sampled_from(
        ["# One\n", "## Two ##\n", "- item\n", "  - [x] child\n", "1. first\n", "> quoted\n", ">> deeper\n"]
    ),
    st.sampled_from(["```sh\nmake demo\n```\n", "~~~\n", "| a | b |\n|---|---|\n| 1 | 2 |\n", "| alone |\n", "---\n"]),
    st.sampled_from(
        ["\n", "\r\n", "\r", "\t", "\u2028", "\x0b", "  \n", "\\\n", " ^block-1\n", "漢字。", "Dr. Who. ", "Ja! "]
    ),
    st.sampled_from(
        ["Name: Ada\n", "[[note|alias]] ", "[x](y.md) ", "**bold** ", "e.g. This. ", "...", "?!", "||", ">>"]
    ),
    st.text(st.characters(exclude_categories=["Cs"]), max_size=40),
    st.integers(1, 200).map(lambda n: "word " * n + "end. "),
)
texts = st.lists(pieces, max_size=30).map("".join)


def collapsed(text: str) -> str:
    return " ".join(text.split())


def lines_of(text: str, span: Span, first_line: int) -> str:
    """The lines a span claims, the first of the text being that of its first character that isn't white space."""
    lines = LINE_END.split(text.lstrip())
    return " ".join(lines[span.first_line - first_line : span.last_line - first_line + 1])


@given(texts, st.integers(1, 5))
@settings(max_examples=300)
def test_a_quote_is_a_part_of_its_lines(text: str, first_line: int) -> None:
    last_line = first_line + len(LINE_END.split(text.strip())) - 1
    for span in spans(text, first_line):
        assert first_line <= span.first_line <= span.last_line <= last_line
        assert span.quote
        assert len(span.quote) <= LONGEST_QUOTE
        assert collapsed(span.quote) == span.quote
        assert span.quote in collapsed(lines_of(text, span, first_line))


@given(texts)
def test_spans_come_in_order(text: str) -> None:
    starts = [span.first_line for span in spans(text, 3)]
    assert starts == sorted(starts)


def quotes(text: str, first_line: int = 10) -> list[str]:
    return [span.quote for span in spans(text, first_line)]


def test_sentences_end_where_a_reader_would_end_them() -> None:
    text = "Dr. Smith paid 1,200.50 on Jan. 5 at 3 p.m. sharp. It was late, e.g. after noon! J. R. Roe agreed."
    assert quotes(text) == [
        "Dr. Smith paid 1,200.50 on Jan. 5 at 3 p.m. sharp.",
        "It was late, e.g. after noon!",
        "J. R. Roe agreed.",
    ]


def test_a_sentence_that_runs_over_a_line_end_has_both_lines() -> None:
    [first, second] = spans("The lease runs\nuntil May. It can\r\nbe renewed.", 7)
    assert (first.quote, first.first_line, first.last_line) == ("The lease runs until May.", 7, 8)
    assert (second.quote, second.first_line, second.last_line) == ("It can be renewed.", 8, 9)


def test_leading_blank_lines_are_not_counted_twice() -> None:
    assert spans("\n\n  \nHello there.", 12)[0].first_line == 12


def test_list_items_lose_their_markers_and_keep_what_leads_into_them() -> None:
    found = spans("Costs:\n- Deposit: £1,500\n  - [x] paid by wire\n2. first. second\n", 4)
    assert [span.quote for span in found] == ["Costs:", "Deposit: £1,500", "paid by wire", "first. second"]
    assert [span.context for span in found[1:]] == ["Costs:", "Deposit: £1,500", "Costs:"]
    assert [span.first_line for span in found] == [4, 5, 6, 7]


def test_a_table_row_is_quoted_alone_and_knows_its_columns() -> None:
    found = spans("| what | price |\n|---|---:|\n| bread | 2.10 |\n| milk | 1.05 |\n", 2)
    assert [(span.quote, span.first_line, span.kind, span.context) for span in found] == [
        ("bread | 2.10", 4, Kind.ROW, "what | price"),
        ("milk | 1.05", 5, Kind.ROW, "what | price"),
    ]


def test_code_is_quoted_line_by_line_under_the_sentence_before_it() -> None:
    found = spans("Start it so:\n\n```sh\n# not a heading\nmake demo\n```\nDone.", 2)
    assert [(span.quote, span.kind) for span in found] == [
        ("Start it so:", Kind.PROSE),
        ("# not a heading", Kind.CODE),
        ("make demo", Kind.CODE),
        ("Done.", Kind.PROSE),
    ]
    assert found[2].context == "Start it so:"


def test_frontmatter_is_read_as_properties_at_the_top_of_a_note_alone() -> None:
    text = "---\ntitle: Lease\ntags:\n  - home\n---\nText."
    assert [(span.quote, span.kind) for span in spans(text, 1)] == [
        ("title: Lease", Kind.PROPERTY),
        ("home", Kind.PROPERTY),
        ("Text.", Kind.PROSE),
    ]
    assert all(span.kind is not Kind.PROPERTY for span in spans(text, 2))


def test_headings_block_ids_quotes_and_labels() -> None:
    assert quotes("## Rent ##\nDue on the 1st. ^rent\n\n> A wise word.\n\nName: Ada\nPhone: 0171 5\n") == [
        "Rent",
        "Due on the 1st.",
        "A wise word.",
        "Name: Ada",
        "Phone: 0171 5",
    ]


def test_sentences_without_spaces_between_them() -> None:
    assert quotes("家賃は月八万円です。期限は五月。") == ["家賃は月八万円です。", "期限は五月。"]


@pytest.mark.parametrize("character", list('*_[(<`#>|!\\-". \n0^:'))
def test_a_run_of_one_character_is_cut_in_linear_time(character: str) -> None:
    start = time.process_time()
    spans(character * 100_000, 1)
    spans(f"a{character}" * 50_000, 1)
    assert time.process_time() - start < 3
