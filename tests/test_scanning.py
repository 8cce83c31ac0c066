"""A scan by stat alone enters what is new, changed, moved or gone; a folder that is away loses nothing."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from vaults import Opener, Vault, index, paths

from exocortex.config import Folder
from exocortex.scanning import GUARDED_FROM, Scanned, Scanner
from exocortex.storage.ledger import Ledger
from exocortex.storage.state import State
from exocortex.storage.vault import scan


class Books:
    """A ledger and a state in one home, and a scanner over a vault."""

    def __init__(self, ledger: Ledger, state: State, vault: Vault) -> None:
        self.ledger = ledger
        self.vault = vault
        self.folder = Folder("notes", vault.root)
        self._scanner = Scanner(ledger, state, ("ignored/",))

    def scan(self, *folders: Folder) -> Scanned:
        """Scan, and see that the sums agree with the disk."""
        scanned = self._scanner.scan(folders or [self.folder])
        if self.vault.root.is_dir() and not folders and not scanned.away:
            found = scan(self.folder, ("ignored/",))
            status = self.ledger.folder_status("notes", "", missing=False)
            assert status.on_disk == len(found.files) + len(found.skipped)
            assert status.on_disk == status.indexed + status.pending + status.skipped
            assert status.others == len(found.others)
        return scanned

    def states(self) -> dict[str, str]:
        """Each file's state, by path."""
        rows = self.ledger.connection.execute("SELECT path, state FROM notes ORDER BY path")
        return {row["path"]: row["state"] for row in rows}


@pytest.fixture
def books(tmp_path: Path, vault: Vault) -> Iterator[Books]:
    home = tmp_path / "books"
    home.mkdir()
    with closing(Ledger(home)) as ledger, closing(State(home)) as state:
        yield Books(ledger, state, vault)


def test_new_files_are_pending_others_are_counted_and_ignored_ones_are_neither(books: Books) -> None:
    books.vault.fill({"a.md": "", "sub/b.txt": "x", "pic.png": "", "ignored/c.md": "", ".obsidian/d.md": ""})
    assert books.scan() == Scanned(0, 0, (), ())
    assert books.states() == {"a.md": "pending", "sub/b.txt": "pending"}
    assert books.scan() == Scanned(0, 0, (), ())


def test_a_rename_is_a_move_and_a_copy_is_new(books: Books) -> None:
    books.vault.fill({"a.md": "x", "sub/b.md": "y", "sub/deep/c.md": "z"})
    books.scan()
    rows = {row.file.path: row.row for row in books.ledger.pending()}
    books.vault.move("sub", "elsewhere/sub")
    books.vault.move("a.md", "A new name.md")
    assert books.scan().moved == 3
    after = {row.file.path: row.row for row in books.ledger.pending()}
    assert after == {
        "A new name.md": rows["a.md"],
        "elsewhere/sub/b.md": rows["sub/b.md"],
        "elsewhere/sub/deep/c.md": rows["sub/deep/c.md"],
    }
    books.vault.write("copy.md", (books.vault.root / "A new name.md").read_bytes())
    assert books.scan().moved == 0
    assert set(books.states()) == {*after, "copy.md"}


def test_a_rename_of_case_alone_is_a_move(books: Books) -> None:
    books.vault.write("note.md", "x")
    books.scan()
    books.vault.move("note.md", "Note.md")
    assert (books.scan().moved, list(books.states())) == (1, ["Note.md"])


def test_hard_links_moved_together_are_all_still_there(books: Books) -> None:
    books.vault.write("sub/a.md", "x")
    os.link(books.vault.root / "sub/a.md", books.vault.root / "sub/b.md")
    books.scan()
    books.vault.move("sub", "other")
    books.scan()
    assert set(books.states()) == {"other/a.md", "other/b.md"}


def test_deleted_and_newly_ignored_files_leave_and_come_back(books: Books) -> None:
    books.vault.fill({"a.md": "", "b.md": "", "sub/c.md": ""})
    books.scan()
    books.vault.remove("a.md")
    books.vault.write(".exoignore", "sub/\n")
    assert books.scan().removed == 2
    assert books.states() == {"b.md": "pending"}
    books.vault.remove(".exoignore")
    books.scan()
    assert set(books.states()) == {"b.md", "sub/c.md"}


def test_a_name_that_cannot_be_a_note_is_skipped_until_it_can(books: Books) -> None:
    os.mkfifo(books.vault.root / "a.md")
    books.vault.write("links.md", "[[a]]")
    books.scan()
    assert books.states() == {"a.md": "skipped", "links.md": "pending"}
    assert books.ledger.skipped()[0].reason == "a named pipe, not a file"
    books.vault.remove("a.md")
    books.vault.write("a.md", "now a note")
    books.scan()
    assert books.states() == {"a.md": "pending", "links.md": "pending"}


def test_a_note_that_could_not_be_one_is_linked_to_once_it_is(open_vault: Opener, vault: Vault) -> None:
    os.mkfifo(vault.root / "a.md")
    vault.write("links.md", "[[a]]")
    with open_vault() as cortex:
        index(cortex)
        assert [one.path for one in cortex.notes.links("links").unresolved] == [None]
        vault.remove("a.md")
        vault.write("a.md", "now a note")
        assert [one.path for one in cortex.notes.links("links").out] == ["a.md"]
        assert [one.source.path for one in cortex.notes.links("a").back] == ["links.md"]


def test_a_missing_root_takes_nothing_out_and_is_told_of(books: Books) -> None:
    books.vault.fill({"a.md": "", "b.md": ""})
    books.scan()
    books.vault.root.rename(books.vault.root.with_name("away"))
    (told,) = books.scan().away
    assert "does not exist" in told
    assert told.endswith("What was indexed of it still serves.")
    assert set(books.states()) == {"a.md", "b.md"}
    books.vault.root.with_name("away").rename(books.vault.root)
    assert books.scan() == Scanned(0, 0, (), ())


def test_a_root_that_became_a_file_takes_nothing_out(books: Books) -> None:
    books.vault.write("a.md", "")
    books.scan()
    books.vault.root.rename(books.vault.root.with_name("away"))
    books.vault.root.write_text("")
    assert "is a file" in books.scan().away[0]
    assert set(books.states()) == {"a.md"}


def test_a_large_vault_found_empty_is_thought_unmounted_a_small_one_emptied(books: Books) -> None:
    for number in range(GUARDED_FROM):
        books.vault.write(f"{number}.md", "")
    books.scan()
    books.vault.root.rename(books.vault.root.with_name("away"))
    books.vault.root.mkdir()
    assert "is it unmounted?" in books.scan().away[0]
    assert len(books.states()) == GUARDED_FROM
    books.vault.root.rmdir()
    books.vault.root.with_name("away").rename(books.vault.root)
    assert books.scan().away == ()
    books.vault.remove("0.md")
    books.scan()
    for number in range(1, GUARDED_FROM):
        books.vault.remove(f"{number}.md")
    assert books.scan().removed == GUARDED_FROM - 1
    assert books.states() == {}


def test_a_folder_that_cannot_be_entered_keeps_what_is_known_of_it(books: Books) -> None:
    books.vault.fill({"open/a.md": "", "closed/b.md": ""})
    books.scan()
    (books.vault.root / "closed" / ".exoignore").mkdir()
    books.scan(books.folder)
    assert books.states() == {"closed/": "skipped", "closed/b.md": "pending", "open/a.md": "pending"}


def test_a_folder_that_became_a_link_keeps_nothing(books: Books) -> None:
    books.vault.fill({"open/a.md": "", "linked/b.md": ""})
    books.scan()
    linked = books.vault.root / "linked"
    linked.rename(linked.with_name("kept"))
    os.symlink(linked.with_name("kept"), linked)
    books.vault.write(".exoignore", "/kept\n")
    books.scan(books.folder)
    assert books.states() == {"linked/": "skipped", "open/a.md": "pending"}


def test_a_folder_taken_out_of_the_settings_leaves_and_another_stays(books: Books, tmp_path: Path) -> None:
    other = Vault(tmp_path / "other")
    other.fill({"o.md": "", "o.png": ""})
    books.vault.write("a.md", "")
    second = Folder("second", other.root)
    books.scan(books.folder, second)
    assert books.ledger.folders() == ["notes", "second"]
    assert books.scan(books.folder).removed == 1
    assert books.ledger.folders() == ["notes"]
    assert set(books.states()) == {"a.md"}


def test_a_pattern_that_makes_no_sense_is_told_of(books: Books) -> None:
    books.vault.write(".exoignore", "fine\n!\n")
    assert books.scan().warnings == (".exoignore line 2 is not a gitignore pattern and is left out",)


def test_words_are_searchable_by_the_name_a_file_now_has(open_vault: Opener, vault: Vault) -> None:
    vault.write("Heron.md", "no heading here")
    with open_vault() as cortex:
        index(cortex)
        assert paths(cortex, "heron") == ["Heron.md"]
        vault.move("Heron.md", "2021-01-02 Stork.md")
        assert paths(cortex, "heron") == []
        assert paths(cortex, "stork") == ["2021-01-02 Stork.md"]
        (hit,) = cortex.search.find("stork").hits
        assert (hit.note.title, str(hit.note.date)) == ("2021-01-02 Stork", "2021-01-02")
