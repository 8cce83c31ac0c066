"""`exo doctor`, `exo rebuild` and `exo restore` as real processes."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import pexpect
import pytest
from owned import OwnedPlace
from owners import eventually
from places import EXO, NOTES, Place, make_place

from exocortex.storage.lock import IndexLock
from exocortex.storage.state import Identity, State


@pytest.fixture
def looked_after(tmp_path: Path) -> Place:
    """A small vault, indexed, with two backups of its state."""
    made = make_place(tmp_path, NOTES)
    assert made.exo("init", str(made.vault)).code == 0
    assert made.exo("index", "--no-owner").code == 0
    with closing(State(made.home)) as state:
        assert state.back_up()
        state.remember([Identity("00000000000000ff", "notes", "later.md", "d", 1)])
        state._save(state._connection)
    return made


def known(home: Path) -> set[str]:
    with closing(State(home)) as state:
        return {one.path for one in state.identities()}


def test_doctor_says_that_all_is_well_and_what_is_not(looked_after: Place) -> None:
    ended = looked_after.exo("doctor", "--deep")
    assert (ended.code, ended.err) == (0, ""), ended.out
    assert all(line.startswith("ok ") for line in ended.out.splitlines())
    assert "Chroma finds 100%" in ended.out
    (looked_after.home / "index.db").write_bytes(b"nonsense" * 1000)
    ended = looked_after.exo("doctor", "--json")
    assert ended.code == 1
    said = ended.json()
    assert (said["schema"], said["sound"]) == (1, False)
    wrong = [(one["what"], one["severity"], one["mend"]) for one in said["findings"] if one["severity"] != "ok"]
    assert wrong == [("index.db", "error", "exo rebuild")]


def test_damaged_files_of_chroma_are_found_without_harm(looked_after: Place) -> None:
    for file in (looked_after.home / "vectors").rglob("chroma.sqlite3"):
        file.write_bytes(file.read_bytes()[:3000])
    ended = looked_after.exo("doctor", "--json")
    wrong = {one["what"]: one["mend"] for one in ended.json()["findings"] if one["severity"] != "ok"}
    assert wrong == {"chroma": "exo rebuild --vectors"}
    ended = looked_after.exo("rebuild", "--vectors", "--yes")
    assert (ended.code, ended.out) == (0, "Dropped: vectors.\n")
    assert looked_after.exo("index", "--no-owner").code == 0
    assert looked_after.exo("doctor").code == 0


def test_rebuild_drops_the_index_alone_and_only_when_told(looked_after: Place) -> None:
    before = known(looked_after.home)
    ended = looked_after.exo("rebuild")
    assert (ended.code, ended.out) == (2, "")
    assert "--yes" in ended.err
    with IndexLock(looked_after.home, "exo test"):
        assert looked_after.exo("rebuild", "--yes").code == 2
    assert (looked_after.home / "index.db").exists()
    ended = looked_after.exo("rebuild", "--yes")
    assert ended.code == 0
    assert "index.db" in ended.out
    assert "exo index" in ended.err
    assert not (looked_after.home / "index.db").exists()
    assert known(looked_after.home) == before
    assert looked_after.exo("index", "--no-owner").code == 0
    assert looked_after.exo("doctor", "--deep").code == 0


def test_restore_lists_and_puts_back_what_is_named(looked_after: Place) -> None:
    ended = looked_after.exo("restore", "--list", "--json")
    copies = ended.json()["backups"]
    assert [(one["number"], one["good"]) for one in copies] == [(2, True), (1, True)]
    assert len(looked_after.exo("restore", "--list").out.splitlines()) == 2
    assert looked_after.exo("restore").code == 2
    assert looked_after.exo("restore", "7", "--yes").code == 2
    assert "later.md" in known(looked_after.home)
    ended = looked_after.exo("restore", "1", "--yes")
    assert ended.code == 0
    assert "before-restore" in ended.err
    assert "later.md" not in known(looked_after.home)
    assert looked_after.exo("restore", "--yes", "--json").json()["restored"] == Path(copies[0]["file"]).name
    assert "later.md" in known(looked_after.home)
    assert len([path for path in looked_after.home.glob("*before-restore-*") if "-shm" not in path.name]) == 2


def test_a_state_that_was_deleted_is_told_and_comes_back(looked_after: Place) -> None:
    before = known(looked_after.home)
    (looked_after.home / "state.db").unlink()
    ended = looked_after.exo("doctor", "--json")
    wrong = {one["what"]: one["mend"] for one in ended.json()["findings"] if one["severity"] != "ok"}
    assert wrong == {"state.db": "exo restore"}
    ended = looked_after.exo("search", "deposit", "--no-owner")
    assert ended.code == 0
    assert "state.db was missing; its backup of" in ended.err
    assert known(looked_after.home) == before
    assert looked_after.exo("doctor").code == 0


def test_restore_passes_over_damaged_backups_and_needs_the_index_free(looked_after: Place) -> None:
    newest = Path(looked_after.exo("restore", "--list", "--json").json()["backups"][0]["file"])
    newest.write_bytes(newest.read_bytes()[:5000])
    assert "damaged" in looked_after.exo("restore", "--list").out
    with IndexLock(looked_after.home, "exo test"):
        ended = looked_after.exo("restore", "--yes")
    assert ended.code == 2
    assert "Another process holds the index" in ended.err
    assert looked_after.exo("restore", "--yes").code == 0
    assert "later.md" not in known(looked_after.home)


@pytest.mark.parametrize("service", [False, True])
def test_what_doctor_names_ends_the_process_that_holds_the_index(owned: OwnedPlace, service: bool) -> None:
    serving = owned.start("serve") if service else None
    assert owned.exo("index").code == 0
    (first,) = owned.owners()
    assert serving is None or first == serving.pid
    ended = owned.exo("rebuild", "--yes")
    assert (ended.code, "index.db" in ended.out) == (0, True)
    assert f"Ended the process that held the index ({first})" in ended.err
    assert owned.owners() == []
    if serving is not None:
        serving.communicate(timeout=10)
    assert owned.exo("index").code == 0
    (second,) = owned.owners()
    assert eventually(lambda: owned.exo("restore", "--list").code == 0)
    ended = owned.exo("restore", "--yes", "--json")
    assert (ended.code, ended.json()["schema"]) == (0, 1)
    assert f"({second})" in ended.err
    assert owned.exo("doctor").code == 0


def test_without_backups_there_is_nothing_to_restore(tmp_path: Path) -> None:
    empty = make_place(tmp_path, {})
    assert (empty.exo("restore", "--list").code, empty.exo("restore", "--yes").code) == (1, 1)
    assert empty.exo("rebuild", "--yes").code == 1
    assert not empty.home.exists()


def test_on_a_terminal_it_asks(looked_after: Place) -> None:
    for answer, code in (("", 1), ("n", 1), ("y", 0)):
        child = pexpect.spawn(EXO[0], [*EXO[1:], "restore"], env=looked_after.environ, timeout=60)
        child.expect(r"\[y, Enter: no\]")
        child.sendline(answer)
        child.read()
        child.close()
        assert child.exitstatus == code
