"""What isn't what was written is seen: in the header, the structure, the schema, the words and the values."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from vaults import enter

from exocortex.storage.damage import INDEX, STATE, index_schema, is_suspect, mend
from exocortex.storage.ledger import Ledger
from exocortex.storage.soundness import (
    connection_fault,
    header_fault,
    log_of,
    read_only,
    schema_fault,
    structure_fault,
    value_faults,
    words_fault,
)
from exocortex.storage.state import Identity, State


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """An index of a few notes, closed."""
    with closing(Ledger(tmp_path)) as ledger:
        for number in range(20):
            enter(ledger, f"{number}.md", f"---\ntags: [b/{number}, a]\n---\n# Title {number}\n\nSome text.\n")
        ledger.put("scanned_at", "2024-05-15T12:00:00+00:00")
    return tmp_path / "index.db"


@pytest.fixture
def index(path: Path) -> Iterator[sqlite3.Connection]:
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        yield connection


def test_in_a_sound_index_nothing_is_found(path: Path, index: sqlite3.Connection) -> None:
    assert header_fault(path) is None
    assert structure_fault(path) is structure_fault(path, deep=True) is None
    assert connection_fault(index) is None
    assert schema_fault(index, index_schema()) is None
    assert words_fault(index) is None
    assert list(value_faults(index)) == []


def test_looking_changes_nothing(path: Path) -> None:
    before = path.read_bytes()
    with closing(read_only(path)) as connection:
        assert connection.execute("SELECT count(*) FROM notes").fetchone() == (20,)
        with pytest.raises(sqlite3.OperationalError):
            connection.execute("DELETE FROM notes")
    structure_fault(path, deep=True)
    assert path.read_bytes() == before
    assert [one.name for one in path.parent.iterdir()] == ["index.db"]


def test_a_new_file_of_which_all_but_the_first_page_is_in_the_log_is_sound(tmp_path: Path) -> None:
    with closing(Ledger(tmp_path)) as ledger, closing(State(tmp_path)) as state:
        enter(ledger, "a.md", "# Title\n\nSome text.\n")
        state.remember([Identity("1" * 16, "notes", "a.md", "d", 7)])
        for name in (INDEX, STATE):
            path = tmp_path / name
            assert path.stat().st_size == 4096
            assert log_of(path) > 0
            assert header_fault(path) is None
            assert structure_fault(path) is None
        crashed = tmp_path / "crashed"
        shutil.copytree(tmp_path, crashed)
    assert is_suspect(crashed)
    assert mend(crashed) == ()
    with closing(State(crashed)) as state:
        assert state.identify("notes", "a.md", "d") == "1" * 16
        assert not list(crashed.glob("*.damaged-*"))


def test_a_file_whose_maker_died_before_writing_anything_is_sound_unless_there_was_something(tmp_path: Path) -> None:
    for name in (INDEX, STATE):
        with closing(sqlite3.connect(tmp_path / name)) as connection:
            connection.execute("PRAGMA journal_mode = WAL")
        assert (tmp_path / name).stat().st_size == 4096
    assert header_fault(tmp_path / INDEX) is None
    (tmp_path / INDEX).unlink()
    assert not is_suspect(tmp_path)
    assert mend(tmp_path) == ()
    with closing(Ledger(tmp_path)):
        pass
    assert is_suspect(tmp_path)
    assert "it is empty" in " ".join(mend(tmp_path))


@pytest.mark.parametrize(
    ("at", "content", "fault"),
    [
        (0, b"X", "doesn't begin"),
        (16, b"\0\0", "header"),
        (18, b"\x07", "header"),
        (21, b"\0", "header"),
        (47, b"\x09", "header"),
        (56, b"\0\0\0\2", "header"),
        (80, b"\1", "header"),
        (28, b"\0\1\0\0", "missing at its end"),
    ],
)
def test_a_header_that_was_never_written_is_seen(path: Path, at: int, content: bytes, fault: str) -> None:
    whole = path.read_bytes()
    path.write_bytes(whole[:at] + content + whole[at + len(content) :])
    assert fault in str(header_fault(path))
    assert fault in str(structure_fault(path))


@pytest.mark.parametrize("length", [1, 50, 99, 100, 5000, -1])
def test_a_file_cut_off_anywhere_is_seen(path: Path, length: int) -> None:
    path.write_bytes(path.read_bytes()[:length])
    assert header_fault(path) is not None


def test_a_new_file_is_not_damaged(path: Path) -> None:
    path.write_bytes(b"")
    assert header_fault(path) is None
    assert structure_fault(path) == "it is empty"
    assert log_of(path) == 0


def test_a_page_of_nonsense_is_seen(path: Path) -> None:
    whole = path.read_bytes()
    path.write_bytes(whole[: 4096 * 3] + b"\xff" * 4096 + whole[4096 * 4 :])
    assert structure_fault(path) is not None


@pytest.mark.parametrize("thing", ["INDEX notes_state", "TABLE tags"])
def test_what_the_schema_lacks_is_named(index: sqlite3.Connection, thing: str) -> None:
    index.execute(f"DROP {thing}")
    assert thing.split()[1] in str(schema_fault(index, index_schema()))


def test_words_that_are_no_list_of_places_are_seen(index: sqlite3.Connection) -> None:
    index.execute("UPDATE words_data SET block = zeroblob(length(block)) WHERE id > 10")
    assert "words" in str(words_fault(index))


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE notes SET size = 'many' WHERE id = 3",
        "UPDATE notes SET title = x'00ff' WHERE id = 3",
        "UPDATE notes SET title = CAST(x'41ff' AS TEXT) WHERE id = 3",
        "UPDATE notes SET warnings = '[' WHERE id = 3",
        "UPDATE notes SET date = '2024-13-45' WHERE id = 3",
        "UPDATE chunks SET headings = 'x' WHERE id = 3",
        "UPDATE meta SET value = 'soon' WHERE key = 'scanned_at'",
        "INSERT INTO meta VALUES('vectors_published', 'many')",
    ],
)
def test_values_that_were_never_written_are_seen(index: sqlite3.Connection, change: str) -> None:
    index.execute(change)
    assert connection_fault(index, deep=True) is None
    faults = list(value_faults(index))
    assert len(faults) == 1
    assert "\xff" not in faults[0]
