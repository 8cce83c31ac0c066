"""How fast a vault is indexed, kept current and searched: `python -m bench.speed VAULT [--json]`.

The vault is copied to a temporary folder first. Beside the times stand calibrators from the same run and, for the
words, the time of nothing but reading, hashing and FTS-inserting the raw text.
"""

from __future__ import annotations

import argparse
import json
import random
import re
import resource
import shutil
import sqlite3
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from datetime import date
from hashlib import blake2b
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bench.calibration import REFERENCE, calibrate
from exocortex.bootstrap import chroma, embedder
from exocortex.config import Config, Folder
from exocortex.core.events import Indexed, Progress
from exocortex.cortex import Cortex
from exocortex.cortex.engines import Engines
from exocortex.storage.lock import IndexLock

if TYPE_CHECKING:
    from exocortex.core.ports import Embedder, Kind, Vectors

QUERIES = 100


class TimedEmbedder:
    """The bundled embedder, with the seconds spent in it and the texts that went through."""

    def __init__(self, inner: Embedder) -> None:
        self._inner = inner
        self.name, self.fingerprint = inner.name, inner.fingerprint
        self.dimensions, self.max_tokens = inner.dimensions, inner.max_tokens
        self.token_counter = inner.token_counter
        self.seconds, self.texts = 0.0, 0

    def embed(self, texts: Sequence[str], kind: Kind = "note") -> Vectors:
        """Embed, and remember how long it took."""
        began = time.perf_counter()
        vectors = self._inner.embed(texts, kind)
        self.seconds += time.perf_counter() - began
        self.texts += len(texts)
        return vectors


def main() -> None:
    """Measure one vault."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("vault", type=Path)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    if not options.vault.is_dir():
        parser.error(f"{options.vault} is not a folder")
    with tempfile.TemporaryDirectory(prefix="exo-bench-") as work:
        root = Path(work) / "vault"
        shutil.copytree(options.vault, root, symlinks=True)
        figures = measure(root, Path(work) / "home")
    if options.json:
        print(json.dumps(figures))
        return
    for name, value in figures.items():
        print(f"{name:44} {value:,.4g}" if isinstance(value, float) else f"{name:44} {value:,}")


def measure(root: Path, home: Path) -> dict[str, float | int]:
    """Every figure, in the order it is taken."""
    home.mkdir(mode=0o700)
    config = Config(home=home, folders=(Folder("vault", root),))
    figures: dict[str, float | int] = {f"calibrator: {name} (s)": value for name, value in calibrate().items()}
    figures |= {f"reference: {name} (s)": value for name, value in REFERENCE.items()}
    figures["raw: read, hash, FTS-insert (s)"] = _raw(root, home)
    timed = TimedEmbedder(embedder("all-MiniLM-L6-v2", config))
    lock = IndexLock(home)
    lock.acquire()
    with Cortex(config, lock, Engines(lambda _: timed, chroma), date.today) as cortex:
        figures |= _cold(cortex, timed)
        figures["peak RSS (MB)"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
        status = cortex.index.status()
        figures["notes"], figures["chunks"] = sum(f.indexed for f in status.folders), status.chunks
        figures["bytes on disk"] = status.bytes_on_disk
        figures["rescan, no change (s)"] = _timed(cortex.index.refresh)
        figures |= _changes(cortex, timed, root)
        figures |= _queries(cortex, root)
    return figures


def _cold(cortex: Cortex, timed: TimedEmbedder) -> dict[str, float | int]:
    began, words = time.perf_counter(), 0.0
    for event in cortex.index.run():
        if isinstance(event, Progress) and event.stage == "words":
            words = time.perf_counter() - began
        if isinstance(event, Progress):
            print(f"\r{event.stage} {event.done}/{event.total}   ", end="", file=sys.stderr)
    print(file=sys.stderr)
    total = time.perf_counter() - began
    return {
        "words searchable after (s)": words,
        "everything after (s)": total,
        "chunks embedded": timed.texts,
        "chunks embedded a second": timed.texts / max(timed.seconds, 1e-9),
        "pure embedding (s)": timed.seconds,
        "whole time against pure embedding": total / max(timed.seconds, 1e-9),
    }


def _changes(cortex: Cortex, timed: TimedEmbedder, root: Path) -> dict[str, float | int]:
    """One paragraph edited, one folder renamed: time to word-searchable, and to all; chunks embedded."""
    note = max(root.rglob("*.md"), key=lambda file: file.stat().st_size)
    text = note.read_text("utf-8", "replace")
    middle = text.find("\n\n", len(text) // 2)
    note.write_text(f"{text[:middle]}\n\nA paragraph about quokkas.\n\n{text[middle:]}", "utf-8")
    figures: dict[str, float | int] = {"edit: words (s)": _timed(cortex.index.refresh)}
    before = timed.texts
    figures["edit: everything (s)"] = _timed(lambda: _run(cortex))
    figures["edit: chunks embedded"] = timed.texts - before
    folder = max((f for f in root.iterdir() if f.is_dir()), key=lambda f: sum(1 for _ in f.rglob("*.md")), default=None)
    if folder is not None:
        folder.rename(folder.with_name(folder.name + " moved"))
        before = timed.texts
        figures["folder renamed (s)"] = _timed(lambda: _run(cortex))
        figures["folder renamed: chunks embedded"] = timed.texts - before
    return figures


def _queries(cortex: Cortex, root: Path) -> dict[str, float | int]:
    """Latency of queries of three to eight words taken from the notes, without the rescan before each."""
    figures: dict[str, float | int] = {}
    for mode in ("words", "meaning", "hybrid"):
        times = []
        for text in sample_queries(root):
            found = cortex.search.find(text, mode=mode, literal=True)
            times.append(sum(ms for step, ms in found.milliseconds if step != "refresh"))
        times.sort()
        figures[f"query {mode}: p50 (ms)"] = times[len(times) // 2]
        figures[f"query {mode}: p95 (ms)"] = times[int(len(times) * 0.95)]
    return figures


def sample_queries(root: Path) -> list[str]:
    """Three to eight words in a row as they stand in a note: nothing but letters, as people type."""
    rng = random.Random(7)
    files = sorted(root.rglob("*.md"))
    queries: list[str] = []
    while len(queries) < QUERIES:
        runs = re.findall(r"(?:[^\W\d_]+ ){3,}", rng.choice(files).read_text("utf-8", "replace"))
        if runs:
            words = rng.choice(runs).split()
            start = rng.randrange(max(1, len(words) - 3))
            queries.append(" ".join(words[start : start + rng.randint(3, 8)]))
    return queries


def _raw(root: Path, home: Path) -> float:
    """Reading, hashing and entering every note's raw text into one FTS5 table."""
    file = home.with_name("raw.db")
    began = time.perf_counter()
    db = sqlite3.connect(file)
    db.execute("CREATE VIRTUAL TABLE raw USING fts5(path, text, tokenize='porter unicode61 remove_diacritics 2')")
    for note in sorted(root.rglob("*.md")):
        data = note.read_bytes()
        row = (blake2b(data).hexdigest(), data.decode("utf-8", "replace"))
        db.execute("INSERT INTO raw VALUES(?, ?)", row)
    db.commit()
    db.close()
    return time.perf_counter() - began


def _run(cortex: Cortex) -> Indexed:
    *_, last = cortex.index.run()
    assert isinstance(last, Indexed)
    return last


def _timed(work: Callable[[], Any]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


if __name__ == "__main__":
    main()
