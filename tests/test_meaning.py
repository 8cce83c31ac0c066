"""Nearest neighbours, by Chroma or without it; whatever becomes of Chroma's files, the answer is the exact one."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from threading import Event

import numpy as np
import pytest
from vaults import files_below

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

    def __init__(self, home: Path, open_index: Callable[[Path], VectorIndex] = chroma) -> None:
        self.home = home
        self.opened = 0
        self.ledger = Ledger(home)
        self.meaning = Meaning(home, self.ledger, self._counting(open_index), exact_up_to=0)

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

    def agrees(self, fingerprint: str = "f") -> None:
        """Some searches give what comparing all vectors gives."""
        keys, matrix = self.ledger.vectors.all(fingerprint)
        for vector in directions(5, seed=99):
            found = self.meaning.nearest(fingerprint, vector, 10)
            exact = dict(ExactIndex(keys, matrix).nearest(vector, len(keys)))
            assert len({key for key, _ in found} & set(list(exact)[:10])) >= 8
            assert dict(found) == {key: pytest.approx(exact[key], abs=5e-3) for key, _ in found}
            assert [score for _, score in found] == sorted((score for _, score in found), reverse=True)

    def close(self) -> None:
        """Let go of everything."""
        self.meaning.close()
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
        meaning = Meaning(home, ledger, _broken, exact_up_to=MANY)
        ledger.vectors.store("f", ["a", "b"], directions(2))
        (best, score), _ = meaning.nearest("f", directions(2)[1], 5)
        assert best == "b"
        assert score == pytest.approx(1, abs=1e-3)
        assert meaning.nearest("f", directions(2)[1], 1)[0][0] == "b"
        assert meaning.nearest("other", directions(1)[0], 5) == []


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
    assert "key 3" not in dict(store.meaning.nearest("f", directions(50)[3], 50))
    assert store.meaning.nearest("f", directions(2, seed=5)[1], 1)[0][0] == "new"
    assert store.publish()[-1].done == 3
    store.agrees()
    assert store.opened == 1


def test_nothing_changed_opens_nothing(reopened: Path) -> None:
    with closing(Store(reopened)) as store:
        assert store.publish() == []
        assert store.opened == 0


def test_what_was_published_is_found_after_reopening(reopened: Path) -> None:
    with closing(Store(reopened)) as store:
        store.agrees()
        assert store.opened == 1
        assert (reopened / "vectors" / "open").exists()
    assert not (reopened / "vectors" / "open").exists()


def test_the_folder_is_for_its_owner_alone_and_holds_nothing_but_vectors(reopened: Path) -> None:
    assert (reopened / "vectors").stat().st_mode & 0o077 == 0


def test_a_crash_leaves_a_marker_and_the_next_run_builds_anew(reopened: Path) -> None:
    (reopened / "vectors" / "open").write_text("f")
    before = next((reopened / "vectors").glob("f-*"))
    with closing(Store(reopened)) as store:
        store.agrees()
        assert store.opened == 0
        assert store.publish()[-1].done == MANY
        store.agrees()
        assert store.opened == 1
    assert not before.exists()
    assert [file.name for file in (reopened / "vectors").iterdir()] == [next((reopened / "vectors").glob("f-*")).name]


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
        store.agrees()
        with pytest.raises(EngineError, match="Chroma cannot store the vectors"):
            store.publish()
        store.agrees()
    with closing(Store(tmp_path / "second", lambda _: Failing([], directions(0)))) as store:
        store.agrees()


def test_similarities_and_the_centre_are_exact(store: Store) -> None:
    store.fill(3)
    keys, matrix = store.ledger.vectors.all("f")
    assert store.meaning.similarities("f", matrix[0], ["key 2", "none"]) == {
        "key 2": pytest.approx(float(matrix[0] @ matrix[2]), abs=1e-6)
    }
    centre = store.meaning.centre("f", keys)
    assert centre is not None
    assert float(np.linalg.norm(centre)) == pytest.approx(1, abs=1e-5)
    assert store.meaning.centre("f", ["none"]) is None


# -- damage: in a process of its own, for Chroma's core may end it ---------------------------------------------------

ANSWER = f"""
import sys
from contextlib import closing
from pathlib import Path
sys.path.insert(0, {str(Path(__file__).parent)!r})
from test_meaning import Store
for home in map(Path, sys.argv[1:]):
    with closing(Store(home)) as store:
        if home.name.startswith("publish"):
            with store.ledger.transaction():
                store.ledger.vectors.release(["key 1"], 0.0)
            store.publish()
            assert not store.ledger.vectors.unpublished()
        store.agrees()
    print(home.name, flush=True)
"""


def truncate(file: Path) -> None:
    os.truncate(file, file.stat().st_size // 2)


def flip(file: Path) -> None:
    content = bytearray(file.read_bytes())
    for place in range(len(content) // 3, len(content), max(1, len(content) // 50)):
        content[place] ^= 0xFF
    file.write_bytes(content)


def spoil(home: Path, damage: Callable[[Path], None], *names: str) -> None:
    spoiled = [file for file in files_below(home / "vectors") if file.name in names]
    assert spoiled
    for file in spoiled:
        damage(file)


def lose_segments(home: Path) -> None:
    for folder in (home / "vectors").glob("f-*/*/"):
        shutil.rmtree(folder)


SEGMENT = ("data_level0.bin", "header.bin", "length.bin", "link_lists.bin", "index_metadata.pickle")
DAMAGES: dict[str, Callable[[Path], None]] = {
    "the catalogue truncated": lambda home: spoil(home, truncate, "chroma.sqlite3"),
    "the catalogue flipped": lambda home: spoil(home, flip, "chroma.sqlite3"),
    "the catalogue deleted": lambda home: spoil(home, Path.unlink, "chroma.sqlite3"),
    "segments truncated": lambda home: spoil(home, truncate, *SEGMENT),
    "segments flipped": lambda home: spoil(home, flip, "header.bin", "link_lists.bin", "index_metadata.pickle"),
    "segments deleted": lose_segments,
}


def test_damaged_files_never_keep_a_search_from_answering(published: Path, tmp_path: Path) -> None:
    homes = []
    for damage in DAMAGES:
        for then in ("search", "publish"):
            homes.append(tmp_path / f"{then} with {damage}")
            shutil.copytree(published, homes[-1])
            DAMAGES[damage](homes[-1])
    crashed: set[Path] = set()
    while homes:
        ended = subprocess.run(
            [sys.executable, "-c", ANSWER, *map(str, homes)], capture_output=True, text=True, check=False
        )
        assert ended.returncode <= 0, ended.stderr
        homes = homes[len(ended.stdout.splitlines()) :]
        if ended.returncode < 0:
            assert ended.returncode in (-signal.SIGSEGV, -signal.SIGABRT, -signal.SIGBUS)
            assert homes[0] not in crashed, "crashed twice on the same files"
            crashed.add(homes[0])
