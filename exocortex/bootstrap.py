"""Bootstrap: puts the program together from its settings. The one place that names concrete engines."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

from exocortex.config import Config
from exocortex.core.errors import ConfigError

if TYPE_CHECKING:
    from exocortex.core.ports import Embedder, LanguageModel, Reranker, VectorIndex
    from exocortex.cortex import Cortex
    from exocortex.cortex.engines import Engines
    from exocortex.watching import Watcher

BUNDLED_EMBEDDER = "all-MiniLM-L6-v2"
HASH_EMBEDDER = "hash"
LOCAL_MODEL = "st:"
"""Before the folder or the name of a sentence-transformers model."""


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
        return Cortex(config, lock, engines(config), today, news=news)

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
        ranked = replace(engines(config), reranker=reranker(config))
        return Cortex(config, None, ranked, date.today, watcher=watcher, news=news)

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


def engines(config: Config) -> Engines:
    """What these settings name, each loaded when it is first used."""
    from exocortex.cortex.engines import Engines

    return Engines(
        embedder=lambda name: embedder(name, config),
        vectors=vector_index(config),
        model=lambda name: language_model(name, config),
    )


def embedder(name: str, config: Config) -> Embedder:
    """The embedder of this name; its model is loaded when it is first used."""
    if name == BUNDLED_EMBEDDER:
        from exocortex.assets import bundled
        from exocortex.engines.onnx_embedder import OnnxEmbedder

        return OnnxEmbedder(bundled(f"models/{BUNDLED_EMBEDDER}"), config.embedder.threads or None)
    if name == HASH_EMBEDDER:
        from exocortex.engines.hash_embedder import HashEmbedder

        return HashEmbedder()
    if name.startswith(LOCAL_MODEL):
        from exocortex.engines.sentence_transformers import SentenceTransformersEmbedder

        return SentenceTransformersEmbedder(name.removeprefix(LOCAL_MODEL), config.embedder.threads or None, name=name)
    raise ConfigError(
        f"There is no embedder called “{name}”.",
        f"Set embedder.name to {BUNDLED_EMBEDDER}, {HASH_EMBEDDER} or {LOCAL_MODEL}FOLDER.",
    )


def reranker(config: Config) -> Reranker | None:
    """The reranker that `search.reranker` names; None if it names none. Only the owner has the time to load one."""
    if not config.search.reranker:
        return None
    from exocortex.engines.cross_encoder import CrossEncoderReranker

    return CrossEncoderReranker(config.search.reranker, config.embedder.threads or None)


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


def language_model(name: str, config: Config) -> LanguageModel | None:
    """The model of this name in the home; for "" the one that `model.url` or `model.name` names, if either does.

    Raises ConfigError if it is on another machine and nothing may leave this one, UsageError if there is none of this
    name, ModelError if its file isn't what was added, or is more than there is memory for.
    """
    if not name and config.model.url:
        return _server(config)
    name = name or config.model.name
    return _own_model(name, config) if name else None


def _server(config: Config) -> LanguageModel:
    from exocortex.engines.address import require_consent
    from exocortex.engines.openai_server import OpenAIServer

    model = config.model
    server = OpenAIServer(model.url, model.server_model, model.token, context=model.context)
    require_consent(server.address, "What is in your notes", allowed=config.privacy.notes_leave_this_machine)
    return server


def _own_model(name: str, config: Config) -> LanguageModel:
    from exocortex.engines.llama import LOG, LlamaModel
    from exocortex.fitting import available_memory, require_fit
    from exocortex.storage.gguf import read_header
    from exocortex.storage.models import Models, Ready

    (ready,) = (event for event in Models(config.home).ready(name) if isinstance(event, Ready))
    header, settings = read_header(ready.file), config.model
    found = require_fit(name, header, settings.context, available_memory(), force=not settings.check_memory)
    return LlamaModel(
        ready.file,
        ready.model.name,
        ready.model.sha256,
        context=found.context,
        threads=settings.threads,
        log=config.home / LOG,
    )
