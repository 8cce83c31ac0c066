"""Nearest neighbours, by Chroma or without it; whatever becomes of Chroma's files, the answer is the exact one."""

from __future__ import annotations

import shutil
import threading
import time
import weakref
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, suppress
from functools import partial
from pathlib import Path
from threading import Event

import numpy as np
import pytest

from exocortex.bootstrap import chroma
from exocortex.core.errors import EngineError
from exocortex.core.events import Progress
from exocortex.core.ports import VectorIndex
from exocortex.engines.exact import ExactIndex
from exocortex.meaning import Meaning
from exocortex.storage.ledger import Ledger

DIMENSIONS = 32
MANY = 400
Matrix = np.ndarray[tuple[int, ...], np.dtype[np.float32]]


def directions(rows: int, seed: int = 1) -> Matrix:
    matrix = np.random.default_rng(seed).standard_normal((rows, DIMENSIONS)).astype(np.float32)
    matrix /= np.linalg.norm(matrix, axis=1, keepdims=True)
    return matrix.astype(np.float16).astype(np.float32)


class Store:
    """A home with vectors in its ledger, and the meaning over it, which asks Chroma whatever their number."""

    def __init__(
        self,
        home: Path,
        open_index: Callable[[Path], VectorIndex] = chroma,
        probe: Callable[[Path], bool] = lambda _: True,
        in_memory: bool = False,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.home = home
        self.opened = 0
        self.ledger = Ledger(home)
        self.reader = Ledger.reading(home)
        self.meaning = Meaning(home, self.ledger, self._counting(open_index), probe, 0, in_memory, clock)

    def _counting(self, open_index: Callable[[Path], VectorIndex]) -> Callable[[Path], VectorIndex]:
        def opening(folder: Path) -> VectorIndex:
            self.opened += 1
            return open_index(folder)

        return opening

    def fill(self, rows: int = MANY, seed: int = 1, fingerprint: str = "f") -> None:
        """Store that many vectors, `key 0` and so on."""
        with self.ledger.transaction():
            self.ledger.vectors.store(fingerprint, [f"key {row}" for row in range(rows)], directions(rows, seed))

    def publish(self, fingerprint: str = "f", stop: Event | None = None) -> list[Progress]:
        """Bring Chroma up to date."""
        return list(self.meaning.publish(fingerprint, stop or Event()))

    def nearest(self, vector: Matrix, limit: int, fingerprint: str = "f") -> list[tuple[str, float]]:
        """A search as another thread makes it, through a connection of its own."""
        return self.meaning.beside(self.reader.vectors, fingerprint, vector).nearest(limit)

    @property
    def served(self) -> bool:
        """Whether Chroma is searched, and does it well."""
        recall = self.meaning.recall(self.reader.vectors, "f", 20)
        return recall is not None and recall >= 0.95

    def agrees(self, fingerprint: str = "f") -> None:
        """Some searches give what comparing all vectors gives."""
        keys, matrix = self.ledger.vectors.all(fingerprint)
        for vector in directions(5, seed=99):
            found = self.nearest(vector, 10, fingerprint)
            exact = dict(ExactIndex(keys, matrix).nearest(vector, len(keys)))
            assert len({key for key, _ in found} & set(list(exact)[:10])) >= 8
            assert dict(found) == {key: pytest.approx(exact[key], abs=5e-3) for key, _ in found}
            assert [score for _, score in found] == sorted((score for _, score in found), reverse=True)

    def close(self) -> None:
        """Let go of everything."""
        self.meaning.close()
        self.reader.close()
        self.ledger.close()


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path


@pytest.fixture
def store(home: Path) -> Iterator[Store]:
    with closing(Store(home)) as made:
        yield made


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home whose vectors Chroma holds; only copies of it are opened."""
    home = tmp_path_factory.mktemp("published")
    with closing(Store(home)) as store:
        store.fill()
        store.publish()
    return home


@pytest.fixture
def reopened(published: Path, tmp_path: Path) -> Path:
    shutil.copytree(published, tmp_path / "copy")
    return tmp_path / "copy"


def test_few_vectors_are_compared_and_chroma_is_never_opened(home: Path) -> None:
    with closing(Ledger(home)) as ledger:
        meaning, vectors = Meaning(home, ledger, _broken, exact_up_to=MANY), ledger.vectors
        vectors.store("f", ["a", "b"], directions(2))
        meaning.attach("f")
        (best, score), _ = meaning.beside(vectors, "f", directions(2)[1]).nearest(5)
        assert best == "b"
        assert score == pytest.approx(1, abs=1e-3)
        assert meaning.beside(vectors, "f", directions(2)[1]).nearest(1)[0][0] == "b"
        assert meaning.beside(vectors, "other", directions(1)[0]).nearest(5) == []
        assert meaning.notices() == ()


def test_changes_are_seen_at_once_before_and_after_publishing(store: Store) -> None:
    store.fill(50)
    store.agrees()
    store.publish()
    assert store.opened == 1
    store.agrees()
    with store.ledger.transaction():
        store.ledger.vectors.release(["key 3"], 0.0)
        store.ledger.vectors.store("f", ["key 4", "new"], directions(2, seed=5))
    store.agrees()
    assert "key 3" not in dict(store.nearest(directions(50)[3], 50))
    assert store.nearest(directions(2, seed=5)[1], 1)[0][0] == "new"
    assert store.publish()[-1].done == 3
    store.agrees()
    assert store.opened == 1


def test_nothing_changed_opens_nothing(reopened: Path) -> None:
    with closing(Store(reopened)) as store:
        assert store.publish() == []
        assert store.opened == 0


def test_searches_never_open_chroma_and_use_it_once_it_is_attached(reopened: Path) -> None:
    with closing(Store(reopened)) as store:
        store.agrees()
        assert (store.opened, store.served) == (0, False)
        store.meaning.attach("f")
        store.meaning.attach("f")
        assert (store.opened, store.served) == (1, True)
        store.agrees()
        assert (reopened / "vectors" / "open").exists()
        assert store.publish() == []
    assert not (reopened / "vectors" / "open").exists()
    assert not list(reopened.glob("vectors/*.sample"))
    assert (reopened / "vectors").stat().st_mode & 0o077 == 0


def aside(home: Path) -> list[Path]:
    return list((home / "vectors").glob("*.quarantine-*"))


def test_a_crash_leaves_a_marker_and_the_next_run_builds_anew(reopened: Path) -> None:
    for crash in range(2):
        (reopened / "vectors" / "open").write_text("command")
        (before,) = (path for path in (reopened / "vectors").glob("f-*") if path not in aside(reopened))
        with closing(Store(reopened)) as store:
            store.agrees()
            store.meaning.attach("f")
            assert store.opened == 0
            assert "was open when" in store.meaning.notices()[0]
            assert store.publish()[-1].done == MANY
            store.agrees()
            assert (store.opened, store.served, store.meaning.notices()) == (1, True, ())
        (kept,) = aside(reopened)
        assert kept.name.startswith(before.name), crash
        assert not before.exists()


def test_three_owners_dead_within_ten_minutes_are_enough_for_an_hour(reopened: Path) -> None:
    times = [1_000_000.0]
    clock = partial(times.__getitem__, -1)
    for _ in range(3):
        times.append(clock() + 299)
        with closing(Store(reopened, in_memory=True, clock=clock)) as store:
            store.publish()
            store.meaning.attach("f")
            assert store.served
        (reopened / "vectors" / "open").write_text("owner")
    with closing(Store(reopened, in_memory=True, clock=clock)) as store:
        store.meaning.attach("f")
        assert store.publish() == []
        assert store.opened == 0
        assert "crashed three times" in store.meaning.notices()[0]
        store.agrees()
    times.append(clock() + 3601)
    with closing(Store(reopened, in_memory=True, clock=clock)) as store:
        assert store.meaning.notices() == ()
        assert store.publish()[-1].done == MANY
        assert store.served


def test_a_killed_command_is_not_counted_for_it_does_not_start_again_by_itself(reopened: Path) -> None:
    for _ in range(4):
        (reopened / "vectors" / "open").write_text("command")
        with closing(Store(reopened)) as store:
            assert store.publish()[-1].done == MANY
            assert store.served


def test_a_folder_that_fails_its_test_opening_is_set_aside_and_built_anew(reopened: Path) -> None:
    with closing(Store(reopened, probe=lambda _: False)) as store:
        store.meaning.attach("f")
        assert (store.opened, len(aside(reopened))) == (0, 1)
        assert "damaged" in store.meaning.notices()[0]
        store.agrees()
        assert store.publish()[-1].done == MANY
        assert (store.served, store.meaning.notices()) == (True, ())


def test_a_folder_of_deleted_vectors_is_replaced_by_a_fresh_one(store: Store) -> None:
    store.fill(1000)
    store.publish()
    before = store.ledger.get("vectors_folder")
    with store.ledger.transaction():
        store.ledger.vectors.release([f"key {row}" for row in range(250)], 0.0)
    store.publish()
    assert store.ledger.get("vectors_folder") == before
    with store.ledger.transaction():
        store.ledger.vectors.release([f"key {row}" for row in range(250, 500)], 0.0)
    store.publish()
    assert store.publish() == []
    with store.ledger.transaction():
        store.ledger.vectors.release(["key 501"], 0.0)
    store.publish()
    assert store.ledger.get("vectors_folder") != before
    assert not aside(store.home)
    store.agrees()
    assert store.served


def test_while_chroma_is_not_searched_a_few_changes_wait_until_somebody_asks(home: Path) -> None:
    with closing(Ledger(home)) as ledger:
        meaning = Meaning(home, ledger, chroma, lambda _: True, exact_up_to=3 * MANY)

        def add(first: int, count: int) -> None:
            keys = [f"key {first + row}" for row in range(count)]
            with ledger.transaction():
                ledger.vectors.store("f", keys, directions(count, seed=first + 1))

        def done(*, lazily: bool) -> int:
            steps = list(meaning.publish("f", Event(), lazily=lazily))
            return steps[-1].done if steps else 0

        add(0, MANY)
        assert done(lazily=True) == MANY  # there was nothing yet
        add(MANY, 5)
        assert (done(lazily=True), done(lazily=False)) == (0, 5)
        add(2 * MANY, 1001)
        assert done(lazily=True) == 1001
        add(4 * MANY, 1)
        assert done(lazily=True) == 1  # by now it is searched
        meaning.close()


def test_a_closed_meaning_holds_neither_vectors_nor_threads_until_garbage_is_collected(home: Path) -> None:
    with closing(Store(home, in_memory=True)) as store:
        store.fill(50)
        store.agrees()
        matrix = weakref.ref(store.meaning.held(store.reader.vectors, "f").matrix)
        threads = [one for one in threading.enumerate() if one.name.startswith("meaning")]
        assert matrix() is not None
        assert threads
        store.meaning.close()
        assert matrix() is None
        for thread in threads:
            thread.join(5)
            assert not thread.is_alive()


def test_the_former_embedders_vectors_are_let_go_of_once_another_serves(home: Path) -> None:
    with closing(Store(home, in_memory=True)) as store:
        store.fill(50)
        store.publish()
        store.agrees()
        former = weakref.ref(store.meaning.held(store.reader.vectors, "f").matrix)
        store.fill(50, seed=2, fingerprint="g")
        store.agrees("g")
        assert former() is not None
        with store.ledger.transaction():
            store.ledger.vectors.keep_only("g")
        store.publish("g")
        assert former() is None
        store.agrees("g")


def test_a_large_chroma_that_is_not_searched_is_let_go_of(home: Path) -> None:
    with closing(Ledger(home)) as ledger:
        meaning = Meaning(home, ledger, chroma, lambda _: True, exact_up_to=20_000)
        for first, rows, left_open in ((0, 1_000, True), (1_000, 9_001, False)):
            with ledger.transaction():
                keys = [f"key {first + row}" for row in range(rows)]
                ledger.vectors.store("f", keys, directions(rows, seed=first))
            list(meaning.publish("f", Event()))
            assert (home / "vectors" / "open").exists() == left_open


def test_what_could_not_be_built_is_not_tried_again_at_once_unless_asked_for(home: Path) -> None:
    times = [1000.0]
    with closing(Store(home, open_index=_broken, clock=lambda: times[-1])) as store:
        store.fill()
        for lazily, seconds, tries in ((True, 0, 1), (True, 300, 1), (False, 0, 2), (True, 599, 2), (True, 2, 3)):
            times.append(times[-1] + seconds)
            with suppress(EngineError):
                list(store.meaning.publish("f", Event(), lazily=lazily))
            assert store.opened == tries


def test_a_deleted_folder_is_built_anew(reopened: Path) -> None:
    shutil.rmtree(reopened / "vectors")
    with closing(Store(reopened)) as store:
        store.agrees()
        assert store.publish()[-1].done == MANY
        store.agrees()


def test_stopping_midway_serves_exactly_and_the_next_run_completes(store: Store) -> None:
    store.fill(4100)
    stop = Event()
    for _ in store.meaning.publish("f", stop):
        stop.set()
    assert store.ledger.get("vectors_complete") in ("", None)
    store.agrees()
    assert [one.done for one in store.publish()] == [2000, 4000, 4100]
    store.agrees()


def test_another_embedders_vectors_replace_the_folder(reopened: Path) -> None:
    with closing(Store(reopened)) as store:
        store.fill(30, seed=7, fingerprint="g")
        store.agrees("f")
        store.agrees("g")
        store.publish("g")
        store.agrees("g")
        store.agrees("f")
        assert [file.name[:2] for file in (reopened / "vectors").iterdir() if file.is_dir()] == ["g-"]


def _broken(folder: Path) -> VectorIndex:
    raise EngineError("broken", "")


class Failing(ExactIndex):
    """An index that holds nothing and fails when asked for anything."""

    def nearest(self, vector: Matrix, limit: int) -> list[tuple[str, float]]:
        raise RuntimeError(vector, limit)

    def count(self) -> int:
        return MANY


def test_an_index_that_cannot_be_opened_or_asked_does_not_matter_to_searches(reopened: Path, tmp_path: Path) -> None:
    shutil.copytree(reopened, tmp_path / "second")
    with closing(Store(reopened, _broken)) as store:
        store.meaning.attach("f")
        store.agrees()
        with pytest.raises(EngineError, match="Chroma cannot store the vectors"):
            store.publish()
        store.agrees()
        assert store.meaning.notices()
    assert not (reopened / "vectors" / "open").exists()
    with closing(Store(tmp_path / "second", lambda _: Failing([], directions(0)))) as store:
        store.meaning.attach("f")
        assert store.opened == 1
        store.agrees()


class Hanging(ExactIndex):
    """An index that answers until told to hang."""

    hangs = False

    def nearest(self, vector: Matrix, limit: int) -> list[tuple[str, float]]:
        if self.hangs:
            time.sleep(5)
        return super().nearest(vector, limit)


def test_an_index_that_hangs_keeps_a_search_waiting_two_seconds_and_only_once(store: Store) -> None:
    index = Hanging([], directions(0))
    with closing(Store(store.home, lambda _: index)) as waiting:
        waiting.fill()
        waiting.publish()
        assert waiting.served
        index.hangs = True
        began = time.monotonic()
        waiting.agrees()
        assert 2 <= time.monotonic() - began < 3
        assert "has not answered" in waiting.meaning.notices()[0]


def test_an_index_that_finds_the_wrong_vectors_is_not_searched(store: Store) -> None:
    class Forgetful(ExactIndex):
        """Finds a vector by itself, and nothing that is near it."""

        def nearest(self, vector: Matrix, limit: int) -> list[tuple[str, float]]:
            found = super().nearest(vector, self.count())
            return found[:1] + found[len(found) - limit + 1 :]

    with closing(Store(store.home, lambda _: Forgetful([], directions(0)))) as forgetful:
        forgetful.fill(2000)
        forgetful.publish()
        assert not forgetful.served
        assert "of what is nearest" in forgetful.meaning.notices()[0]
        forgetful.agrees()


@pytest.mark.parametrize("in_memory", [False, True])
def test_readers_on_other_threads_see_every_change_while_one_writes(home: Path, in_memory: bool) -> None:
    with closing(Store(home, in_memory=in_memory)) as store:
        store.fill(1500)
        store.publish()
        vectors, wrong, done = directions(60, seed=5), list[str](), Event()

        def read() -> None:
            with closing(Ledger.reading(home)) as ledger:
                while not done.is_set():
                    seen = written[0]
                    found = store.meaning.beside(ledger.vectors, "f", vectors[seen]).nearest(3)
                    if found[0][0] != f"new {seen}" or found[0][1] < 0.999:
                        wrong.append(f"{seen}: {found}")

        written = [0]
        store.ledger.vectors.store("f", ["new 0"], vectors[:1])
        with ThreadPoolExecutor(3) as pool:
            readers = [pool.submit(read) for _ in range(3)]
            for row in range(1, 60):
                with store.ledger.transaction():
                    store.ledger.vectors.store("f", [f"new {row}"], vectors[row : row + 1])
                    store.ledger.vectors.release([f"key {row}"], 0.0)
                written[0] = row
                if row % 7 == 0:
                    store.publish()
            done.set()
            for reader in readers:
                reader.result()
        assert wrong == []
        assert store.opened == 1
        store.agrees()


def test_similarities_and_the_centre_are_exact(store: Store) -> None:
    store.fill(3)
    keys, matrix = store.ledger.vectors.all("f")
    assert store.meaning.beside(store.reader.vectors, "f", matrix[0]).similarities(["key 2", "none"]) == {
        "key 2": pytest.approx(float(matrix[0] @ matrix[2]), abs=1e-6)
    }
    centre = store.meaning.centre(store.reader.vectors, "f", keys)
    assert centre is not None
    assert float(np.linalg.norm(centre)) == pytest.approx(1, abs=1e-5)
    assert store.meaning.centre(store.reader.vectors, "f", ["none"]) is None


@pytest.mark.parametrize("in_memory", [True, False])
@pytest.mark.parametrize("by_chroma", [True, False])
def test_each_notes_best_is_the_same_whichever_way_it_is_found(home: Path, in_memory: bool, by_chroma: bool) -> None:
    with closing(Store(home, in_memory=in_memory)) as store:
        store.fill()
        if by_chroma:
            store.publish()
        keys, matrix = store.ledger.vectors.all("f")
        vector = directions(1, seed=9)[0]
        places = [(key, row % 7) for row, key in enumerate(keys)] + [("key 3", 8), ("none", 3), ("none", 9)]
        exact = dict(zip(keys, (matrix @ vector).tolist(), strict=True))
        best = {note: max(exact.get(key, -1) for key, one in places if one == note) for note in (*range(7), 8)}
        near = store.meaning.begin(store.reader.vectors, "f", lambda: vector)
        assert len(near.nearest(10)) == 10
        assert near.pooled(places) == pytest.approx(best, abs=1e-6)
        assert near.pooled([]) == near.pooled([("none", 1)]) == {}
        few = store.meaning.begin(store.reader.vectors, "f", lambda: vector, among_all=False)
        assert few.pooled(places) == pytest.approx(best, abs=1e-6)


def test_what_goes_wrong_with_the_query_is_told_to_whoever_asks(store: Store) -> None:
    def embed() -> Matrix:
        raise EngineError("no model", "")

    store.fill()
    near = store.meaning.begin(store.reader.vectors, "f", embed)
    with pytest.raises(EngineError, match="no model"):
        near.nearest(3)
