"""Publishing: Chroma kept in step with the stored vectors by whoever writes the index, opened, checked, and given up.

What it holds can be made anew at any time; a folder that is in doubt is never searched.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from threading import Event as StopEvent
from typing import TYPE_CHECKING

from exocortex.core.errors import EngineError
from exocortex.core.events import Progress
from exocortex.engines.chroma_server import CollectionLostError
from exocortex.engines.probe import finds_itself, write_sample
from exocortex.meaning.generations import Generations
from exocortex.meaning.guarded import Guarded
from exocortex.meaning.living import Living, Snapshot

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

BATCH = 2_000
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
class Opened:
    """Chroma, open on the vectors of one embedder."""

    fingerprint: str
    folder: Path
    index: Guarded


class Publisher:
    """Chroma over the vectors of one home. Who searches calls from any thread, the rest is the writing thread's.

    The arguments are those of `Meaning`; `owner`: this process starts by itself, so that its deaths are counted.
    """

    def __init__(
        self,
        home: Path,
        ledger: Ledger,
        living: Living,
        open_index: Callable[[Path], VectorIndex],
        probe: Callable[[Path], bool],
        exact_up_to: int,
        owner: bool,
        clock: Callable[[], float],
    ) -> None:
        self._ledger = ledger
        self._living = living
        self._open_index = open_index
        self._remote = bool(getattr(open_index, "remote", False))
        self._probe = probe
        self._exact_up_to = exact_up_to
        self._clock = clock
        self._generations = Generations(home, ledger, owner, clock)
        self._opened: Opened | None = None
        self._serving: Opened | None = None
        self._suspect = False
        self._away_until = 0.0
        self._built_in_vain = -_RETRY_BUILDING_SECONDS
        self._unmeasured = 0
        self._poor = False
        self._trouble = ""

    def close(self) -> None:
        """Let go of Chroma's files; what needs them again opens them again."""
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

    # -- for those who search ---------------------------------------------------------------------------------------

    def serving(self, fingerprint: str) -> Opened | None:
        """Chroma, if it may be searched for this embedder's vectors."""
        serving = self._serving
        return serving if serving is not None and serving.fingerprint == fingerprint else None

    def chosen(self, vectors: Vectors, fingerprint: str) -> Opened | None:
        """The same, if it is to be preferred to comparing all."""
        serving = self.serving(fingerprint)
        if serving is None or serving.index.changing:
            return None
        if vectors.count(fingerprint) <= self._exact_up_to or self._clock() < self._away_until:
            return None
        return serving

    def lose(self, serving: Opened, error: EngineError) -> None:
        """Search without Chroma from here on; the writing thread sees to it, or the server is asked again later."""
        if self._remote and not isinstance(error, CollectionLostError):
            self._away(error)
        elif self._serving is serving:
            self._serving, self._suspect = None, True
            self._trouble = f"Chroma failed: searching without it until it is built anew. ({error.message})"

    def recovered(self) -> None:
        """It answered a search."""
        if self._remote and self._away_until:
            self._away_until, self._trouble = 0.0, ""

    def _away(self, error: EngineError) -> None:
        self._away_until = self._clock() + _RETRY_SECONDS
        self._trouble = f"Searching without the Chroma server: {error.message}"

    # -- keeping Chroma in step -------------------------------------------------------------------------------------

    def attach(self, fingerprint: str) -> None:
        """Open what is published, so that searches may use it; does nothing if it is open or would not be searched.

        Never raises for what is wrong with Chroma: `notices` tells it, and `publish` builds it anew.
        """
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

    def _bring(self, opened: Opened, keys: Sequence[str], stop: StopEvent) -> Iterator[Progress]:
        began = time.monotonic()
        for first in range(0, len(keys), BATCH):
            if stop.is_set():
                return
            self._bring_batch(opened, keys[first : first + BATCH])
            yield Progress("vectors", min(first + BATCH, len(keys)), len(keys), time.monotonic() - began)

    def _bring_batch(self, opened: Opened, keys: Sequence[str]) -> None:
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

    def _obtain(self, fingerprint: str) -> Opened | None:
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

    def _open(self, fingerprint: str, folder: Path) -> Opened:
        if not self._remote:
            self._generations.mark_open()
        try:
            index = Guarded(lambda: self._open_index(folder))
        except BaseException:
            self._generations.mark_closed()  # it is this process that goes on
            raise
        self._opened = Opened(fingerprint, folder, index)
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

    def _check(self, opened: Opened, keys: Sequence[str]) -> None:
        """Raise EngineError unless it holds as many vectors as it should, and finds some of these keys by their own."""
        late, stored = len(self._ledger.vectors.unpublished()), opened.index.stored
        expected = self._generations.published if late else self._ledger.vectors.count(opened.fingerprint)
        if abs(stored - expected) > late:
            raise _DoubtError(f"Chroma holds {stored} vectors, not {expected}", "")
        sample, matrix = self._sample(opened.fingerprint, keys)
        if not finds_itself(sample, [opened.index.nearest(row, _ASKED) for row in matrix]):
            raise _DoubtError("Chroma does not find the vectors it holds", "")

    def _trusted(self, opened: Opened, keys: Sequence[str]) -> bool:
        """Check it and let searches use it; False if it had to be set aside."""
        try:
            self._check(opened, keys)
            self._serve(opened)
        except EngineError as error:
            self._spoilt(error)
            return False
        return True

    def _serve(self, opened: Opened) -> None:
        """Let searches use it, if it finds what is there; measured again when a twentieth of it has changed."""
        if opened.index.stored <= self._exact_up_to:
            return
        if self._unmeasured > max(1_000, opened.index.stored // 20):
            self._unmeasured = 0
            living = self._living.now(self._ledger.vectors, opened.fingerprint)
            found = recall_of(opened.index, living, set(self._ledger.vectors.unpublished()), _SAMPLE)
            self._poor = found < RECALL
            self._trouble = f"Chroma finds only {found:.0%} of what is nearest: not searched." if self._poor else ""
        self._serving = None if self._poor else opened

    def _outgrown(self, opened: Opened) -> bool:
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


def recall_of(index: Guarded, living: Snapshot, late: set[str], sample: int) -> float:
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
