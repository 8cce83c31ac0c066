"""Chroma as a vector index: a disposable cache of ids and vectors, never of text.

Nothing outside its folder can steer it: `import chromadb` reads `.env` of the working directory and two dozen
environment variables, either of which can turn the local client into one that calls a server; both are out of reach
while it is imported and opened. No embedding function is ever set (the default one downloads a model).
"""

from __future__ import annotations

import os
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from exocortex.core.errors import EngineError

if TYPE_CHECKING:
    from exocortex.core.ports import Vectors

BATCH = 2000
"""Records a call: below Chroma's own limit of 5,461, large enough that its log is replayed seldom."""

GRAPH = {"max_neighbors": 48, "ef_construction": 200}
"""Many notes alike, as templates make them, get lost in a sparser graph. Of 61,735 passages of such a vault, asked for
400 neighbours, this finds 99.8 % by their own vectors and has recall@10 .988, Chroma's defaults (16, 100) 96.5 % and
.973; it takes 17 s to build instead of 14, and 26 MB more."""

SETTINGS_WITHOUT_PREFIX = frozenset(
    "allow_reset anonymized_telemetry environment is_persistent migrations migrations_hash_algorithm persist_directory"
    " tenant_id topic_namespace worker_memberlist_name".split()
)
"""Names of Chroma's settings, and so of environment variables it reads, that don't start with `chroma_`."""

_COLLECTION = "chunks"


class ChromaCollection(ABC):
    """What can be done with a collection, wherever it lies."""

    _collection: Any
    _stored: int
    _batch: int
    """Records a call."""

    @abstractmethod
    def _reporting(self, *, slow: bool = False) -> AbstractContextManager[None]:
        """Raise EngineError for whatever goes wrong within; `slow` is what may take a while."""

    def upsert(self, keys: Sequence[str], vectors: Vectors) -> None:
        """Store or replace these vectors."""
        for first in range(0, len(keys), self._batch):
            rows: Any = vectors[first : first + self._batch]
            with self._reporting(slow=True):
                self._collection.upsert(ids=list(keys[first : first + self._batch]), embeddings=rows)
        self.count()

    def delete(self, keys: Sequence[str]) -> None:
        """Remove these keys; unknown ones are ignored."""
        for first in range(0, len(keys), self._batch):
            with self._reporting(slow=True):
                self._collection.delete(ids=list(keys[first : first + self._batch]))
        self.count()

    def nearest(self, vector: Vectors, limit: int) -> list[tuple[str, float]]:
        """The most similar keys by the approximate graph search, best first."""
        limit = min(limit, self._stored)  # counting 60,000 takes as long as finding the nearest among them
        if not limit:
            return []
        query: Any = [vector]
        with self._reporting():
            found = self._collection.query(query_embeddings=query, n_results=limit, include=["distances"])
        distances = found["distances"] or [[]]
        return [(key, 1.0 - distance) for key, distance in zip(found["ids"][0], distances[0], strict=True)]

    def count(self) -> int:
        """How many keys are stored."""
        with self._reporting(slow=True):
            self._stored = int(self._collection.count())
        return self._stored

    def keys(self) -> Iterable[str]:
        """Every stored key, a page at a time."""
        offset = 0
        while page := self._page(offset):
            yield from page
            offset += len(page)

    def _page(self, offset: int) -> list[str]:
        with self._reporting(slow=True):
            return list(self._collection.get(include=[], limit=self._batch, offset=offset)["ids"])


class ChromaIndex(ChromaCollection):
    """One collection in a folder of its own, cosine space. One process at a time may open it."""

    _batch = BATCH

    def __init__(self, folder: Path) -> None:
        folder = folder.absolute()
        self._folder = folder
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        with self._reporting(), isolated(folder):
            self._client, self._collection = _open(folder)
            self._stored = int(self._collection.count())

    def close(self) -> None:
        """Let go of the folder's files."""
        with self._reporting():
            self._client.close()

    @contextmanager
    def _reporting(self, *, slow: bool = False) -> Iterator[None]:  # noqa: ARG002 - a folder is waited for as long as it takes
        """Raise EngineError for whatever goes wrong within: panics of Chroma's core are not even Exceptions."""
        try:
            yield
        except (EngineError, KeyboardInterrupt, SystemExit, GeneratorExit):
            raise
        except BaseException as error:
            raise EngineError(
                f"The vector store in {self._folder} failed: {error}", "Run `exo index`: it is built anew."
            ) from error


def _open(folder: Path) -> tuple[Any, Any]:
    import chromadb
    from chromadb.config import Settings

    settings = Settings(
        _env_file=None,  # type: ignore[call-arg]
        chroma_api_impl="chromadb.api.rust.RustBindingsAPI",
        is_persistent=True,
        persist_directory=str(folder),
        anonymized_telemetry=False,
        allow_reset=False,
        chroma_otel_collection_endpoint="",
        chroma_server_host=None,
    )
    client = chromadb.PersistentClient(path=str(folder), settings=settings)
    threads = max(1, len(os.sched_getaffinity(0)) - 1)
    graph: Any = {"hnsw": {"space": "cosine", "num_threads": threads, **GRAPH}}
    collection = client.get_or_create_collection(_COLLECTION, configuration=graph, embedding_function=None)
    return client, collection


@contextmanager
def isolated(folder: Path) -> Iterator[None]:
    """Import and open Chroma from a folder of our own without `.env`, and without its environment variables."""
    hidden = {name: value for name, value in os.environ.items() if _steers_chroma(name)}
    here = os.open(".", os.O_RDONLY | os.O_DIRECTORY)
    for name in hidden:
        del os.environ[name]
    os.chdir(folder)
    try:
        yield
    finally:
        os.fchdir(here)
        os.close(here)
        os.environ.update(hidden)


def _steers_chroma(name: str) -> bool:
    name = name.lower()
    return name.startswith("chroma_") or name in SETTINGS_WITHOUT_PREFIX
