"""Folder: a folder of notes, its name, and the places where one can't be."""

from __future__ import annotations

import os
import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import chain, count
from pathlib import Path
from typing import Any

from exocortex.config.file import ConfigFile
from exocortex.core.errors import VaultError

_KEYS = {"name", "path"}


@dataclass(frozen=True, slots=True)
class Folder:
    """A folder of notes."""

    name: str
    """Unique; what comes before `:` in `folder:path`."""
    root: Path
    """Absolute, links resolved; it may be missing for now."""


def folders_in(file: ConfigFile, home: Path) -> tuple[tuple[Folder, ...], list[str]]:
    """The folders config.toml names, and what is wrong with them, each with its line."""
    entries = file.data.get("folders", [])
    if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        return (), [f"{file.where('folders')}: folders must be written as [[folders]] blocks with a name and a path"]
    folders: list[Folder] = []
    complaints: list[str] = []
    for at, entry in enumerate(entries):
        complaint = _bad_entry(entry)
        if complaint is None:
            folder = Folder(entry["name"], real_path(entry["path"]))
            taken = any(same_name(folder.name, other.name) for other in folders)
            complaint = (
                f"can't be named {folder.name!r}: another one is" if taken else clash(folder.root, folders, home)
            )
            folders.append(folder)
        if complaint is not None:
            complaints.append(f"{file.where(f'folders.{at}')}: this folder {complaint}")
    return tuple(folders), complaints


def clash(root: Path, folders: Iterable[Folder], home: Path) -> str | None:
    """Why a folder of notes can't be at `root`: it lies in or around another one, or the home."""
    if is_within(root, home) and is_within(home, root):
        return "is the home, which holds what Exocortex stores and can't hold notes"
    if is_within(root, home) or is_within(home, root):
        return f"and the home, {home}, may not lie one in the other"
    for other in folders:
        if is_within(root, other.root):
            return f"lies in folder {other.name} ({other.root}), which is indexed already"
        if is_within(other.root, root):
            return f"lies around folder {other.name} ({other.root}), whose notes would be indexed twice"
    return None


def is_within(inner: Path, outer: Path) -> bool:
    """Whether `inner` is `outer` or below it; other spellings of one folder (case, mounts) are seen through."""
    if inner.is_relative_to(outer):
        return True
    try:
        identity = os.stat(outer)
    except OSError:
        return False
    return any(_is_same(parent, identity) for parent in (inner, *inner.parents))


def readable_root(path: str | Path) -> Path:
    """The real path of a folder that can be listed; raises VaultError saying why one can't."""
    root = Path(os.path.realpath(path))
    try:
        with os.scandir(root):
            pass
        if not os.access(root, os.X_OK):
            raise PermissionError("Permission denied")
        str(root).encode("utf-8")
    except FileNotFoundError as error:
        raise VaultError(f"{root} does not exist.", "Name the folder that holds your notes.") from error
    except NotADirectoryError as error:
        raise VaultError(f"{root} is a file, not a folder.", f"Did you mean {root.parent}?") from error
    except OSError as error:
        what = error.strerror or "Permission denied"
        raise VaultError(f"{root} can't be read: {what}.", "Make it readable to you, or choose another.") from error
    except UnicodeEncodeError as error:
        raise VaultError("That folder's path is not valid UTF-8.", "Rename it, or choose another.") from error
    return root


def free_name(root: Path, taken: Sequence[str]) -> str:
    """A name made from the folder's own that no other has: `notes`, `notes-2` …"""
    base = unicodedata.normalize("NFC", root.name)
    base = "".join("-" if character in ":/" or not character.isprintable() else character for character in base)
    base = base.strip() or "notes"
    names = chain([base], (f"{base}-{number}" for number in count(2)))
    return next(name for name in names if not any(same_name(name, other) for other in taken))


def same_name(one: str, other: str) -> bool:
    """Names are compared as people do: not by case, nor by how an accent is encoded."""
    return unicodedata.normalize("NFC", one).casefold() == unicodedata.normalize("NFC", other).casefold()


def real_path(path: str | Path) -> Path:
    """Absolute, `~` and links resolved."""
    return Path(os.path.realpath(os.path.expanduser(path)))


def _bad_entry(entry: dict[str, Any]) -> str | None:
    unknown = entry.keys() - _KEYS
    if unknown:
        return f"has {', '.join(sorted(unknown))}, which means nothing here (it has name, path)"
    if not all(isinstance(entry.get(key), str) and entry[key] for key in _KEYS):
        return "needs a name and a path, both texts"
    if not entry["name"].isprintable() or re.search("[:/]", entry["name"]):
        return f"can't be named {entry['name']!r}: no colon, slash or control character"
    if "\0" in entry["path"] or not os.path.isabs(os.path.expanduser(entry["path"])):
        return f"needs an absolute path, not {entry['path']!r}"
    return None


def _is_same(path: Path, identity: os.stat_result) -> bool:
    try:
        return os.path.samestat(os.stat(path), identity)
    except OSError:
        return False
