"""Engines: what the cortex is built on besides its files; whoever opens it chooses."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from exocortex.language_models import no_model

if TYPE_CHECKING:
    from exocortex.core.ports import Embedder, LanguageModel, Reranker, VectorIndex


@dataclass(frozen=True, slots=True)
class Engines:
    """None is loaded before it is used."""

    embedder: Callable[[str], Embedder]
    """The one of a name."""
    vectors: Callable[[Path], VectorIndex]
    """The index in a folder."""
    model: Callable[[str], LanguageModel | None] = no_model
    """The one of a name, or for "" the one in force, if there is one."""
    reranker: Reranker | None = None
