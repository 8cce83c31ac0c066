"""Notes are listed where they lie, level by level and page by page, and found by a part of their name."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from vaults import NOON, enter

from exocortex.storage.ledger import Ledger
from exocortex.storage.listing import Listing
from exocortex.storage.vault import FileStat

PATHS = [
    *("Home/Lease.md", "Home/boiler.md", "Home/Old/Lease 2019.md", "Home/Old/deep/er/x.md"),
    *("home.md", "Zebra.md", "apple.md", "Été/ÜBUNG.md", "100%_x/a_b.md", "Homework/y.md", "Home-made/z.md"),
]
TITLES = {"apple.md": "The Lease of the orchard"}


@pytest.fixture(scope="module")
def listing(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Listing]:
    with closing(Ledger(tmp_path_factory.mktemp("home"))) as ledger:
        for path in PATHS:
            enter(ledger, path, f"# {TITLES.get(path, 'Any')}\n\nx\n")
        ledger.expect("notes", [FileStat("pending.md", "pending.md", 1, NOON, 1, NOON)])
        yield Listing(ledger.connection)


def at(listing: Listing, path: str) -> tuple[list[tuple[str, int]], list[str]]:
    contents = listing.contents("notes", path, "", 100)
    return [(one.path, one.notes) for one in contents.folders], [note.path for note in contents.notes]


def test_a_level_has_its_subfolders_and_its_own_notes_by_name_in_any_case(listing: Listing) -> None:
    folders, notes = at(listing, "")
    assert folders == [("100%_x", 1), ("Home", 4), ("Home-made", 1), ("Homework", 1), ("Été", 1)]
    assert notes == ["apple.md", "home.md", "Zebra.md"]
    assert at(listing, "Home") == ([("Home/Old", 2)], ["Home/boiler.md", "Home/Lease.md"])
    assert at(listing, "/Home/Old/") == ([("Home/Old/deep", 1)], ["Home/Old/Lease 2019.md"])
    assert at(listing, "Home/Old/deep") == ([("Home/Old/deep/er", 1)], [])
    assert at(listing, unicodedata.normalize("NFD", "Été")) == ([], ["Été/ÜBUNG.md"])


@pytest.mark.parametrize("path", ["Nowhere", "home", "Hom", "%", "Home/Lease.md", ".."])
def test_where_nothing_lies_is_empty(listing: Listing, path: str) -> None:
    assert at(listing, path) == ([], [])


@given(limit=st.integers(1, 5))
def test_pages_together_are_the_whole(listing: Listing, limit: int) -> None:
    seen, page = list[str](), listing.contents("notes", "", "", limit)
    while True:
        seen += [note.path for note in page.notes]
        assert page.more == 3 - len(seen)
        if not page.more:
            break
        page = listing.contents("notes", "", seen[-1], limit)
        assert page.folders == ()
    assert seen == ["apple.md", "home.md", "Zebra.md"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("lease", ["Home/Lease.md", "Home/Old/Lease 2019.md", "apple.md"]),
        ("LEA", ["Home/Lease.md", "Home/Old/Lease 2019.md", "apple.md"]),
        ("home lea", ["Home/Lease.md", "Home/Old/Lease 2019.md"]),
        ("old/le", ["Home/Old/Lease 2019.md"]),
        ("übung", ["Été/ÜBUNG.md"]),
        (unicodedata.normalize("NFD", "ÉTÉ"), ["Été/ÜBUNG.md"]),
        ("%_", ["100%_x/a_b.md"]),
        ("_b", ["100%_x/a_b.md"]),
        ("orchard", ["apple.md"]),
        ("ome", ["home.md", "Home/Lease.md", "Homework/y.md", "Home-made/z.md", "Home/boiler.md"]),
        ("pending", []),
        ("'; --", []),
        ("  ", []),
    ],
)
def test_a_note_is_named_by_parts_of_its_path_and_title(listing: Listing, text: str, expected: list[str]) -> None:
    assert [note.path for note in listing.named(text, 5)] == expected
    assert [note.path for note in listing.named(text, 1)] == expected[:1]


def test_ten_thousand_notes_in_a_folder_come_a_page_at_a_time(tmp_path: Path) -> None:
    with closing(Ledger(tmp_path)) as ledger:
        enter(ledger, "Big/0.md")
        rows = [(f"id {n}", f"Big/{n}.md", f"Big/{n}.md".encode()) for n in range(1, 10_000)]
        ledger.connection.executemany(
            "INSERT INTO notes(note, folder, path, raw, size, mtime_ns, ctime_ns, inode, state, digest)"
            " VALUES(?, 'notes', ?, ?, 1, 1, 1, 1, 'indexed', 'd')",
            rows,
        )
        listing = Listing(ledger.connection)
        page = listing.contents("notes", "Big", "", 500)
        assert (len(page.notes), page.more) == (500, 9_500)
        assert [one.notes for one in listing.contents("notes", "", "", 500).folders] == [10_000]
