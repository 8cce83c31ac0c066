"""A database is private, checked before it is touched, and all or nothing."""

from __future__ import annotations

import os
import sqlite3
import stat
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from exocortex.core.errors import IndexStoreError
from exocortex.storage.database import APPLICATION_ID, connect, is_sound, transaction

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
    assert caught.value.hint.startswith(f"Delete {path} and run `exo index`")


def test_only_for_the_index_deleting_is_advised(tmp_path: Path) -> None:
    path = tmp_path / "state.db"
    path.write_bytes(b"nonsense" * 1000)
    with pytest.raises(IndexStoreError) as caught:
        connect(path, SCHEMA, 1, "FULL")
    assert caught.value.hint.startswith(f"Move {path} away")


def test_a_place_that_cannot_be_written_is_no_damage(tmp_path: Path) -> None:
    with pytest.raises(IndexStoreError, match="cannot be used: No such file") as caught:
        connect(tmp_path / "missing" / "index.db", SCHEMA, 1, "NORMAL")
    assert "Delete" not in caught.value.hint
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
