"""Language models: those that were asked for, each opened once and kept until the index is closed."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from exocortex.core.ports import LanguageModel


class LanguageModels:
    """Asked from several threads. `open_model` gives the one of a name, or for "" the one in force, if there is one."""

    def __init__(self, open_model: Callable[[str], LanguageModel | None]) -> None:
        self._open = open_model
        self._opened: dict[str, LanguageModel | None] = {}
        self._guard = threading.Lock()

    def get(self, name: str = "") -> LanguageModel | None:
        """The model of this name; None if no name is given and none is in force. Raises EngineError, ConfigError."""
        with self._guard:
            if name not in self._opened:
                self._opened[name] = self._open(name)
            return self._opened[name]

    def close(self) -> None:
        """Let go of them all."""
        with self._guard:
            for model in filter(None, self._opened.values()):
                model.close()
            self._opened.clear()


def usable(model: Callable[[str], LanguageModel | None], name: str) -> tuple[LanguageModel | None, str]:
    """The model of a name, and if it is there but can't be used, why: quoting takes its place.

    Raises UsageError if there is none of this name, ConfigError if it may not be asked.
    """
    from exocortex.core.errors import EngineError

    try:
        return model(name), ""
    except EngineError as error:
        return None, error.told


def no_model(_name: str) -> None:
    """For whoever has none."""
