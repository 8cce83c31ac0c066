"""Probing: Chroma opened on a copy of its files by a process of its own, for damaged ones end the process that does."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from contextlib import closing
from pathlib import Path
from typing import Any

SECONDS = 120
"""After which a probe that doesn't answer is ended."""
SAMPLE, NEIGHBOURS = 25, 10


def probe(folder: Path, index: Path, fingerprint: str) -> tuple[str, float | None]:
    """What is wrong with Chroma's files, and the share of true neighbours it finds; None if it can't be asked.

    The caller has seen that nobody holds the index; the files are copied, so that nobody who opens it now is disturbed.
    """
    with tempfile.TemporaryDirectory(prefix="exo-probe-") as place:
        copy = Path(place) / "vectors"
        try:
            shutil.copytree(folder, copy)
        except (OSError, shutil.Error):
            return "they can't be copied", None
        command = [sys.executable, "-m", __name__, str(copy), str(index), fingerprint]
        try:
            ended = subprocess.run(
                command, capture_output=True, timeout=SECONDS, check=False, stdin=subprocess.DEVNULL, cwd=place
            )
        except (OSError, subprocess.TimeoutExpired):
            return "opening them takes for ever", None
    if ended.returncode < 0:
        return f"opening them ends in {signal.Signals(-ended.returncode).name}", None
    try:
        answer = json.loads(ended.stdout)
        return str(answer["fault"]), answer["recall"]
    except (ValueError, KeyError, TypeError):
        return "opening them fails", None


def answer(folder: Path, index: Path, fingerprint: str) -> dict[str, Any]:
    """What the process of its own says: `fault`, and `recall` if there is none."""
    import sqlite3

    import numpy as np

    from exocortex.engines.chroma import ChromaIndex
    from exocortex.storage.database import fold_case
    from exocortex.storage.soundness import read_only
    from exocortex.storage.vectors import Vectors

    with closing(read_only(index)) as connection:
        connection.row_factory = sqlite3.Row
        connection.create_function("folded", 1, fold_case, deterministic=True)
        vectors = Vectors(connection)
        keys, matrix = vectors.all(fingerprint)
        pending = len(vectors.unpublished())
    with closing(ChromaIndex(folder)) as chroma:
        if not pending and chroma.count() != len(keys):
            return {"fault": f"they hold {chroma.count():,} vectors, not {len(keys):,}", "recall": None}
        if not keys:
            return {"fault": "", "recall": 1.0}
        found = wanted = 0
        for row in np.random.default_rng(7).choice(len(keys), min(SAMPLE, len(keys)), replace=False):
            scores = matrix @ matrix[row]
            limit = min(NEIGHBOURS, len(keys))
            least = float(np.sort(scores)[-limit])
            known = dict(zip(keys, scores.tolist(), strict=True))
            near = [key for key, _ in chroma.nearest(matrix[row], limit)]
            found += sum(1 for key in near if known.get(key, -2.0) >= least - 1e-3)
            wanted += limit
    return {"fault": "", "recall": found / wanted}


def main(arguments: list[str]) -> None:
    """Write the answer to where standard output led; libraries' own words go nowhere."""
    out = os.dup(1)
    nowhere = os.open(os.devnull, os.O_WRONLY)
    for descriptor in (1, 2):
        os.dup2(nowhere, descriptor)
    said = answer(Path(arguments[0]), Path(arguments[1]), arguments[2])
    os.write(out, json.dumps(said).encode())


if __name__ == "__main__":
    main(sys.argv[1:])
