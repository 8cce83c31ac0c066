"""The note that is meant by what one types, and the list of those that may be if it isn't clear."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from vaults import Vault

from exocortex.capturing import find_note
from exocortex.config import Config, Folder
from exocortex.core.errors import UsageError, VaultError

NOTES = {
    "Plans/Garden.md": "# The garden of ours\n\n## Beds\n",
    "Plans/Lease.md": "---\ntitle: Rent & deposit\naliases: [Landlord]\n---\n",
    "Old/Lease.md": "old\n",
    "C# notes.md": "sharp\n",
    "log.txt": "plain\n",
    ".hidden/Secret.md": "hidden\n",
    "picture.png": "none",
}


@pytest.fixture
def config(vault: Vault, home: Path) -> Config:
    """A few notes in one folder."""
    vault.fill(NOTES)
    return Config(home, (Folder("notes", vault.root),))


@pytest.mark.parametrize(
    ("typed", "raw", "heading"),
    [
        ("Plans/Garden.md", "Plans/Garden.md", ""),
        ("Plans/Garden", "Plans/Garden.md", ""),
        ("garden", "Plans/Garden.md", ""),
        ("GARDEN.MD#Beds", "Plans/Garden.md", "Beds"),
        ("notes:Plans/Garden#Beds#Inner one", "Plans/Garden.md", "Beds#Inner one"),
        ("plans/lease", "Plans/Lease.md", ""),
        ("The garden of ours", "Plans/Garden.md", ""),
        ("rent & DEPOSIT#  New   heading ", "Plans/Lease.md", "New heading"),
        ("landlord", "Plans/Lease.md", ""),
        ("C# notes.md", "C# notes.md", ""),
        ("C# notes", "C# notes.md", ""),
        ("log", "log.txt", ""),
        ("Garden#", "Plans/Garden.md", ""),
    ],
)
def test_it_is_found_by_path_stem_title_or_alias(config: Config, typed: str, raw: str, heading: str) -> None:
    found = find_note(config, typed, Path("/"))
    assert (found.raw, found.heading, found.start, found.listed) == (raw, heading, None, False)


def test_a_path_is_seen_from_the_working_directory_first(config: Config, vault: Vault, tmp_path: Path) -> None:
    assert find_note(config, "Lease.md", vault.root / "Old").raw == "Old/Lease.md"
    assert find_note(config, str(vault.root / "Plans/Lease.md"), Path("/")).raw == "Plans/Lease.md"
    (tmp_path / "Garden.md").write_text("not a note of ours")
    assert find_note(config, "Garden.md", tmp_path).raw == "Plans/Garden.md"


def test_several_are_listed(config: Config) -> None:
    with pytest.raises(UsageError, match="may be 2 notes") as raised:
        find_note(config, "lease", Path("/"))
    assert raised.value.hint.splitlines() == ["Say which:", "Old/Lease.md", "Plans/Lease.md"]


@pytest.mark.parametrize(
    "typed", ["Gardn", "gard", "", " ", "#Beds", "Secret", "picture.png", "../x", "x" * 5000, "a\0b"]
)
def test_none_is_told_with_those_that_are_near(config: Config, typed: str) -> None:
    with pytest.raises(UsageError, match="There is no note") as raised:
        find_note(config, typed, Path("/"))
    if typed.lower().startswith("gard"):
        assert raised.value.hint.splitlines() == ["Did you mean:", "Plans/Garden.md"]


def test_what_can_be_no_heading_is_refused(config: Config) -> None:
    for typed in ("Garden#**", "Garden#" + "x" * 301, "Garden#a\x1bb"):
        with pytest.raises(UsageError, match="can't be a heading"):
            find_note(config, typed, Path("/"))
    with pytest.raises(UsageError, match="plain text, which has no headings"):
        find_note(config, "log#Beds", Path("/"))


def test_with_several_folders_each_is_named(config: Config, tmp_path: Path) -> None:
    other = Vault(tmp_path / "other")
    other.write("Garden.md", "another\n")
    both = replace(config, folders=(*config.folders, Folder("other", other.root)))
    with pytest.raises(UsageError) as raised:
        find_note(both, "garden", Path("/"))
    assert raised.value.hint.splitlines()[1:] == ["notes:Plans/Garden.md", "other:Garden.md"]
    assert find_note(both, "other:garden", Path("/")).path == other.root / "Garden.md"


def test_a_folder_that_is_away_takes_paths_on_trust(config: Config, vault: Vault) -> None:
    vault.root.rename(vault.root.with_name("away"))
    assert find_note(config, "Plans/Garden.md#Beds", Path("/")).raw == "Plans/Garden.md"
    with pytest.raises(VaultError, match="is not there"):
        find_note(config, "Garden", Path("/"))
