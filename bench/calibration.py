"""What this machine does just now: simple work timed in the same run, so that figures can be judged as ratios."""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable

REFERENCE = {"python -c pass": 0.020, "one fsync": 0.001, "one text embedded": 0.016}
"""Seconds on the machine the budgets were set on: two cores, Linux, Python 3.11."""


def calibrate() -> dict[str, float]:
    """Seconds for each calibrator, the median of seven."""
    from exocortex.assets import bundled
    from exocortex.engines.onnx_embedder import OnnxEmbedder

    embedder = OnnxEmbedder(bundled("models/all-MiniLM-L6-v2"), threads=1)
    text = "The notice period is two full months, in writing. " * 20
    embedder.embed([text])
    return {
        "python -c pass": _median(lambda: subprocess.run([sys.executable, "-c", "pass"], check=True)),
        "one fsync": _median(_fsync),
        "one text embedded": _median(lambda: embedder.embed([text])),
    }


def _median(work: Callable[[], object]) -> float:
    times = []
    for _ in range(7):
        began = time.perf_counter()
        work()
        times.append(time.perf_counter() - began)
    return statistics.median(times)


def _fsync() -> None:
    with tempfile.NamedTemporaryFile() as file:
        file.write(b"x" * 4096)
        file.flush()
        os.fsync(file.fileno())
