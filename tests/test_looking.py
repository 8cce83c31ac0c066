"""A look at single paths leaves the ledger as a scan of everything would, or leaves it alone and says so."""

from __future__ import annotations

import os
import random
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from vaults import Vault

from exocortex.config import Folder
from exocortex.scanning import Scanned, Scanner
from exocortex.storage.guard import MANY_NOTES
from exocortex.storage.ledger import Ledger
from exocortex.storage.state import State


@dataclass
class Watched:
    """A vault and a ledger of it."""

    vault: Vault
    ledger: Ledger
    scanner: Scanner

    @property
    def folder(self) -> Folder:
        """The vault, as a folder that is configured."""
        return Folder("notes", self.vault.root)

    def scan(self) -> Scanned:
        """Look at everything."""
        return self.scanner.scan([self.folder])

    def look(self, *raws: str) -> Scanned | None:
        """Look at these paths; whatever was seen so is no news to a scan, and if nothing was, nothing changed."""
        before = holds(self.ledger)
        looked = self.scanner.look(self.folder, raws)
        after = holds(self.ledger)
        if looked is None:
            assert after == before
        else:
            self.scan()
            assert holds(self.ledger) == after
        return looked


@pytest.fixture
def watched(tmp_path: Path, vault: Vault) -> Iterator[Watched]:
    vault.fill({"a.md": "a", "b.md": "bb", "sub/c.md": "ccc", "pic.png": "", "ignored/d.md": ""})
    (tmp_path / "watched").mkdir()
    with opened(tmp_path / "watched", vault) as made:
        made.scan()
        yield made


@contextmanager
def opened(home: Path, vault: Vault) -> Iterator[Watched]:
    """A ledger of its own over the vault."""
    with closing(Ledger(home)) as ledger, closing(State(home)) as state:
        yield Watched(vault, ledger, Scanner(ledger, state, ("ignored/",)))


def holds(ledger: Ledger) -> dict[str, object]:
    """Everything that scans enter, without the numbers of rows."""
    query = "SELECT {} ORDER BY 1, 2, 3"
    parts = {
        "notes": "path, raw, note, size, mtime_ns, ctime_ns, inode, state, reason, chunker FROM notes",
        "others": "folder, path, 0 FROM attachments",
        "names": "key, folder, path FROM names",
    }
    return {name: [tuple(row) for row in ledger.connection.execute(query.format(part))] for name, part in parts.items()}


def paths(ledger: Ledger) -> set[str]:
    return set(ledger.known("notes"))


# -- what a look sees ------------------------------------------------------------------------------------------------


def test_new_changed_and_gone_files_are_seen(watched: Watched) -> None:
    watched.vault.write("a.md", "another")
    watched.vault.write("sub/new.md", "new")
    watched.vault.write("other.pdf", "")
    watched.vault.remove("b.md")
    watched.vault.remove("pic.png")
    looked = watched.look(
        "a.md", "sub/new.md", "b.md", "other.pdf", "pic.png", "never.md", ".git/index", "ignored/e.md"
    )
    assert looked == Scanned(0, 1, (), (), (), ("notes:b.md",))
    assert paths(watched.ledger) == {"a.md", "sub/c.md", "sub/new.md"}
    assert watched.ledger.folder_status("notes", "", missing=False).others == 1


def test_what_was_not_asked_for_is_not_looked_at(watched: Watched) -> None:
    watched.vault.write("a.md", "another")
    watched.vault.write("b.md", "another")
    watched.vault.remove("sub")
    known = watched.ledger.known("notes")
    assert watched.scanner.look(watched.folder, ["a.md"]) == Scanned(0, 0, (), ())
    changed = {path for path, one in watched.ledger.known("notes").items() if one != known[path]}
    assert changed == {"a.md"}


@pytest.mark.parametrize("told", [("a.md", "sub/z.md"), ("sub/z.md",), ("sub/z.md", "a.md", "b.md")])
def test_a_rename_is_a_move_even_if_only_its_end_is_told(watched: Watched, told: tuple[str, ...]) -> None:
    (row,) = watched.ledger.files("notes", ["a.md"])
    watched.vault.move("a.md", "sub/z.md")
    assert watched.look(*told) == Scanned(1, 0, (), (), ("notes:sub/z.md",), ("notes:a.md",))
    assert [one.row for one in watched.ledger.files("notes", ["sub/z.md"])] == [row.row]


def test_a_swap_is_two_moves_even_if_one_end_is_told(watched: Watched) -> None:
    rows = {row.file.path: row.row for row in watched.ledger.files("notes", ["a.md", "b.md"])}
    for old, new in (("a.md", "t"), ("b.md", "a.md"), ("t", "b.md")):
        watched.vault.move(old, new)
    looked = watched.look("b.md")
    assert looked is not None
    assert looked.moved == 2
    after = {row.file.path: row.row for row in watched.ledger.files("notes", ["a.md", "b.md"])}
    assert after == {"a.md": rows["b.md"], "b.md": rows["a.md"]}


def test_a_rename_of_case_alone_is_seen_as_a_move(watched: Watched) -> None:
    watched.vault.move("a.md", "A.md")
    looked = watched.look("a.md", "A.md")
    assert looked is not None
    assert looked.moved == 1


def test_a_file_saved_by_way_of_another_is_the_same_note(watched: Watched) -> None:
    (row,) = watched.ledger.files("notes", ["a.md"])
    watched.vault.write(".a.md.tmp", "saved")
    watched.vault.move(".a.md.tmp", "a.md")
    assert watched.look("a.md", ".a.md.tmp") == Scanned(0, 0, (), ())
    (after,) = watched.ledger.files("notes", ["a.md"])
    assert (after.row, after.file.size) == (row.row, 5)


def test_ignore_files_on_the_way_are_obeyed(watched: Watched) -> None:
    watched.vault.write("sub/.exoignore", "deep/\n!*.tmp\nno.md\n")
    watched.scan()
    watched.vault.fill({"sub/deep/x.md": "", "sub/no.md": "", "sub/yes.md": "", "no.md": ""})
    assert watched.look("sub/deep/x.md", "sub/no.md", "sub/yes.md", "no.md") is not None
    assert paths(watched.ledger) >= {"sub/yes.md", "no.md"}
    assert not paths(watched.ledger) & {"sub/no.md", "sub/deep/x.md"}


def test_a_name_spelled_in_pieces_is_the_same_note(watched: Watched) -> None:
    raw = "cafe\u0301.md"
    watched.vault.write(raw, "x")
    assert watched.look(raw) is not None
    assert "caf\xe9.md" in paths(watched.ledger)
    watched.vault.write(raw, "xy")
    assert watched.look(raw) is not None
    watched.vault.remove(raw)
    assert watched.look(raw) is not None
    assert "caf\xe9.md" not in paths(watched.ledger)


def test_a_folder_that_came_and_went_is_nothing(watched: Watched) -> None:
    assert watched.look("nowhere/x.md", "nowhere/deep/y.md") == Scanned(0, 0, (), ())


# -- what only a scan can tell ---------------------------------------------------------------------------------------


def test_what_only_a_scan_can_tell_is_left_to_it(watched: Watched) -> None:
    root = watched.vault.root
    watched.vault.fill({"new/x.md": "", ".exoignore": "", "deep/er/y.md": "", "twin\xe9.md": "", "twine\u0301.md": ""})
    os.symlink("a.md", root / "link.md")
    os.symlink("sub", root / "linked")
    os.mkfifo(root / "pipe.md")
    with open(os.fsencode(root) + b"/caf\xe9.md", "wb"):
        pass
    for raws in (
        *(["new"], [".exoignore"], ["link.md"], ["linked"], ["linked/c.md"], ["pipe.md"], [os.fsdecode(b"caf\xe9.md")]),
        *(["twin\xe9.md", "twine\u0301.md"], ["../notes/a.md"], ["/etc/passwd"], [""], ["a.md/x.md"]),
    ):
        assert watched.look(*raws) is None, raws
    watched.scan()
    watched.vault.remove("pipe.md")
    watched.vault.write("pipe.md", "a note by now")
    assert watched.look("pipe.md") is None


def test_a_folder_that_went_is_left_to_a_scan_which_sees_where_to(watched: Watched) -> None:
    watched.vault.move("sub", "other")
    assert watched.look("sub/c.md") is None
    assert watched.scan().moved == 1


def test_a_linked_note_that_goes_changes_why_the_link_is_skipped(watched: Watched) -> None:
    os.symlink("a.md", watched.vault.root / "link.md")
    os.symlink("later.md", watched.vault.root / "broken.md")
    watched.scan()
    watched.vault.remove("a.md")
    assert watched.look("a.md") is None
    watched.vault.write("later.md", "")
    assert watched.look("later.md") is None


def test_a_double_takes_the_place_of_the_note_that_goes(watched: Watched) -> None:
    watched.vault.fill({"\xe9.md": "", "e\u0301.md": ""})
    watched.scan()
    watched.vault.remove("\xe9.md")
    assert watched.look("\xe9.md") is None


def test_another_root_is_left_to_a_scan(watched: Watched) -> None:
    root = watched.vault.root
    root.rename(root.with_name("away"))
    assert watched.look("a.md") is None
    root.mkdir()
    watched.vault.write("a.md", "another vault's")
    assert watched.look("a.md") is None


def test_the_last_notes_are_left_to_a_scan(watched: Watched) -> None:
    for name in ("a.md", "b.md", "sub", "pic.png", "ignored"):
        watched.vault.remove(name)
    assert watched.look("a.md", "b.md", "pic.png") is None


def test_many_gone_are_left_to_a_scan_also_in_small_numbers(watched: Watched) -> None:
    names = [f"{number}.md" for number in range(2 * MANY_NOTES)]
    watched.vault.fill(dict.fromkeys(names, "x"))
    watched.scan()
    for name in names[:20]:
        watched.vault.remove(name)
    assert watched.look(*names[:20]) is not None
    for name in names[20:26]:
        watched.vault.remove(name)
    assert watched.look(*names[20:26]) is None
    assert watched.scan().away
    assert watched.look("a.md") is None


# -- by chance -------------------------------------------------------------------------------------------------------


NAMES = [
    f"{folder}{name}" for folder in ("", "x/", "x/y/", "ignored/") for name in ("a.md", "b.md", "\xe9.txt", "c.png")
]


@pytest.mark.parametrize("seed", range(12))
def test_looking_at_all_that_was_touched_leaves_what_a_scan_would(tmp_path: Path, vault: Vault, seed: int) -> None:
    chance = random.Random(seed)
    homes = [tmp_path / name for name in ("looked", "scanned")]
    for home in homes:
        home.mkdir()
    vault.fill({"keep.txt": "", **{name: name for name in NAMES[::3]}})
    with opened(homes[0], vault) as one, opened(homes[1], vault) as other:
        looks = 0
        for made in (one, other):
            made.scan()
        for step in range(60):
            touched = {raw for _ in range(chance.randint(1, 4)) for raw in change(chance, vault)}
            looked = one.scanner.look(one.folder, touched)
            scanned = one.scan() if looked is None else looked
            looks += looked is not None
            expected = other.scan()
            assert (scanned.moved, scanned.removed) == (expected.moved, expected.removed)
            for made in (one, other):
                name_new(made.ledger, step)
            assert holds(one.ledger) == holds(other.ledger)
        assert looks > 30


def name_new(ledger: Ledger, step: int) -> None:
    """As if each had been indexed: an identity by which to see what a note became."""
    ledger.connection.execute("UPDATE notes SET note = path || ' ' || ? WHERE note IS NULL", (step,))


def change(chance: random.Random, vault: Vault) -> set[str]:
    """Do something to the vault; returns the paths it touched."""
    name, other = chance.sample(NAMES, 2)
    file, target = vault.root / name, vault.root / other
    target.parent.mkdir(parents=True, exist_ok=True)
    exists = file.exists()
    match chance.choice(["write", "write", "remove", "move", "swap", "save"]):
        case "remove" if exists:
            file.unlink()
        case "move" if exists:
            file.rename(target)
            return {name, other}
        case "swap" if exists and target.exists():
            file.rename(vault.root / "swap.tmp")
            target.rename(file)
            (vault.root / "swap.tmp").rename(target)
            return {name, other, "swap.tmp"}
        case "save" if exists:
            vault.write(f"{name}.tmp", f"saved {chance.random()}")
            (vault.root / f"{name}.tmp").rename(file)
            return {name, f"{name}.tmp"}
        case _:
            vault.write(name, f"written {chance.random()}")
    return {name}
