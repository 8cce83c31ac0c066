"""Adding and removing folders of notes, and setting a value: edits of config.toml that leave the rest of it alone."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from exocortex.config.file import read_config_file, with_folder, with_text, without_folder, write_config_file
from exocortex.config.folders import Folder, clash, folders_in, free_name, is_within, readable_root
from exocortex.config.home import ensure_home
from exocortex.config.loading import Config, raise_if_any
from exocortex.core.errors import UsageError, VaultError


@dataclass(frozen=True, slots=True)
class Added:
    """What became of a request to add a folder."""

    config: Config
    folder: Folder
    is_new: bool
    """False if it was there already: nothing was written."""


def add_folder(config: Config, path: str | Path) -> Added:
    """Write a folder of notes into config.toml, under a name made from its own; the home is created if need be.

    Raises VaultError if it is missing, no folder, closed to us, or lies in or around another folder or the home.
    """
    root = readable_root(path)
    file = read_config_file(config.home)
    folders, complaints = folders_in(file, config.home)
    raise_if_any(complaints, file)
    for folder in folders:
        if is_within(root, folder.root) and is_within(folder.root, root):
            return Added(_reread(config), folder, is_new=False)
    if complaint := clash(root, folders, config.home):
        raise VaultError(f"{root} {complaint}.", "Choose a folder that lies beside it.")
    folder = Folder(free_name(root, [one.name for one in folders]), root)
    ensure_home(config.home)
    entries = [*file.data.get("folders", ()), {"name": folder.name, "path": str(root)}]
    write_config_file(file, with_folder(file, folder.name, str(root)), {**file.data, "folders": entries})
    return Added(_reread(config), folder, is_new=True)


def remove_folder(config: Config, name: str) -> Config:
    """Take a folder of notes out of config.toml, its files untouched; raises UsageError if there is none so named."""
    file = read_config_file(config.home)
    folders, complaints = folders_in(file, config.home)
    raise_if_any(complaints, file)
    names = [folder.name for folder in folders]
    if name not in names:
        known = f"There are: {', '.join(names)}" if names else "There are none; exo init FOLDER adds one."
        raise UsageError(f"There is no folder named {name!r}.", known)
    at = names.index(name)
    data = {**file.data, "folders": [entry for place, entry in enumerate(file.data["folders"]) if place != at]}
    if not data["folders"]:
        del data["folders"]
    write_config_file(file, without_folder(file, at), data)
    return _reread(config)


def set_text(config: Config, name: str, value: str) -> None:
    """Set `section.key`, whose value is a text, in config.toml; the home is created if need be.

    What a flag or the environment says still comes before it. Raises ConfigError.
    """
    file = read_config_file(config.home)
    section, _, key = name.partition(".")
    values = file.data.get(section, {})
    if not isinstance(values, dict) or values.get(key) == value:
        return
    ensure_home(config.home)
    data = {**file.data, section: {**values, key: value}}
    write_config_file(file, with_text(file, section, key, value), data)


def _reread(config: Config) -> Config:
    """The config with the folders as the file now has them; settings keep the values they were loaded with."""
    file = read_config_file(config.home)
    folders, complaints = folders_in(file, config.home)
    raise_if_any(complaints, file)
    kept = tuple((name, origin) for name, origin in config.origins if not name.startswith("folders."))
    places = tuple((f"folders.{folder.name}", file.where(f"folders.{at}")) for at, folder in enumerate(folders))
    return replace(config, folders=folders, origins=kept + places)
