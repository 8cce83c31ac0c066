"""Probe: whether a folder of Chroma's can be opened, found out by a child process that may die of it.

Chroma writes its graph neither atomically nor through a temporary file, and loads what it finds unchecked: a file cut
short ends the process that opens it. `in_a_child` runs this module; it reads the files first, then opens them.
"""

from __future__ import annotations

import os
import signal
import sqlite3
import struct
import subprocess
import sys
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from threading import Thread
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    from numpy.typing import NDArray

    from exocortex.core.ports import Vectors

SECONDS = 20.0
"""How long the child may take; importing Chroma and loading 100,000 vectors takes two."""

WHOLE = 0.9
"""Share of the sampled keys that must be found by their own vectors: of damage fewer are, of a graph that is merely
approximate more."""

SAME = 0.99
"""Cosine similarity from which a vector counts as the one it was asked by; equal texts may have equal vectors."""

_LEVEL = 1e-3
_CHILD_CODE_DAMAGED = 1
_PICKLE = "index_metadata.pickle"
_HEADER = struct.Struct("<iQQQQQQiIQQQdQ")
_FORMAT = 1
_LARGEST_RATIO = 10

_ASKED = 400
"""Neighbours that a search asks for; asked for few, the graph misses vectors that lie among many like them."""


def write_sample(folder: Path, count: int, keys: Sequence[str], vectors: Vectors) -> Path:
    """Lay down beside `folder` what must be found in it; the caller removes the returned file."""
    import numpy as np

    path = _sample_of(folder)
    with open(path, "wb") as file:
        np.savez(file, count=np.array(count), keys=np.array(list(keys), dtype=np.str_), vectors=vectors)
    return path


def in_a_child(folder: Path, seconds: float = SECONDS) -> bool:
    """Whether a child process could open `folder` and find in it what `write_sample` laid down; False if it died."""
    package = str(Path(__file__).parents[2])
    path = os.pathsep.join(filter(None, (package, os.environ.get("PYTHONPATH"))))
    with subprocess.Popen(
        [sys.executable, "-P", "-m", __name__, str(folder)],
        stdin=subprocess.PIPE,  # its end tells the child that nobody waits any more
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env={**os.environ, "PYTHONPATH": path},
        start_new_session=True,  # a Ctrl-C meant for us is no verdict on the folder
    ) as child:
        try:
            return child.wait(seconds) == 0
        except subprocess.TimeoutExpired:
            return False
        finally:
            child.kill()


def looks_sound(folder: Path) -> bool:
    """Whether Chroma's files can be what it wrote: sizes, the frame of the pickle, and every link of the graph."""
    try:
        with closing(sqlite3.connect(f"{(folder / 'chroma.sqlite3').as_uri()}?mode=ro", uri=True)) as database:
            (verdict,) = database.execute("PRAGMA quick_check(1)").fetchone()
        segments = [path for path in folder.iterdir() if path.is_dir()]
        return bool(verdict == "ok") and all(_segment_is_sound(segment) for segment in segments)
    except (OSError, ValueError, sqlite3.Error, struct.error):
        return False


def _segment_is_sound(segment: Path) -> bool:
    data, links = ((segment / name).stat().st_size for name in ("data_level0.bin", "link_lists.bin"))
    header = _Header(*_HEADER.unpack((segment / "header.bin").read_bytes()))
    if header.format != _FORMAT:
        return links <= _LARGEST_RATIO * data  # of another Chroma: only opening it tells
    if not header.plausible() or data < header.elements * header.element_bytes or links > _LARGEST_RATIO * data:
        return False
    if not header.elements:
        return True
    return _is_framed(segment / _PICKLE) and _graph_is_sound(segment, header)


def _is_framed(pickle: Path) -> bool:
    """Whether a pickle begins and ends as one, without loading it: unpickling runs what it says."""
    with open(pickle, "rb") as file:
        first = file.read(1)
        file.seek(-1, os.SEEK_END)
        return first == b"\x80" and file.read(1) == b"."


@dataclass(frozen=True, slots=True)
class _Header:
    """hnswlib's header, as Chroma's fork writes it (hnswalg.h, `saveIndex`)."""

    format: int
    level0_offset: int
    capacity: int
    elements: int
    element_bytes: int
    label_offset: int
    vector_offset: int
    top_level: int
    entry: int
    most_links: int
    most_links_level0: int
    links: int
    multiplier: float
    ef_construction: int

    def plausible(self) -> bool:
        """Whether the numbers fit each other."""
        return (
            self.elements <= self.capacity < 1 << 31
            and 0 < self.most_links <= self.most_links_level0 <= 1024
            and self.vector_offset == 4 * self.most_links_level0 + 4
            and self.vector_offset < self.label_offset == self.element_bytes - 8 < 1 << 20
            and (not self.elements or (self.entry < self.elements and 0 <= self.top_level < 64))
        )


def _graph_is_sound(segment: Path, header: _Header) -> bool:
    """Whether each link leads to an element that exists, on each level."""
    import numpy as np

    rows = np.memmap(segment / "data_level0.bin", np.uint8, "r", shape=(header.elements, header.element_bytes))
    if not _links_exist(rows[:, : header.vector_offset], np.arange(header.elements) >= 0):
        return False
    levels, lists = _upper_lists((segment / "link_lists.bin").read_bytes(), header)
    if int(levels.max()) != header.top_level or int(levels[header.entry]) != header.top_level:
        return False
    return all(_links_exist(at_level, levels >= level) for level, at_level in enumerate(lists, start=1))


def _upper_lists(content: bytes, header: _Header) -> tuple[NDArray[np.int64], list[NDArray[np.uint8]]]:
    """Each element's highest level, and the lists of links of every level above the lowest; raises ValueError."""
    import numpy as np

    width = 4 * header.most_links + 4
    levels, at = np.zeros(header.elements, np.int64), 0
    lists: list[list[bytes]] = [[] for _ in range(header.top_level)]
    for element in range(header.elements):
        (size,) = struct.unpack_from("<I", content, at)
        level, rest = divmod(size, width)
        if rest or level > header.top_level or at + 4 + size > len(content):
            raise ValueError("a list of links is cut short")
        for above in range(level):
            lists[above].append(content[at + 4 + above * width : at + 4 + (above + 1) * width])
        levels[element] = level
        at += 4 + size
    return levels, [np.frombuffer(b"".join(one), np.uint8).reshape(len(one), width) for one in lists]


def _links_exist(lists: NDArray[np.uint8], exists: NDArray[np.bool_]) -> bool:
    """`lists` has a row of bytes for each element: how many links (16 bits, then flags), then the links (32 bits)."""
    import numpy as np

    numbers = np.ascontiguousarray(lists).view("<u4")
    counts, links = numbers[:, 0] & 0xFFFF, numbers[:, 1:]
    if int(counts.max(initial=0)) > links.shape[1]:
        return False
    used = links[np.arange(links.shape[1]) < counts[:, None]]
    return not used.size or (int(used.max()) < len(exists) and bool(exists[used].all()))


def _opens(folder: Path) -> bool:
    """Open it, count, and find some keys by their own vectors."""
    import numpy as np

    from exocortex.core.errors import EngineError
    from exocortex.engines.chroma import ChromaIndex

    with np.load(_sample_of(folder), allow_pickle=False) as sample:
        count, keys, vectors = int(sample["count"]), [str(key) for key in sample["keys"]], sample["vectors"]
    try:
        index = ChromaIndex(folder)
        if index.count() != count:
            return False
        found = [index.nearest(vector, _ASKED) for vector in vectors]
        index.close()
    except EngineError:
        return False
    return finds_itself(keys, found)


def finds_itself(keys: Sequence[str], found: Sequence[Sequence[tuple[str, float]]]) -> bool:
    """Whether nearly every key was found by its own vector: first, level with the first, or behind twins alone."""
    hits = [
        bool(near) and (near[-1][1] >= SAME or key in {one for one, score in near if score > near[0][1] - _LEVEL})
        for key, near in zip(keys, found, strict=True)
    ]
    return sum(hits) >= WHOLE * len(hits)


def _sample_of(folder: Path) -> Path:
    return folder.with_name(f"{folder.name}.sample")


def _end_with_parent() -> None:
    os.read(0, 1)
    os._exit(_CHILD_CODE_DAMAGED)


def _main(folder: Path) -> int:
    signal.alarm(2 * int(SECONDS))  # the kernel ends it even where Python can't
    Thread(target=_end_with_parent, daemon=True).start()
    return 0 if looks_sound(folder) and _opens(folder) else _CHILD_CODE_DAMAGED


if __name__ == "__main__":
    sys.exit(_main(Path(sys.argv[1])))
