"""The catalog finds notes by name, filter and word, whatever the alphabet and however it is typed."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from contextlib import closing
from datetime import date, datetime, timedelta
from pathlib import Path

import pytest
from vaults import NOON, enter

from exocortex.core.query import DateRange, Filter
from exocortex.core.words import fts_any
from exocortex.storage.catalog import Catalog
from exocortex.storage.ledger import Ledger
from exocortex.storage.vault import FileStat

NOTES = {
    "Home/Lease.md": "---\ntags: [home, contract/signed]\nstatus: Déjà Signé\ndate: 2024-03-05\naliases: [Rent]\n---\n"
    "# The lease\n\nDeposit. [[Boiler]]\n\n- [ ] ask\n",
    "Home/Boiler.md": "Pressure. #home/heating #homework\n\n- [x] done\n",
    "lease/100%_x.md": "# Percent\n\nNothing. #Straße/Ä\n",
    "2023-01-02 ÜBUNG.md": "Practice.\n",
    "Empty.md": "",
}


@pytest.fixture(scope="module")
def catalog(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Catalog]:
    with closing(Ledger(tmp_path_factory.mktemp("home"))) as ledger:
        for path, text in NOTES.items():
            enter(ledger, path, text)
        ledger.expect("notes", [FileStat("pending.md", "pending.md", 1, NOON, 1, NOON)])
        yield Catalog(ledger.connection)


def met(catalog: Catalog, *filters: Filter, dates: tuple[DateRange, ...] = (), excluded: str = "") -> set[str]:
    rows = catalog.matching(filters, dates, excluded)
    assert rows is not None
    return {note.ref.path for note in catalog.notes(rows).values()}


def test_without_a_condition_there_is_no_set(catalog: Catalog) -> None:
    assert catalog.matching((), (), "") is None
    assert catalog.count() == len(NOTES)


@pytest.mark.parametrize(
    ("key", "value", "expected"),
    [
        ("tag", "home", {"Home/Lease.md", "Home/Boiler.md"}),
        ("tag", "#HOME", {"Home/Lease.md", "Home/Boiler.md"}),
        ("tag", "home/heating", {"Home/Boiler.md"}),
        ("tag", "hom", set()),
        ("tag", "contract", {"Home/Lease.md"}),
        ("tag", "straße", {"lease/100%_x.md"}),
        ("tag", unicodedata.normalize("NFD", "STRAßE/ä"), {"lease/100%_x.md"}),
        ("tag", "%", set()),
        ("path", "home/", {"Home/Lease.md", "Home/Boiler.md"}),
        ("path", "übung", {"2023-01-02 ÜBUNG.md"}),
        ("path", unicodedata.normalize("NFD", "Übung"), {"2023-01-02 ÜBUNG.md"}),
        ("path", "100%_", {"lease/100%_x.md"}),
        ("path", "_", {"lease/100%_x.md"}),
        ("path", "%", {"lease/100%_x.md"}),
        ("title", "LEASE", {"Home/Lease.md"}),
        ("title", "übung", {"2023-01-02 ÜBUNG.md"}),
        ("folder", "notes", set(NOTES)),
        ("folder", "Notes", set(NOTES)),
        ("folder", "other", set()),
        ("has", "task", {"Home/Lease.md", "Home/Boiler.md"}),
        ("has", "open-task", {"Home/Lease.md"}),
        ("has", "link", {"Home/Lease.md"}),
        ("has", "tag", {"Home/Lease.md", "Home/Boiler.md", "lease/100%_x.md"}),
        ("status", "déjà signé", {"Home/Lease.md"}),
        ("status", unicodedata.normalize("NFD", "DÉJÀ SIGNÉ"), {"Home/Lease.md"}),
        ("status", "déjà", set()),
        ("nothing", "x", set()),
    ],
)
def test_a_filter_and_its_opposite_part_the_notes(catalog: Catalog, key: str, value: str, expected: set[str]) -> None:
    assert met(catalog, Filter(key, value)) == expected
    assert met(catalog, Filter(key, value, negated=True)) == set(NOTES) - expected


def test_filters_dates_and_exclusions_are_all_to_be_met(catalog: Catalog) -> None:
    march = DateRange(date(2024, 3, 1), date(2024, 3, 31))
    assert met(catalog, dates=(DateRange(None, date(2023, 12, 31)),)) == {"2023-01-02 ÜBUNG.md"}
    assert met(catalog, dates=(march,)) == set(NOTES) - {"2023-01-02 ÜBUNG.md"}
    assert met(catalog, dates=(march, DateRange(None, date(2023, 12, 31)))) == set()
    assert met(catalog, Filter("tag", "home"), excluded=fts_any(["deposit"])) == {"Home/Boiler.md"}
    assert met(catalog, excluded=fts_any(["deposits", "nothing"])) == set(NOTES) - {"Home/Lease.md", "lease/100%_x.md"}


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("lease", ["Home/Lease.md"]),
        ("the lease", ["Home/Lease.md"]),
        ("LEASE.MD", ["Home/Lease.md"]),
        ("home/lease", ["Home/Lease.md"]),
        ("home/lease.md", ["Home/Lease.md"]),
        ("percent", ["lease/100%_x.md"]),
        ("100%_x", ["lease/100%_x.md"]),
        (unicodedata.normalize("NFD", "2023-01-02 übung"), ["2023-01-02 ÜBUNG.md"]),
        ("leas", []),
        ("pending", []),
        ("", []),
    ],
)
def test_a_note_is_called_by_its_title_or_file_name(catalog: Catalog, name: str, expected: list[str]) -> None:
    assert [note.ref.path for note in catalog.called(name)] == expected


def test_a_title_in_another_case_is_found_beside_a_path_that_holds_the_name(tmp_path: Path) -> None:
    with closing(Ledger(tmp_path)) as ledger:
        enter(ledger, "boiler/a.md", "x\n")
        enter(ledger, "b.md", "# Boiler\n\nx\n")
        assert [note.ref.path for note in Catalog(ledger.connection).called("boiler")] == ["b.md"]


def test_near_names_are_offered(catalog: Catalog) -> None:
    assert catalog.nearest_names("Boilr") == ["Home/Boiler.md"]
    assert catalog.nearest_names("zzzzqqq") == []


def test_places_are_exact(catalog: Catalog) -> None:
    assert catalog.at("notes", "Empty.md") is not None
    assert catalog.at("other", "Empty.md") is None
    assert catalog.at("notes", "pending.md") is None
    assert [note.ref.folder for note in catalog.by_path("Home/Lease.md")] == ["notes"]


def test_ranking_keeps_to_the_notes_asked_for_and_to_the_limit(catalog: Catalog) -> None:
    rows = {note.ref.path: note.row for note in catalog.recent(99)}
    everywhere = catalog.ranked('"lease" OR "pressure"', (2.0, 1.0), 9, None)
    assert set(everywhere) == {rows["Home/Lease.md"], rows["Home/Boiler.md"]}
    assert all(score > 0 for score in everywhere.values())
    assert set(catalog.ranked('"lease" OR "pressure"', (2.0, 1.0), 9, {rows["Home/Boiler.md"]})) == {
        rows["Home/Boiler.md"]
    }
    assert len(catalog.ranked('"lease" OR "pressure"', (2.0, 1.0), 1, None)) == 1
    assert catalog.ranked("", (2.0, 1.0), 9, None) == {}
    assert catalog.ranked('"lease"', (2.0, 1.0), 9, set()) == {}


def test_the_vocabulary_is_unstemmed_and_folded(catalog: Catalog) -> None:
    assert catalog.known_term("deposit")
    assert not catalog.known_term("deposits")
    assert catalog.has_stem("deposits")
    assert catalog.known_term("ubung")
    assert ("boiler", 2) in catalog.vocabulary(5, 6)
    assert all(5 <= len(term) <= 6 for term, _ in catalog.vocabulary(5, 6))


def test_chunks_are_the_note_in_order(catalog: Catalog) -> None:
    rows = {note.ref.path: note.row for note in catalog.recent(99)}
    placed = catalog.chunks_of([rows["Home/Lease.md"]])
    assert "".join(one.chunk.text for one in placed) == NOTES["Home/Lease.md"]
    assert [one.ordinal for one in placed] == list(range(len(placed)))
    embedded = [one.chunk.key for one in placed if one.chunk.embedded]
    assert catalog.keys_of([rows["Home/Lease.md"]]) == [(key, rows["Home/Lease.md"]) for key in embedded]
    assert catalog.places_of(embedded) == catalog.keys_of([rows["Home/Lease.md"]])
    assert catalog.chunks_of([rows["Empty.md"]]) == []


def test_a_note_comes_back_in_its_parts(catalog: Catalog) -> None:
    (lease,) = catalog.called("lease")
    assert lease.ref.title == "The lease"
    assert lease.ref.date == date(2024, 3, 5)
    assert catalog.tags_of(lease.row) == ("contract/signed", "home")
    assert catalog.aliases_of(lease.row) == ("Rent",)
    assert ("status", "Déjà Signé") in catalog.properties_of(lease.row)
    assert [(one.level, one.text) for one in catalog.headings_of(lease.row)] == [(1, "The lease")]
    assert [(one.text, one.done) for one in catalog.tasks_of(lease.row)] == [("ask", False)]
    assert [one.target for one in catalog.links_of(lease.row)] == ["Boiler"]
    assert catalog.property_names() == {"tags", "status", "date", "aliases"}
    assert [path for _, path in catalog.tagged() if path == lease.row] == [lease.row] * 2
    assert [one.text for _, one in catalog.tasks(False, None)] == ["ask"]
    assert catalog.tasks(False, set()) == []
    assert [one.text for _, one in catalog.tasks(True, None)] == ["done"]


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("Home", ["Home/Boiler.md", "Home/Lease.md"]),
        ("home/", ["Home/Boiler.md", "Home/Lease.md"]),
        ("Hom", []),
        ("Home/Lease.md", []),
        ("lease", ["lease/100%_x.md"]),
        ("100%", []),
        ("%", []),
    ],
)
def test_what_lies_below_a_path(catalog: Catalog, path: str, expected: list[str]) -> None:
    assert [note.ref.path for note in catalog.below("notes", path)] == expected
    assert catalog.below("other", path) == []


def test_all_of_a_folder_lies_below_nothing(catalog: Catalog) -> None:
    assert {note.ref.path for note in catalog.below("notes", "")} == set(NOTES)


def test_what_changed_between_two_moments(catalog: Catalog) -> None:
    noon = datetime.fromtimestamp(NOON / 1e9).astimezone()
    hour = timedelta(hours=1)
    assert {note.ref.path for note in catalog.changed_between(noon, noon + hour)} == set(NOTES)
    assert catalog.changed_between(noon - hour, noon) == []
    assert catalog.changed_between(noon + hour, noon + 2 * hour) == []


def test_only_notes_that_say_so_themselves_are_of_a_day(catalog: Catalog) -> None:
    rows = catalog.dated_between(date(2023, 1, 1), date(2024, 3, 5))
    assert {note.ref.path for note in catalog.notes(rows).values()} == {"Home/Lease.md", "2023-01-02 ÜBUNG.md"}
    assert catalog.dated_between(date(2024, 3, 6), date(2024, 3, 7)) == set()
