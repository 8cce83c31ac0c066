"""Exocortex: a personal knowledge assistant that lives in the terminal and belongs to its user alone."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from exocortex.bootstrap import open_cortex
    from exocortex.config import Config, load

__all__ = ["Config", "load", "open_cortex"]
__version__ = "0.1.0"

_HOMES = {"Config": "exocortex.config", "load": "exocortex.config", "open_cortex": "exocortex.bootstrap"}


def __getattr__(name: str) -> object:
    """Public names, imported when first asked for (PEP 562): the package itself costs nothing to import."""
    if name in _HOMES:
        return getattr(import_module(_HOMES[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
