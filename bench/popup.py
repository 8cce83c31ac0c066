"""How soon the capture popup is ready: `python -m bench.popup [--json]`.

Real processes on terminals of their own, in turn with an empty Textual app: to the first usable frame, and from Ctrl-S
to a process that is over, the text being on disk.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import sys
import tempfile
import time
from pathlib import Path

from bench.ptys import Pty
from bench.tui import EMPTY, first_frame
from exocortex.config import add_folder, load

STARTS = 15
_POPUP = [sys.executable, "-m", "exocortex", "capture", "--popup"]


def main() -> None:
    """Measure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="exo-bench-") as work:
        notes = Path(work) / "notes"
        notes.mkdir()
        environ = {**os.environ, "EXO_HOME": f"{work}/home", "PYTHONPATH": os.getcwd()}
        add_folder(load(environ), notes)
        figures = measure(environ)
    if options.json:
        print(json.dumps(figures))
        return
    for name, value in figures.items():
        print(f"{name:56} {value:,.4g}")


def measure(environ: dict[str, str]) -> dict[str, float]:
    """Medians, and how they compare."""
    ready, empty, saved = [], [], []
    for number in range(STARTS):
        empty.append(first_frame(EMPTY, environ, b"it is there")[0])
        with Pty(_POPUP, environ) as screen:
            ready.append(screen.first(0, b"keep as a draft") - screen.began)
            screen.send(f"thought {number}")
            screen.first(0, f"thought {number}".encode()[-1:])
            screen.settle(0.2)
            began = time.perf_counter()
            screen.send("\x13")
            screen.first(0, b"Captured.")
            saved.append(time.perf_counter() - began)
    return {
        "popup: first usable frame (s)": statistics.median(ready),
        "calibrator: an empty Textual app (s)": statistics.median(empty),
        "popup against an empty Textual app": statistics.median(ready) / statistics.median(empty),
        "popup: Ctrl-S → on disk, box closed, told (s)": statistics.median(saved),
    }


if __name__ == "__main__":
    main()
