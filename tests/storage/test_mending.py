"""What a writer that died left in a folder of notes is cleared away, and nothing that is nowhere else goes with it."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path

from vaults import Vault

from exocortex.storage.originals import Change, Kind, Originals
from exocortex.storage.writing import create, edit, mend

NOON = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)


def _died(vault: Vault, home: Path, kind: Kind, before: bytes | None, after: bytes | None) -> Change:
    """The record that a writer leaves of which nothing else is known."""
    pending = Originals(home, lambda: NOON).begin(kind, vault.root, "note.md", before, after)
    pending.leave()
    return pending.change


def _mended(vault: Vault, home: Path) -> tuple[list[str], set[bytes], int]:
    """Names in the folder, the copies kept, and how many changes can be taken back, after mending."""
    mend(home, now=lambda: NOON)
    folder = home / "backups" / "notes"
    assert not list(folder.glob("*.pending"))
    copies = {path.read_bytes() for path in folder.glob("*.note")}
    return os.listdir(vault.root), copies, len(Originals(home, lambda: NOON).changes())


def test_died_before_anything_was_written(vault: Vault, home: Path) -> None:
    vault.write("note.md", "old")
    _died(vault, home, "edit", b"old", b"new")
    assert _mended(vault, home) == (["note.md"], {b"old"}, 0)


def test_died_half_way_through_the_new_file(vault: Vault, home: Path) -> None:
    path = vault.write("note.md", "old")
    vault.write(_died(vault, home, "edit", b"old", b"new").temporary, "ne")
    assert _mended(vault, home) == (["note.md"], {b"old", b"ne"}, 0)
    assert path.read_bytes() == b"old"


def test_died_just_before_the_exchange(vault: Vault, home: Path) -> None:
    path = vault.write("note.md", "old")
    vault.write(_died(vault, home, "edit", b"old", b"new").temporary, "new")
    assert _mended(vault, home) == (["note.md"], {b"old"}, 0)
    assert path.read_bytes() == b"old"


def test_died_just_after_the_exchange(vault: Vault, home: Path) -> None:
    path = vault.write("note.md", "new")
    vault.write(_died(vault, home, "edit", b"old", b"new").temporary, "old")
    assert _mended(vault, home) == (["note.md"], {b"old"}, 1)
    assert path.read_bytes() == b"new"


def test_died_after_displacing_what_an_editor_had_saved(vault: Vault, home: Path) -> None:
    path = vault.write("note.md", "new")
    vault.write(_died(vault, home, "edit", b"old", b"new").temporary, "the editor's")
    assert _mended(vault, home) == (["note.md"], {b"old"}, 0)
    assert path.read_bytes() == b"the editor's"


def test_died_after_displacing_an_editor_who_saved_again(vault: Vault, home: Path) -> None:
    path = vault.write("note.md", "the editor's latest")
    vault.write(_died(vault, home, "edit", b"old", b"new").temporary, "the editor's")
    assert _mended(vault, home) == (["note.md"], {b"old", b"the editor's"}, 0)
    assert path.read_bytes() == b"the editor's latest"


def test_died_making_a_note(vault: Vault, home: Path) -> None:
    vault.write(_died(vault, home, "creation", None, b"new").temporary, "ne")
    assert _mended(vault, home) == ([], set(), 0)
    change = _died(vault, home, "creation", None, b"new")
    os.link(vault.write(change.temporary, "new"), vault.root / "note.md")
    assert _mended(vault, home) == (["note.md"], set(), 1)


def test_died_removing_a_note(vault: Vault, home: Path) -> None:
    vault.write(_died(vault, home, "removal", b"old", None).temporary, "old")
    assert _mended(vault, home) == ([], {b"old"}, 0)


def test_died_before_removing_a_note(vault: Vault, home: Path) -> None:
    vault.write("note.md", "old")
    _died(vault, home, "removal", b"old", None)
    assert _mended(vault, home) == (["note.md"], {b"old"}, 0)


def test_died_removing_what_an_editor_had_just_saved(vault: Vault, home: Path) -> None:
    vault.write(_died(vault, home, "removal", b"old", None).temporary, "the editor's")
    assert _mended(vault, home) == (["note.md"], {b"old"}, 0)
    assert (vault.root / "note.md").read_bytes() == b"the editor's"


def test_died_removing_and_the_editor_saved_again(vault: Vault, home: Path) -> None:
    vault.write(_died(vault, home, "removal", b"old", None).temporary, "the editor's")
    vault.write("note.md", "the editor's latest")
    assert _mended(vault, home) == (["note.md"], {b"old", b"the editor's"}, 0)
    assert (vault.root / "note.md").read_bytes() == b"the editor's latest"


def test_a_folder_that_is_away_is_mended_when_it_is_back(vault: Vault, home: Path, tmp_path: Path) -> None:
    vault.write(_died(vault, home, "edit", b"old", b"new").temporary, "the editor's")
    vault.write("note.md", "new")
    vault.root.rename(tmp_path / "away")
    mend(home, now=lambda: NOON)
    (tmp_path / "away").rename(vault.root)
    assert _mended(vault, home) == (["note.md"], {b"old"}, 0)
    assert (vault.root / "note.md").read_bytes() == b"the editor's"


def test_a_record_that_cannot_be_read_hinders_nothing(vault: Vault, home: Path) -> None:
    vault.write("note.md", "old")
    _died(vault, home, "edit", b"old", b"new")
    (record,) = (home / "backups" / "notes").glob("*.pending")
    for damage in (b"", b"[]", b'{"schema": 2}', b'{"schema": 1, "ulid": 3}', b"\xff"):
        record.write_bytes(damage)
        edit(vault.root, "note.md", lambda data: data + b"!", home, now=lambda: NOON)
    fields = '"schema":1,"ulid":3,"kind":"","root":"","raw":"","before":"","after":"","at":""'
    record.write_text("{" + fields + "}")
    edit(vault.root, "note.md", lambda data: data + b"!", home, now=lambda: NOON)
    assert (vault.root / "note.md").read_bytes() == b"old!!!!!!"


def test_the_next_edit_mends_and_a_creation_leaves_it_alone(vault: Vault, home: Path) -> None:
    vault.write("note.md", "old")
    left = vault.write(_died(vault, home, "edit", b"old", b"new").temporary, "ne")
    create(vault.root, "other.md", b"x", home, now=lambda: NOON)
    assert left.exists()
    edit(vault.root, "other.md", lambda data: data + b"!", home, now=lambda: NOON)
    assert not left.exists()
