"""What the checks find is so, changes nothing, and is mended by the command that is named."""

from __future__ import annotations

import json
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
from owners import eventually
from vaults import NOTES, Opener, Vault, files_below, index, settle

from exocortex.bootstrap import open_owned
from exocortex.checking import Finding, check
from exocortex.checking.contents import check_chroma
from exocortex.config import Config, EmbedderSettings, Folder
from exocortex.storage.lock import IndexLock
from exocortex.storage.state import Identity, State


class Answering:
    """An owner whose Chroma finds this share."""

    def __init__(self, share: float | None) -> None:
        self._share = share

    def recall(self) -> float | None:
        return self._share


NO_CHROMA = Answering(None)


@pytest.fixture
def config(open_vault: Opener, vault: Vault, home: Path) -> Config:
    """A vault that was indexed."""
    vault.fill(NOTES)
    settle()
    with open_vault() as cortex:
        index(cortex)
    return Config(home=home, folders=(Folder("notes", vault.root),))


@pytest.fixture
def db(config: Config) -> Iterator[sqlite3.Connection]:
    with closing(sqlite3.connect(config.home / "index.db", isolation_level=None)) as connection:
        yield connection


def amiss(config: Config, *, deep: bool = False) -> dict[str, str]:
    """What isn't in order, with what mends it."""
    return {one.what: one.mend for one in check(config, NO_CHROMA, deep=deep) if one.severity != "ok"}


def found(config: Config, what: str) -> Finding:
    (one,) = [one for one in check(config, NO_CHROMA) if one.what == what]
    return one


def test_in_a_sound_home_all_is_well_and_nothing_is_changed(config: Config) -> None:
    before = {path: path.read_bytes() for path in files_below(config.home)}
    findings = list(check(config, NO_CHROMA, deep=True))
    assert {one.severity for one in findings} == {"ok"}
    named = {
        "home",
        "disk",
        "sqlite",
        "place",
        "watching",
        "owner",
        "state.db",
        "index.db",
        "identities",
        "backups",
        "answers",
    }
    assert {one.what for one in findings} == named | {"notes", "index", "passages", "vectors", "chroma", "reading"}
    assert {path: path.read_bytes() for path in files_below(config.home)} == before


def test_without_a_home_the_first_step_is_named(tmp_path: Path) -> None:
    (only,) = check(Config(home=tmp_path / "nowhere"))
    assert (only.severity, only.mend) == ("warning", "exo init ~/notes")
    assert list(tmp_path.iterdir()) == []


def test_what_changed_since_is_not_read_yet_and_no_damage(config: Config, vault: Vault) -> None:
    vault.write("new.md", "new")
    vault.write("empty.md", "no more")
    vault.remove("only fields.md")
    notes = found(config, "notes")
    assert (notes.severity, notes.mend) == ("ok", "exo index")
    assert "5 notes on disk, 3 indexed + 2 not read yet + 0 skipped. 1 note is gone since" in notes.message
    assert amiss(config, deep=True) == {}


def test_notes_that_vanished_at_once_are_a_finding_and_count_apart(
    config: Config, vault: Vault, open_vault: Opener
) -> None:
    for number in range(60):
        vault.write(f"many/{number}.md", f"A heron, {number}.")
    settle()
    with open_vault() as cortex:
        index(cortex)
        shutil.rmtree(vault.root / "many")
        index(cortex)
    assert amiss(config) == {"vanished": "exo index --accept-deletions"}
    assert "60 notes of folder notes vanished at once" in found(config, "vanished").message
    notes = found(config, "notes")
    assert (notes.message, notes.mend) == ("notes: 5 notes on disk, 5 indexed + 0 not read yet + 0 skipped.", "")
    with open_vault() as cortex:
        list(cortex.index.run(accept_deletions=True))
    assert amiss(config) == {}


def test_a_folder_that_is_away_is_named(config: Config, vault: Vault) -> None:
    vault.root.rename(vault.root.with_name("elsewhere"))
    assert amiss(config) == {"notes": ""}


@pytest.mark.parametrize(
    ("change", "what"),
    [
        ("UPDATE chunks SET text = text || '.' WHERE id = 1", "passages"),
        ("DELETE FROM placements WHERE note = 1", "index"),
        ("DELETE FROM names WHERE key = 'lease.md'", "index"),
        ("DELETE FROM words_docsize WHERE id = 1", "index"),
        ("UPDATE vectors SET vector = x'0000' WHERE id = 1", "vectors"),
        ("UPDATE vectors SET vector = CAST(x'007e' || substr(vector, 3) AS BLOB) WHERE id = 1", "vectors"),
        ("UPDATE vectors SET vector = CAST(x'0048' || substr(vector, 3) AS BLOB) WHERE id = 1", "vectors"),
        (
            "INSERT INTO vectors(fingerprint, key, vector) SELECT fingerprint, 'none', vector FROM vectors LIMIT 1",
            "vectors",
        ),
        ("UPDATE notes SET note = '0123456789abcdef' WHERE id = 1", "identities"),
        ("UPDATE notes SET date = 'soon'", "index.db"),
        ("DROP TABLE tags", "index.db"),
    ],
)
def test_what_is_wrong_in_the_index_is_named(config: Config, db: sqlite3.Connection, change: str, what: str) -> None:
    db.execute(change)
    assert amiss(config).get(what) == "exo rebuild"


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE tags SET tag = tag || 's'",
        "UPDATE tasks SET done = 1 - done",
        "UPDATE headings SET line = line + 1",
        "UPDATE links SET target = 'elsewhere'",
        "UPDATE properties SET value = 'other'",
        "UPDATE aliases SET alias = 'other'",
        "UPDATE anchors SET name = 'other'",
        "UPDATE notes SET title = 'Other' WHERE path = 'Lease.md'",
        "UPDATE notes SET digest = '0' WHERE path = 'Lease.md'",
        "UPDATE placements SET first_line = first_line + 1",
        "INSERT INTO words(rowid, title, body) SELECT id, 'other', 'words' FROM notes LIMIT 1",
    ],
)
def test_what_differs_from_the_notes_is_named_by_reading_them(
    config: Config, db: sqlite3.Connection, change: str
) -> None:
    assert amiss(config, deep=True) == {}
    db.execute(change)
    assert amiss(config, deep=True).get("reading") == "exo rebuild"


def test_passages_without_vectors_are_no_damage(config: Config, db: sqlite3.Connection) -> None:
    db.execute("DELETE FROM vectors")
    assert found(config, "vectors").mend == "exo index"
    assert amiss(config) == {}


def test_backups_are_looked_at(config: Config) -> None:
    with closing(State(config.home)) as state:
        copy = state.back_up()
    assert copy is not None
    assert "1 backup of state.db" in found(config, "backups").message
    copy.path.write_bytes(copy.path.read_bytes()[:-1])
    assert amiss(config) == {"backups": "exo restore --list"}


def test_a_damaged_state_is_named(config: Config) -> None:
    (config.home / "state.db").write_bytes((config.home / "state.db").read_bytes()[:9000])
    assert amiss(config) == {"state.db": "exo restore"}


def test_a_state_that_was_deleted_is_no_new_one(config: Config) -> None:
    with closing(State(config.home)) as state:
        assert state.back_up()
    (config.home / "state.db").unlink()
    assert amiss(config) == {"state.db": "exo restore"}
    for copy in (config.home / "backups" / "state").iterdir():
        copy.unlink()
    assert amiss(config) == {"state.db": "exo index"}


def test_ids_that_only_a_backup_still_knows_are_had_back_from_it(config: Config) -> None:
    with closing(State(config.home)) as state:
        copy = state.back_up()
        known = list(state.identities())
    assert copy is not None
    (config.home / "state.db").unlink()
    with closing(State(config.home)) as state:
        state.remember([replace(one, id=one.id[::-1]) for one in known])
    assert amiss(config) == {"identities": f"exo restore {copy.number}"}


def test_a_folder_in_the_place_of_a_database_is_to_be_moved_away(config: Config) -> None:
    (config.home / "index.db").unlink()
    (config.home / "index.db").mkdir()
    place = config.home / "index.db"
    assert amiss(config) == {"index.db": f"mv {place} {place}.away"}


def test_captures_that_wait_and_files_set_aside_are_named(config: Config) -> None:
    (config.home / "journal").mkdir()
    (config.home / "journal" / "one.json").write_text(json.dumps({}))
    (config.home / "index.db.damaged-20240515T120000Z").write_text("x")
    assert set(amiss(config)) == {"captures"}
    assert found(config, "captures").message == "1 captured thought waits to be written as notes."
    assert "set aside" in found(config, "damaged").message


def test_who_holds_the_index_is_named(config: Config) -> None:
    assert "Nobody" in found(config, "owner").message
    with IndexLock(config.home, "exo test"):
        assert "exo test" in found(config, "owner").message


def test_an_index_in_use_is_looked_at_as_it_is(config: Config, open_vault: Opener, vault: Vault) -> None:
    with open_vault() as cortex:
        vault.write("more.md", "# More\n\nA badger.\n")
        index(cortex)
        assert amiss(config, deep=True) == {}
    with closing(State(config.home)) as state:
        state.remember([Identity("00000000000000ff", "notes", "unread.md", "d", 1)])
        assert amiss(config) == {}


@pytest.mark.parametrize(("share", "severity"), [(None, "ok"), (0.97, "ok"), (0.4, "warning")])
def test_chroma_is_judged_by_whoever_has_it_open(
    config: Config, db: sqlite3.Connection, share: float | None, severity: str
) -> None:
    (one,) = check_chroma(config, db, Answering(share))
    assert (one.severity, one.mend) == (severity, "" if severity == "ok" else "exo rebuild --vectors")


def test_a_receipt_changed_behind_its_back_is_told_at_the_start_and_by_doctor(config: Config) -> None:
    plain = replace(config, embedder=EmbedderSettings(name="hash"))
    with open_owned(plain) as cortex:
        assert cortex.answers.ask("How much is the deposit?").receipt
    assert found(plain, "answers").severity == "ok"
    with closing(sqlite3.connect(config.home / "state.db")) as db, db:
        db.execute("UPDATE receipts SET content = replace(content, 'deposit', 'tisoped')")
    assert amiss(plain)["answers"] == "exo restore"
    with open_owned(plain) as cortex:
        assert eventually(lambda: any("not what was written" in one for one in cortex.index.status().notices))
