"""The journal: what was written comes back, what was damaged is told from it, one entry never hides another."""

from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from exocortex.core.ulid import make_ulid
from exocortex.storage import journal
from exocortex.storage.journal import Addition, DamagedEntryError, Entry, JournalError
from exocortex.storage.records import Record


def _entry(number: int = 0, note: str = "---\nid\n---\n\nheron — 鷺\n") -> Entry:
    return Entry(make_ulid(number, bytes(10)), "/notes", ("Inbox/a.md", "Inbox/b.md"), "0" * 64, note)


def _claimed(home: Path) -> Iterator[Record]:
    """Each entry nobody is at work on, for as long as it is looked at."""
    for path in journal.left(home):
        record = journal.claim(path)
        if record is not None:
            with record:
                yield record


def _read_all(home: Path) -> list[Entry]:
    return [journal.read(record) for record in _claimed(home)]


def test_entries_come_back_in_their_order(home: Path) -> None:
    entries = [_entry(number) for number in (2, 1, 3)]
    for entry in entries:
        journal.write(home, entry).close()
    assert _read_all(home) == sorted(entries, key=lambda entry: entry.ulid)
    assert entries[0].data == entries[0].note.encode()
    for path in journal.left(home):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600


@pytest.mark.parametrize("start", [None, "", "# Day\n"])
def test_an_addition_comes_back_and_a_note_is_written_as_it_ever_was(home: Path, start: str | None) -> None:
    entries = [_entry(1), replace(_entry(2), addition=Addition("Plans/鷺.md", "Beds#Inner", "two\nlines", start))]
    for entry in entries:
        journal.write(home, entry).close()
    assert _read_all(home) == entries
    shapes = [json.loads(path.read_bytes()) for path in journal.left(home)]
    assert [(shape["schema"], "addition" in shape["entry"]) for shape in shapes] == [(1, False), (2, True)]


def test_an_addition_that_says_it_is_a_note_is_damaged(home: Path) -> None:
    journal.write(home, replace(_entry(), addition=Addition("a.md", "", "x"))).close()
    (path,) = journal.left(home)
    shape = json.loads(path.read_text())
    for changed in (shape | {"schema": 1}, shape | {"entry": shape["entry"] | {"addition": None}}):
        path.write_text(json.dumps(changed))
        for record in _claimed(home):
            with pytest.raises(DamagedEntryError):
                journal.read(record)


def test_an_entry_being_delivered_is_passed_over(home: Path) -> None:
    with journal.write(home, _entry()):
        assert _read_all(home) == []
        assert len(journal.left(home)) == 1
    assert _read_all(home) == [_entry()]


def test_no_journal_is_an_empty_one(home: Path) -> None:
    assert (journal.left(home), _read_all(home)) == ([], [])
    assert not home.exists()


def test_every_changed_byte_is_noticed(home: Path) -> None:
    journal.write(home, _entry(note="heron\n")).close()
    (path,) = journal.left(home)
    whole = path.read_bytes()
    for at in range(len(whole)):
        path.write_bytes(whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :])
        for record in _claimed(home):
            with pytest.raises(DamagedEntryError, match=r"\.json is damaged"):
                journal.read(record)
    for part in (b"", whole[:-1], b"[]", b"null", b'{"schema":1,"entry":3,"checksum":""}'):
        path.write_bytes(part)
        for record in _claimed(home):
            with pytest.raises(DamagedEntryError):
                journal.read(record)


def test_an_entry_of_a_later_version_is_left_alone(home: Path) -> None:
    journal.write(home, _entry()).close()
    (path,) = journal.left(home)
    path.write_text(json.dumps(json.loads(path.read_text()) | {"schema": 2}))
    for record in _claimed(home):
        with pytest.raises(DamagedEntryError):
            journal.read(record)
    assert path.exists()


def test_the_same_entry_twice_and_a_journal_in_the_way_are_told(home: Path) -> None:
    home.mkdir()
    (home / "journal").write_text("in the way")
    with pytest.raises(JournalError, match="can't be kept"):
        journal.write(home, _entry())
    with pytest.raises(JournalError, match="can't be read"):
        journal.left(home)


def test_what_lies_in_the_journal_and_is_no_entry(home: Path) -> None:
    journal.write(home, _entry()).close()
    (home / "journal" / "notes.txt").write_text("not ours")
    (home / "journal" / ".exo-x.tmp").write_text("half")
    assert _read_all(home) == [_entry()]
    (home / "journal" / "folder.json").mkdir()
    with pytest.raises(JournalError, match=r"folder\.json can't be read"):
        _read_all(home)
    assert sorted(os.listdir(home / "journal"))[-1] == "notes.txt"


WRITING = """
import os, sys
from pathlib import Path
from exocortex.storage.records import Record
record = Record._new(Path(sys.argv[1]))
os.write(record._fd, b"half")
print("writing", flush=True)
sys.stdin.read()
"""


def test_what_a_killed_writer_left_half_written_is_taken_away_and_what_is_being_written_is_not(home: Path) -> None:
    journal.write(home, _entry()).close()
    temporary = home / "journal" / f".exo-{_entry(1).ulid}.tmp"
    command = [sys.executable, "-c", WRITING, str(temporary)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as writer:
        assert writer.stdout is not None
        assert writer.stdout.readline() == b"writing\n"
        journal.sweep(home)
        assert journal.unfinished(home) == [temporary]
        writer.kill()
    (home / "journal" / ".exo-x.tmp").write_text("not a name of ours")
    journal.sweep(home)
    assert (journal.unfinished(home), _read_all(home)) == ([], [_entry()])
    assert (home / "journal" / ".exo-x.tmp").exists()


def test_an_unfinished_entry_that_cannot_be_removed_hinders_nobody(home: Path) -> None:
    journal.write(home, _entry()).close()
    (home / "journal" / f".exo-{_entry(1).ulid}.tmp").mkdir()
    journal.sweep(home)
    assert _read_all(home) == [_entry()]
