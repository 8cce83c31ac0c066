"""Bootstrap: puts the program together from its settings. The one place that names concrete engines."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

from exocortex.config import Config
from exocortex.core.errors import ConfigError

if TYPE_CHECKING:
    from exocortex.core.ports import Embedder, VectorIndex
    from exocortex.cortex import Cortex
    from exocortex.watching import Watcher

BUNDLED_EMBEDDER = "all-MiniLM-L6-v2"
HASH_EMBEDDER = "hash"


def open_cortex(
    config: Config, *, today: Callable[[], date] = date.today, tell: Callable[[str], None] | None = None
) -> Cortex:
    """Take the lock and open the index for this thread alone; close the result to let go of both.

    Damaged files are set aside and replaced first; `tell` is given a sentence about each. Raises IndexHeldError at once
    if another process holds the index.
    """
    from exocortex.config import ensure_home
    from exocortex.cortex import Cortex
    from exocortex.storage.lock import IndexLock

    ensure_home(config.home)
    lock = IndexLock(config.home)

    def opened(news: tuple[str, ...]) -> Cortex:
        lock.acquire()
        return Cortex(config, lock, _embedders(config), vector_index(config), today, news=news)

    try:
        lock.acquire()
        return _mended(config, opened, tell)
    except BaseException:
        lock.release()
        raise


def open_owned(config: Config, tell: Callable[[str], None] | None = None) -> Cortex:
    """Open the index for many threads, watching the notes; the lock is held by the caller, and stays with it."""
    from exocortex.cortex import Cortex
    from exocortex.watching import Watcher

    def watcher(wake: Callable[[], None]) -> Watcher:
        mode: Any = config.watch.mode  # one of the three: settings are checked as they are read
        return Watcher(config.folders, config.home / "watch", wake, mode)

    def opened(news: tuple[str, ...]) -> Cortex:
        embedders, vectors = _embedders(config), vector_index(config)
        return Cortex(config, None, embedders, vectors, date.today, watcher=watcher, news=news)

    return _mended(config, opened, tell)


@contextmanager
def open_watched(config: Config, tell: Callable[[str], None] | None = None) -> Iterator[Cortex]:
    """Take the lock and open the index as its owner does, for as long as this process follows the notes itself."""
    from exocortex.config import ensure_home
    from exocortex.storage.lock import IndexLock

    ensure_home(config.home)
    with IndexLock(config.home), open_owned(config, tell) as cortex:
        yield cortex


def _mended(config: Config, opened: Callable[[tuple[str, ...]], Cortex], tell: Callable[[str], None] | None) -> Cortex:
    """Open, with damaged files set aside and replaced before, also those that only opening shows to be so.

    `opened` is given a sentence about each; so is `tell`.
    """
    from exocortex.storage.damage import is_suspect, mend
    from exocortex.storage.database import DamagedFileError

    def attempt() -> Cortex:
        notices = mend(config.home) if is_suspect(config.home) else ()
        for notice in notices:
            if tell is not None:
                tell(notice)
        return opened(notices)

    try:
        return attempt()
    except DamagedFileError:
        return attempt()


def _embedders(config: Config) -> Callable[[str], Embedder]:
    return lambda name: embedder(name, config)


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


def vector_index(config: Config) -> Callable[[Path], VectorIndex]:
    """What opens the vector index: in a folder of the home, or on the server that `store.url` names.

    Raises ConfigError if that is another machine and nothing may leave this one.
    """
    if not config.store.url:
        return chroma
    from exocortex.engines.chroma_server import server_of

    return server_of(config)
