"""Folders are added and removed without harm to the rest of config.toml; those that can't be notes are refused."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from exocortex.config import Config, Folder, add_folder, listing, load, remove_folder, set_text
from exocortex.core.errors import ConfigError, UsageError, VaultError


@pytest.fixture
def config(tmp_path: Path) -> Config:
    return load({"EXO_HOME": str(tmp_path / "home")})


def folder(tmp_path: Path, name: str) -> Path:
    path = tmp_path / name
    path.mkdir(parents=True)
    return path


def test_the_first_folder_makes_the_home_and_the_file(config: Config, tmp_path: Path) -> None:
    notes = folder(tmp_path, "notes")
    added = add_folder(config, notes)
    assert added.is_new
    assert added.folder == Folder("notes", notes)
    assert added.config.folders == (added.folder,)
    assert stat.S_IMODE(config.home.stat().st_mode) == 0o700
    assert stat.S_IMODE((config.home / "config.toml").stat().st_mode) == 0o600
    assert load({"EXO_HOME": str(config.home)}).folders == added.config.folders
    assert listing(added.config)[-1].origin == "config.toml line 1"


def test_the_same_folder_again_changes_nothing(config: Config, tmp_path: Path) -> None:
    notes = folder(tmp_path, "notes")
    (tmp_path / "link").symlink_to(notes)
    first = add_folder(config, notes)
    before = (config.home / "config.toml").stat()
    for spelling in (notes, f"{notes}/", tmp_path / "link", notes / ".." / "notes"):
        again = add_folder(first.config, spelling)
        assert not again.is_new
        assert (again.folder, again.config) == (first.folder, first.config)
    assert (config.home / "config.toml").stat() == before


def test_a_relative_path_counts_from_here(config: Config, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder(tmp_path, "notes")
    monkeypatch.chdir(tmp_path)
    assert add_folder(config, "notes").folder.root == tmp_path / "notes"


def test_names_come_from_the_folders_own_and_are_unique(config: Config, tmp_path: Path) -> None:
    names = []
    for path in ("a/notes", "b/notes", "c/Notes", "d/x:y\x1b", "e/cafe\u0301", "f/ "):
        added = add_folder(config, folder(tmp_path, path))
        config = added.config
        names.append(added.folder.name)
    assert names == ["notes", "notes-2", "Notes-3", "x-y-", "café", "notes-4"]
    assert load({"EXO_HOME": str(config.home)}).folders == config.folders


def test_a_stale_config_loses_nothing_that_was_added_since(config: Config, tmp_path: Path) -> None:
    add_folder(config, folder(tmp_path, "a/notes"))
    added = add_folder(config, folder(tmp_path, "b/notes"))
    assert [one.name for one in added.config.folders] == ["notes", "notes-2"]


def test_what_cannot_be_a_folder_of_notes_is_refused_and_nothing_is_made(config: Config, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    (tmp_path / "loop").symlink_to("loop")
    os.mkdir(os.fsencode(tmp_path) + b"/caf\xe9")
    for name, message in {
        "missing": "does not exist",
        "file": "is a file, not a folder",
        "file/x": "is a file, not a folder",
        "loop": "symbolic links",
        "caf\udce9": "not valid UTF-8",
    }.items():
        with pytest.raises(VaultError, match=message) as caught:
            add_folder(config, tmp_path / name)
        assert caught.value.hint
        caught.value.message.encode()
    assert not config.home.exists()


@pytest.mark.parametrize("mode", [0o000, 0o400, 0o100])
def test_a_folder_that_is_closed_to_us_is_refused(config: Config, tmp_path: Path, mode: int) -> None:
    folder(tmp_path, "closed").chmod(mode)
    code = (
        "import sys; from exocortex.config import add_folder, load; from exocortex.core.errors import VaultError\n"
        "try: add_folder(load({'EXO_HOME': sys.argv[1]}), sys.argv[2])\n"
        "except VaultError as error: print(error.message)"
    )
    jail = ["setpriv", "--inh-caps=-all", "--bounding-set=-all", "--no-new-privs"] if os.geteuid() == 0 else []
    done = subprocess.run(
        [*jail, sys.executable, "-c", code, str(config.home), str(tmp_path / "closed")],
        check=True,
        capture_output=True,
        text=True,
    )
    assert "can't be read: Permission denied" in done.stdout


def test_nested_folders_are_refused_however_they_are_reached(config: Config, tmp_path: Path) -> None:
    outer, inner = folder(tmp_path, "outer"), folder(tmp_path, "outer/sub/inner")
    (tmp_path / "door").symlink_to(inner)
    beside = folder(tmp_path, "outer-2")
    config = add_folder(config, outer).config
    for path in (inner, tmp_path / "door"):
        with pytest.raises(VaultError, match="lies in folder outer"):
            add_folder(config, path)
    config = add_folder(config, beside).config
    config = add_folder(remove_folder(config, "outer"), inner).config
    with pytest.raises(VaultError, match="lies around folder inner"):
        add_folder(config, outer)
    assert [one.name for one in config.folders] == ["outer-2", "inner"]


def test_the_home_and_the_notes_are_kept_apart(tmp_path: Path) -> None:
    vault = folder(tmp_path, "vault")
    with pytest.raises(VaultError, match="may not lie one in the other"):
        add_folder(load({"EXO_HOME": str(vault / "home")}), vault)
    assert not list(vault.iterdir())
    home = folder(tmp_path, "home")
    inside = folder(home, "notes")
    for path, why in ((home, "is the home"), (inside, "may not lie one in the other")):
        with pytest.raises(VaultError, match=why):
            add_folder(load({"EXO_HOME": str(home)}), path)


def test_removing_takes_the_folder_out_and_leaves_text_files_and_settings(config: Config, tmp_path: Path) -> None:
    one, two = folder(tmp_path, "one"), folder(tmp_path, "two")
    (one / "note.md").write_text("kept")
    config = add_folder(add_folder(config, one).config, two).config
    path = config.home / "config.toml"
    path.write_text(f"# mine\n[search]\nlimit = 7 # seven\n\n{path.read_text()}# end\n")
    config = remove_folder(load({"EXO_HOME": str(config.home)}), "one")
    assert (
        path.read_text() == f'# mine\n[search]\nlimit = 7 # seven\n\n[[folders]]\nname = "two"\npath = "{two}"\n# end\n'
    )
    assert [one.name for one in config.folders] == ["two"]
    assert config.search.limit == 7
    assert remove_folder(config, "two").folders == ()
    assert path.read_text() == "# mine\n[search]\nlimit = 7 # seven\n\n# end\n"
    assert (one / "note.md").read_text() == "kept"
    assert load({"EXO_HOME": str(config.home)}).search.limit == 7


def test_removing_an_unknown_folder_lists_the_known(config: Config, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no folder named 'x'") as caught:
        remove_folder(config, "x")
    assert "exo init" in caught.value.hint
    config = add_folder(config, folder(tmp_path, "notes")).config
    with pytest.raises(UsageError) as caught:
        remove_folder(config, "x")
    assert caught.value.hint == "There are: notes"


def test_folders_written_as_one_list_are_left_to_their_author(config: Config, tmp_path: Path) -> None:
    notes, more = folder(tmp_path, "notes"), folder(tmp_path, "more")
    config.home.mkdir(mode=0o700)
    text = f"folders = [{{name = 'notes', path = '{notes}'}}]\n"
    (config.home / "config.toml").write_text(text)
    for act in (lambda: add_folder(config, more), lambda: remove_folder(config, "notes")):
        with pytest.raises(ConfigError, match="can't be edited safely"):
            act()
    assert (config.home / "config.toml").read_text() == text
    assert os.listdir(config.home) == ["config.toml"]


def test_a_broken_file_is_not_edited(config: Config, tmp_path: Path) -> None:
    config.home.mkdir(mode=0o700)
    (config.home / "config.toml").write_text("[[folders]]\nname = 'x'\n")
    for act in (lambda: add_folder(config, folder(tmp_path, "notes")), lambda: remove_folder(config, "x")):
        with pytest.raises(ConfigError, match="line 1: this folder needs a name and a path"):
            act()


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("", '[model]\nname = "Tiny"\n'),
        ("[search]\nlimit = 5", '[search]\nlimit = 5\n\n[model]\nname = "Tiny"\n'),
        ("[model]\r\ncontext = 2048\r\n", '[model]\r\nname = "Tiny"\r\ncontext = 2048\r\n'),
        ('[model] # mine\nname = "a#b"  # the "old" one\n', '[model] # mine\nname = "Tiny"  # the "old" one\n'),
        ('model.name = "a"\n[search]\nlimit = 5\n', 'model.name = "Tiny"\n[search]\nlimit = 5\n'),
        ('[search]\nlimit = 5\n[model]\nname = """\n#a"""\n', '[search]\nlimit = 5\n[model]\nname = "Tiny"\n'),
    ],
)
def test_a_value_is_set_where_it_stands_and_all_else_stays(config: Config, before: str, after: str) -> None:
    config.home.mkdir(mode=0o700)
    (config.home / "config.toml").write_bytes(before.encode())
    set_text(config, "model.name", "Tiny")
    assert (config.home / "config.toml").read_bytes().decode() == after
    assert load({"EXO_HOME": str(config.home)}).model.name == "Tiny"


def test_a_value_that_is_as_wanted_is_not_written(config: Config) -> None:
    config.home.mkdir(mode=0o700)
    file = config.home / "config.toml"
    file.write_text('[model]\nname = "Tiny"\n')
    before = file.stat()
    set_text(config, "model.name", "Tiny")
    assert file.stat() == before


@pytest.mark.parametrize("text", ['model = { context = 2048, name = "a" }\n', "model.context = 2048\n"])
def test_a_section_written_in_another_way_is_left_to_the_user(config: Config, text: str) -> None:
    config.home.mkdir(mode=0o700)
    (config.home / "config.toml").write_text(text)
    with pytest.raises(ConfigError, match="can't be edited safely"):
        set_text(config, "model.name", "Tiny")
    assert (config.home / "config.toml").read_text() == text
