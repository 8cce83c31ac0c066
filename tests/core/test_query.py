"""The query language: what is a filter, what stays a word, and that no input breaks it."""

from __future__ import annotations

import sqlite3
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exocortex.core.errors import UsageError
from exocortex.core.query import DateRange, Filter, Query, parse_query, with_scope
from exocortex.core.words import fts_any, fts_match

TODAY = date(2024, 3, 6)
PROPERTIES = ("status", "Due-Date", "a.b")


def parsed(text: str, literal: bool = False) -> Query:
    return parse_query(text, properties=PROPERTIES, today=TODAY, literal=literal)


def test_words_phrases_exclusions_and_filters_together() -> None:
    query = parsed(
        'when does the lease end "notice period" -draft -"old flat" tag:Home/Flat -path:archive/ status:"in force"?'
    )
    assert query.words == ("when", "does", "the", "lease", "end")
    assert query.phrases == ("notice period",)
    assert query.excluded == ("draft", "old flat")
    assert query.filters == (
        Filter("tag", "home/flat"),
        Filter("path", "archive/", negated=True),
        Filter("status", "in force"),
    )
    assert query.text == "when does the lease end notice period ?"


NO_SYNTAX = (
    *("12:30", "http://x", "https://a.b/c?d=e:f", "Note: foo", "C++", "what's", "foo:bar", "AND", "a*", "e.g.:x"),
    *("tag: work", "tag:", "tag:#", "::", "has:", "on:", 'before:"', "path:?", "(tag:work)", "re-tag:x", "status : x"),
    *("foo-bar", "- item", "-5", "--flag", "-:", 'status:"open', '-"open', '5" pipe and 6" hose'),
)


@pytest.mark.parametrize("text", NO_SYNTAX)
def test_what_looks_like_syntax_but_is_not_stays_words(text: str) -> None:
    query = parsed(text)
    assert query.text == text
    assert query.words == tuple(word for word in text.split() if any(letter.isalnum() for letter in word))
    assert (query.phrases, query.excluded, query.filters, query.dates) == ((), (), (), ())


def test_quotes_of_any_shape_make_phrases_and_unclosed_ones_words() -> None:
    assert parsed("“first draft” „zweiter Entwurf“").phrases == ("first draft", "zweiter Entwurf")
    assert parsed('"a  b"c "').phrases == ("a b",)
    assert parsed('"a  b"c "').words == ("c",)
    assert parsed('say "hello').words == ("say", '"hello')
    assert parsed('"" "?!"').phrases == ()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("tag:#Work/", Filter("tag", "work")),
        ("TAG:work,", Filter("tag", "work")),
        ('path:"my notes/2024"', Filter("path", "my notes/2024")),
        ("title:Lease", Filter("title", "Lease")),
        ("folder:home", Filter("folder", "home")),
        ("has:tasks", Filter("has", "task")),
        ("has:open-task", Filter("has", "open-task")),
        ("STATUS:Done", Filter("status", "Done")),
        ("due-date:2024", Filter("due-date", "2024")),
        ("a.b:c:d", Filter("a.b", "c:d")),
        ("-status:done", Filter("status", "done", negated=True)),
        ("title:“two words”", Filter("title", "two words")),
        ("title:Cafe\u0301", Filter("title", "Café")),
    ],
)
def test_filters(text: str, expected: Filter) -> None:
    query = parsed(text)
    assert query.filters == (expected,)
    assert query.empty
    assert query.text == ""


def test_a_property_is_a_filter_only_where_the_index_knows_it() -> None:
    assert parse_query("status:done", today=TODAY).words == ("status:done",)
    assert parse_query("x:y", properties={"X"}, today=TODAY).filters == (Filter("x", "y"),)


@pytest.mark.parametrize(
    ("text", "first", "last", "words"),
    [
        ("on:2024-03", date(2024, 3, 1), date(2024, 3, 31), ()),
        ('after:"last week" rent', date(2024, 2, 26), None, ("rent",)),
        ("after:last week rent", date(2024, 2, 26), None, ("rent",)),
        ("before:5 march 2023 rent", None, date(2023, 3, 4), ("rent",)),
        ("rent before:2024, paid", None, date(2023, 12, 31), ("rent", "paid")),
        ("on:march budget", date(2024, 3, 1), date(2024, 3, 31), ("budget",)),
        ("-before:2024", date(2024, 1, 1), None, ()),
        ("-after:2024-03-05", None, date(2024, 3, 5), ()),
    ],
)
def test_dates_are_filters(text: str, first: date | None, last: date | None, words: tuple[str, ...]) -> None:
    query = parsed(text)
    assert query.dates == (DateRange(first, last),)
    assert query.words == words


@pytest.mark.parametrize(
    ("text", "named"),
    [("after:lunch", "'lunch'"), ("on:2024-13", "'2024-13'"), ("has:fun", "'fun'"), ("-on:2024", "2024")],
)
def test_a_bad_date_or_has_is_refused_by_name(text: str, named: str) -> None:
    with pytest.raises(UsageError) as caught:
        parsed(text)
    assert named in caught.value.message
    assert caught.value.hint


def test_the_question_is_embedded_as_worded() -> None:
    assert parsed("what did Ada say about rent after:2023 tag:flat?").text == "what did Ada say about rent?"
    assert parsed("when tag:flat -old on:2024?").text == "when?"
    assert parsed('  why\n"so  slow"? ').text == "why so slow?"
    assert parsed("tag:flat, rent").text == "rent"


def test_literal_turns_the_language_off() -> None:
    query = parsed('tag:work -not "a b" after:lunch', literal=True)
    assert query.words == ("tag:work", "-not", '"a', 'b"', "after:lunch")
    assert query.text == 'tag:work -not "a b" after:lunch'
    assert (query.phrases, query.excluded, query.filters, query.dates) == ((), (), (), ())


def test_nothing_typed_is_an_empty_query() -> None:
    for text in ("", "   ", "?!", "🎉"):
        assert parsed(text).empty
        assert parsed(text).words == ()


def test_a_scope_limits_the_question() -> None:
    scoped = with_scope(parsed("when? -a tag:x"), parsed('tag:work "Ada" -draft after:2023'))
    assert scoped.words == ("when?",)
    assert scoped.text == "when?"
    assert scoped.phrases == ("Ada",)
    assert scoped.excluded == ("a", "draft")
    assert scoped.filters == (Filter("tag", "x"), Filter("tag", "work"))
    assert scoped.dates == (DateRange(date(2024, 1, 1), None),)
    with pytest.raises(UsageError, match="lease"):
        with_scope(parsed("when?"), parsed("tag:work lease"))


PIECES = [
    "tag:",
    "-",
    '"',
    "“",
    "”",
    "status:",
    "has:task",
    "after:",
    "on:",
    "2024",
    "last week",
    " ",
    "\n",
    "x",
    ":",
    "#",
]
PIECES += ["AND", "OR", "NOT", "NEAR", "*", "^", "(", ")", "+", "'", "東京", "e\u0301", "\0", "\ud800", "?", "before:"]
ANY_QUERY = st.text(st.characters(exclude_categories=()), max_size=40) | st.lists(st.sampled_from(PIECES)).map("".join)


@pytest.fixture(scope="module")
def database() -> sqlite3.Connection:
    made = sqlite3.connect(":memory:")
    made.execute("CREATE VIRTUAL TABLE f USING fts5(b, tokenize='porter unicode61 remove_diacritics 2')")
    return made


@given(text=ANY_QUERY, literal=st.booleans())
def test_no_input_breaks_it(database: sqlite3.Connection, text: str, literal: bool) -> None:
    try:
        query = parsed(text, literal)
    except UsageError:
        query = parsed(text, literal=True)
        assert not literal
        assert any(key in text.lower() for key in ("has:", "before:", "after:", "on:"))
    query.text.encode()
    for match in (fts_match(query.words, query.phrases), fts_any(query.excluded)):
        if match:
            database.execute("SELECT rowid FROM f WHERE f MATCH ?", (match,)).fetchall()
    assert query.empty == (not fts_match(query.words, query.phrases))
    assert all(each.value for each in query.filters)


@given(st.lists(st.sampled_from(["rent", "Ada", "tag:x", "-draft", '"two words"', "on:2024", "why?"])))
def test_each_part_is_read_by_itself(parts: list[str]) -> None:
    whole = parsed(" ".join(parts))
    each = [parsed(part) for part in parts]
    assert whole.words == tuple(word for part in each for word in part.words)
    assert whole.filters == tuple(one for part in each for one in part.filters)
    assert whole.excluded == tuple(one for part in each for one in part.excluded)
    assert len(whole.dates) == parts.count("on:2024")


def test_a_query_of_ten_thousand_characters(database: sqlite3.Connection) -> None:
    text = " ".join(f'somewhere{number} -no{number} "a {number}" tag:t{number}' for number in range(260))
    assert len(text) > 9_000
    query = parsed(text)
    assert (len(query.words), len(query.excluded), len(query.phrases), len(query.filters)) == (260, 260, 260, 260)
    for match in (fts_match(query.words, query.phrases), fts_any(query.excluded), fts_match(["x" * 10_000])):
        assert database.execute("SELECT rowid FROM f WHERE f MATCH ?", (match,)).fetchall() == []
