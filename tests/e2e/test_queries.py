"""T47: whatever is typed is searched for, asked, or called bad usage; a text is found however it is encoded."""

from __future__ import annotations

import string
import time
import unicodedata
from collections.abc import Iterator
from contextlib import suppress

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from places import NOTES, Place, make_place

from exocortex.bootstrap import open_cortex
from exocortex.config import add_folder, load
from exocortex.core.errors import UsageError
from exocortex.core.results import Mode
from exocortex.cortex import Cortex

MORE = {
    "鸟.md": "# 苍鹭\n\n苍鹭站在水里，等着鱼。\n",
    "日本.md": "# 日記\n\n東京タワーに行きました。\n",
    "한국.md": "# 일기\n\n서울에서 왜가리를 보았다.\n",
    "accents.md": unicodedata.normalize("NFD", "# Crème brûlée\n\nÉtonnant naïveté Ångström.\n"),
    "composed.md": unicodedata.normalize("NFC", "# Señor Müller\n\nEr wohnt in Tübingen.\n"),
    "emoji.md": "# 🪶 Feathers\n\nThe 👩‍👩‍👧 saw a 🪶 and a 🇬🇧 flag.\n",
    "code.md": "# C++ and C#\n\nUse `a->b`, `x|y`, `{a: [b]}`, 50% off, http://example.org/a?b=c#d at 12:30.\n",
}
WORDS_OF_OPERATORS = "AND OR NOT NEAR NEAR( NEAR(a,b,3) title: body:x {title}:x ^a a* *a -a +a a-b a^2".split()
FILTERS = (
    "tag: tag:# path: path:/ title: has: has:task has:x before: after: on: on:2024-13-99 -tag: -: : :: key:".split()
)
PUNCTUATION = [
    *string.punctuation,
    *(mark * 3 for mark in string.punctuation),
    *(f"a{mark}b" for mark in string.punctuation),
    *(f"{mark}deposit{mark}" for mark in string.punctuation),
    string.punctuation,
    string.punctuation[::-1],
    " ".join(string.punctuation),
]
OPERATORS = [
    *(f"{one} {other}" for one in WORDS_OF_OPERATORS for other in ("", "deposit")),
    *(f"{one}{other}" for one in FILTERS for other in ("", " deposit", '"', "x y", "*", "''")),
    '"',
    '""',
    '"" ""',
    '"a',
    'a"',
    '"a" "',
    '"deposit" OR',
    "-",
    "--",
    "- -",
    '-"',
    '-""',
    '-"a',
    "-deposit",
    "-tag:home",
    "'; DROP TABLE notes; --",
    "1' OR '1'='1",
    "%",
    "_",
    "\\",
    "\\'",
    "(" * 500,
    ")" * 500,
    '"' * 501,
    "-" * 500,
    ":" * 500,
    "a OR " * 500,
    '"a" ' * 500,
    "tag:a " * 500,
    "-a " * 500,
    "a:b " * 500,
    "(a " * 500,
]
ODD = [
    "",
    " ",
    "\t\n\r ",
    "\0",
    "a\0b",
    "\ud800",
    "a\udfffb",
    "\x1b[2J",
    "\u202e",
    "\ufeff",
    "\u200b",
    "\u0301",
    "\u0301" * 500,
    "🪶",
    "👩‍👩‍👧",
    "🇬🇧",
    "\U0010ffff",
    "ﷺ" * 200,
    "İ",
    "ß",
    "ﬁ",
    "½",
    "①",
    "\u2028",
    "x" * 10_000,
    "x " * 5_000,
    "水" * 10_000,
    "🪶" * 10_000,
    "\\" * 10_000,
    '"' * 10_000,
    "deposit " * 1_250,
]
MODES: tuple[Mode, ...] = ("words", "meaning", "hybrid")


@pytest.fixture(scope="module")
def cortex(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cortex]:
    """Notes in several alphabets, indexed with the embedder that needs no model."""
    place = make_place(tmp_path_factory.mktemp("queries"), NOTES | MORE)
    add_folder(load(place.environ), place.vault)
    with open_cortex(load(place.environ)) as opened:
        for _ in opened.index.run():
            pass
        yield opened


def _harmless(cortex: Cortex, text: str) -> None:
    """Searched in every way and asked; nothing but bad usage is ever said of it."""
    for mode in MODES:
        for literal in (False, True):
            with suppress(UsageError):
                assert len(cortex.search.find(text, mode=mode, literal=literal).hits) <= 10
    with suppress(UsageError):
        assert cortex.answers.ask(text).question == text


@pytest.mark.parametrize("texts", [PUNCTUATION, OPERATORS, ODD], ids=["punctuation", "operators", "odd"])
def test_nothing_typed_is_an_exception(cortex: Cortex, texts: list[str]) -> None:
    for text in texts:
        _harmless(cortex, text)


NAMES = [
    "",
    ".",
    "..",
    "/",
    "//",
    ":",
    "notes:",
    "notes:/",
    "/nope",
    "../x",
    "\0",
    "/\0",
    "\ud800",
    "notes:\ud800",
    "/\ud800",
    "/" + "x" * 5_000,
    "/x" * 5_000,
    "x" * 100_000,
    "*",
    "[a]",
    "%",
    "Lease\n",
    "lease",
    "🪶",
]


@pytest.mark.parametrize("name", NAMES, ids=lambda name: ascii(name)[:20])
def test_no_name_of_a_note_is_an_exception(cortex: Cortex, name: str) -> None:
    for look in (cortex.notes.show, cortex.notes.links, cortex.notes.inspect, cortex.search.similar):
        with suppress(UsageError):
            look(name)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.text(st.one_of(st.characters(), st.sampled_from(" \"-:()*^'#/")), max_size=40))
def test_no_text_is_an_exception(cortex: Cortex, text: str) -> None:
    _harmless(cortex, text)


@pytest.mark.parametrize("text", ["", " ", "\n"])
def test_nothing_asked_is_bad_usage(cortex: Cortex, text: str) -> None:
    with pytest.raises(UsageError):
        cortex.answers.ask(text)


@pytest.mark.parametrize("text", ["x " * 5_000, "deposit " * 1_250, "水" * 10_000, "a OR " * 2_000, "(" * 10_000])
def test_ten_thousand_characters_are_answered_in_seconds(cortex: Cortex, text: str) -> None:
    began = time.process_time()
    cortex.search.find(text)
    cortex.answers.ask(text)
    assert time.process_time() - began < 5


def _paths(cortex: Cortex, text: str, mode: Mode = "words") -> list[str]:
    return [hit.note.path for hit in cortex.search.find(text, mode=mode).hits]


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ("苍鹭", "鸟.md"),
        ("水", "鸟.md"),
        ("站在", "鸟.md"),
        ("在水里", "鸟.md"),
        ("等着鱼", "鸟.md"),
        ("東京", "日本.md"),
        ("タワー", "日本.md"),
        ("京タ", "日本.md"),
        ("行きました", "日本.md"),
        ("서울", "한국.md"),
        ("왜가", "한국.md"),
        ("가리", "한국.md"),
    ],
)
def test_one_two_and_three_characters_of_cjk_are_found_anywhere(cortex: Cortex, text: str, path: str) -> None:
    assert _paths(cortex, text)[:1] == [path]
    assert path in _paths(cortex, text, "hybrid")
    assert path in _paths(cortex, f'"{text}"')


@pytest.mark.parametrize("form", ["NFC", "NFD", "NFKC", "NFKD"])
@pytest.mark.parametrize(
    ("text", "path"),
    [
        ("Crème brûlée", "accents.md"),
        ("naïveté", "accents.md"),
        ("Ångström", "accents.md"),
        ("Müller", "composed.md"),
        ("Tübingen", "composed.md"),
        ('"Señor Müller"', "composed.md"),
        ('"Crème brûlée"', "accents.md"),
        ("path:鸟", "鸟.md"),
        ("서울", "한국.md"),
        ("タワー", "日本.md"),
        ('title:"Señor"', "composed.md"),
    ],
)
def test_composed_and_decomposed_are_the_same(cortex: Cortex, form: str, text: str, path: str) -> None:
    spelled = unicodedata.normalize(form, text)  # type: ignore[arg-type]
    assert _paths(cortex, spelled)[:1] == [path]


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ("creme brulee", "accents.md"),
        ("tubingen", "composed.md"),
        ("SEÑOR", "composed.md"),
        ("feathers 🪶", "emoji.md"),
    ],
)
def test_accents_and_case_do_not_matter(cortex: Cortex, text: str, path: str) -> None:
    assert _paths(cortex, text)[:1] == [path]


@pytest.mark.parametrize("text", ["12:30", "http://example.org/a", "C++", "C#", "50% off", "a->b", "Note: example"])
def test_what_looks_like_the_language_and_is_not_stays_a_question(cortex: Cortex, text: str) -> None:
    assert "code.md" in _paths(cortex, text, "hybrid")
    assert cortex.answers.ask(text).question == text


def test_the_command_line_takes_the_same(tmp_path_factory: pytest.TempPathFactory) -> None:
    place: Place = make_place(tmp_path_factory.mktemp("typed"), NOTES | MORE)
    place.exo("init", str(place.vault))
    place.exo("index")
    for text in ("", '"', "--", "a\x1b[2Jb", "x" * 10_000, "before:never"):
        for command in ("search", "ask"):
            ended = place.exo(command, "--", text)
            assert ended.code in (0, 1, 2)
            assert "unexpected" not in ended.err
            assert "\x1b" not in ended.out + ended.err
