"""A database is private, checked before it is touched, and all or nothing."""

from __future__ import annotations

import os
import sqlite3
import stat
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from exocortex.core.errors import IndexStoreError
from exocortex.storage.backups import Backups
from exocortex.storage.database import (
    APPLICATION_ID,
    Migration,
    blames_file,
    connect,
    is_sound,
    suspicion,
    transaction,
    version_of,
)
from exocortex.storage.ledger import VERSION as INDEX_VERSION
from exocortex.storage.ledger import Ledger
from exocortex.storage.state import VERSION as STATE_VERSION
from exocortex.storage.state import State

SCHEMA = "CREATE TABLE IF NOT EXISTS things(name TEXT); CREATE INDEX IF NOT EXISTS by_name ON things(name);"


def opened(path: Path, version: int = 1) -> closing[sqlite3.Connection]:
    return closing(connect(path, SCHEMA, version, "NORMAL"))


def names(connection: sqlite3.Connection) -> list[str]:
    return [row["name"] for row in connection.execute("SELECT name FROM things ORDER BY name")]


def test_a_new_file_is_for_its_owner_alone_and_bears_our_mark(tmp_path: Path) -> None:
    path = tmp_path / "index.db"
    mask = os.umask(0)
    try:
        with opened(path) as db:
            db.execute("INSERT INTO things VALUES('kept')")
            assert {stat.S_IMODE(file.stat().st_mode) for file in tmp_path.iterdir()} == {0o600}
    finally:
        os.umask(mask)
    assert path.read_bytes()[68:72] == APPLICATION_ID.to_bytes(4, "big") == b"EXO1"
    with opened(path) as db:
        assert names(db) == ["kept"]


def test_what_is_deleted_is_overwritten_and_foreign_keys_hold(tmp_path: Path) -> None:
    with opened(tmp_path / "index.db") as db:
        settings = {
            name: db.execute(f"PRAGMA {name}").fetchone()[0]
            for name in ("secure_delete", "foreign_keys", "trusted_schema", "journal_mode", "synchronous")
        }
    assert settings == {
        "secure_delete": 1,
        "foreign_keys": 1,
        "trusted_schema": 0,
        "journal_mode": "wal",
        "synchronous": 1,
    }


def test_a_newer_version_is_refused_and_not_a_byte_is_changed(tmp_path: Path) -> None:
    path = tmp_path / "index.db"
    with opened(path, version=8) as db:
        db.execute("INSERT INTO things VALUES('from the future')")
        db.execute("PRAGMA journal_mode = DELETE").fetchall()
    before = path.read_bytes()
    with pytest.raises(IndexStoreError, match=r"newer Exocortex \(version 8, this one reads 7\)") as caught:
        connect(path, SCHEMA, 7, "NORMAL")
    assert "Upgrade" in caught.value.hint
    assert path.read_bytes() == before
    assert [file.name for file in tmp_path.iterdir()] == ["index.db"]
    with opened(path, version=8) as db:
        assert names(db) == ["from the future"]


def test_somebody_elses_database_is_refused_and_not_a_byte_is_changed(tmp_path: Path) -> None:
    path = tmp_path / "index.db"
    with closing(sqlite3.connect(path)) as other:
        other.execute("CREATE TABLE diary(day)")
    before = path.read_bytes()
    with pytest.raises(IndexStoreError, match="not a file of Exocortex"):
        connect(path, SCHEMA, 1, "NORMAL")
    assert path.read_bytes() == before


@pytest.mark.parametrize("content", [b"not a database at all, but long enough to be asked" * 40, b"\0" * 8192])
def test_a_file_that_is_no_database_is_called_damaged(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "index.db"
    path.write_bytes(content)
    with pytest.raises(IndexStoreError, match="is damaged") as caught:
        connect(path, SCHEMA, 1, "NORMAL")
    assert "rebuilt from your notes" in caught.value.hint
    assert suspicion(path).exists()


def test_only_the_index_is_rebuilt(tmp_path: Path) -> None:
    path = tmp_path / "state.db"
    path.write_bytes(b"nonsense" * 1000)
    with pytest.raises(IndexStoreError) as caught:
        connect(path, SCHEMA, 1, "FULL")
    assert "newest good backup" in caught.value.hint


def test_a_place_that_cannot_be_written_is_no_damage(tmp_path: Path) -> None:
    with pytest.raises(IndexStoreError, match="cannot be used: No such file") as caught:
        connect(tmp_path / "missing" / "index.db", SCHEMA, 1, "NORMAL")
    assert "damaged" not in caught.value.message
    (tmp_path / "index.db").mkdir()
    with pytest.raises(IndexStoreError, match="cannot be used"):
        connect(tmp_path / "index.db", SCHEMA, 1, "NORMAL")


@pytest.mark.parametrize("exists", [True, False])
def test_a_link_is_not_followed(tmp_path: Path, exists: bool) -> None:
    target = tmp_path / "target"
    if exists:
        with opened(target):
            pass
    (tmp_path / "index.db").symlink_to(target)
    with pytest.raises(IndexStoreError, match="is a link"):
        connect(tmp_path / "index.db", SCHEMA, 1, "NORMAL")
    assert target.exists() == exists


def test_opening_a_finished_file_writes_nothing(tmp_path: Path) -> None:
    path = tmp_path / "index.db"
    with opened(path):
        pass
    before = path.read_bytes()
    with opened(path):
        assert path.read_bytes() == before
        assert not (wal := path.with_name("index.db-wal")).exists() or wal.stat().st_size == 0
    assert path.read_bytes() == before


def test_a_transaction_is_all_or_nothing_and_a_nested_one_joins(tmp_path: Path) -> None:
    with opened(tmp_path / "index.db") as db:
        with transaction(db):
            db.execute("INSERT INTO things VALUES('a')")
            with transaction(db):
                db.execute("INSERT INTO things VALUES('b')")
        with pytest.raises(KeyboardInterrupt), transaction(db):
            db.execute("INSERT INTO things VALUES('c')")
            with transaction(db):
                db.execute("INSERT INTO things VALUES('d')")
            raise KeyboardInterrupt
        assert names(db) == ["a", "b"]
        assert not db.in_transaction


def test_a_full_disk_is_named_though_sqlite_has_rolled_back_by_itself(tmp_path: Path) -> None:
    with opened(tmp_path / "index.db") as db:
        db.execute("PRAGMA max_page_count = 20").fetchall()
        with pytest.raises(sqlite3.OperationalError) as caught, transaction(db):
            for _ in range(100):
                db.execute("INSERT INTO things VALUES(?)", ("x" * 3000,))
        assert caught.value.sqlite_errorcode == sqlite3.SQLITE_FULL
        assert blames_file(caught.value)
        with transaction(db):
            db.execute("INSERT INTO things VALUES('fits')")
        assert names(db) == ["fits"]


def test_what_cannot_be_committed_is_rolled_back_and_the_next_is_its_own(tmp_path: Path) -> None:
    schema = "CREATE TABLE wholes(id INTEGER PRIMARY KEY);"
    schema += "CREATE TABLE parts(whole REFERENCES wholes(id) DEFERRABLE INITIALLY DEFERRED);"
    with closing(connect(tmp_path / "index.db", schema, 1, "NORMAL")) as db:
        with pytest.raises(sqlite3.IntegrityError), transaction(db):
            db.execute("INSERT INTO parts VALUES(7)")
        assert not db.in_transaction


KILLED = """
import os, signal, sys
from pathlib import Path
from exocortex.storage.database import connect, transaction
db = connect(Path(sys.argv[1]), sys.argv[2], 1, "NORMAL")
with transaction(db):
    db.execute("INSERT INTO things VALUES('whole')")
with transaction(db):
    db.execute("INSERT INTO things VALUES('half')")
    os.kill(os.getpid(), signal.SIGKILL)
"""


def test_a_process_killed_within_a_transaction_leaves_the_one_before(tmp_path: Path) -> None:
    path = tmp_path / "index.db"
    subprocess.run([sys.executable, "-c", KILLED, str(path), SCHEMA], check=False)
    with opened(path) as db:
        assert names(db) == ["whole"]


def test_text_is_folded_in_every_alphabet(tmp_path: Path) -> None:
    with opened(tmp_path / "index.db") as db:
        (folded,) = db.execute("SELECT folded('STRASSE ÜBER Ω') = folded('straße u\u0308ber ω')").fetchone()
        (nothing,) = db.execute("SELECT folded(NULL)").fetchone()
    assert folded == 1
    assert nothing == ""


def test_damage_inside_is_seen_by_looking_through_it_all(tmp_path: Path) -> None:
    path = tmp_path / "index.db"
    with opened(path) as db:
        with transaction(db):
            db.executemany("INSERT INTO things VALUES(?)", [(f"{number:0200}",) for number in range(500)])
        assert is_sound(db)
    content = bytearray(path.read_bytes())
    for page in range(3, len(content) // 4096):
        content[page * 4096 : page * 4096 + 16] = b"\xff" * 16
    path.write_bytes(content)
    with opened(path) as db:
        assert not is_sound(db)


def _add_row(db: sqlite3.Connection) -> None:
    db.execute("INSERT INTO things(name, size) VALUES('from ' || (SELECT count(*) FROM things), 7)")


STEPS: dict[int, Migration] = {
    1: "ALTER TABLE things ADD COLUMN size INTEGER NOT NULL DEFAULT 3; -- a comment; with a semicolon\n"
    "CREATE TRIGGER grown AFTER INSERT ON things BEGIN UPDATE things SET size = size + 1; SELECT 1; END;",
    2: _add_row,
}


def migrated(path: Path, version: int, **options: Any) -> closing[sqlite3.Connection]:
    return closing(connect(path, SCHEMA, version, "NORMAL", STEPS, **options))


def test_an_older_file_is_brought_up_step_by_step_after_it_was_saved(tmp_path: Path) -> None:
    path = tmp_path / "state.db"
    with opened(path, version=1) as db:
        db.execute("INSERT INTO things VALUES('kept')")
    seen: list[list[str]] = []
    with migrated(path, 3, save=lambda db: seen.append(names(db))) as db:
        assert [tuple(row) for row in db.execute("SELECT name, size FROM things ORDER BY name")] == [
            ("from 1", 8),
            ("kept", 4),
        ]
        assert version_of(db) == 3
    assert seen == [["kept"]]
    with migrated(path, 3, save=lambda _: seen.append([])) as db:
        assert names(db) == ["from 1", "kept"]
    assert len(seen) == 1


def test_a_migration_that_fails_changes_nothing(tmp_path: Path) -> None:
    path = tmp_path / "state.db"
    with opened(path, version=1) as db:
        db.execute("INSERT INTO things VALUES('kept')")
    steps: dict[int, Migration] = {1: STEPS[1], 2: "INSERT INTO nowhere VALUES(1);"}
    with pytest.raises(IndexStoreError, match="no such table: nowhere"):
        connect(path, SCHEMA, 3, "NORMAL", steps)
    with opened(path, version=1) as db:
        assert version_of(db) == 1
        assert [tuple(row) for row in db.execute("SELECT * FROM things")] == [("kept",)]


def test_without_a_backup_nothing_is_migrated(tmp_path: Path) -> None:
    path = tmp_path / "state.db"
    with opened(path, version=1):
        pass

    def full(_: sqlite3.Connection) -> None:
        raise IndexStoreError("The disk is full", "")

    with pytest.raises(IndexStoreError, match="The disk is full"):
        migrated(path, 3, save=full)
    with opened(path, version=1) as db:
        assert version_of(db) == 1


def test_a_version_nothing_leads_from_is_refused_and_not_changed(tmp_path: Path) -> None:
    path = tmp_path / "index.db"
    with opened(path, version=1):
        pass
    before = path.read_bytes()
    with pytest.raises(IndexStoreError, match="older Exocortex") as caught:
        connect(path, SCHEMA, 4, "NORMAL", STEPS)
    assert "exo rebuild" in caught.value.hint
    assert path.read_bytes() == before


KILLED_MIGRATING = """
import os, signal, sys
from pathlib import Path
from exocortex.storage.database import connect
def die(db):
    db.execute("INSERT INTO things VALUES('half')")
    os.kill(os.getpid(), signal.SIGKILL)
connect(Path(sys.argv[1]), sys.argv[2], 2, "FULL", {1: die})
"""


def test_a_process_killed_while_it_migrates_leaves_the_older_file(tmp_path: Path) -> None:
    path = tmp_path / "state.db"
    with opened(path, version=1) as db:
        db.execute("INSERT INTO things VALUES('kept')")
    subprocess.run([sys.executable, "-c", KILLED_MIGRATING, str(path), SCHEMA], check=False)
    with opened(path, version=1) as db:
        assert (version_of(db), names(db)) == (1, ["kept"])


SCHEMAS = Path(__file__).parent / "schemas"


def old_file(home: Path, name: str, version: int) -> Path:
    """A database as an earlier version left it."""
    home.mkdir(exist_ok=True)
    path = home / f"{name}.db"
    with closing(sqlite3.connect(path)) as db:
        db.executescript((SCHEMAS / f"{name}-{version}.sql").read_text("utf-8"))
    return path


@pytest.mark.parametrize("version", range(1, STATE_VERSION + 1))
def test_a_state_of_every_version_that_ever_landed_opens(tmp_path: Path, version: int) -> None:
    old_file(tmp_path, "state", version)
    with closing(State(tmp_path)) as state:
        assert [(one.id, one.path, one.inode) for one in state.identities()] == [
            ("00000000000000a1", "Lease.md", 11),
            ("00000000000000a2", "sub/Boiler.md", 12),
        ]
        assert state.identify("notes", "gone.md", "d3") == "00000000000000a3"
    assert len(Backups(tmp_path).list()) == (version < STATE_VERSION)
    assert shape(tmp_path / "state.db") >= fresh_shape(tmp_path, "state")


@pytest.mark.parametrize("version", range(1, INDEX_VERSION + 1))
def test_an_index_of_every_version_that_ever_landed_opens(tmp_path: Path, version: int) -> None:
    old_file(tmp_path, "index", version)
    with closing(Ledger(tmp_path)) as ledger:
        (row,) = ledger.files("notes", ["Lease.md"])
        assert (row.note, row.state) == ("00000000000000a1", "indexed")
        assert ledger.vectors.all_keys("hash-256-1") == ["c1"]
        found = ledger.connection.execute("SELECT rowid FROM words WHERE words MATCH 'deposit'").fetchall()
        assert [tuple(one) for one in found] == [(1,)]
    assert shape(tmp_path / "index.db") >= fresh_shape(tmp_path, "index")


def fresh_shape(home: Path, name: str) -> set[tuple[str, ...]]:
    """The tables, indexes and columns of a file made today."""
    fresh = home / "fresh"
    fresh.mkdir()
    (Ledger if name == "index" else State)(fresh).close()
    return shape(fresh / f"{name}.db")


def shape(path: Path) -> set[tuple[str, ...]]:
    with closing(sqlite3.connect(path)) as db:
        things = [tuple(row) for row in db.execute("SELECT type, name, tbl_name FROM sqlite_master")]
        columns = [(name, *row[1:4]) for _, name, _ in things for row in db.execute(f"PRAGMA table_info({name})")]
    return {*things, *(tuple(map(str, one)) for one in columns)}
