"""A text being written in an editor: kept from the first moment, by one writer at a time, until it is elsewhere."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from exocortex.core.ulid import make_ulid
from exocortex.drafting import Drafting, begin, left_behind
from exocortex.drafts import DraftError

HOLDING = """
import sys
from pathlib import Path
from exocortex.drafting import begin
with begin(Path(sys.argv[1]), sys.argv[2], "begun") as draft:
    draft.path.write_text("begun and gone on with")
    print("holding", flush=True)
    sys.stdin.read()
"""


def _begin(home: Path, number: int = 1, text: str = "# Title\n\n") -> Drafting:
    return begin(home, make_ulid(number, bytes(10)), text)


def _names(home: Path) -> list[str]:
    return sorted(path.suffix for path in (home / "drafts").iterdir())


@pytest.mark.parametrize(
    ("after", "is_changed"), [("# Title\n\n", False), ("# Title\r\n\n\n", False), ("# Title", False), ("# T\n", True)]
)
def test_only_a_text_that_is_another_counts_as_written(home: Path, after: str, is_changed: bool) -> None:
    with _begin(home) as draft:
        draft.path.write_text(after, newline="")
        written = draft.read()
        assert (written.is_changed, draft.path.stat().st_mode & 0o777) == (is_changed, 0o600)
        draft.drop()
    assert (_names(home), left_behind(home)) == ([], None)


def test_a_draft_is_left_for_the_next_time_unless_it_is_dropped(home: Path) -> None:
    with _begin(home, 1) as first, _begin(home, 2) as second:
        first.path.write_text("one")
        second.path.write_text("two")
        assert left_behind(home) is None
    found = left_behind(home)
    assert found is not None
    with found:
        assert (found.is_old, found.read().text, found.read().is_changed) == (True, "two", True)
        found.drop()
    found = left_behind(home)
    assert found is not None
    with found:
        assert found.read().text == "one"


def test_what_a_killed_writer_left_is_gone_on_with(home: Path) -> None:
    command = [sys.executable, "-c", HOLDING, str(home), make_ulid(1, bytes(10))]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as writer:
        assert writer.stdout is not None
        assert writer.stdout.readline() == b"holding\n"
        assert left_behind(home) is None
        writer.kill()
    found = left_behind(home)
    assert found is not None
    with found:
        assert (found.read().text, found.read().is_changed) == ("begun and gone on with", True)


def test_a_lock_without_its_text_is_cleared_away(home: Path) -> None:
    with _begin(home) as draft:
        draft.path.unlink()
        assert not draft.read().is_changed
    assert (left_behind(home), _names(home)) == (None, [])
    (home / "drafts" / "folder.lock").mkdir()
    assert left_behind(home) is None


def test_what_cannot_be_kept_or_read_is_told(home: Path) -> None:
    with _begin(home) as draft:
        draft.path.write_bytes(b"caf\xe9")
        with pytest.raises(DraftError, match="not valid UTF-8"):
            draft.read()
    (home / "drafts").rename(home / "away")
    (home / "drafts").write_text("in the way")
    with pytest.raises(DraftError, match="can't be kept"):
        _begin(home, 2)
    assert left_behind(home) is None
