"""Meaning: nearest neighbours over the stored vectors, by Chroma where that pays and exactly otherwise.

Keeps Chroma in step with `index.db`. Chroma's files are neither written atomically nor opened safely after a crash, so
they are a cache in a folder of their own that is dropped and built anew whenever there is doubt; nothing is embedded
again for it, and exact search answers meanwhile.
"""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from threading import Event as StopEvent
from typing import TYPE_CHECKING

from exocortex.core.errors import EngineError
from exocortex.core.events import Progress
from exocortex.storage.ledger import Ledger

if TYPE_CHECKING:
    from exocortex.core.ports import VectorIndex, Vectors
    from exocortex.engines.exact import ExactIndex

EXACT_UP_TO = 10_000
"""Vectors up to which comparing all of them is faster than opening Chroma, and never misses one."""

_BATCH = 2_000


class Meaning:
    """The vectors of one home, searchable."""

    def __init__(
        self,
        home: Path,
        ledger: Ledger,
        open_index: Callable[[Path], VectorIndex],
        exact_up_to: int = EXACT_UP_TO,
    ) -> None:
        self._root = home / "vectors"
        self._marker = self._root / "open"
        self._ledger = ledger
        self._open_index = open_index
        self._exact_up_to = exact_up_to
        self._index: VectorIndex | None = None
        self._exact: tuple[tuple[str, int], ExactIndex] | None = None

    def close(self) -> None:
        """Let go of Chroma's files."""
        if self._index is not None:
            self._index.close()
            self._index = None
            self._marker.unlink(missing_ok=True)

    # -- searching --------------------------------------------------------------------------------------------------

    def nearest(self, fingerprint: str, vector: Vectors, limit: int) -> list[tuple[str, float]]:
        """The keys of the chunks most similar to `vector`, best first, with their cosine similarity."""
        late = self._ledger.vectors.unpublished(_BATCH + 1)
        few = self._ledger.vectors.count(fingerprint) <= self._exact_up_to
        if few or len(late) > _BATCH or not self._usable(fingerprint):
            return self._exactly(fingerprint).nearest(vector, limit)
        try:
            found = self._approximately(fingerprint, vector, limit + len(late))
        except Exception:  # noqa: BLE001 - whatever its Rust core raised, the exact search doesn't depend on it
            self._discard()
            return self._exactly(fingerprint).nearest(vector, limit)
        stale = set(late)
        both = [pair for pair in found if pair[0] not in stale]
        both += self.similarities(fingerprint, vector, late).items()
        return sorted(both, key=lambda pair: (-pair[1], pair[0]))[:limit]

    def similarities(self, fingerprint: str, vector: Vectors, keys: Sequence[str]) -> dict[str, float]:
        """The exact cosine similarity of each of these chunks that has a vector."""
        found, matrix = self._ledger.vectors.of(fingerprint, keys)
        return dict(zip(found, (float(score) for score in matrix @ vector), strict=True)) if found else {}

    def centre(self, fingerprint: str, keys: Sequence[str]) -> Vectors | None:
        """The mean direction of these chunks, of length 1; None if none has a vector."""
        import numpy as np

        found, matrix = self._ledger.vectors.of(fingerprint, keys)
        if not found:
            return None
        mean: Vectors = matrix.mean(axis=0)
        return mean / max(float(np.linalg.norm(mean)), 1e-12)

    def _approximately(self, fingerprint: str, vector: Vectors, limit: int) -> list[tuple[str, float]]:
        """By Chroma; raises EngineError if it gives fewer than it should hold, as it does with files missing."""
        index = self._opened(fingerprint)
        found = index.nearest(vector, limit)
        if len(found) < min(limit, index.count()):
            raise EngineError("Chroma found too few vectors", "Run `exo index`: it is built anew.")
        return found

    def _exactly(self, fingerprint: str) -> ExactIndex:
        from exocortex.engines.exact import ExactIndex

        version = (fingerprint, self._ledger.vectors.version)
        if self._exact is None or self._exact[0] != version:
            self._exact = (version, ExactIndex(*self._ledger.vectors.all(fingerprint)))
        return self._exact[1]

    # -- keeping Chroma in step -------------------------------------------------------------------------------------

    def publish(self, fingerprint: str, stop: StopEvent) -> Iterator[Progress]:
        """Bring Chroma up to the stored vectors: a few changes in place, else all of them in a new folder.

        Raises EngineError if Chroma fails even there; searches by meaning don't need it.
        """
        if self._usable(fingerprint):
            try:
                yield from self._publish(fingerprint, self._ledger.vectors.unpublished(), stop)
            except Exception:  # noqa: BLE001 - whatever its Rust core raised, a new folder is free of it
                self._discard()
            else:
                return
        self._discard()
        self._begin(fingerprint)
        try:
            yield from self._publish(fingerprint, self._ledger.vectors.all_keys(fingerprint), stop)
        except Exception as error:
            self._discard()
            raise EngineError(
                f"Chroma cannot store the vectors: {error}",
                "Search works without it, if slower; run `exo index` again.",
            ) from error
        if not stop.is_set():
            self._ledger.put("vectors_complete", fingerprint)

    def _publish(self, fingerprint: str, keys: Sequence[str], stop: StopEvent) -> Iterator[Progress]:
        began = time.monotonic()
        for first in range(0, len(keys), _BATCH):
            if stop.is_set():
                return
            self._publish_batch(fingerprint, keys[first : first + _BATCH])
            yield Progress("vectors", min(first + _BATCH, len(keys)), len(keys), time.monotonic() - began)
        vectors = self._ledger.vectors
        if keys and not vectors.unpublished() and self._opened(fingerprint).count() != vectors.count(fingerprint):
            raise EngineError("Chroma lost vectors while they were written", "Run `exo index`: it is built anew.")

    def _publish_batch(self, fingerprint: str, keys: Sequence[str]) -> None:
        index = self._opened(fingerprint)
        living, matrix = self._ledger.vectors.of(fingerprint, keys)
        gone = set(keys).difference(living)
        if gone:
            index.delete(sorted(gone))
        if living:
            index.upsert(living, matrix)
        with self._ledger.transaction():
            self._ledger.vectors.mark_published(keys)
            self._ledger.put("vectors_published", str(index.count()))

    # -- the folder -------------------------------------------------------------------------------------------------

    def _usable(self, fingerprint: str) -> bool:
        """Whether Chroma's folder is complete for this embedder and was closed properly."""
        if self._ledger.get("vectors_complete") != fingerprint or not self._folder().is_dir():
            return False
        return self._index is not None or not self._marker.exists()

    def _folder(self) -> Path:
        return self._root / (self._ledger.get("vectors_folder") or "none")

    def _opened(self, fingerprint: str) -> VectorIndex:
        """Chroma, opened once a process. A marker stands while it is: found at the next start, it tells of a crash."""
        if self._index is None:
            self._marker.write_text(fingerprint, "utf-8")
            self._index = self._open_index(self._folder())
            if self._index.count() != int(self._ledger.get("vectors_published") or 0):
                raise EngineError("Chroma lost vectors", "Run `exo index`: it is built anew.")
        return self._index

    def _begin(self, fingerprint: str) -> None:
        """A new, empty folder for the vectors of this embedder."""
        self._root.mkdir(mode=0o700, exist_ok=True)
        name = f"{fingerprint}-{time.time_ns():x}"
        (self._root / name).mkdir(mode=0o700)
        with self._ledger.transaction():
            self._ledger.put("vectors_folder", name)
            self._ledger.put("vectors_published", "0")
            self._ledger.vectors.mark_published(self._ledger.vectors.unpublished())

    def _discard(self) -> None:
        """Drop Chroma's files, every one: they hold nothing that isn't in `index.db`."""
        index, self._index = self._index, None
        self._ledger.put("vectors_complete", "")
        if index is not None:
            with suppress(Exception):
                index.close()
        shutil.rmtree(self._root, ignore_errors=True)
