"""Edits, creations and removals of notes: exact, never over a change, never through a link."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import pytest
from vaults import Vault

from exocortex.core.errors import VaultError
from exocortex.storage.originals import Originals, digest
from exocortex.storage.writing import (
    EditConflictError,
    NoteExistsError,
    create,
    edit,
    edit_text,
    read_note,
    remove,
    settle,
)
from exocortex.storage.writing.files import told

NOON = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)


def _copies(home: Path) -> set[bytes]:
    return {path.read_bytes() for path in (home / "backups" / "notes").glob("*.note")}


def _save(path: Path, data: bytes) -> None:
    """As an editor does: a new file takes the place of the old one."""
    new = path.with_name("editor's own.tmp")
    new.write_bytes(data)
    os.replace(new, path)


def _hidden(vault: Vault) -> list[Path]:
    return list(vault.root.rglob(".exo-*"))


def test_an_edit_keeps_a_copy_and_says_what_it_did(vault: Vault, home: Path) -> None:
    path = vault.write("a/note.md", b"one")
    edited = edit(vault.root, "a/note.md", lambda data: data + b" two", home)
    assert path.read_bytes() == b"one two"
    assert (edited.raw, edited.before, edited.after) == ("a/note.md", digest(b"one"), digest(b"one two"))
    assert edited.warnings == ()
    assert _copies(home) == {b"one"}
    assert _hidden(vault) == []
    for file in (home / "backups" / "notes").iterdir():
        assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_an_edit_that_changes_nothing_writes_nothing(vault: Vault, home: Path) -> None:
    path = vault.write("note.md", b"one")
    before = path.stat()
    edited = edit(vault.root, "note.md", lambda data: data, home)
    assert (edited.before, edited.change) == (edited.after, "")
    assert path.stat() == before
    assert _copies(home) == set()


def test_mode_owner_and_attributes_stay(vault: Vault, home: Path) -> None:
    path = vault.write("note.md", b"one")
    path.chmod(0o640)
    os.setxattr(path, "user.colour", b"blue")
    edit(vault.root, "note.md", lambda data: data + b"x", home)
    assert stat.S_IMODE(path.stat().st_mode) == 0o640
    assert os.getxattr(path, "user.colour") == b"blue"


def test_what_an_editor_saves_meanwhile_is_edited_instead(vault: Vault, home: Path) -> None:
    path = vault.write("note.md", b"one")
    seen: list[bytes] = []

    def change(data: bytes) -> bytes:
        seen.append(data)
        if len(seen) < 3:
            _save(path, b"the editor's %d" % len(seen))
        return data + b" and ours"

    edit(vault.root, "note.md", change, home)
    assert seen == [b"one", b"the editor's 1", b"the editor's 2"]
    assert path.read_bytes() == b"the editor's 2 and ours"
    assert _copies(home) == {b"the editor's 2"}
    assert _hidden(vault) == []


def test_an_editor_that_never_stops_wins_and_the_user_is_told(vault: Vault, home: Path) -> None:
    path = vault.write("note.md", b"0")

    def change(data: bytes) -> bytes:
        _save(path, data + b"0")
        return b"ours"

    with pytest.raises(EditConflictError, match="nothing was written"):
        edit(vault.root, "note.md", change, home)
    assert path.read_bytes() == b"0" * 51
    assert _hidden(vault) == []


def test_a_note_that_is_away_for_a_moment_is_waited_for(vault: Vault, home: Path) -> None:
    path = vault.write("note.md", b"one")
    times: list[int] = []

    def change(data: bytes) -> bytes:
        times.append(1)
        if len(times) == 1:
            path.rename(path.with_suffix(".bak"))
        return data + b"!"

    with pytest.raises(EditConflictError):
        edit(vault.root, "note.md", change, home)
    assert path.with_suffix(".bak").read_bytes() == b"one"
    assert not path.exists()
    assert _hidden(vault) == []


def test_what_takes_a_notes_place_meanwhile_is_given_back(vault: Vault, home: Path) -> None:
    path = vault.write("note.md", b"one")
    (vault.root / "folder.md").mkdir()

    def change(data: bytes) -> bytes:
        path.unlink()
        (vault.root / "folder.md").rename(path)
        return data + b"!"

    with pytest.raises(VaultError):
        edit(vault.root, "note.md", change, home)
    assert path.is_dir()
    assert _hidden(vault) == []


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (b"one\r\ntwo\r\n", b"one\r\ntwo\r\nnew\r\n"),
        (b"one\rtwo\r", b"one\rtwo\rnew\r"),
        (b"one\r\ntwo\n", b"one\r\ntwo\nnew\n"),
        (b"one\r\ntwo\rthree\n", b"one\r\ntwo\rthree\nnew\n"),
        (b"\xef\xbb\xbfone\n", b"\xef\xbb\xbfone\nnew\n"),
        (b"one", b"onenew"),
        (b"", b"new\n"),
    ],
)
def test_bom_line_endings_and_final_newline_stay(vault: Vault, home: Path, before: bytes, after: bytes) -> None:
    path = vault.write("note.md", before)
    edit_text(vault.root, "note.md", lambda text: text + "new\n", home)
    assert path.read_bytes() == after


def test_a_final_newline_taken_away_comes_back(vault: Vault, home: Path) -> None:
    path = vault.write("note.md", b"one\n")
    edit_text(vault.root, "note.md", lambda text: text.strip() + "!", home)
    assert path.read_bytes() == b"one!\n"


def test_what_is_not_utf8_is_refused(vault: Vault, home: Path) -> None:
    path = vault.write("note.md", b"caf\xe9")
    with pytest.raises(VaultError, match="not valid UTF-8"):
        edit_text(vault.root, "note.md", lambda text: text + "x", home)
    assert path.read_bytes() == b"caf\xe9"


def test_a_link_is_followed_inside_the_folder_only(vault: Vault, home: Path, tmp_path: Path) -> None:
    target = vault.write("a/real.md", b"one")
    link = vault.root / "link.md"
    link.symlink_to("a/real.md")
    edited = edit(vault.root, "link.md", lambda data: data + b"!", home)
    assert (edited.raw, link.is_symlink(), target.read_bytes()) == ("a/real.md", True, b"one!")
    outside = tmp_path / "outside.md"
    outside.write_bytes(b"one")
    link.unlink()
    link.symlink_to(outside)
    with pytest.raises(VaultError, match="outside the folder"):
        edit(vault.root, "link.md", lambda data: data + b"!", home)
    assert outside.read_bytes() == b"one"


@pytest.mark.parametrize(
    "write",
    [
        lambda root, home: edit(root, "linked/note.md", lambda data: data + b"!", home),
        lambda root, home: create(root, "linked/new.md", b"!", home),
        lambda root, home: remove(root, "linked/note.md", digest(b"one"), home),
    ],
)
def test_a_folder_that_is_a_link_is_refused(
    vault: Vault, home: Path, tmp_path: Path, write: Callable[[Path, Path], object]
) -> None:
    elsewhere = Vault(tmp_path / "elsewhere")
    note = elsewhere.write("note.md", b"one")
    (vault.root / "linked").symlink_to(elsewhere.root)
    with pytest.raises(VaultError, match="is a link or a file"):
        write(vault.root, home)
    assert note.read_bytes() == b"one"
    assert os.listdir(elsewhere.root) == ["note.md"]


@pytest.mark.parametrize("raw", ["", "../x.md", "a/../x.md", "/x.md", "a//x.md", "./x.md"])
def test_paths_that_lead_elsewhere_are_refused(vault: Vault, home: Path, raw: str) -> None:
    with pytest.raises(VaultError, match="not the path of a note"):
        create(vault.root, raw, b"x", home)
    with pytest.raises(VaultError, match="not the path of a note"):
        edit(vault.root, raw, lambda data: data + b"!", home)
    assert os.listdir(vault.root) == []


def test_hard_links_are_warned_of(vault: Vault, home: Path, tmp_path: Path) -> None:
    path = vault.write("note.md", b"one")
    os.link(path, tmp_path / "other.md")
    edited = edit(vault.root, "note.md", lambda data: data + b"!", home)
    assert "hard links" in edited.warnings[0]
    assert (tmp_path / "other.md").read_bytes() == b"one"


def test_a_missing_note_and_what_is_no_file_are_told(vault: Vault, home: Path) -> None:
    (vault.root / "folder.md").mkdir()
    os.mkfifo(vault.root / "pipe.md")
    for raw in ("missing.md", "missing/note.md", "folder.md", "pipe.md"):
        with pytest.raises(VaultError):
            edit(vault.root, raw, lambda data: data + b"!", home)


def test_an_interrupted_edit_leaves_the_note(vault: Vault, home: Path) -> None:
    path = vault.write("note.md", b"one")

    def change(data: bytes) -> bytes:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        edit(vault.root, "note.md", change, home)
    assert path.read_bytes() == b"one"


def test_a_home_that_cannot_be_written_stops_the_edit(vault: Vault, home: Path) -> None:
    path = vault.write("note.md", b"one")
    home.mkdir()
    (home / "backups").write_text("in the way")
    with pytest.raises(VaultError, match="can't be edited"):
        edit(vault.root, "note.md", lambda data: data + b"!", home)
    with pytest.raises(VaultError, match="can't be created"):
        create(vault.root, "new.md", b"x", home)
    assert path.read_bytes() == b"one"
    assert os.listdir(vault.root) == ["note.md"]


def test_a_note_is_made_as_open_as_its_folder(vault: Vault, home: Path) -> None:
    vault.root.chmod(0o750)
    old = os.umask(0o077)
    try:
        path = create(vault.root, "a/b/note.md", b"one", home)
    finally:
        os.umask(old)
    assert path.read_bytes() == b"one"
    assert stat.S_IMODE(path.stat().st_mode) == 0o640
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o750
    assert path.stat().st_nlink == 1
    assert _hidden(vault) == []


def test_nothing_is_ever_written_over(vault: Vault, home: Path, tmp_path: Path) -> None:
    path = vault.write("note.md", b"one")
    (vault.root / "link.md").symlink_to(tmp_path / "nowhere.md")
    for raw in ("note.md", "link.md"):
        with pytest.raises(NoteExistsError):
            create(vault.root, raw, b"two", home)
    assert path.read_bytes() == b"one"
    assert not (tmp_path / "nowhere.md").exists()
    with pytest.raises(VaultError, match="is a link or a file"):
        create(vault.root, "note.md/inner.md", b"two", home)


def test_a_folder_of_notes_that_is_away_is_told_and_not_made(vault: Vault, home: Path) -> None:
    vault.root.rmdir()
    with pytest.raises(VaultError, match="No such file"):
        create(vault.root, "a/note.md", b"two", home)
    assert not vault.root.exists()


def test_a_note_is_removed_only_as_it_is_known(vault: Vault, home: Path) -> None:
    path = vault.write("note.md", b"one")
    with pytest.raises(EditConflictError, match="changed since"):
        remove(vault.root, "note.md", digest(b"other"), home)
    assert path.read_bytes() == b"one"
    remove(vault.root, "note.md", digest(b"one"), home)
    assert os.listdir(vault.root) == []
    assert _copies(home) == {b"one"}
    with pytest.raises(EditConflictError, match="gone"):
        remove(vault.root, "note.md", digest(b"one"), home)


def test_a_note_is_read_and_settled_through_no_link(vault: Vault) -> None:
    vault.write("note.md", b"one")
    (vault.root / "link.md").symlink_to("note.md")
    assert read_note(vault.root, "note.md") == b"one"
    assert read_note(vault.root, "a/missing.md") is None
    settle(vault.root, "note.md")
    for call in (read_note, settle):
        with pytest.raises(VaultError):
            call(vault.root, "link.md")


def edit_on(vault: Vault, home: Path, *days: float) -> None:
    """An edit so many days after noon, each of which leaves a copy of what the one before wrote."""
    for day in days:
        edit(vault.root, "note.md", partial(replaced, f"{day}".encode()), home, now=partial(later, day))


def replaced(new: bytes, _: bytes) -> bytes:
    return new


def later(days: float) -> datetime:
    return NOON + timedelta(days=days)


def test_copies_are_dropped_after_seven_days(vault: Vault, home: Path) -> None:
    vault.write("note.md", b"old")
    edit_on(vault, home, 0, 1, 2, 3, 4, 5, 6, 7)
    (home / "backups" / "notes" / "not ours").write_text("x")
    assert _copies(home) == {b"old", *(f"{day}".encode() for day in range(7))}
    edit_on(vault, home, 7.1)
    assert _copies(home) == {*(f"{day}".encode() for day in range(8))}
    assert len(Originals(home, lambda: later(7.1)).changes()) == 8
    assert (home / "backups" / "notes" / "not ours").exists()


def test_a_clock_that_leaps_a_year_ahead_drops_no_copy(vault: Vault, home: Path) -> None:
    vault.write("note.md", b"old")
    edit_on(vault, home, 0, 0.1, 365, 365.1, 366, 0.2)
    assert len(_copies(home)) == 6
    edit_on(vault, home, *range(367, 373))
    assert b"old" not in _copies(home)


def test_a_change_under_way_is_never_too_old_to_be_mended(vault: Vault, home: Path) -> None:
    vault.write("note.md", b"old")
    Originals(home, lambda: later(-400)).begin("edit", vault.root, "gone.md", b"its copy", b"new").leave()
    for day in range(10):
        Originals(home, partial(later, day)).begin("edit", vault.root, "x.md", b"x", b"y").finish()
    assert b"its copy" in _copies(home)
    assert len(list((home / "backups" / "notes").glob("*.pending"))) == 1


def test_a_lock_that_is_never_free_is_told() -> None:
    with pytest.raises(VaultError, match="another exo has been writing"), told("note.md", "edited"):
        raise TimeoutError
