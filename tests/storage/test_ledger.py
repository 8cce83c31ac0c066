"""Every file has one state, the sums follow from them, and a row given out again is never taken for another file."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import closing
from datetime import date, datetime
from pathlib import Path

import pytest
from vaults import NOON, enter

from exocortex.storage.catalog import Catalog
from exocortex.storage.ledger import Ledger, date_of
from exocortex.storage.vault import FileStat


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    with closing(Ledger(tmp_path)) as opened:
        yield opened


def file(path: str, *, mtime_ns: int = NOON, ctime_ns: int = NOON, inode: int = 1) -> FileStat:
    return FileStat(path, path, 10, mtime_ns, inode, ctime_ns)


def sums(ledger: Ledger) -> tuple[int, int, int, int]:
    status = ledger.folder_status("notes", "/notes", missing=False)
    assert status.on_disk == status.indexed + status.pending + status.skipped
    return status.on_disk, status.indexed, status.pending, status.skipped


def test_a_file_is_pending_then_indexed_then_pending_again_when_it_changes(ledger: Ledger) -> None:
    ledger.expect("notes", [file("a.md"), file("b.md")])
    assert sums(ledger) == (2, 0, 2, 0)
    row = enter(ledger, "a.md")
    assert sums(ledger) == (2, 1, 1, 0)
    ledger.expect("notes", [file("a.md", mtime_ns=NOON + 1)])
    assert sums(ledger) == (2, 0, 2, 0)
    assert Catalog(ledger.connection).ranked("text", (1.0, 1.0), 9, None).keys() == {row}
    ledger.touch(row, file("a.md", mtime_ns=NOON + 1))
    assert sums(ledger) == (2, 1, 1, 0)
    assert ledger.pending_count() == 1


def test_pending_files_come_the_newest_first(ledger: Ledger) -> None:
    ledger.expect("notes", [file(name, mtime_ns=NOON + age) for name, age in [("old", 0), ("new", 9), ("mid", 5)]])
    assert [row.file.path for row in ledger.pending()] == ["new", "mid", "old"]


def test_skipping_takes_the_words_out_and_retrying_makes_pending(ledger: Ledger) -> None:
    enter(ledger, "a.md")
    ledger.skip("notes", [(file("a.md"), "too large"), (file("sub/"), "closed")])
    assert sums(ledger) == (2, 0, 0, 2)
    assert [(one.path, one.reason) for one in ledger.skipped()] == [("a.md", "too large"), ("sub/", "closed")]
    assert ledger.chunk_count() == 0
    assert Catalog(ledger.connection).ranked("text", (1.0, 1.0), 9, None) == {}
    ledger.retry_skipped()
    assert sums(ledger) == (2, 0, 2, 0)
    assert ledger.skipped() == ()


def test_removing_takes_everything_out(ledger: Ledger) -> None:
    row = enter(ledger, "a.md", "---\ntags: [x]\nalias: y\nk: v\n---\n# H\n\n[[z]] ^id\n\n- [ ] task\n")
    ledger.remove(row)
    tables = "notes chunks placements tags properties headings tasks anchors links aliases".split()
    counts = {name: ledger.connection.execute(f"SELECT count(*) FROM {name}").fetchone()[0] for name in tables}  # noqa: S608
    assert counts == dict.fromkeys(tables, 0)


def test_a_file_keeps_what_was_found_in_it_when_it_moves(ledger: Ledger) -> None:
    row = enter(ledger, "a.md")
    before = ledger.files("notes", ["a.md"])[0]
    ledger.move(row, file("sub/a.md", ctime_ns=NOON + 5), renamed=False)
    (after,) = ledger.files("notes", ["sub/a.md"])
    assert (after.row, after.note, after.digest, after.chunker) == (row, before.note, before.digest, "1 hash")
    assert ledger.known("notes") == {"sub/a.md": (20, NOON, NOON + 5, 1, None)}
    ledger.move(row, file("sub/b.md"), renamed=True)
    assert ledger.files("notes", ["sub/b.md"])[0].chunker is None
    assert [one.row for one in ledger.outdated("1 hash")] == [row]


def test_a_file_that_may_have_been_written_unseen_stays_so_when_it_moves(ledger: Ledger) -> None:
    row = enter(ledger, "a.md")
    ledger.touch(row, file("a.md", ctime_ns=0))
    ledger.move(row, file("b.md", ctime_ns=NOON), renamed=False)
    assert ledger.known("notes")["b.md"][2] == 0


def test_what_another_chunker_cut_is_outdated(ledger: Ledger) -> None:
    enter(ledger, "old.md", chunker="0 hash")
    enter(ledger, "other.md", chunker="1 other")
    enter(ledger, "now.md", chunker="1 hash")
    assert {one.file.path for one in ledger.outdated("1 hash")} == {"old.md", "other.md"}


def test_other_files_are_compared_with_those_known(ledger: Ledger) -> None:
    assert ledger.set_attachments("notes", ["a.png", "b.png"]) == ({"a.png", "b.png"}, set())
    assert ledger.set_attachments("notes", ["b.png", "c.png"]) == ({"c.png"}, {"a.png"})
    assert ledger.folder_status("notes", "/", missing=True).others == 2
    assert ledger.folders() == ["notes"]


def test_a_date_comes_from_the_note_and_else_from_the_file(ledger: Ledger) -> None:
    own, late = enter(ledger, "2021-02-03 x.md"), enter(ledger, "b.md")
    catalog = Catalog(ledger.connection)
    assert catalog.notes([own])[own].ref.date == date(2021, 2, 3)
    assert catalog.notes([late])[late].ref.date == date(2024, 3, 5)
    for row, name in ((own, "2021-02-03 x.md"), (late, "b.md")):
        ledger.touch(row, file(name, mtime_ns=NOON + 40 * 86_400 * 10**9))
    assert catalog.notes([own])[own].ref.date == date(2021, 2, 3)
    assert catalog.notes([late])[late].ref.date == date(2024, 4, 14)


@pytest.mark.parametrize("nanoseconds", [-(2**62), 2**62, 2**63 - 1])
def test_times_beyond_any_calendar_are_days_all_the_same(nanoseconds: int) -> None:
    assert date(1677, 1, 1) < date_of(nanoseconds) < date(2300, 1, 1)


def test_settings_are_remembered_and_replaced(ledger: Ledger, tmp_path: Path) -> None:
    assert ledger.get("key") is None
    assert ledger.scanned_at() is None
    ledger.put("key", "one")
    ledger.put("key", "two")
    moment = datetime.now().astimezone()
    ledger.put("scanned_at", moment.isoformat())
    ledger.close()
    with closing(Ledger(tmp_path)) as again:
        assert again.get("key") == "two"
        assert again.scanned_at() == moment


def test_names_are_kept_as_the_system_spells_them(ledger: Ledger) -> None:
    raw = os.fsdecode(b"cafe\xcc\x81.md")
    ledger.expect("notes", [FileStat("café.md", raw, 1, NOON, 1, NOON)])
    assert ledger.pending()[0].file.raw == raw
