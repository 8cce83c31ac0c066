"""A scan by stat alone enters what is new, changed, moved or gone; a folder that is away loses nothing."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
from vaults import Opener, Vault, index, paths

from exocortex.config import Folder
from exocortex.scanning import Scanned, Scanner
from exocortex.storage.ledger import Ledger
from exocortex.storage.state import State
from exocortex.storage.vault import scan


class Books:
    """A ledger and a state in one home, and a scanner over a vault."""

    def __init__(self, ledger: Ledger, state: State, vault: Vault) -> None:
        self.ledger = ledger
        self.vault = vault
        self.folder = Folder("notes", vault.root)
        self.seconds = 0.0
        """The scanner's clock."""
        self.scanner = Scanner(ledger, state, ("ignored/",), lambda: self.seconds)

    def scan(self, *folders: Folder, accept_deletions: bool = False) -> Scanned:
        """Scan, and see that the sums agree with the disk."""
        scanned = self.scanner.scan(folders or [self.folder], accept_deletions=accept_deletions)
        if self.vault.root.is_dir() and not folders:
            found = scan(self.folder, ("ignored/",))
            status = self.ledger.folder_status("notes", "", missing=False)
            assert status.on_disk == len(found.files) + len(found.skipped)
            assert status.others == len(found.others) or found.empty
            self.sums()
        return scanned

    def sums(self) -> tuple[int, int, int, int, int]:
        """On disk, indexed, pending, skipped; and frozen."""
        status = self.ledger.folder_status("notes", "", missing=False)
        assert status.on_disk == status.indexed + status.pending + status.skipped
        return status.on_disk, status.indexed, status.pending, status.skipped, status.frozen

    def rows(self) -> dict[str, int]:
        """Each file's row, by path."""
        return {row["path"]: row["id"] for row in self.ledger.connection.execute("SELECT path, id FROM notes")}

    def states(self) -> dict[str, str]:
        """Each file's state, by path."""
        rows = self.ledger.connection.execute("SELECT path, state FROM notes ORDER BY path")
        return {row["path"]: row["state"] for row in rows}


def many(books: Books, count: int) -> None:
    """So many notes, indexed as far as a scan does."""
    books.vault.fill({f"{number}.md": f"{number}" for number in range(count)})
    books.scan()


def move_out(books: Books, count: int) -> Path:
    """The first of them, elsewhere."""
    kept = books.vault.root.with_name("kept")
    kept.mkdir(exist_ok=True)
    for number in range(count):
        (books.vault.root / f"{number}.md").rename(kept / f"{number}.md")
    return kept


def remove(books: Books, first: int, count: int) -> None:
    """Some of them, for good."""
    for number in range(first, first + count):
        books.vault.remove(f"{number}.md")


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


def test_a_vault_found_entirely_empty_is_thought_unmounted_until_it_is_said_to_be_emptied(books: Books) -> None:
    books.vault.fill({"a.md": "", "sub/b.md": ""})
    books.scan()
    root = books.vault.root
    root.rename(root.with_name("away"))
    root.mkdir()
    for _ in range(2):
        assert "is it unmounted?" in books.scan().away[0]
        assert set(books.states()) == {"a.md", "sub/b.md"}
    assert books.sums() == (0, 0, 0, 0, 2)
    root.rmdir()
    root.with_name("away").rename(root)
    assert books.scan() == Scanned(0, 0, (), ())
    assert books.sums() == (2, 0, 2, 0, 0)
    for name in ("a.md", "sub"):
        books.vault.remove(name)
    assert books.scan().away
    assert books.scan(accept_deletions=True).removed == 2
    assert books.states() == {}


def test_of_a_few_notes_all_can_go_while_anything_else_is_there(books: Books) -> None:
    books.vault.fill({"a.md": "", "b.md": "", ".obsidian/app.json": ""})
    books.scan()
    books.vault.remove("a.md")
    books.vault.remove("b.md")
    assert (books.scan().removed, books.states()) == (2, {})


def replace_root(books: Books) -> Path:
    """Another folder in the vault's place, with no note but one more file in it; where the vault is now."""
    away = books.vault.root.with_name("away")
    books.vault.root.rename(away)
    books.vault.write(".directory", "x")
    return away


def put_back(books: Books, away: Path) -> None:
    """The vault in its place again."""
    books.vault.root.rename(books.vault.root.with_name(f"other {len(list(away.parent.iterdir()))}"))
    away.rename(books.vault.root)


def test_a_few_notes_whose_root_was_replaced_by_another_folder_are_kept_until_it_is_back(books: Books) -> None:
    many(books, 20)
    away = replace_root(books)
    for _ in range(3):
        (told,) = books.scan().away
        assert told.startswith(f"{books.vault.root} is another folder than before, without 20 of its 20 notes")
        assert "exo index --accept-deletions" in told
        assert books.sums() == (0, 0, 0, 0, 20)
    put_back(books, away)
    assert books.scan() == Scanned(0, 0, (), ())
    assert books.sums() == (20, 0, 20, 0, 0)
    books.vault.remove("3.md")
    assert books.scan() == Scanned(0, 1, (), (), (), ("notes:3.md",))


def test_what_is_written_into_the_folder_in_its_place_makes_it_no_more_familiar(books: Books) -> None:
    many(books, 5)
    away = replace_root(books)
    for number in range(12):
        books.vault.write(f"new {number}.md", "followed")
        assert books.scan().away
        assert books.sums() == (number + 1, 0, number + 1, 0, 5)
        assert books.scanner.look(books.folder, [f"new {number}.md"]) is None
    put_back(books, away)
    assert (books.scan().removed, books.sums()) == (12, (5, 0, 5, 0, 0))


def test_another_roots_git_branch_is_no_switch_of_branches(books: Books) -> None:
    books.vault.write(".git/HEAD", "ref: refs/heads/main\n")
    many(books, 20)
    replace_root(books)
    books.vault.write(".git/HEAD", "ref: refs/heads/other\n")
    assert books.scan().away
    assert books.sums() == (0, 0, 0, 0, 20)


def test_another_root_is_the_vault_once_deletions_are_confirmed_or_few_notes_are_missing(books: Books) -> None:
    many(books, 20)
    replace_root(books)
    assert books.scan().away
    assert books.scan(accept_deletions=True).removed == 20
    many(books, 20)
    copy = books.vault.root.with_name("copy")
    shutil.copytree(books.vault.root, copy)
    books.vault.root.rename(copy.with_name("former"))
    copy.rename(books.vault.root)
    books.vault.remove("19.md")
    assert (books.scan().removed, books.sums()[0]) == (1, 19)
    move_out(books, 18)
    assert books.scan().removed == 18


def test_many_notes_gone_at_once_are_kept_until_they_are_back(books: Books) -> None:
    many(books, 100)
    kept = move_out(books, 30)
    (told,) = books.scan().away
    assert told.startswith("30 of the 100 notes of folder notes vanished at once")
    assert "exo index --accept-deletions" in told
    assert len(books.states()) == 100
    assert books.sums() == (70, 0, 70, 0, 30)
    assert len(books.ledger.pending()) == books.ledger.pending_count() == 70
    books.vault.write("new.md", "still followed")
    books.vault.remove("99.md")
    assert books.scan().away[0].startswith("31 of the 100")
    assert books.sums() == (70, 0, 70, 0, 31)
    for file in kept.iterdir():
        file.rename(books.vault.root / file.name)
    assert books.scan() == Scanned(0, 1, (), (), (), ("notes:99.md",))
    assert books.sums() == (100, 0, 100, 0, 0)


def test_a_freeze_lifts_when_few_enough_are_missing(books: Books) -> None:
    many(books, 100)
    kept = move_out(books, 30)
    assert books.scan().away
    for file in sorted(kept.iterdir())[:5]:
        file.rename(books.vault.root / file.name)
    assert (books.scan().removed, books.sums()) == (25, (75, 0, 75, 0, 0))


def test_a_fifth_of_a_large_folder_may_go(books: Books) -> None:
    many(books, 150)
    move_out(books, 30)
    assert (books.scan().removed, books.sums()[0]) == (30, 120)


def test_many_notes_gone_in_small_numbers_within_a_minute_are_many(books: Books) -> None:
    many(books, 100)
    for first in (0, 10):
        remove(books, first, 10)
        assert books.scan().removed == 10
    remove(books, 20, 10)
    assert books.scan().away
    assert books.sums() == (70, 0, 70, 0, 10)
    books.seconds += 61
    assert (books.scan().removed, books.sums()) == (10, (70, 0, 70, 0, 0))


def test_deletions_are_confirmed(books: Books) -> None:
    many(books, 100)
    move_out(books, 60)
    assert books.scan().away
    assert books.scan(accept_deletions=True).removed == 60
    assert books.sums() == (40, 0, 40, 0, 0)
    remove(books, 60, 10)
    assert books.scan().removed == 10


def test_another_branch_may_take_many_notes_along(books: Books) -> None:
    books.vault.write(".git/HEAD", "ref: refs/heads/main\n")
    many(books, 100)
    kept = move_out(books, 60)
    assert books.scan().away
    books.vault.write(".git/HEAD", "ref: refs/heads/other\n")
    assert (books.scan().removed, books.sums()) == (60, (40, 0, 40, 0, 0))
    for file in kept.iterdir():
        file.rename(books.vault.root / file.name)
    books.scan()
    move_out(books, 60)
    assert books.scan().away


def test_what_the_user_has_ignored_is_not_thought_vanished(books: Books) -> None:
    many(books, 100)
    books.vault.write(".exoignore", "*.md\n")
    assert (books.scan().removed, books.states()) == (100, {})


def test_a_note_that_comes_back_while_others_are_removed_stays(books: Books) -> None:
    """The walk reads a folder's names before another one's: what moves in between is seen in neither."""
    books.vault.fill({"a.md": "x", "b.md": "y"})
    books.scan()
    seen = scan(books.folder)
    without = replace(seen, files=tuple(file for file in seen.files if file.path == "b.md"))
    scanned = books.scanner._apply(books.folder, without, books.ledger.known("notes"), meant=False, head=None)
    assert (scanned.removed, set(books.states())) == (0, {"a.md", "b.md"})


def test_two_notes_that_change_places_stay_themselves(books: Books) -> None:
    books.vault.fill({"a.md": "x", "b.md": "yy", "sub/c.md": "zzz"})
    books.scan()
    rows = books.rows()
    books.vault.move("a.md", "t.md")
    books.vault.move("b.md", "a.md")
    books.vault.move("sub/c.md", "b.md")
    books.vault.move("t.md", "sub/c.md")
    assert books.scan().moved == 3
    assert books.rows() == {"a.md": rows["b.md"], "b.md": rows["sub/c.md"], "sub/c.md": rows["a.md"]}
    assert books.scan() == Scanned(0, 0, (), ())


def test_a_note_moved_onto_another_stays_itself_and_the_other_is_gone(books: Books) -> None:
    books.vault.fill({"a.md": "x", "b.md": "yy", "links.md": "[[a]]"})
    books.scan()
    rows = books.rows()
    books.vault.move("b.md", "a.md")
    scanned = books.scan()
    assert (scanned.moved, scanned.removed) == (1, 1)
    assert books.rows() == {"a.md": rows["b.md"], "links.md": rows["links.md"]}


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
