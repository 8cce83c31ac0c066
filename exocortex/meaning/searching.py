"""Searching: the vectors of one home, by nearness: by Chroma where that pays, else by comparing all of them."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from threading import Event as StopEvent
from typing import TYPE_CHECKING

from exocortex.core.errors import EngineError
from exocortex.core.events import Progress
from exocortex.engines.probe import in_a_child
from exocortex.meaning.living import Compared, Living, Snapshot
from exocortex.meaning.publishing import BATCH, EXACT_UP_TO, Publisher, recall_of

if TYPE_CHECKING:
    from exocortex.core.ports import VectorIndex
    from exocortex.core.ports import Vectors as Matrix
    from exocortex.storage.ledger import Ledger
    from exocortex.storage.vectors import Vectors

_AHEAD = 4
"""Searches whose vectors are worked on at the same time."""


class Meaning:
    """The vectors of one home, searchable: from any thread, each with `Vectors` over a connection of its own.

    `attach`, `publish` and `close` belong to the thread that writes `ledger`; only they open Chroma. `probe` says
    whether a folder can be opened. With `in_memory` all vectors in use are held in memory; else they are read when
    needed. An `open_index` with a true attribute `remote` leads to a server: no folder of it can be damaged.
    """

    def __init__(
        self,
        home: Path,
        ledger: Ledger,
        open_index: Callable[[Path], VectorIndex],
        probe: Callable[[Path], bool] = in_a_child,
        exact_up_to: int = EXACT_UP_TO,
        in_memory: bool = False,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._ledger = ledger
        self.in_memory = in_memory
        self._living = Living()
        self._chroma = Publisher(home, ledger, self._living, open_index, probe, exact_up_to, in_memory, clock)
        self._ahead = ThreadPoolExecutor(_AHEAD, "meaning")

    def close(self) -> None:
        """Let go of Chroma's files, the vectors in memory and the threads, whoever still holds this object."""
        self._chroma.close()
        self._ahead.shutdown(wait=False)
        self._living.keep_only(None)

    def notices(self) -> tuple[str, ...]:
        """What the user should know of Chroma, a sentence each; nothing while all is well."""
        return self._chroma.notices()

    # -- keeping up with the ledger ---------------------------------------------------------------------------------

    def attach(self, fingerprint: str) -> None:
        """Make ready what searches use: the vectors in memory, Chroma if it would be searched.

        Never raises for what is wrong with Chroma: `notices` tells it, and `publish` builds it anew.
        """
        if self.in_memory:
            self._living.now(self._ledger.vectors, fingerprint)
        self._chroma.attach(fingerprint)

    def publish(self, fingerprint: str, stop: StopEvent, *, lazily: bool = False) -> Iterator[Progress]:
        """Bring Chroma up to the stored vectors, as `Publisher.publish` does; raises EngineError if Chroma fails.

        From here on this embedder is the one that serves, and no other's vectors are held in memory.
        """
        self._living.keep_only(fingerprint)
        return self._chroma.publish(fingerprint, stop, lazily=lazily)

    # -- searching --------------------------------------------------------------------------------------------------

    def beside(self, vectors: Vectors, fingerprint: str, vector: Matrix) -> Nearness:
        """`vector` beside those of this embedder."""
        return self.begin(vectors, fingerprint, lambda: vector, among_all=False)

    def begin(
        self, vectors: Vectors, fingerprint: str, embed: Callable[[], Matrix], *, among_all: bool = True
    ) -> Nearness:
        """The vector that `embed` gives beside those of this embedder, worked on while the caller does other things.

        With `among_all`, the nearest of all will be asked for.
        """
        exactly = among_all and self._chroma.chosen(vectors, fingerprint) is None
        held = self.held(vectors, fingerprint) if exactly else None
        return Nearness(self, vectors, fingerprint, self._ahead.submit(_compared, embed, held))

    def centre(self, vectors: Vectors, fingerprint: str, keys: Sequence[str]) -> Matrix | None:
        """The mean direction of these chunks, of length 1; None if none has a vector."""
        import numpy as np

        held = self._living.now(vectors, fingerprint).of(keys) if self.in_memory else vectors.of(fingerprint, keys)[1]
        if not len(held):
            return None
        mean: Matrix = held.mean(axis=0)
        return mean / max(float(np.linalg.norm(mean)), 1e-12)

    def recall(self, vectors: Vectors, fingerprint: str, sample: int) -> float | None:
        """Chroma's recall@10 against comparing all, over `sample` of the vectors; None while Chroma isn't searched."""
        serving = self._chroma.serving(fingerprint)
        if serving is None:
            return None
        try:
            return recall_of(serving.index, self._living.now(vectors, fingerprint), set(vectors.unpublished()), sample)
        except EngineError as error:
            self._chroma.lose(serving, error)
            return None

    def approximately(self, near: Nearness, limit: int) -> list[tuple[str, float]] | None:
        """By Chroma, what it can't know yet compared exactly; None if comparing all is better, or all there is."""
        serving = self._chroma.chosen(near.vectors, near.fingerprint)
        if serving is None:
            return None
        late = near.vectors.unpublished(BATCH + 1)
        if len(late) > BATCH:
            return None
        try:
            found = serving.index.nearest(near.vector, limit + len(late))
        except EngineError as error:
            if not serving.index.changing:
                self._chroma.lose(serving, error)
            return None
        self._chroma.recovered()
        scores = near.similarities(dict.fromkeys((*(key for key, _ in found), *late)))
        return sorted(scores.items(), key=lambda pair: (-pair[1], pair[0]))[:limit]

    def held(self, vectors: Vectors, fingerprint: str) -> Snapshot:
        """All vectors, in memory."""
        return self._living.now(vectors, fingerprint)


class Nearness:
    """One vector beside those of the index, for the length of a search: compared with all of them once at most."""

    def __init__(
        self, meaning: Meaning, vectors: Vectors, fingerprint: str, ahead: Future[tuple[Matrix, Compared | None]]
    ) -> None:
        self._meaning = meaning
        self._ahead = ahead
        self._compared: Compared | None = None
        self.vectors = vectors
        self.fingerprint = fingerprint

    @property
    def vector(self) -> Matrix:
        """It, once it is there; raises the EngineError of its embedder."""
        return self._ahead.result()[0]

    def nearest(self, limit: int) -> list[tuple[str, float]]:
        """The keys of the chunks most similar to it, best first, with their exact cosine similarity."""
        vector, self._compared = self._ahead.result()
        if self._compared is None:
            found = self._meaning.approximately(self, limit)
            if found is not None:
                return found
            self._compared = self._meaning.held(self.vectors, self.fingerprint).compared(vector)
        return self._compared.nearest(limit)

    def similarities(self, keys: Iterable[str]) -> dict[str, float]:
        """The exact cosine similarity of each of these chunks that has a vector."""
        if self._compared is not None:
            return self._compared.similarities(keys)
        if self._meaning.in_memory:
            return self._meaning.held(self.vectors, self.fingerprint).similarities(self.vector, keys)
        found, matrix = self.vectors.of(self.fingerprint, keys)
        return dict(zip(found, (matrix @ self.vector).tolist(), strict=True)) if found else {}

    def pooled(self, places: Sequence[tuple[str, int]]) -> dict[int, float]:
        """Of (chunk key, note) pairs, each note's best similarity; notes without vectors are left out."""
        if self._compared is not None:
            return self._compared.pooled(places)
        scores = self.similarities(key for key, _ in places)
        best: dict[int, float] = {}
        for key, note in places:
            if key in scores:
                best[note] = max(scores[key], best.get(note, -1.0))
        return best


def _compared(embed: Callable[[], Matrix], held: Snapshot | None) -> tuple[Matrix, Compared | None]:
    vector = embed()
    return vector, None if held is None else held.compared(vector)
