"""What an edit was made for, and whether it was made: what a replay of the journal goes by."""

from __future__ import annotations

import json
import os
from datetime import UTC, datetime
from pathlib import Path

import pytest

from exocortex.core.ulid import make_ulid
from exocortex.storage.originals import Originals, Outcome
from exocortex.storage.undoing import changes, undo
from exocortex.storage.writing import edit, mend

CAUSE, OTHER = make_ulid(1, bytes(10)), make_ulid(2, bytes(10))
OLD, NEW, SAVED = b"one\n", b"one\nours\n", b"one\nof an editor\n"


def _now() -> datetime:
    return datetime(2026, 11, 23, 12, tzinfo=UTC)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A folder with one note."""
    root = tmp_path / "notes"
    root.mkdir()
    (root / "a.md").write_bytes(OLD)
    return root


def _outcome(home: Path, cause: str = CAUSE) -> Outcome:
    return Originals(home, _now).outcome(cause)


def test_an_edit_that_was_made_is_known_by_its_cause(root: Path, home: Path) -> None:
    assert _outcome(home) == "none"
    edit(root, "a.md", lambda _: NEW, home, cause=CAUSE)
    assert (_outcome(home), _outcome(home, OTHER)) == ("made", "none")
    (change,) = changes(home)
    assert change.cause == CAUSE
    undo(home)
    assert ((root / "a.md").read_bytes(), changes(home)) == (OLD, [])
    assert _outcome(home) == "made", "what was taken back is not to be made again"


def test_an_edit_without_a_cause_is_recorded_as_ever(root: Path, home: Path) -> None:
    edit(root, "a.md", lambda _: NEW, home)
    (record,) = (home / "backups/notes").glob("*.json")
    assert "cause" not in json.loads(record.read_text())


@pytest.mark.parametrize(
    ("temporary", "note", "outcome", "after"),
    [
        (None, OLD, "none", OLD),  # killed before anything was written
        (NEW, OLD, "none", OLD),  # before the exchange
        (NEW, SAVED, "none", SAVED),  # and saved by an editor since
        (OLD, NEW, "made", NEW),  # after the exchange
        (None, NEW, "made", NEW),  # after all of it
        (SAVED, NEW, "none", SAVED),  # the editor's save came out, and goes back
        (OLD, SAVED, "in doubt", SAVED),  # made, and saved over
        (None, SAVED, "in doubt", SAVED),  # made and saved over, or never begun
    ],
)
def test_what_a_dead_writer_left_tells_what_became_of_it(
    root: Path, home: Path, temporary: bytes | None, note: bytes, outcome: Outcome, after: bytes
) -> None:
    originals = Originals(home, _now)
    with originals.begin("edit", root, "a.md", OLD, NEW, CAUSE) as pending:
        assert _outcome(home) == "under way"
        (root / "a.md").write_bytes(note)
        if temporary is not None:
            (root / pending.change.temporary).write_bytes(temporary)
    mend(home)
    assert (_outcome(home), (root / "a.md").read_bytes(), os.listdir(root)) == (outcome, after, ["a.md"])
    assert len(changes(home)) == (outcome == "made")


def test_the_surest_of_several_tries_counts(root: Path, home: Path) -> None:
    originals = Originals(home, _now)
    with originals.begin("edit", root, "a.md", OLD, NEW, CAUSE):
        (root / "a.md").write_bytes(SAVED)
    mend(home)
    assert _outcome(home) == "in doubt"
    edit(root, "a.md", lambda data: data + b"ours\n", home, cause=CAUSE)
    assert _outcome(home) == "made"
