"""Where the notes and model files of a new user may lie already."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from tiny_models import make_model

from exocortex.config import Config, Folder
from exocortex.core.errors import VaultError
from exocortex.likely import FoundNotes, count_notes, find_models, find_notes, free


@pytest.fixture
def user(tmp_path: Path) -> Path:
    return (tmp_path / "user").resolve()


@pytest.fixture
def config(tmp_path: Path) -> Config:
    return Config(tmp_path.resolve() / "home")


def note(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("A note.\n")


def test_usual_places_come_first_then_vaults_and_none_without_notes(user: Path, config: Config) -> None:
    note(user / "notes" / "a.md")
    note(user / "notes" / "deep" / "b.txt")
    note(user / "Documents" / "notes" / "c.md")
    (user / "Obsidian").mkdir()
    for vault in ("Work", "Documents/Life"):
        note(user / vault / "d.md")
        (user / vault / ".obsidian").mkdir()
    note(user / "Pictures" / "readme.md")
    found = find_notes(user, config)
    assert [(str(one.root.relative_to(user)), one.notes) for one in found] == [
        ("notes", 2),
        ("Documents/notes", 1),
        ("Work", 1),
        ("Documents/Life", 1),
    ]
    within = Config(config.home, (Folder("notes", user / "notes"),))
    assert [one.root.name for one in free(found, within)] == ["notes", "Work", "Life"]
    around = Config(config.home, (Folder("docs", user / "Documents"),))
    assert FoundNotes(user / "Documents" / "Life", 1) not in find_notes(user, around)


def test_a_user_with_nothing_is_offered_nothing(user: Path, config: Config) -> None:
    assert find_notes(user, config) == []
    assert find_models(user) == []
    with pytest.raises(VaultError):
        count_notes(user, config)


def test_a_link_to_a_vault_is_the_vault(user: Path, config: Config) -> None:
    note(user / "real" / "a.md")
    (user / "real" / ".obsidian").mkdir()
    (user / "notes").symlink_to(user / "real")
    assert [one.root for one in find_notes(user, config)] == [user / "real"]


def test_models_are_found_at_any_sensible_depth_and_only_whole_ones(user: Path) -> None:
    for place in ("Downloads", "models", ".cache/lm-studio/models/someone/some-model"):
        (user / place).mkdir(parents=True)
    make_model(user / "Downloads" / "b.GGUF", name="B")
    make_model(user / ".cache/lm-studio/models/someone/some-model/a.gguf", name="A")
    whole = make_model(user / "models" / "c.gguf").read_bytes()
    (user / "models" / "cut.gguf").write_bytes(whole[: len(whole) // 2])
    (user / "models" / "not.gguf").write_text("a text")
    (user / "models" / "folder.gguf").mkdir()
    os.mkfifo(user / "models" / "pipe.gguf")
    (user / "models" / "z-again.gguf").symlink_to(user / "models" / "c.gguf")
    deep = user / "models/1/2/3/4/5/6"
    deep.mkdir(parents=True)
    make_model(deep / "deep.gguf")
    names = [one.file.name for one in find_models(user)]
    assert names[:2] == ["a.gguf", "b.GGUF"]
    assert len(names) == 3
    assert [one.header.name for one in find_models(user)][:2] == ["A", "B"]
