"""Ignore files mean what git says they mean, and the defaults leave out what editors and synchronisers drop."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from exocortex.config import Folder
from exocortex.storage.ignoring import Rules, compile_patterns, split_lines
from exocortex.storage.vault import scan

NAMES = st.sampled_from(["a", "b", "ab", "foo"])
FOLDERS = st.lists(NAMES, max_size=3).map("/".join)
NOTES = st.sampled_from(["a.md", "b.md", "ab.txt", "foo.md"])
GLOBS = st.sampled_from(["*", "**", "a", "b", "ab", "foo", "a*", "?", "[ab]", "*.md", "a.md", "b.md", "*.txt"])
LINES = st.builds(
    lambda negated, rooted, parts, folder: f"{'!' * negated}{'/' * rooted}{'/'.join(parts)}{'/' * folder}",
    st.booleans(),
    st.booleans(),
    st.lists(GLOBS, min_size=1, max_size=3),
    st.booleans(),
)
TREES = st.lists(st.tuples(FOLDERS, NOTES), min_size=1, max_size=8)
IGNORE_FILES = st.dictionaries(FOLDERS, st.lists(LINES, min_size=1, max_size=4), max_size=3)


def git_sees(root: Path) -> list[str]:
    command = ["git", "-C", str(root), "ls-files", "-z", "--others", "--exclude-per-directory=.exoignore"]
    listed = subprocess.run(command, capture_output=True, check=True, text=True).stdout.split("\0")
    return sorted(path for path in listed if path and not path.endswith(".exoignore"))


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("repository")
    subprocess.run(["git", "init", "-q", "--template=", str(root)], check=True)
    return root


@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(tree=TREES, ignore_files=IGNORE_FILES)
def test_ignore_files_mean_what_git_makes_of_them(
    repository: Path, tree: list[tuple[str, str]], ignore_files: dict[str, list[str]]
) -> None:
    for entry in repository.iterdir():
        if entry.name != ".git":
            shutil.rmtree(entry) if entry.is_dir() else entry.unlink()
    for folder, name in tree:
        (repository / folder).mkdir(parents=True, exist_ok=True)
        (repository / folder / name).touch()
    for folder, lines in ignore_files.items():
        if (repository / folder).is_dir():
            (repository / folder / ".exoignore").write_text("\n".join(lines))
    assert [file.path for file in scan(Folder("x", repository)).files] == git_sees(repository)


@pytest.mark.parametrize(
    ("lines", "kept"),
    [
        (["*", "!*/", "!*.md"], ["a.md", "deep/b.md", "deep/er/c.md"]),
        (["/*", "!/deep/"], ["deep/b.md", "deep/er/c.md", "deep/x.txt"]),
        (["deep/**", "!deep/b.md"], ["a.md", "deep/b.md"]),
        (["deep", "!deep/b.md"], ["a.md"]),
        (["# comment", "", "*.txt ", "\\#a"], ["a.md", "deep/b.md", "deep/er/c.md"]),
        (["*/", "!*/**/"], ["a.md"]),
        (["deep/**/"], ["a.md", "deep/b.md", "deep/x.txt"]),
    ],
)
def test_well_known_idioms(tmp_path: Path, lines: list[str], kept: list[str]) -> None:
    for name in ("a.md", "deep/b.md", "deep/x.txt", "deep/er/c.md"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    (tmp_path / ".exoignore").write_text("\n".join(lines))
    assert [file.path for file in scan(Folder("x", tmp_path)).files] == kept


def test_what_editors_and_synchronisers_leave_is_ignored() -> None:
    names = """note.md~ .#note.md #note.md# 4913 x.tmp .syncthing.note.md.tmp ~syncthing~note.md.tmp .note.md.icloud
        .~lock.note.txt# note.md.part .note.md.swp ._note.md .exoignore"""
    assert [name for name in names.split() if not Rules().ignore(name, name, False)] == []


@pytest.mark.parametrize("name", ["note.md", ".hidden.md", "4913.md", "a~b.md", "tmp", "x.sync-conflict-2024.md"])
def test_a_note_with_an_odd_name_is_not(name: str) -> None:
    assert not Rules().ignore(name, name, False)


def test_folders_of_tools_are_ignored_but_not_files_so_named() -> None:
    names = [".git", ".obsidian", ".trash", ".stfolder", ".stversions", "node_modules", ".venv", "__pycache__"]
    assert all(Rules().ignore(f"sub/{name}", name, True) for name in names)
    assert not any(Rules().ignore(f"sub/{name}", name, False) for name in names)


def test_a_pattern_can_take_a_default_back() -> None:
    patterns, wrong = compile_patterns(["!.private/", "!*.tmp"])
    rules = Rules().nested("", patterns)
    assert not wrong
    assert not rules.ignore(".private", ".private", True)
    assert not rules.ignore("x.tmp", "x.tmp", False)
    assert rules.ignore(".git", ".git", True)


def test_the_deeper_file_wins_and_counts_from_its_own_folder() -> None:
    outer, _ = compile_patterns(["*.md"])
    inner, _ = compile_patterns(["!/keep.md"])
    rules = Rules().nested("", outer).nested("sub/", inner)
    assert not rules.ignore("sub/keep.md", "keep.md", False)
    assert rules.ignore("sub/more/keep.md", "keep.md", False)
    assert rules.nested("sub/", ()) is rules


def test_accents_match_however_they_are_encoded() -> None:
    patterns, _ = compile_patterns(["cafe\u0301.md"])
    assert Rules().nested("", patterns).ignore("caf\u00e9.md", "caf\u00e9.md", False)


def test_lines_that_make_no_sense_are_numbered() -> None:
    patterns, wrong = compile_patterns(["ok", "!", "", "a\\"])
    assert len(patterns) == 1
    assert wrong == [2, 4]


def test_any_bytes_are_lines() -> None:
    assert split_lines(b"\xef\xbb\xbfa\r\nb\n\xff") == ["a", "b", "\ufffd"]
