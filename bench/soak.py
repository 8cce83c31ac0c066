"""Does the owner stay as it is under endless edits? `python -m bench.soak VAULT [--minutes N]`.

A copy of the vault is edited at random while the owner follows; memory, descriptors and threads are read every few
seconds, and at the end the index is compared with one made afresh. Before that many clients search at once, so that
every connection's cache is full and every thread is there: what grows from then on grows for good.
"""

from __future__ import annotations

import argparse
import os
import random
import shutil
import sqlite3
import tempfile
import time
from contextlib import closing
from dataclasses import replace
from pathlib import Path

from bench.owner import cpu_seconds, many
from bench.speed import sample_queries
from exocortex.bootstrap import open_cortex
from exocortex.config import Config, add_folder, load
from exocortex.starting import reach_owner

_ADDED = "\n\nAdded as number "
_EVERY = 5.0
_WARM = 0.2
"""Share of the time that memory may take to settle in."""


def main() -> None:
    """Edit, watch, compare."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("vault", type=Path)
    parser.add_argument("--minutes", type=float, default=30.0)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="exo-soak-") as work:
        root = Path(work) / "vault"
        shutil.copytree(options.vault, root)
        environ = {**os.environ, "EXO_HOME": str(Path(work) / "home")}
        config = add_folder(load(environ), root).config
        samples, edits, cpu = soak(config, environ, root, options.minutes * 60)
        equal = contents(config.home) == _afresh(config, Path(work) / "afresh")
    warm = samples[int(len(samples) * _WARM)]
    print(f"edits {edits:,}, {cpu:.1f} % of one core")
    for name, first, last in zip(("memory (MB)", "descriptors", "threads"), warm, samples[-1], strict=True):
        print(f"{name:12} {first:8,.0f} → {last:8,.0f}  ({100 * (last / first - 1):+.1f} %)")
    tenths = [samples[len(samples) * tenth // 10][0] for tenth in range(10)] + [samples[-1][0]]
    print("memory over time (MB): " + " ".join(f"{one:.0f}" for one in tenths))
    print(f"the same as an index made afresh: {'yes' if equal else 'NO'}")


def soak(
    config: Config, environ: dict[str, str], root: Path, seconds: float
) -> tuple[list[tuple[float, float, float]], int, float]:
    """Edit for so long; returns samples of (MB, descriptors, threads), the number of edits, and the CPU used in %."""
    chance = random.Random(11)
    samples, edits = [], 0
    with reach_owner(config, environ, lambda _: None) as client:
        for _ in client.index.run():
            pass
        status = client.index.status()
        assert status.owner is not None
        pid = status.owner.pid
        many(config, environ, sample_queries(root))
        began, sampled, cpu = time.monotonic(), 0.0, cpu_seconds(pid)
        while time.monotonic() < began + seconds:
            edit(root, chance, edits)
            edits += 1
            time.sleep(chance.random() * 0.1)
            if time.monotonic() > sampled + _EVERY:
                sampled = time.monotonic()
                samples.append(_sample(pid))
                client.search.find(chance.choice(["river", "git", "note"]), limit=3)
        used = 100 * (cpu_seconds(pid) - cpu) / (time.monotonic() - began)
        for _ in client.index.run():
            pass
        client.retire()
    time.sleep(2)
    return samples, edits, used


def edit(root: Path, chance: random.Random, number: int) -> None:
    """One change of the kind that editors and people make; on the whole there is no more text afterwards."""
    notes = sorted(root.rglob("*.md"))
    note, kind = chance.choice(notes), chance.random()
    if kind < 0.6:
        text = note.read_text("utf-8", "replace").partition(_ADDED)[0]
        note.write_text(f"{text}{_ADDED}{number}, about rivers.\n", "utf-8")
    elif kind < 0.72:
        (note.parent / f"new {number}.md").write_text(f"# New {number}\n\nA note about git and rivers.\n", "utf-8")
    elif kind < 0.88:
        note.rename(note.with_name(f"renamed {number}.md"))
    else:
        note.unlink()


def contents(home: Path) -> list[tuple[object, ...]]:
    """Every note with its digest and the keys of its passages, and which of these have a vector."""
    query = (
        "SELECT path, digest, ordinal, chunks.key, EXISTS(SELECT 1 FROM vectors WHERE vectors.key = chunks.key)"
        " FROM notes LEFT JOIN placements ON placements.note = notes.id LEFT JOIN chunks ON chunks.id = chunk"
        " ORDER BY path, ordinal"
    )
    with closing(sqlite3.connect(home / "index.db")) as db:
        return db.execute(query).fetchall()


def _afresh(config: Config, home: Path) -> list[tuple[object, ...]]:
    with open_cortex(replace(config, home=home)) as cortex:
        for _ in cortex.index.run():
            pass
    return contents(home)


def _sample(process: int) -> tuple[float, float, float]:
    place = Path(f"/proc/{process}")
    pages = int((place / "statm").read_text("ascii").split()[1])
    return (
        pages * os.sysconf("SC_PAGE_SIZE") / 1e6,
        float(len(list((place / "fd").iterdir()))),
        float(len(list((place / "task").iterdir()))),
    )


if __name__ == "__main__":
    main()
