"""The face: notes as people type them, places as they read them."""

from __future__ import annotations

from pathlib import Path

import pytest
from surroundings import pipe

from exocortex.core.counting import counted
from exocortex.core.errors import ConfigError, UsageError

KNOWN = {"Lease": "lease", "Meeting 9:30": "meeting"}


def get(name: str) -> str:
    """Looks a note up among the known."""
    if name not in KNOWN:
        raise UsageError(f"No note is called {name}.")
    return KNOWN[name]


@pytest.mark.parametrize(
    ("argument", "found"),
    [
        ("Lease", ("lease", None)),
        ("Lease:42", ("lease", 42)),
        ("Meeting 9:30", ("meeting", None)),
        ("Meeting 9:30:7", ("meeting", 7)),
    ],
)
def test_a_note_with_a_line_or_a_number_of_its_own(argument: str, found: tuple[str, int | None]) -> None:
    assert pipe().face.of_note(argument, get) == found


@pytest.mark.parametrize("argument", ["Leas", "Lease:0", "Leas:4", ":5", ""])
def test_an_unknown_note_is_named_as_typed(argument: str) -> None:
    with pytest.raises(UsageError, match="No note is called"):
        pipe().face.of_note(argument, get)


def test_a_file_below_the_working_directory_is_made_absolute(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a.md").touch()
    monkeypatch.chdir(tmp_path)
    assert pipe().face.of_note("a.md", lambda name: name) == (str(tmp_path / "a.md"), None)
    assert pipe().face.of_note("b.md", lambda name: name) == ("b.md", None)


def test_without_a_folder_it_says_what_to_type() -> None:
    with pytest.raises(ConfigError) as caught, pipe().face.cortex():
        pass
    assert "exo init" in caught.value.hint


def test_counted() -> None:
    assert [counted(number, "note") for number in (0, 1, 1234)] == ["0 notes", "1 note", "1,234 notes"]
