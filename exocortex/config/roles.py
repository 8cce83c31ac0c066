"""Roles: files in the home that say how to be answered, each a name, instructions, a scope and an engine."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from pathlib import Path

from exocortex.core.errors import ConfigError, UsageError

FOLDER = "roles"
_KEYS = {"instructions", "scope", "engine"}
_MOST_BYTES = 64_000


@dataclass(frozen=True, slots=True)
class Role:
    """How a conversation is to be held."""

    name: str
    instructions: str = ""
    """Added to the rules that every model is given."""
    scope: str = ""
    """Filters, as `exo ask --scope` takes them."""
    engine: str = ""


def read_role(home: Path, name: str) -> Role:
    """The role of this name; raises UsageError if there is none, ConfigError if its file is no good."""
    path = home / FOLDER / f"{name}.toml"
    if name not in role_names(home):
        known = ", ".join(role_names(home)) or "none yet"
        raise UsageError(f"There is no role called “{name}”.", f"Write {path}. There are: {known}")
    try:
        content = path.read_bytes()[: _MOST_BYTES + 1]
        values = tomllib.loads(content.decode("utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ConfigError(
            f"The role in {path} can't be read: {error}", "Mend the file, or use another role."
        ) from error
    if len(content) > _MOST_BYTES:
        raise ConfigError(f"The role in {path} is too long.", f"{_MOST_BYTES:,} bytes at most.")
    for key, value in values.items():
        if key not in _KEYS or not isinstance(value, str):
            raise ConfigError(
                f"{key} in {path} is no part of a role.", 'A role has: instructions, scope, engine = "text"'
            )
    return Role(name, **values)


def role_names(home: Path) -> list[str]:
    """Those there are, in order."""
    return sorted(path.stem for path in (home / FOLDER).glob("*.toml"))
