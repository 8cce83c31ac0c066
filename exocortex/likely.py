"""Likely places: where the notes and the model files of a new user may lie already. Looks there, and writes nothing."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from exocortex.core.errors import ExocortexError

if TYPE_CHECKING:
    from exocortex.config import Config
    from exocortex.storage.gguf import ModelHeader

_NOTES = ("notes", "Notes", "Documents/notes", "Documents/Notes", "Obsidian")
_VAULTS_BELOW = ("", "Documents", "Obsidian")
_VAULT = ".obsidian"
"""What Obsidian keeps in each of its vaults."""
MODEL_FOLDERS = ("Downloads", "models", ".cache/lm-studio")
_MODEL = ".gguf"
_DEPTH = 5
_MOST_FOLDERS = 2000
"""Looked into below each of these, so that a whole disk unpacked into Downloads keeps nobody waiting."""


@dataclass(frozen=True, slots=True)
class FoundNotes:
    """A folder that has notes in it."""

    root: Path
    notes: int


@dataclass(frozen=True, slots=True)
class FoundModel:
    """A file that holds a whole language model."""

    file: Path
    header: ModelHeader


def find_notes(user: Path, config: Config) -> list[FoundNotes]:
    """Folders of the user's with notes in them that could be added, the likeliest first."""
    vaults = [folder for below in _VAULTS_BELOW for folder in _inside(user / below) if (folder / _VAULT).is_dir()]
    roots = dict.fromkeys(Path(os.path.realpath(one)) for one in (*(user / name for name in _NOTES), *vaults))
    found = []
    for root in roots:
        with suppress(ExocortexError):
            found.append(FoundNotes(root, count_notes(root, config)))
    return free(filter(lambda one: one.notes, found), config)


def count_notes(root: Path, config: Config) -> int:
    """How many notes a folder has by the rules of the settings; raises VaultError if it can't be looked through."""
    from exocortex.config import Folder
    from exocortex.storage.vault import scan

    return len(scan(Folder(root.name, root), config.index.ignore).files)


def free(found: Iterable[FoundNotes], config: Config) -> list[FoundNotes]:
    """Those that lie neither in nor around a folder of notes or the home."""
    from exocortex.config.folders import clash

    return [one for one in found if clash(one.root, config.folders, config.home) is None]


def find_models(user: Path) -> list[FoundModel]:
    """Model files in the usual places, by name; what isn't a whole language model is left out."""
    from exocortex.storage.gguf import read_usable

    files = {os.path.realpath(file): file for name in MODEL_FOLDERS for file in _model_files(user / name)}
    found = []
    for file in sorted(files.values(), key=lambda one: one.name.casefold()):
        with suppress(ExocortexError):
            found.append(FoundModel(file, read_usable(file)))
    return found


def _model_files(root: Path) -> Iterator[Path]:
    for number, (here, folders, names) in enumerate(os.walk(root)):
        if number == _MOST_FOLDERS:
            return
        if len(Path(here).relative_to(root).parts) == _DEPTH:
            folders.clear()
        yield from (Path(here, name) for name in names if name.casefold().endswith(_MODEL))


def _inside(folder: Path) -> list[Path]:
    """The folders in a folder that aren't hidden."""
    try:
        with os.scandir(folder) as entries:
            return sorted(Path(one.path) for one in entries if one.is_dir() and not one.name.startswith("."))
    except OSError:
        return []
