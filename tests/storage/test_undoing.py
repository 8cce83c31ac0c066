"""Taking changes back: exactly what was there before, never over what came after."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from vaults import Vault

from exocortex.core.errors import UsageError, VaultError
from exocortex.storage.undoing import changes, undo
from exocortex.storage.writing import EditConflictError, create, edit

NOON = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)


def _append(vault: Vault, home: Path, text: bytes, minutes: int = 0) -> str:
    at = NOON + timedelta(minutes=minutes)
    return edit(vault.root, "note.md", lambda data: data + text, home, now=lambda: at).change


def _undo(home: Path, ulid: str = "") -> str:
    return undo(home, ulid, now=lambda: NOON + timedelta(hours=1)).ulid


def test_edits_and_creations_go_back_one_by_one(vault: Vault, home: Path) -> None:
    path = create(vault.root, "note.md", b"one", home, now=lambda: NOON - timedelta(minutes=1))
    first, second = _append(vault, home, b" two"), _append(vault, home, b" three", 1)
    assert [one.ulid for one in changes(home, now=lambda: NOON)][:2] == [second, first]
    assert _undo(home) == second
    assert path.read_bytes() == b"one two"
    assert _undo(home) == first
    assert path.read_bytes() == b"one"
    _undo(home)
    assert not path.exists()
    assert changes(home) == []
    with pytest.raises(UsageError, match="nothing to take back"):
        _undo(home)
    copies = {copy.read_bytes() for copy in (home / "backups" / "notes").glob("*.note")}
    assert copies == {b"one", b"one two", b"one two three"}


def test_a_note_that_changed_since_is_left(vault: Vault, home: Path) -> None:
    path = create(vault.root, "note.md", b"one", home, now=lambda: NOON - timedelta(minutes=1))
    _append(vault, home, b" two")
    path.write_bytes(b"mine")
    with pytest.raises(EditConflictError, match="changed since") as raised:
        _undo(home)
    assert path.read_bytes() == b"mine"
    where, others = raised.value.hint.split("\n")
    assert Path(where.split(" is in ")[1]).read_bytes() == b"one"
    assert "exo undo --list, then exo undo CHANGE" in others
    for change in changes(home, now=lambda: NOON):
        with pytest.raises(EditConflictError):
            _undo(home, change.ulid)
    assert path.read_bytes() == b"mine"


def test_a_captured_note_edited_since_does_not_hide_the_changes_before_it(vault: Vault, home: Path) -> None:
    before = create(vault.root, "before.md", b"one", home, now=lambda: NOON - timedelta(minutes=2))
    create(vault.root, "note.md", b"one", home, now=lambda: NOON).write_bytes(b"mine")
    with pytest.raises(EditConflictError) as raised:
        _undo(home)
    assert "exo undo --list, then exo undo CHANGE" in raised.value.hint
    (_, older) = changes(home, now=lambda: NOON)
    assert _undo(home, older.ulid) == older.ulid
    assert not before.exists()


def test_an_edit_already_taken_back_by_hand_is_done_with(vault: Vault, home: Path) -> None:
    path = vault.write("note.md", b"one")
    _append(vault, home, b" two")
    path.write_bytes(b"one")
    _undo(home)
    assert (path.read_bytes(), changes(home, now=lambda: NOON)) == (b"one", [])


def test_a_change_that_is_not_there_and_a_copy_that_is_gone_are_told(vault: Vault, home: Path) -> None:
    path = vault.write("note.md", b"one")
    ulid = _append(vault, home, b" two")
    with pytest.raises(UsageError, match="There is no change 0"):
        _undo(home, "0")
    (home / "backups" / "notes" / f"{ulid}.note").unlink()
    with pytest.raises(VaultError, match="The copy of"):
        _undo(home)
    assert path.read_bytes() == b"one two"


def test_a_home_that_cannot_be_read_is_told(home: Path) -> None:
    home.mkdir()
    (home / "backups").write_text("in the way")
    with pytest.raises(VaultError, match="can't be read"):
        changes(home)
