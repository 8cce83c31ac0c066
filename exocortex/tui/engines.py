"""Engines: what may answer a question here, in which role: the model in force, quoting, every model that was added."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from exocortex.config.roles import read_role, role_names
from exocortex.core.errors import ExocortexError
from exocortex.tui.boxes import Choice

if TYPE_CHECKING:
    from exocortex.config import Config

QUOTING = "extractive"
_ABOUT = 40
"""Characters told of a role."""


def in_force(config: Config) -> str:
    """What answers as the settings are: the model on a server, else one of the home; empty for quotes."""
    model = config.model
    return (model.server_model or model.url) if model.url else model.name


def engines_of(config: Config) -> list[Choice[str]]:
    """Choices, the one in force first."""
    from exocortex.storage.models import Models

    choices = [
        Choice("As set", "", in_force(config) or "quotes, as no model is set"),
        Choice("Quotes", QUOTING, "no model is asked"),
    ]
    with suppress(ExocortexError, OSError):
        entries = Models(config.home).entries()
        choices += [Choice(one.name, one.name, "" if one.state == "ready" else one.state) for one in entries]
    return choices


def roles_of(home: Path) -> tuple[list[Choice[str]], list[str]]:
    """Choices, none first; and what is wrong with the files of others."""
    choices, wrong = [Choice("No role", "", "files in roles/ of the home make others")], []
    for name in role_names(home):
        try:
            role = read_role(home, name)
        except ExocortexError as error:
            wrong.append(error.told)
        else:
            about = " ".join((role.scope, role.engine, role.instructions)).split("\n")[0].strip()
            choices.append(Choice(name, name, about if len(about) <= _ABOUT else f"{about[: _ABOUT - 1]}…"))
    return choices, wrong
