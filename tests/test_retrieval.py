"""A search finds the notes that answer, whatever the alphabet, within the filters, and shows why."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from vaults import Opener, Vault, index, paths

from exocortex.config import Folder
from exocortex.core.errors import UsageError
from exocortex.core.results import Mode
from exocortex.cortex import Cortex

TODAY = date(2024, 5, 15)
NOTES = {
    "Home/Lease.md": "---\ntags: [home/flat, contract]\nstatus: Signed\ndate: 2024-03-05\naliases: [Rental agreement]\n"
    "---\n# Lease\n\n## Deposit\n\nThe deposit is £1,480 and comes back.\n\n## Notice\n\nTwo full months of notice.\n\n"
    "- [ ] ask about it\n",
    "Home/Boiler.md": "---\ndate: 2024-05-08\n---\n# Boiler\n\nThe pressure of the boiler is 1.3 bar. #home\n\n"
    "See [[Lease]].\n",
    "Recipes/Bread.md": "---\ndate: 2022\nstatus: draft\n---\n# Bread\n\nSourdough needs flour and salt at 12:30.\n",
    "Recipes/Café.md": "# Café au lait\n\nÉtude d'un caf\u00e9 na\u00efve.\n",
    unicodedata.normalize("NFD", "Recipes/Crème brûlée.md"): unicodedata.normalize(
        "NFD", "# Crème brûlée\n\nDéjà vu.\n"
    ),
    "日本/東京.md": "# 東京の一日\n\n今日は部署の会議がありました。日本語の文章です。\n",
    "한국어.md": "# 메모\n\n안녕하세요 세계\n",
    "journal/2024-05-14.md": "# Tuesday\n\nMet a heron at the harbour. Running late.\n",
    "journal/2024-05-10.md": "# Friday\n\nTwo herons, and a greenhouse. Another notice of the deposit.\n",
    "long.md": "# Long\n\n"
    + "".join(f"## Part {n}\n\n{'filler words here ' * 12}\n\nThe kestrel number {n}.\n\n" for n in range(9)),
    "empty.md": "",
}
MODES: tuple[Mode, ...] = ("words", "meaning", "hybrid")


@pytest.fixture(scope="module")
def cortex(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cortex]:
    """A small vault, indexed; tests here only search."""
    place = tmp_path_factory.mktemp("retrieval")
    vault = Vault(place / "notes")
    vault.fill(NOTES)
    opener = Opener(place / "home", (Folder("notes", vault.root),), TODAY)
    with opener() as opened:
        index(opened)
        yield opened


def repr_short(text: str) -> str:
    return f"{text[:8]!a}, {len(text)} characters"


def first(cortex: Cortex, text: str, **options: Any) -> str:
    return paths(cortex, text, **options)[0]


# -- words -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("pressure", {"Home/Boiler.md"}),
        ("PRESSURES", {"Home/Boiler.md"}),
        ("herons", {"journal/2024-05-14.md", "journal/2024-05-10.md"}),
        ("ran run running", {"journal/2024-05-14.md"}),
        ("rental", {"Home/Lease.md"}),
        ("12:30", {"Recipes/Bread.md"}),
        ("cafe", {"Recipes/Café.md"}),
        ("CAFÉ", {"Recipes/Café.md"}),
        ("naive", {"Recipes/Café.md"}),
        ("brulee", {"Recipes/Crème brûlée.md"}),
        (unicodedata.normalize("NFC", "brûlée"), {"Recipes/Crème brûlée.md"}),
        (unicodedata.normalize("NFD", "brûlée"), {"Recipes/Crème brûlée.md"}),
        (unicodedata.normalize("NFD", "étude"), {"Recipes/Café.md"}),
        ("日", {"日本/東京.md"}),
        ("部署", {"日本/東京.md"}),
        ("日本語", {"日本/東京.md"}),
        ("署の", {"日本/東京.md"}),
        ("東京", {"日本/東京.md"}),
        ("북", set()),
        ("녕", {"한국어.md"}),
        ("안녕", {"한국어.md"}),
        ("セカイ", set()),
        ("nowhereatall", set()),
    ],
)
def test_words_are_found_in_any_form_and_alphabet(cortex: Cortex, text: str, expected: set[str]) -> None:
    assert set(paths(cortex, text)) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('"full months"', ["Home/Lease.md"]),
        ('"months full"', []),
        ('"notice" deposit', ["Home/Lease.md", "journal/2024-05-10.md"]),
        ('notice "the deposit"', ["Home/Lease.md", "journal/2024-05-10.md"]),
        ("notice -herons", ["Home/Lease.md"]),
        ('notice -"the deposit"', []),
        ("notice -nothing", ["Home/Lease.md", "journal/2024-05-10.md"]),
        ('"部署の会議"', ["日本/東京.md"]),
        ('"会議の部署"', []),
    ],
)
def test_phrases_must_occur_and_exclusions_must_not(cortex: Cortex, text: str, expected: list[str]) -> None:
    assert sorted(paths(cortex, text)) == expected
    for mode in ("meaning", "hybrid"):
        found = set(paths(cortex, text, mode=mode, limit=99))
        if "-" in text:
            assert found & set(paths(cortex, "notice")) == set(expected)
        else:
            assert found == set(expected)


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        ("tag:home", {"Home/Lease.md", "Home/Boiler.md"}),
        ("tag:home/flat", {"Home/Lease.md"}),
        ("tag:#contract", {"Home/Lease.md"}),
        ("path:home/", {"Home/Lease.md", "Home/Boiler.md"}),
        ("title:bread", {"Recipes/Bread.md"}),
        ("title:CRÈME", {"Recipes/Crème brûlée.md"}),
        ("status:signed", {"Home/Lease.md"}),
        ("status:signed -tag:home", set()),
        ("path:home -status:signed", {"Home/Boiler.md"}),
        ("has:task", {"Home/Lease.md"}),
        ("has:open-task", {"Home/Lease.md"}),
        ("has:link", {"Home/Boiler.md"}),
        ("on:2024-03", {"Home/Lease.md"}),
        ("on:2024-03-05", {"Home/Lease.md"}),
        ("before:2023", set()),
        ("path:journal on:yesterday", {"journal/2024-05-14.md"}),
        ('path:journal after:"last week"', {"journal/2024-05-14.md", "journal/2024-05-10.md"}),
        ('before:2024-05-13 after:"last week"', {"Home/Boiler.md", "journal/2024-05-10.md"}),
        ("folder:notes tag:contract", {"Home/Lease.md"}),
        ("folder:others", set()),
    ],
)
def test_filters_hold_in_every_mode_with_and_without_words(
    cortex: Cortex, mode: Mode, filters: str, expected: set[str]
) -> None:
    assert set(paths(cortex, filters, mode=mode, limit=99)) == expected
    assert set(paths(cortex, f"deposit boiler bread notice heron {filters}", mode=mode, limit=99)) <= expected
    assert set(paths(cortex, "deposit boiler", mode=mode, scope=filters, limit=99)) <= expected


def test_a_key_that_is_no_property_is_a_word(cortex: Cortex) -> None:
    assert paths(cortex, "status:nothing") == []
    assert paths(cortex, "nobody:pressure") == ["Home/Boiler.md"]
    assert paths(cortex, "tag:home", literal=True) == paths(cortex, "tag home")


def test_a_date_without_sense_is_refused_with_those_that_have_it(cortex: Cortex) -> None:
    with pytest.raises(UsageError) as caught:
        cortex.search.find("after:smarch")
    assert "last week" in caught.value.hint
    with pytest.raises(UsageError):
        cortex.search.find("x", scope="a word")


def test_a_misspelt_word_finds_its_neighbours_and_says_so(cortex: Cortex) -> None:
    found = cortex.search.find("presure", mode="words")
    assert [hit.note.path for hit in found.hits] == ["Home/Boiler.md"]
    assert found.notices == ("No note has “presure”; searched for “pressure” too.",)
    assert paths(cortex, "hernos") == paths(cortex, "heron")[: len(paths(cortex, "hernos"))]
    assert cortex.search.find("zzzzzzqq", mode="words").notices == ()


# -- what comes back -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("mode", MODES)
def test_a_hit_is_a_passage_of_its_note_with_lines_and_ranks(cortex: Cortex, mode: Mode) -> None:
    found = cortex.search.find("deposit months notice", mode=mode, limit=20)
    assert found.hits
    assert found.mode == mode
    scores = [hit.score for hit in found.hits]
    assert scores == sorted(scores, reverse=True)
    assert 0 <= min(scores) <= max(scores) <= 1
    for hit, why in zip(found.hits, found.explained, strict=True):
        lines = Path(hit.file).read_text().split("\n")[hit.chunk.first_line - 1 : hit.chunk.last_line]
        assert unicodedata.normalize("NFC", "\n".join(lines)) == unicodedata.normalize("NFC", hit.chunk.text.strip())
        assert hit.snippet.text in hit.chunk.text
        assert (hit.ranks.words is None) == (why.words is None)
        assert (hit.ranks.meaning is None) == (why.meaning is None)
        assert (hit.ranks.words is not None) <= (mode != "meaning")
        assert (hit.ranks.meaning is not None) <= (mode != "words")
    for arm in ("words", "meaning"):
        ranks = [rank for hit in found.hits if (rank := getattr(hit.ranks, arm)) is not None]
        assert len(set(ranks)) == len(ranks)
        assert all(rank >= 1 for rank in ranks)


def test_the_snippet_shows_and_marks_what_was_asked_for_at_its_line(cortex: Cortex) -> None:
    (hit,) = cortex.search.find('"kestrel number 7"', mode="words").hits
    assert [hit.snippet.text[start:end] for start, end in hit.snippet.highlights][-1] == "kestrel number 7"
    lines = Path(hit.file).read_text().split("\n")
    assert lines[hit.snippet.line - 1].startswith(hit.snippet.text.split("\n")[0])
    assert "Part 7" in hit.chunk.headings


def test_a_limit_counts_notes_unless_passages_are_asked_for(cortex: Cortex) -> None:
    assert len(paths(cortex, "the", limit=3, mode="hybrid")) == 3
    assert paths(cortex, "kestrel") == ["long.md"]
    several = cortex.search.find("kestrel", mode="words", chunks=True, limit=5).hits
    assert [hit.note.path for hit in several] == ["long.md"] * 5
    assert len({hit.chunk.key for hit in several}) == 5
    assert len(cortex.search.find("kestrel", mode="words", chunks=True, limit=99).hits) > 5


def test_sorting_by_date_puts_the_newest_first(cortex: Cortex) -> None:
    found = cortex.search.find("notice deposit boiler", mode="words", sort="date").hits
    days = [hit.note.date for hit in found]
    assert days == [date(2024, 5, 10), date(2024, 5, 8), date(2024, 3, 5)]
    listed = cortex.search.find("path:journal", sort="date").hits
    assert [hit.note.path for hit in listed] == ["journal/2024-05-14.md", "journal/2024-05-10.md"]


def test_every_step_is_timed_and_the_freshness_told(cortex: Cortex) -> None:
    found = cortex.search.find("deposit", mode="hybrid")
    assert {"words", "meaning", "fuse"} <= {step for step, _ in found.milliseconds}
    assert all(taken >= 0 for _, taken in found.milliseconds)
    assert (found.freshness.pending, found.freshness.embedding) == (0, 0)
    assert found.freshness.as_of.tzinfo is not None


def test_both_arms_find_more_than_either_and_agree_on_the_best(cortex: Cortex) -> None:
    by_words = set(paths(cortex, "pressure of the boiler", limit=99))
    by_meaning = set(paths(cortex, "pressure of the boiler", limit=99, mode="meaning"))
    assert set(paths(cortex, "pressure of the boiler", limit=99, mode="hybrid")) == by_words | by_meaning
    assert {first(cortex, "pressure of the boiler", mode=mode) for mode in MODES} == {"Home/Boiler.md"}


def test_notes_like_one_leave_it_out(cortex: Cortex) -> None:
    found = cortex.search.similar("journal/2024-05-14", limit=5)
    assert len(found.hits) == 5
    assert "journal/2024-05-14.md" not in [hit.note.path for hit in found.hits]
    assert [hit.ranks.meaning for hit in found.hits] == [1, 2, 3, 4, 5]
    with pytest.raises(UsageError):
        cortex.search.similar("no such note")


def test_a_note_without_meaning_yet_is_like_none_and_says_why(open_vault: Opener, vault: Vault) -> None:
    vault.fill({"a.md": "some text\n", "b.md": "some text too\n"})
    with open_vault() as opened:
        found = opened.search.similar("a")
        assert found.hits == ()
        assert found.notices == ("The meaning of a.md is not indexed yet; run `exo index`.",)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=st.one_of(st.text(max_size=60), st.text("\"*()^{}:+-~NOTANDOR tag:on has.,'é日\0", max_size=40)))
def test_any_text_is_a_query(cortex: Cortex, text: str) -> None:
    for mode in MODES:
        try:
            cortex.search.find(text, mode=mode)
        except UsageError:
            cortex.search.find(text, mode=mode, literal=True)


@pytest.mark.parametrize(
    "text", ["", " ", "the", "-", '"', "()", "x" * 10_000, "word " * 2_000, "🙂", "\0", "*", "AND"], ids=repr_short
)
def test_odd_queries_are_answered(cortex: Cortex, text: str) -> None:
    for mode in MODES:
        for chunks in (False, True):
            cortex.search.find(text, mode=mode, chunks=chunks)


def test_a_note_without_text_is_found_by_its_name_and_takes_its_place(vault: Vault, open_vault: Opener) -> None:
    vault.fill({"Groceries.md": "", "Week.md": "Groceries on Friday.\n"})
    cortex = open_vault()
    index(cortex)
    first, second = cortex.search.find("groceries", mode="words").hits
    assert {first.note.path, second.note.path} == {"Groceries.md", "Week.md"}
    assert len(cortex.search.find("groceries", mode="words", limit=1).hits) == 1


def test_a_long_note_full_of_the_word_leaves_room_for_a_passage_of_the_others(vault: Vault, open_vault: Opener) -> None:
    vault.fill(
        {
            "long.md": "".join(f"## Heron {n}\n\n{'The heron stood still. ' * 30}\n\n" for n in range(60)),
            **{f"short{n}.md": f"# Short {n}\n\nA heron was seen once, {n}.\n" for n in range(6)},
        }
    )
    with open_vault() as cortex:
        index(cortex)
        found = cortex.answers.evidence("heron", literal=True)
    assert {hit.note.path for hit in found.hits} == {"long.md", *(f"short{n}.md" for n in range(6))}
    assert len(found.hits) == 32
