"""How the owner serves and follows a vault: `python -m bench.owner VAULT [--json] [--saves N] [--idle SECONDS]`.

The vault is copied to a temporary folder; a real owner is started for it, and real commands and clients ask it. Times
are seconds unless they say otherwise; beside them stand calibrators of the same run.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from bench.calibration import REFERENCE, calibrate
from bench.speed import sample_queries
from exocortex.client import Client
from exocortex.config import Config, add_folder, load
from exocortex.core.events import Indexed, Saved
from exocortex.core.results import Mode
from exocortex.starting import reach_owner

CLIENTS = 8
SEARCHES = 40
PROCESSES = 30


def main() -> None:
    """Measure one vault."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("vault", type=Path)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--saves", type=int, default=40)
    parser.add_argument("--idle", type=float, default=60.0)
    options = parser.parse_args()
    if not options.vault.is_dir():
        parser.error(f"{options.vault} is not a folder")
    with tempfile.TemporaryDirectory(prefix="exo-bench-") as work:
        root = Path(work) / "vault"
        shutil.copytree(options.vault, root, symlinks=True)
        figures = measure(root, Path(work) / "home", options.saves, options.idle)
    if options.json:
        print(json.dumps(figures))
        return
    for name, value in figures.items():
        print(f"{name:56} {value:,.4g}")


def measure(root: Path, home: Path, saves: int, idle: float) -> dict[str, float]:
    """Every figure, in the order it is taken; the owner is ended at the end."""
    environ = {**os.environ, "EXO_HOME": str(home)}
    config = add_folder(load(environ), root).config
    figures = {f"calibrator: {name}": value for name, value in calibrate().items()}
    figures |= {f"reference: {name}": value for name, value in REFERENCE.items()}
    queries = sample_queries(root)
    client = reach_owner(config, environ, lambda _: None)
    try:
        figures |= _while_indexing(config, environ, queries)
        for event in client.index.run():
            print(f"\r{event}"[:100], end="", file=sys.stderr)
        print(file=sys.stderr)
        figures |= {f"idle: {name}": value for name, value in many(config, environ, queries).items()}
        figures |= _ratios(figures)
        figures |= _one_by_one(client, queries)
        figures |= _saves(client, root, saves)
        figures |= _processes(environ, queries)
        figures |= _rest(client, idle)
    finally:
        client.retire()
        client.close()
        time.sleep(1)
    return figures


def _while_indexing(config: Config, environ: dict[str, str], queries: Sequence[str]) -> dict[str, float]:
    """Clients that search while the vault is embedded for the first time; words are in by then."""
    with reach_owner(config, environ, lambda _: None) as client:
        while True:
            status = client.index.status()
            if status.chunks and not any(folder.pending for folder in status.folders):
                break
            time.sleep(0.5)
    return {f"indexing: {name}": value for name, value in many(config, environ, queries).items()}


def many(config: Config, environ: dict[str, str], queries: Sequence[str]) -> dict[str, float]:
    """Eight clients at once, each asking one query after the other; percentiles of what they waited."""
    times: list[float] = []

    def ask(first: int) -> None:
        with reach_owner(config, environ, lambda _: None) as client:
            for number in range(SEARCHES):
                text = queries[(first + number) % len(queries)]
                times.append(_timed(lambda text=text: client.search.find(text, literal=True)))  # type: ignore[misc]

    threads = [threading.Thread(target=ask, args=(number * 7,)) for number in range(CLIENTS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return _percentiles(f"{CLIENTS} clients, hybrid (ms)", [seconds * 1000 for seconds in times])


def _ratios(figures: dict[str, float]) -> dict[str, float]:
    name = f"{CLIENTS} clients, hybrid (ms): p95"
    return {"p95 while indexing against idle": figures[f"indexing: {name}"] / figures[f"idle: {name}"]}


def _one_by_one(client: Client, queries: Sequence[str]) -> dict[str, float]:
    figures: dict[str, float] = {}
    modes: tuple[Mode, ...] = ("words", "meaning", "hybrid")
    for mode in modes:
        inside, outside = [], []
        for text in queries:
            began = time.perf_counter()
            found = client.search.find(text, mode=mode, literal=True)
            outside.append((time.perf_counter() - began) * 1000)
            inside.append(sum(ms for _, ms in found.milliseconds))
        figures |= _percentiles(f"query {mode}, inside the owner (ms)", inside)
        figures |= _percentiles(f"query {mode}, as a client has it (ms)", outside)
    return figures


def _saves(client: Client, root: Path, saves: int) -> dict[str, float]:
    """A paragraph added to a note: until the watcher has it searchable by its words, and then by its meaning."""
    files = sorted(path for path in root.rglob("*.md") if "/." not in f"/{path.relative_to(root)}")
    words, meaning = [], []
    stop = threading.Event()
    events = client.index.watch(stop=stop)
    next(events)
    for number, note in enumerate(files[:: max(1, len(files) // saves)][:saves]):
        time.sleep(1.5)
        with note.open("a", encoding="utf-8") as file:
            file.write(f"\n\nA paragraph about quokka{number}x in the harbour.\n")
        began = time.perf_counter()
        place = f"vault:{note.relative_to(root)}"
        for event in events:
            if isinstance(event, Saved) and place in event.changed:
                words.append(time.perf_counter() - began)
            if isinstance(event, Indexed) and len(words) > number and event.embedded:
                break
        meaning.append(time.perf_counter() - began)
    stop.set()
    return _percentiles("save → searchable by words", words) | _percentiles("save → searchable by meaning", meaning)


def _processes(environ: dict[str, str], queries: Sequence[str]) -> dict[str, float]:
    """`exo search` from beginning to end."""
    command = [sys.executable, "-m", "exocortex", "search"]
    times = []
    for text in queries[:PROCESSES]:
        began = time.perf_counter()
        subprocess.run([*command, "--", text], env=environ, capture_output=True, check=False)
        times.append(time.perf_counter() - began)
    return _percentiles("exo search, the whole process", times)


def _rest(client: Client, seconds: float) -> dict[str, float]:
    """What the owner takes while nobody asks anything."""
    status = client.index.status()
    assert status.owner is not None
    time.sleep(2)
    before = cpu_seconds(status.owner.pid)
    time.sleep(seconds)
    used = cpu_seconds(status.owner.pid) - before
    status = client.index.status()
    assert status.owner is not None
    peak = Path(f"/proc/{status.owner.pid}/status").read_text("ascii").partition("VmHWM:")[2].split()[0]
    return {
        "idle CPU (%)": 100 * used / seconds,
        "RSS when idle (MB)": status.owner.memory_bytes / 1e6,
        "RSS at most (MB)": int(peak) * 1024 / 1e6,
    }


def cpu_seconds(process: int) -> float:
    """Processor time that a process has used so far."""
    fields = Path(f"/proc/{process}/stat").read_text("ascii").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _timed(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def _percentiles(name: str, times: Sequence[float]) -> dict[str, float]:
    ordered = sorted(times)
    return {f"{name}: p50": ordered[len(ordered) // 2], f"{name}: p95": ordered[int(len(ordered) * 0.95)]}


if __name__ == "__main__":
    main()
