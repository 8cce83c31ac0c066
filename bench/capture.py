"""How quick and how safe a capture is: `python -m bench.capture [--json] [--runs N] [--burst N] [--saves N]`.

Whole processes are timed in turn with the shell that appends a line to a file and syncs it, and with a Python that does
nothing; then eight processes capture at once and every text is counted; then an owner follows the folder, and it is
measured until what was captured is found by its words. Everything happens in a temporary folder; times are seconds.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import Path

from bench.calibration import REFERENCE, calibrate
from exocortex.capturing import capture, deliver
from exocortex.config import Config, add_folder, load
from exocortex.core.events import Saved
from exocortex.starting import reach_owner

PROCESSES = 8
_WORKER = """
import os, sys
from datetime import datetime
from exocortex.capturing import capture, todays
from exocortex.config import load
config = load(os.environ)
name, times, where = sys.argv[1], int(sys.argv[2]), sys.argv[3]
for number in range(times):
    now = datetime.now().astimezone()
    to = todays(config, config.folders[0], now) if where == "today" else None
    assert capture(config, f"worker{name} text{number}", now, to=to).delivered
"""


def main() -> None:
    """Measure, and print what was found."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--runs", type=int, default=100)
    parser.add_argument("--burst", type=int, default=1000)
    parser.add_argument("--saves", type=int, default=20)
    options = parser.parse_args()
    figures = {f"calibrator: {name}": value for name, value in calibrate().items()}
    figures |= {f"reference: {name}": value for name, value in REFERENCE.items()}
    with tempfile.TemporaryDirectory(prefix="exo-bench-") as work:
        environ, config = _set_up(Path(work))
        figures |= _whole_processes(environ, Path(work) / "file", options.runs)
        for where in ("inbox", "today"):
            figures |= _burst(environ, config, where, options.burst)
        figures |= _until_found(environ, config, options.saves)
    if options.json:
        print(json.dumps(figures))
        return
    for name, value in figures.items():
        print(f"{name:56} {value:,.4g}")


def _set_up(work: Path) -> tuple[dict[str, str], Config]:
    """A home that knows one folder of notes with one note in it."""
    (work / "notes").mkdir()
    (work / "notes" / "log.md").write_text("# Log\n\n## Thoughts\n")
    environ = {**os.environ, "EXO_HOME": str(work / "home")}
    return environ, add_folder(load(environ), work / "notes").config


def _whole_processes(environ: dict[str, str], file: Path, runs: int) -> dict[str, float]:
    """From beginning to end, one of each in turn, so that whatever else the machine does falls on all of them."""
    exo = [sys.executable, "-m", "exocortex", "capture"]
    commands = {
        "exo capture x": [*exo, "x"],
        "exo capture --to today x": [*exo, "--to", "today", "x"],
        "exo capture --to log#Thoughts x": [*exo, "--to", "log#Thoughts", "x"],
        "sh: echo x >> file; sync file": ["/bin/sh", "-c", 'echo x >> "$0"; sync "$0"', str(file)],
        "python -c pass": [sys.executable, "-c", "pass"],
    }
    times: dict[str, list[float]] = {name: [] for name in commands}
    for _ in range(runs):
        for name, command in commands.items():
            began = time.perf_counter()
            subprocess.run(command, env=environ, check=True, capture_output=True)
            times[name].append(time.perf_counter() - began)
    return {name: value for one, all_of_it in times.items() for name, value in _percentiles(one, all_of_it).items()}


def _burst(environ: dict[str, str], config: Config, where: str, texts: int) -> dict[str, float]:
    """Eight processes that capture at once, and what of it is there afterwards, each text counted."""
    each = texts // PROCESSES
    began = time.perf_counter()
    jobs = [
        subprocess.Popen([sys.executable, "-c", _WORKER, f"{where}{number}", str(each), where], env=environ)
        for number in range(PROCESSES)
    ]
    codes = [job.wait() for job in jobs]
    took = time.perf_counter() - began
    deliver(config)
    found = Counter(
        word
        for note in config.folders[0].root.rglob("*.md")
        for word in _texts(note.read_text("utf-8"), f"worker{where}")
    )
    name = f"{each * PROCESSES} from {PROCESSES} processes to {where}"
    return {
        f"{name}: processes that failed": sum(map(bool, codes)),
        f"{name}: lost": each * PROCESSES - len(found),
        f"{name}: more than once": sum(times > 1 for times in found.values()),
        f"{name}: a second": each * PROCESSES / took,
    }


def _texts(note: str, prefix: str) -> list[str]:
    """The captured texts in a note, by the lines that hold nothing else."""
    return [line[line.index(prefix) :] for line in note.splitlines() if prefix in line]


def _until_found(environ: dict[str, str], config: Config, saves: int) -> dict[str, float]:
    """From the return of a capture until the owner has its words in, and a search for them on another line to it."""
    times, searches = [], []
    with (
        reach_owner(config, environ, lambda _: None) as follower,
        reach_owner(config, environ, lambda _: None) as other,
    ):
        list(other.index.run())
        stop = threading.Event()
        events = follower.index.watch(stop=stop)
        next(events)
        for number in range(saves):
            time.sleep(1.5)
            captured = capture(config, f"a quokka{number}x in the harbour", _now())
            began = time.perf_counter()
            _wait_for(events, f"{captured.folder}:{captured.path.relative_to(config.folders[0].root)}")
            times.append(time.perf_counter() - began)
            began = time.perf_counter()
            assert other.search.find(f"quokka{number}x", mode="words").hits
            searches.append(time.perf_counter() - began)
        stop.set()
        other.retire()
    time.sleep(1)
    return _percentiles("captured → searchable by words", times) | _percentiles("the search for it", searches)


def _wait_for(events: Iterator[object], place: str) -> None:
    """Until a note's words are in; raises SystemExit if the owner ends first."""
    for event in events:
        if isinstance(event, Saved) and place in event.changed:
            return
    raise SystemExit("The owner ended before it had read what was captured.")


def _now() -> datetime:
    return datetime.now().astimezone()


def _percentiles(name: str, times: Sequence[float]) -> dict[str, float]:
    ordered = sorted(times)
    return {f"{name}: p50": ordered[len(ordered) // 2], f"{name}: p95": ordered[int(len(ordered) * 0.95)]}


if __name__ == "__main__":
    main()
