"""Results as JSON have the shape that scripts are promised, key for key."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from pathlib import PurePosixPath
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from exocortex.core.answers import Answer, Citation, Coverage, Hit, Ranks, Sentence, Snippet, Support
from exocortex.core.chunks import Chunk
from exocortex.core.notes import Link, LinkKind, NoteRef
from exocortex.core.wire import document, dumps, plain

NOTE = NoteRef("id", "notes", "Home/Café.md", "Café", date(2024, 3, 5))
CHUNK = Chunk("0" * 32, "Café", ("Café", "Menu"), "text", 3, 4, True)
HIT = Hit(NOTE, "/notes/Home/Café.md", CHUNK, 0.12345678, Ranks(1, None), Snippet("te", 3, ((0, 2),)))
CITATION = Citation(1, NOTE, "/notes/Home/Café.md", 3, 4, "quote")
COVERAGE = Coverage(9, 8, 1, 2, 0, datetime(2024, 5, 15, 14, 5, tzinfo=UTC))


def test_a_hit() -> None:
    assert plain(HIT) == {
        "folder": "notes",
        "path": "Home/Café.md",
        "file": "/notes/Home/Café.md",
        "title": "Café",
        "headings": ["Café", "Menu"],
        "first_line": 3,
        "last_line": 4,
        "score": 0.123457,
        "ranks": {"words": 1, "meaning": None},
        "snippet": "te",
        "missing": False,
    }


def test_an_answer() -> None:
    answer = Answer(
        "Why?", False, "extractive", 0.7, (Sentence("So.", (1,), Support.WEAK),), (CITATION,), COVERAGE, (HIT,)
    )
    assert plain(answer) == {
        "question": "Why?",
        "abstained": False,
        "silence": "",
        "engine": "extractive",
        "sentences": [{"text": "So.", "support": "weak", "citations": [1], "reasons": []}],
        "citations": [
            {
                "number": 1,
                "folder": "notes",
                "path": "Home/Café.md",
                "file": "/notes/Home/Café.md",
                "title": "Café",
                "date": "2024-03-05",
                "first_line": 3,
                "last_line": 4,
                "quote": "quote",
            }
        ],
        "coverage": {
            "notes": 9,
            "searched": 8,
            "pending": 1,
            "embedding": 2,
            "skipped": 0,
            "as_of": "2024-05-15T14:05:00+00:00",
        },
        "hits": [plain(HIT)],
        "receipt": None,
        "written": "",
        "dropped_citations": 0,
        "failed": False,
        "notices": [],
    }


def test_a_document_bears_its_schema() -> None:
    assert document(NOTE) == {
        "schema": 1,
        "folder": "notes",
        "path": "Home/Café.md",
        "title": "Café",
        "date": "2024-03-05",
    }
    assert document([1, 2]) == {"schema": 1, "items": [1, 2]}


def test_parts_of_results() -> None:
    link = Link(LinkKind.WIKI, "a", None, None, 2)
    assert plain(link) == {"kind": "wiki", "target": "a", "anchor": None, "alias": None, "line": 2}
    assert plain((date(2024, 1, 2), PurePosixPath("a/b"), {1: {"x"}}, None, True, 1.5)) == [
        *("2024-01-02", "a/b", {"1": ["x"]}, None, True, 1.5)
    ]


def test_a_name_that_is_no_utf8_can_be_sent() -> None:
    assert dumps("\udcff") == '"\\udcff"'


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


@settings(max_examples=60)
@given(value=VALUES)
def test_json_goes_through_unchanged_on_one_line_of_ascii(value: Any) -> None:
    sent = dumps(value)
    assert sent.isascii()
    assert sent.isprintable()
    assert json.loads(sent) == value
