"""Bootstrap: puts the program together from its settings. The one place that names concrete engines."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from exocortex.config import Config
from exocortex.core.errors import ConfigError

if TYPE_CHECKING:
    from exocortex.core.ports import Embedder, VectorIndex
    from exocortex.cortex import Cortex

BUNDLED_EMBEDDER = "all-MiniLM-L6-v2"
HASH_EMBEDDER = "hash"


def open_cortex(config: Config, *, today: Callable[[], date] = date.today) -> Cortex:
    """Take the lock and open the index; close the result to let go of both.

    Raises IndexHeldError at once if another process holds the index.
    """
    from exocortex.config import ensure_home
    from exocortex.cortex import Cortex
    from exocortex.storage.lock import IndexLock

    ensure_home(config.home)
    lock = IndexLock(config.home)
    lock.acquire()
    try:
        return Cortex(config, lock, embedder=lambda name: embedder(name, config), vectors=chroma, today=today)
    except BaseException:
        lock.release()
        raise


def embedder(name: str, config: Config) -> Embedder:
    """The embedder of this name; its model is loaded when it is first used."""
    if name == BUNDLED_EMBEDDER:
        from exocortex.assets import bundled
        from exocortex.engines.onnx_embedder import OnnxEmbedder

        return OnnxEmbedder(bundled(f"models/{BUNDLED_EMBEDDER}"), config.embedder.threads or None)
    if name == HASH_EMBEDDER:
        from exocortex.engines.hash_embedder import HashEmbedder

        return HashEmbedder()
    raise ConfigError(
        f"There is no embedder called “{name}”.", f"Set embedder.name to {BUNDLED_EMBEDDER} or {HASH_EMBEDDER}."
    )


def chroma(folder: Path) -> VectorIndex:
    """The vector index in this folder."""
    from exocortex.engines.chroma import ChromaIndex

    return ChromaIndex(folder)
