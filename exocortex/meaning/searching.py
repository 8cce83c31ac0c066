"""Searching: the vectors of one home, by nearness; and Chroma kept in step with them by whoever writes the index."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from threading import Event as StopEvent
from typing import TYPE_CHECKING

from exocortex.core.errors import EngineError
from exocortex.core.events import Progress
from exocortex.engines.chroma_server import CollectionLostError
from exocortex.engines.probe import finds_itself, in_a_child, write_sample
from exocortex.meaning.generations import Generations
from exocortex.meaning.guarded import Guarded
from exocortex.meaning.living import Compared, Living, Snapshot

if TYPE_CHECKING:
    from exocortex.core.ports import VectorIndex
    from exocortex.core.ports import Vectors as Matrix
    from exocortex.storage.ledger import Ledger
    from exocortex.storage.vectors import Vectors

EXACT_UP_TO = 75_000
"""Vectors up to which all are compared. Measured with 384 dimensions for the 400 nearest, on one thread: 2.0 ms of
20,000, 5.4 ms of 40,000, 6.6 ms of 60,000, 14 ms of 100,000; Chroma takes 5.6 ms of 60,000, and may miss some."""

RECALL = 0.95
"""Chroma is not searched when it finds a smaller share of the ten nearest."""

_AHEAD = 4
"""Searches whose vectors are worked on at the same time."""

_BATCH = 2_000
_FEW = 1_000
"""Changes that a Chroma nobody searches may be behind by."""

_SAMPLE = 40
_NEAREST = 10
_ASKED = 400
"""Neighbours a search asks for; Chroma looks the harder the more it is asked for."""
_AS_NEAR = 1e-3
_RETRY_SECONDS = 60.0
_RETRY_BUILDING_SECONDS = 600.0
_REFUSED = "Chroma crashed three times within ten minutes: searching without it for an hour, or until `exo rebuild`."


class _DoubtError(EngineError):
    """Chroma answered, but not as it should: what it holds is to be built anew."""


@dataclass(frozen=True, slots=True, eq=False)
class _Opened:
    """Chroma, open on the vectors of one embedder."""

    fingerprint: str
    folder: Path
    index: Guarded


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
        self._open_index = open_index
        self._remote = bool(getattr(open_index, "remote", False))
        self._probe = probe
        self._exact_up_to = exact_up_to
        self.in_memory = in_memory
        self._clock = clock
        self._generations = Generations(home, ledger, owner=in_memory, clock=clock)
        self._living = Living()
        self._ahead = ThreadPoolExecutor(_AHEAD, "meaning")
        self._opened: _Opened | None = None
        self._serving: _Opened | None = None
        self._suspect = False
        self._away_until = 0.0
        self._built_in_vain = -_RETRY_BUILDING_SECONDS
        self._unmeasured = 0
        self._poor = False
        self._trouble = ""

    def close(self) -> None:
        """Let go of Chroma's files."""
        self._serving = None
        opened, self._opened = self._opened, None
        if opened is not None:
            with suppress(EngineError):
                opened.index.close()
            if not self._remote:
                self._generations.mark_closed()

    def notices(self) -> tuple[str, ...]:
        """What the user should know of Chroma, a sentence each; nothing while all is well."""
        if self._generations.refused and not self._remote:
            return (_REFUSED,)
        return (self._trouble,) if self._trouble else ()

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
        exactly = among_all and self._chosen(vectors, fingerprint) is None
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
        serving = self._serving
        if serving is None or serving.fingerprint != fingerprint:
            return None
        try:
            return _recall(serving.index, self._living.now(vectors, fingerprint), set(vectors.unpublished()), sample)
        except EngineError as error:
            self._lose(serving, error)
            return None

    def approximately(self, near: Nearness, limit: int) -> list[tuple[str, float]] | None:
        """By Chroma, what it can't know yet compared exactly; None if comparing all is better, or all there is."""
        serving = self._chosen(near.vectors, near.fingerprint)
        if serving is None:
            return None
        late = near.vectors.unpublished(_BATCH + 1)
        if len(late) > _BATCH:
            return None
        try:
            found = serving.index.nearest(near.vector, limit + len(late))
        except EngineError as error:
            if not serving.index.changing:
                self._lose(serving, error)
            return None
        self._recovered()
        scores = near.similarities(dict.fromkeys((*(key for key, _ in found), *late)))
        return sorted(scores.items(), key=lambda pair: (-pair[1], pair[0]))[:limit]

    def _chosen(self, vectors: Vectors, fingerprint: str) -> _Opened | None:
        """Chroma, if it is there and to be preferred to comparing all."""
        serving = self._serving
        if serving is None or serving.fingerprint != fingerprint or serving.index.changing:
            return None
        if vectors.count(fingerprint) <= self._exact_up_to or self._clock() < self._away_until:
            return None
        return serving

    def held(self, vectors: Vectors, fingerprint: str) -> Snapshot:
        """All vectors, in memory."""
        return self._living.now(vectors, fingerprint)

    def _lose(self, serving: _Opened, error: EngineError) -> None:
        """Search without Chroma from here on; the writing thread sees to it, or the server is asked again later."""
        if self._remote and not isinstance(error, CollectionLostError):
            self._away(error)
        elif self._serving is serving:
            self._serving, self._suspect = None, True
            self._trouble = f"Chroma failed: searching without it until it is built anew. ({error.message})"

    def _away(self, error: EngineError) -> None:
        self._away_until = self._clock() + _RETRY_SECONDS
        self._trouble = f"Searching without the Chroma server: {error.message}"

    def _recovered(self) -> None:
        if self._remote and self._away_until:
            self._away_until, self._trouble = 0.0, ""

    # -- keeping Chroma in step -------------------------------------------------------------------------------------

    def attach(self, fingerprint: str) -> None:
        """Open what is published, so that searches may use it; does nothing if it is open or would not be searched.

        Never raises for what is wrong with Chroma: `notices` tells it, and `publish` builds it anew.
        """
        if self.in_memory:
            self._living.now(self._ledger.vectors, fingerprint)
        if self._ledger.vectors.count(fingerprint) <= self._exact_up_to or not self._allowed():
            return
        with suppress(EngineError, OSError):
            opened = self._obtain(fingerprint)
            if opened is not None:
                self._trusted(opened, ())

    def publish(self, fingerprint: str, stop: StopEvent, *, lazily: bool = False) -> Iterator[Progress]:
        """Bring Chroma up to the stored vectors: a few changes in place, else all of them in a new folder.

        With `lazily`, a few changes are left to another time while Chroma isn't searched anyway, and so is what failed
        a moment ago.
        Raises EngineError if Chroma fails even there; searches by meaning don't need it.
        """
        if lazily and self._can_wait(fingerprint):
            return
        try:
            if self._allowed():
                yield from self._publish(fingerprint, stop)
                self._put_away(fingerprint)
        except OSError as error:
            raise EngineError(
                f"Chroma's files cannot be written: {error.strerror}", "Search works without it; see to the disk."
            ) from error

    def _can_wait(self, fingerprint: str) -> bool:
        if self._clock() < self._built_in_vain + _RETRY_BUILDING_SECONDS:
            return True
        count, late = self._ledger.vectors.count(fingerprint), len(self._ledger.vectors.unpublished(_FEW + 1))
        return count <= self._exact_up_to and late <= _FEW and self._generations.current(fingerprint) is not None

    def _put_away(self, fingerprint: str) -> None:
        """Close Chroma when it isn't searched and takes much memory: 200 MB with 60,000 vectors."""
        if not self._remote and _FEW * 10 < self._ledger.vectors.count(fingerprint) <= self._exact_up_to:
            self.close()

    def _publish(self, fingerprint: str, stop: StopEvent) -> Iterator[Progress]:
        late = self._ledger.vectors.unpublished()
        if not late and not self._suspect and self._generations.current(fingerprint):
            return
        opened = self._obtain(fingerprint)
        if opened is not None and not self._outgrown(opened):
            try:
                yield from self._bring(opened, late, stop)
            except EngineError as error:
                self._spoilt(error)
            else:
                if self._trusted(opened, late):
                    return
        yield from self._rebuild(fingerprint, stop)

    def _rebuild(self, fingerprint: str, stop: StopEvent) -> Iterator[Progress]:
        """All vectors into a new folder, which serves once it is complete."""
        self.close()
        folder = self._generations.begin(fingerprint)
        keys = self._ledger.vectors.all_keys(fingerprint)
        try:
            opened = self._open(fingerprint, folder)
            yield from self._bring(opened, keys, stop)
            if stop.is_set():
                return
            self._check(opened, keys)
            self._generations.complete(fingerprint, folder)
            self._suspect, self._trouble, self._poor = False, "", False
            self._serve(opened)
        except EngineError as error:
            self._built_in_vain = self._clock()
            self._spoilt(error)
            raise EngineError(
                f"Chroma cannot store the vectors: {error}",
                "Search works without it, if slower; run `exo index` again.",
            ) from error

    def _bring(self, opened: _Opened, keys: Sequence[str], stop: StopEvent) -> Iterator[Progress]:
        began = time.monotonic()
        for first in range(0, len(keys), _BATCH):
            if stop.is_set():
                return
            self._bring_batch(opened, keys[first : first + _BATCH])
            yield Progress("vectors", min(first + _BATCH, len(keys)), len(keys), time.monotonic() - began)

    def _bring_batch(self, opened: _Opened, keys: Sequence[str]) -> None:
        living, matrix = self._ledger.vectors.of(opened.fingerprint, keys)
        deleted = opened.index.change(sorted(set(keys).difference(living)), living, matrix)
        with self._ledger.transaction():
            self._ledger.vectors.mark_published(keys)
            self._generations.note_change(opened.index.stored, deleted)
        self._unmeasured += len(keys)

    # -- opening, and not trusting ----------------------------------------------------------------------------------

    def _allowed(self) -> bool:
        """Whether Chroma may be opened; the folder that a process died with is set aside first."""
        if self._remote:
            return self._clock() >= self._away_until
        if self._opened is None and self._generations.left_open:
            self._generations.bury()
            self._trouble = "Chroma was open when Exocortex ended: searching without it until it is built anew."
        return not self._generations.refused

    def _obtain(self, fingerprint: str) -> _Opened | None:
        """What is published, open and found whole; None if there is none that can be used."""
        folder = self._generations.current(fingerprint)
        if folder is None:
            return None
        if self._suspect:
            self._set_aside()
            return None
        if self._opened is not None and self._opened.folder == folder:
            return self._opened
        self.close()
        try:
            if not self._remote and not self._probed(fingerprint, folder):
                raise _DoubtError("a test opening failed", "")
            opened = self._open(fingerprint, folder)
            self._check(opened, self._ledger.vectors.all_keys(fingerprint))
            self._unmeasured = opened.index.stored
        except EngineError as error:
            self._spoilt(error)
            return None
        return opened

    def _open(self, fingerprint: str, folder: Path) -> _Opened:
        if not self._remote:
            self._generations.mark_open()
        try:
            index = Guarded(lambda: self._open_index(folder))
        except BaseException:
            self._generations.mark_closed()  # it is this process that goes on
            raise
        self._opened = _Opened(fingerprint, folder, index)
        return self._opened

    def _probed(self, fingerprint: str, folder: Path) -> bool:
        keys, matrix = self._sample(fingerprint, self._ledger.vectors.all_keys(fingerprint))
        sample = write_sample(folder, self._generations.published, keys, matrix)
        try:
            return self._probe(folder)
        finally:
            sample.unlink(missing_ok=True)

    def _sample(self, fingerprint: str, keys: Sequence[str]) -> tuple[list[str], Matrix]:
        """Some of these vectors that Chroma should hold as they are."""
        late = set(self._ledger.vectors.unpublished())
        known = [key for key in keys if key not in late]
        return self._ledger.vectors.of(fingerprint, known[:: max(1, len(known) // _SAMPLE)][:_SAMPLE])

    def _check(self, opened: _Opened, keys: Sequence[str]) -> None:
        """Raise EngineError unless it holds as many vectors as it should, and finds some of these keys by their own."""
        late, stored = len(self._ledger.vectors.unpublished()), opened.index.stored
        expected = self._generations.published if late else self._ledger.vectors.count(opened.fingerprint)
        if abs(stored - expected) > late:
            raise _DoubtError(f"Chroma holds {stored} vectors, not {expected}", "")
        sample, matrix = self._sample(opened.fingerprint, keys)
        if not finds_itself(sample, [opened.index.nearest(row, _ASKED) for row in matrix]):
            raise _DoubtError("Chroma does not find the vectors it holds", "")

    def _trusted(self, opened: _Opened, keys: Sequence[str]) -> bool:
        """Check it and let searches use it; False if it had to be set aside."""
        try:
            self._check(opened, keys)
            self._serve(opened)
        except EngineError as error:
            self._spoilt(error)
            return False
        return True

    def _serve(self, opened: _Opened) -> None:
        """Let searches use it, if it finds what is there; measured again when a twentieth of it has changed."""
        if opened.index.stored <= self._exact_up_to:
            return
        if self._unmeasured > max(1_000, opened.index.stored // 20):
            self._unmeasured = 0
            living = self._living.now(self._ledger.vectors, opened.fingerprint)
            found = _recall(opened.index, living, set(self._ledger.vectors.unpublished()), _SAMPLE)
            self._poor = found < RECALL
            self._trouble = f"Chroma finds only {found:.0%} of what is nearest: not searched." if self._poor else ""
        self._serving = None if self._poor else opened

    def _outgrown(self, opened: _Opened) -> bool:
        dimensions = self._ledger.vectors.dimensions(opened.fingerprint)
        return not self._remote and self._generations.outgrown(opened.folder, dimensions)

    def _spoilt(self, error: EngineError) -> None:
        """It failed the writing thread. Files are set aside; a server that can't be reached raises `error` again."""
        if self._remote and not isinstance(error, (_DoubtError, CollectionLostError)):
            self._away(error)
            raise error
        self._trouble = f"Chroma was damaged: searching without it until it is built anew. ({error.message})"
        self._set_aside()

    def _set_aside(self) -> None:
        self.close()
        self._generations.set_aside(keep=not self._remote)
        self._suspect = False


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


def _recall(index: Guarded, living: Snapshot, late: set[str], sample: int) -> float:
    """The share of the ten nearest, or others as near, that `index` finds; asked by vectors spread over all."""
    known = [key for key in living.living if key not in late]
    asked = known[:: max(1, len(known) // sample)][:sample]
    shares = []
    for vector in living.of(asked):
        near = living.compared(vector)
        nearest = [score for key, score in near.nearest(_NEAREST + len(late)) if key not in late][:_NEAREST]
        if not nearest:
            continue
        found = near.similarities(key for key, _ in index.nearest(vector, _ASKED))
        hits = sum(score >= nearest[-1] - _AS_NEAR for score in found.values())
        shares.append(min(hits / len(nearest), 1.0))
    return sum(shares) / len(shares) if shares else 1.0
