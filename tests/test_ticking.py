"""Ticking a task changes one mark in its note and nothing else, and never a note that says something else by now."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from vaults import Opener, Vault, index

from exocortex.core.errors import ExocortexError, VaultError
from exocortex.core.notes import Task
from exocortex.storage.undoing import undo
from exocortex.storage.writing import EditConflictError
from exocortex.ticking import tick

LATER = datetime(2100, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("before", "line", "after"),
    [
        (b"- [ ] ask\n", 1, b"- [x] ask\n"),
        (b"\xef\xbb\xbf- [ ] ask", 1, b"\xef\xbb\xbf- [x] ask"),
        (b"# A\r\n\r\n* [ ] ask\r\n* [ ] b\r\n", 3, b"# A\r\n\r\n* [x] ask\r\n* [ ] b\r\n"),
        (b"a\rb\r\rc\r\r1. [ ] ask", 6, b"a\rb\r\rc\r\r1. [x] ask"),
        (b"> - a\n>   + [ ] ask\n\n\n", 2, b"> - a\n>   + [x] ask\n\n\n"),
        (b"- - [ ] ask ^id\n", 1, b"- - [x] ask ^id\n"),
        ("caf\u00e9\n\n- [ ] ask\n".encode("latin-1"), 3, "caf\u00e9\n\n- [x] ask\n".encode("latin-1")),
        (b"- [ ] ask  \n  more\n", 1, b"- [x] ask  \n  more\n"),
    ],
)
def test_one_mark_changes_and_nothing_else(vault: Vault, home: Path, before: bytes, line: int, after: bytes) -> None:
    note = vault.write("note.md", before)
    text = "ask more" if b"more" in before else "ask"
    assert tick(vault.root, "note.md", Task(text, True, line), home).change
    assert note.read_bytes() == after
    assert not tick(vault.root, "note.md", Task(text, True, line), home).change
    tick(vault.root, "note.md", Task(text, False, line), home)
    assert note.read_bytes() == before


def test_another_mark_than_an_x_is_done_and_can_be_opened_again(vault: Vault, home: Path) -> None:
    note = vault.write("note.md", "- [✓] sent\n")
    tick(vault.root, "note.md", Task("sent", True, 1), home)
    assert note.read_text() == "- [✓] sent\n"
    tick(vault.root, "note.md", Task("sent", False, 1), home)
    assert note.read_text() == "- [ ] sent\n"


@pytest.mark.parametrize("now", ["x\n- [ ] ask\n", "- [ ] ask twice\n", "```\n- [ ] ask\n```\n", "- ask\n", ""])
def test_a_note_that_says_something_else_by_now_is_left(vault: Vault, home: Path, now: str) -> None:
    note = vault.write("note.md", now)
    with pytest.raises(EditConflictError, match="not the task “ask” any more"):
        tick(vault.root, "note.md", Task("ask", True, 1), home)
    assert note.read_text() == now


def test_what_is_not_written_in_bytes_we_know_is_left(vault: Vault, home: Path) -> None:
    note = vault.write("note.md", "- [ ] ask\n".encode("utf-16"))
    with pytest.raises(VaultError, match="can't be ticked here"):
        tick(vault.root, "note.md", Task("ask", True, 1), home)
    assert note.read_bytes() == "- [ ] ask\n".encode("utf-16")


def test_a_tick_is_taken_back_by_undo(vault: Vault, home: Path) -> None:
    note = vault.write("note.md", "- [ ] ask\n")
    tick(vault.root, "note.md", Task("ask", True, 1), home)
    assert undo(home, now=lambda: datetime.now().astimezone()).kind == "edit"
    assert note.read_text() == "- [ ] ask\n"


def test_the_list_of_tasks_knows_at_once(open_vault: Opener, vault: Vault) -> None:
    vault.fill({"a.md": "- [ ] ask\n- [ ] b\n", "plain.txt": "- [ ] no task\n"})
    with open_vault() as cortex:
        index(cortex)
        [first, second] = cortex.notes.tasks()
        ticked = cortex.notes.tick("a", 1, "ask", True)
        assert (ticked.note, ticked.task) == (first.note, Task("ask", True, 1))
        assert cortex.notes.tasks() == [second]
        assert [one.task for one in cortex.notes.tasks(done=True)] == [ticked.task]
        vault.write("a.md", "new first line\n\n- [x] ask\n")
        with pytest.raises(EditConflictError):
            cortex.notes.tick("a", 1, "ask", False)
        with pytest.raises(ExocortexError, match="no note called"):
            cortex.notes.tick("gone", 1, "ask", True)


def test_an_old_note_is_drawn_by_the_day_and_another_one_another_day(open_vault: Opener, vault: Vault) -> None:
    vault.fill({f"{number}.md": f"Note {number}.\n" for number in range(20)} | {"empty.md": ""})
    today = datetime.now().astimezone().date()
    with open_vault() as cortex:
        index(cortex)
        assert cortex.notes.again(today + timedelta(days=29)) is None
        days = [today + timedelta(days=40 + day) for day in range(30)]
        drawn = [_path(open_vault, day) for day in days]
        assert drawn == [_path(open_vault, day) for day in days]
        assert len(set(drawn)) > 8
        assert "empty.md" not in drawn
        vault.remove(drawn[0])
        assert _path(open_vault, days[0]) not in ("", drawn[0])


def _path(opener: Opener, day: date) -> str:
    found = opener.opened[-1].notes.again(day)
    return found.note.path if found else ""
