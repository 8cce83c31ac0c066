"""What goes into the word index and what is asked of it agree with SQLite's own tokenizer, in any script."""

from __future__ import annotations

import random
import sqlite3
import unicodedata
from collections.abc import Iterable, Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exocortex.core import stemming
from exocortex.core.stemming import stem
from exocortex.core.words import Highlighter, clean, content_terms, fold, fts_any, fts_match, terms, tokens

ANY_TEXT = st.text(st.characters(exclude_categories=()), max_size=60)
CJK_TEXT = st.text(st.sampled_from("東京都大学部署今日はカタカナー한국어学教𠮷"), min_size=1, max_size=12)
NOTES = {
    1: "The lease runs until March; what's the notice period? Covid-19 rules, naïve Café, C++ at 12:30.",
    2: "私は東京都の大学Pythonで学ぶ。部署方案",
    3: "학교에서 배운 것. ภาษาไทยน้ำใจ 🤖robot and \u2068Ada\u2069",
    4: "Running shoes for the runners",
}


def index(
    texts: Iterable[tuple[int, str]], tokenize: str = "porter unicode61 remove_diacritics 2"
) -> sqlite3.Connection:
    database = sqlite3.connect(":memory:")
    database.execute(f"CREATE VIRTUAL TABLE notes USING fts5(body, tokenize='{tokenize}')")
    database.execute("CREATE VIRTUAL TABLE vocabulary USING fts5vocab(notes, 'instance')")
    database.executemany("INSERT INTO notes(rowid, body) VALUES (?, ?)", texts)
    return database


def found(database: sqlite3.Connection, match: str) -> list[int]:
    return [row[0] for row in database.execute("SELECT rowid FROM notes WHERE notes MATCH ? ORDER BY rowid", (match,))]


@pytest.fixture(scope="module")
def notes() -> Iterator[sqlite3.Connection]:
    database = index((row, fold(text)) for row, text in NOTES.items())
    yield database
    database.close()


def test_ascii_and_familiar_text_is_stored_as_it_is() -> None:
    for text in ("plain\n  text", "Café “naïve” — Žižek…", "Ελληνικά, по-русски ☃ → ∀"):
        assert fold(text) == text


def test_nul_and_lone_surrogates_are_replaced() -> None:
    assert clean("a\0b") == "a\ufffdb"
    assert clean("a\ud800é") == "a\ufffdé"
    assert terms("a\0b \udcffc") == ["a", "b", "c"]


def test_runs_without_spaces_become_pairs_and_a_last_letter() -> None:
    assert fold("東京都").split() == ["東京", "京都", "都"]
    assert fold("大学Python入門").split() == ["大学", "学", "python", "入門", "門"]
    assert fold("第3章").split() == ["第", "3", "章"]


@pytest.mark.parametrize("row", [2, 3])
def test_every_short_substring_of_a_run_is_found(notes: sqlite3.Connection, row: int) -> None:
    runs = {2: ["私は東京都の大学", "で学ぶ", "部署方案"], 3: ["학교에서", "ภาษาไทย"]}[row]
    for run in runs:
        for length in (1, 2, 3):
            for start in range(len(run) - length + 1):
                part = run[start : start + length]
                assert row in found(notes, fts_match([part])), part
                assert found(notes, fts_match([], [part])) == [row], part


@given(CJK_TEXT, st.data())
def test_any_substring_is_found_as_a_phrase_and_no_other_string(text: str, data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(text) - 1))
    part = text[start : data.draw(st.integers(start + 1, len(text)))]
    other = data.draw(CJK_TEXT)
    database = index([(1, fold(f"x {text}y z"))])
    assert found(database, fts_match([], [part])) == [1]
    assert bool(found(database, fts_match([], [other]))) == (other in text)
    assert found(database, fts_match([], [text + "y"])) == [1]


def test_a_question_without_spaces_finds_what_shares_its_words(notes: sqlite3.Connection) -> None:
    assert 2 in found(notes, fts_match(["東京の大学はどこですか"]))


@pytest.mark.parametrize("text", ["Café naïve", "한국어", "が ぎ", "Việt Nam", "й ё", "ḍ̇ q̃x"])
def test_composed_and_decomposed_spellings_are_the_same(text: str) -> None:
    composed, decomposed = unicodedata.normalize("NFC", text), unicodedata.normalize("NFD", text)
    assert fold(decomposed) == fold(composed)
    assert terms(decomposed) == terms(composed)
    assert found(index([(1, fold(decomposed))]), fts_match(composed.split())) == [1]


def test_emoji_and_invisible_marks_do_not_stick_to_words(notes: sqlite3.Connection) -> None:
    assert found(notes, fts_match(["robot"])) == [3]
    assert found(notes, fts_match(["Ada"])) == [3]
    assert fts_match(["🤖", "🎉"]) == ""


def test_every_letter_is_cut_and_folded_as_unicode61_does() -> None:
    # ǡ has two diacritics and is in no table of SQLite's; Tai Lue and two Vedic signs became letters after Unicode 6.1.
    odd = {0x1E0, 0x1E1, *range(0x19B0, 0x19CA), 0x1CF2, 0x1CF3}
    ranges = (
        range(1, 0x3400),
        range(0xA000, 0xAC10),
        range(0xD7A0, 0xD800),
        range(0xE000, 0x10500),
        range(0x1F000, 0x1FB00),
    )
    places = [place for each in ranges for place in each if place not in odd]
    database = index(((place, fold(f"x{chr(place)}y")) for place in places), "unicode61 remove_diacritics 2")
    stored: dict[int, list[str]] = {}
    for place, term in database.execute("SELECT doc, term FROM vocabulary ORDER BY doc, offset"):
        stored.setdefault(place, []).append(term)
    wrong = {hex(place): stored[place] for place in places if stored[place] != terms(f"x{chr(place)}y")}
    assert not wrong


@given(ANY_TEXT)
def test_tokens_cut_the_text_itself(text: str) -> None:
    for token in tokens(text):
        assert 0 <= token.start < token.end <= len(text)
        assert terms(text[token.start : token.end])[0] == token.text


@given(st.lists(ANY_TEXT, max_size=4), st.lists(ANY_TEXT, max_size=3), ANY_TEXT)
def test_no_text_makes_sqlite_refuse(words: list[str], phrases: list[str], note: str) -> None:
    database = index([(1, fold(note))])
    for match in (fts_match(words, phrases), fts_any(words + phrases)):
        assert not match or found(database, match) in ([], [1])
    if terms(note):
        assert found(database, fts_match([note])) == [1]
        assert found(database, fts_match([], [note])) == [1]
    assert Highlighter(words, phrases).ranges(note) is not None


OPERATORS = (
    *(
        "AND",
        "OR",
        "NOT",
        "NEAR",
        "NEAR(a b, 2)",
        "*",
        "a*",
        "^a",
        "body:a",
        "(",
        ")",
        "((",
        "-",
        "+",
        "a + b",
        '"',
        "'",
    ),
    *(
        "what's",
        "foo-bar",
        "c++",
        "user@example.com",
        "-x",
        "",
        " ",
        "{a}",
        "a,b",
        "\\",
        "%",
        ";--",
        "\0",
        "\ud800",
        "🎉",
    ),
)


@pytest.mark.parametrize("text", OPERATORS)
def test_operators_are_plain_text(notes: sqlite3.Connection, text: str) -> None:
    for match in (fts_match([text]), fts_match([], [text]), fts_match([text], [text]), fts_any([text])):
        assert (match == "") == (not terms(text))
        assert not match or isinstance(found(notes, match), list)


def test_long_queries_are_answered(notes: sqlite3.Connection) -> None:
    many = [f"word{number}" for number in range(1200)]
    assert found(notes, fts_match(["lease", *many])) == [1]
    assert found(notes, fts_match([" ".join(["lease", *many])])) == [1]
    assert found(notes, fts_match([], [" ".join(many)])) == []
    assert found(notes, fts_match([], many)) == []
    assert found(notes, fts_any([*many, "lease"])) == [1]
    assert found(notes, fts_match(["東京" * 2500])) == [2]


def test_stop_words_rank_only_where_there_is_nothing_else(notes: sqlite3.Connection) -> None:
    question = ["What's", "the", "notice", "period,", "and", "don’t", "the", "runners", "run?"]
    assert content_terms(question) == ("notice", "period", "runners", "run")
    assert content_terms(["the", "who"]) == ("the", "who")
    assert found(notes, fts_match(["the", "until"])) == [1, 4]
    assert "the" not in fts_match(["the"], ["notice period"])


def test_words_add_to_the_rank_of_a_phrase_but_are_not_required(notes: sqlite3.Connection) -> None:
    assert found(notes, fts_match(["nowhere"], ["notice period"])) == [1]
    assert found(notes, fts_match(["lease"], ["period notice"])) == []
    assert found(notes, fts_match([], ["notice period", "café"])) == [1]
    assert found(notes, fts_match([], ["notice period", "robot"])) == []


def test_exclusions_find_whole_phrases_and_stop_words(notes: sqlite3.Connection) -> None:
    assert found(notes, fts_any(["running shoes", "robot"])) == [3, 4]
    assert found(notes, fts_any(["shoes running"])) == []
    assert found(notes, fts_any(["the"])) == [1, 4]
    assert fts_any(["?", ""]) == ""


def highlighted(text: str, words: list[str], phrases: list[str] | None = None, stemmed: bool = True) -> list[str]:
    return [text[start:end] for start, end in Highlighter(words, phrases or [], stemmed=stemmed).ranges(text)]


def test_highlights_match_by_stem_case_and_accent() -> None:
    text = "The Runner was running to the CAFÉ; he ran."
    assert highlighted(text, ["the", "runs", "cafe"]) == ["running", "CAFÉ"]
    assert highlighted(text, ["run"], stemmed=False) == []
    assert highlighted(text, [], ["was running to"]) == ["was running to"]
    assert highlighted(text, [], ["running was"]) == []
    assert highlighted(text, []) == []


def test_highlights_in_scripts_without_spaces_and_in_decomposed_text() -> None:
    assert highlighted("私は東京都の大学Pythonで", ["東京都", "学"]) == ["東京都", "学"]
    assert highlighted("私は東京都の大学Pythonで", [], ["大学Python"]) == ["大学Python"]
    decomposed = unicodedata.normalize("NFD", "un café 한국어 très")
    assert highlighted(decomposed, ["café", "国", "한국"]) == [
        unicodedata.normalize("NFD", "café"),
        unicodedata.normalize("NFD", "한국"),
    ]


@given(ANY_TEXT | CJK_TEXT, st.lists(ANY_TEXT | CJK_TEXT, max_size=3), st.lists(CJK_TEXT, max_size=2))
def test_highlights_are_in_order_apart_and_inside(text: str, words: list[str], phrases: list[str]) -> None:
    end = 0
    for first, last in Highlighter([*words, text[:20]], phrases).ranges(text):
        assert end <= first < last <= len(text)
        end = last


def test_stems_are_those_of_sqlite() -> None:
    chance = random.Random(7)  # not for secrets
    suffixes = [suffix for suffix, _ in (*stemming._STEP_2, *stemming._STEP_3)] + list(stemming._STEP_4)
    suffixes += ["", "s", "es", "ies", "sses", "ed", "eed", "ing", "y", "e", "ll", "at", "bl", "iz", "ss", "ying"]
    stems = [
        "",
        "a",
        "by",
        "ya",
        "tr",
        "relat",
        "hop",
        "hopp",
        "cris",
        "fizz",
        "fil",
        "sky",
        "say",
        "bcd",
        "яs",
        "汉",
        "x" * 60,
    ]
    words = {a + b + c for a in stems for b in suffixes for c in suffixes}
    letters = "aeiouystlnbwxdgmzrcяь"
    words |= {"".join(chance.choices(letters, k=chance.randint(1, 12))) for _ in range(20_000)}
    ordered = sorted(words - {""})
    database = index(enumerate(ordered))
    database.text_factory = lambda term: term.decode(errors="replace")
    wrong = [
        (ordered[row], term)
        for row, term in database.execute("SELECT doc, term FROM vocabulary")
        if stem(ordered[row]) != term
    ]
    assert not wrong
