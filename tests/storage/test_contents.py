"""What is found in a note goes in whole and comes out whole; the word index never holds what is gone."""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from vaults import dump_index, enter

from exocortex.core.links import name_keys
from exocortex.storage.catalog import Catalog
from exocortex.storage.ledger import Ledger


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    with closing(Ledger(tmp_path)) as opened:
        yield opened


def found(ledger: Ledger, match: str) -> set[int]:
    return set(Catalog(ledger.connection).ranked(match, (1.0, 1.0), 100, None))


def test_equal_passages_are_stored_once_and_found_in_both_notes(ledger: Ledger) -> None:
    text = "# Same\n\nA heron stood there.\n"
    first, second = enter(ledger, "a.md", text), enter(ledger, "b.md", text)
    assert ledger.chunk_count() == 1
    assert found(ledger, "heron") == {first, second}
    ledger.remove(first)
    assert ledger.chunk_count() == 1
    assert found(ledger, "heron") == {second}
    ledger.remove(second)
    assert ledger.chunk_count() == 0


def test_a_passage_twice_in_one_note_goes_only_when_both_are_gone(ledger: Ledger) -> None:
    repeated = "# T\n\n## S\n\nsame words\n\n## S\n\nsame words\n\n## S\n\nsame words\n\n"
    row = enter(ledger, "a.md", repeated)
    places = [(one.chunk.key, one.chunk.first_line) for one in Catalog(ledger.connection).chunks_of([row])]
    assert len(places) > len({key for key, _ in places})
    enter(ledger, "a.md", "# T\n\n## S\n\nsame words\n\n")
    assert [one.chunk.text.count("same") for one in Catalog(ledger.connection).chunks_of([row])] == [1]


def test_replaced_words_are_found_no_more_nor_offered_as_spellings(ledger: Ledger) -> None:
    row = enter(ledger, "a.md", "---\naliases: [Pelican]\n---\n# Heron\n\nGrey bird.\n")
    assert found(ledger, "pelican") == found(ledger, "heron") == found(ledger, "grey") == {row}
    enter(ledger, "a.md", "# Stork\n\nWhite bird.\n")
    assert not found(ledger, "pelican") | found(ledger, "heron") | found(ledger, "grey")
    catalog = Catalog(ledger.connection)
    assert not catalog.known_term("heron")
    assert not catalog.known_term("pelican")
    assert catalog.known_term("stork")


def test_a_note_without_text_is_found_by_its_title_until_it_goes(ledger: Ledger) -> None:
    row = enter(ledger, "Groceries.md", "")
    assert found(ledger, "groceries") == {row}
    enter(ledger, "Groceries.md", "# List\n\nbread\n")
    assert not found(ledger, "groceries")
    enter(ledger, "Groceries.md", "")
    ledger.remove(row)
    assert not found(ledger, "groceries")
    assert not Catalog(ledger.connection).known_term("groceries")


def test_words_are_searchable_in_the_transaction_that_stores_them(ledger: Ledger) -> None:
    with pytest.raises(RuntimeError), ledger.transaction():
        row = enter(ledger, "a.md", "heron\n")
        assert found(ledger, "heron") == {row}
        raise RuntimeError
    assert not found(ledger, "heron")
    assert ledger.known("notes") == {}


def test_names_lead_to_files_and_are_given_up(ledger: Ledger) -> None:
    contents, names = ledger.contents, Catalog(ledger.connection).names("notes")
    for path in ("sub/Note.md", "other/Note.md", "pic.PNG"):
        contents.name("notes", path)
        contents.name("notes", path)
    for key in name_keys("Note.md"):
        assert names.files_named(key) == ["other/Note.md", "sub/Note.md"]
    assert names.files_named(name_keys("pic.png")[0]) == ["pic.PNG"]
    contents.unname("notes", "other/Note.md")
    assert names.files_named(name_keys("note.md")[0]) == ["sub/Note.md"]
    assert Catalog(ledger.connection).names("another").files_named(name_keys("note.md")[0]) == []


WORDS = "heron café Straße 今日は naïve run running RUNS don't e\u0301tude 12:30 x_y 部署 🙂 ".split(" ")


def random_note(chance: random.Random) -> str:
    if chance.random() < 0.1:
        return ""
    aliases = f"---\naliases: [{chance.choice(WORDS)} one, two]\ntags: t\n---\n" if chance.random() < 0.4 else ""
    title = f"# {chance.choice(WORDS)} {chance.choice(WORDS)}\n\n" if chance.random() < 0.7 else ""
    paragraphs = [" ".join(chance.choices(WORDS, k=chance.randint(1, 90))) for _ in range(chance.randint(0, 6))]
    return aliases + title + "\n\n".join(paragraphs)


@pytest.mark.parametrize("seed", range(4))
def test_after_many_random_edits_the_index_is_as_if_made_afresh(tmp_path: Path, seed: int) -> None:
    chance = random.Random(seed)
    now: dict[str, str] = {}
    with closing(Ledger(tmp_path)) as ledger:
        for step in range(120):
            path = f"{chance.choice(WORDS[:3])}{chance.randint(0, 5)}.md"
            if path in now and chance.random() < 0.3:
                ledger.remove(ledger.files("notes", [path])[0].row)
                del now[path]
            else:
                now[path] = random_note(chance)
                enter(ledger, path, now[path])
            if step % 30 == 29:
                assert dump_index(tmp_path) == afresh(tmp_path / f"fresh {step}", now)


def afresh(home: Path, notes: dict[str, str]) -> dict[str, list[str]]:
    home.mkdir()
    with closing(Ledger(home)) as ledger:
        for path, text in notes.items():
            enter(ledger, path, text)
        return dump_index(home)


def test_words_folded_otherwise_are_entered_anew(tmp_path: Path) -> None:
    with closing(Ledger(tmp_path)) as old:
        row = enter(old, "Lease.md", "# Lease\n\nIt ends in autumn.\n")
        old.connection.execute("INSERT INTO words(words) VALUES('delete-all')")
        old.put("folding", "that of another time")
    with closing(Ledger(tmp_path)) as new:
        assert found(new, "autumn") == {row}
        new.remove(row)
        assert found(new, "autumn") == set()
