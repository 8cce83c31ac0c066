"""How quick the screens are: `python -m bench.tui VAULT [--copies N] [--json]`.

Real processes on terminals of their own: from a key to the first byte that paints, and to the results of the query as
it is then; both while notes are being embedded and written to, and while nothing is done. Then the start beside that
of an empty Textual app, an answer that pours in, and memory. With `--copies` the vault is taken so many times, each
note with another title, so that none is embedded for two.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import re
import shutil
import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from bench.calibration import REFERENCE, calibrate
from bench.ptys import Pty
from bench.speed import sample_queries
from exocortex.client import Client
from exocortex.config import add_folder, load
from exocortex.starting import reach_owner

F3 = "\x1bOR"
KEYS = 240
STARTS = 9
ANSWERS = 10
_EMPTY_REFERENCE = 0.30
"""Seconds to the first frame of an empty Textual app, on the machine the budgets were set on."""
_EXO = [sys.executable, "-m", "exocortex"]
EMPTY = [
    sys.executable,
    "-c",
    "from textual.app import App\nfrom textual.widgets import Static\n"
    "class Empty(App[None]):\n    def compose(self):\n        yield Static('it is there')\n"
    "Empty().run()",
]


def main() -> None:
    """Measure one vault."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("vault", type=Path)
    parser.add_argument("--copies", type=int, default=1)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    if not options.vault.is_dir():
        parser.error(f"{options.vault} is not a folder")
    with tempfile.TemporaryDirectory(prefix="exo-bench-") as work:
        root = Path(work) / "vault"
        copy(options.vault, root, options.copies)
        figures = measure(root, Path(work))
    if options.json:
        print(json.dumps(figures))
        return
    for name, value in figures.items():
        print(f"{name:56} {value:,.4g}")


def copy(vault: Path, root: Path, copies: int) -> None:
    """The vault, so many times; every title of a copy says which one it is of."""
    if copies < 2:
        shutil.copytree(vault, root, symlinks=True)
        return
    for number in range(copies):
        shutil.copytree(vault, root / f"copy {number}", symlinks=True)
        for note in (root / f"copy {number}").rglob("*.md"):
            text = note.read_text("utf-8", "replace")
            note.write_text(re.sub(r"^# (.*)", rf"# \1 salted{number}", text, count=1, flags=re.MULTILINE), "utf-8")


def measure(root: Path, work: Path) -> dict[str, float]:
    """Every figure, in the order it is taken; the owner is ended at the end."""
    (work / "run").mkdir(mode=0o700)
    environ = {**os.environ, "EXO_HOME": str(work / "home"), "XDG_RUNTIME_DIR": str(work / "run")}
    config = add_folder(load(environ), root).config
    figures = {f"calibrator: {name} (s)": value for name, value in calibrate().items()}
    figures |= {f"reference: {name} (s)": value for name, value in REFERENCE.items()}
    figures["reference: an empty Textual app (s)"] = _EMPTY_REFERENCE
    queries = sample_queries(root)
    client = reach_owner(config, environ, lambda _: None)
    try:
        figures |= _words_in(client)
        with _writing(root):
            figures |= _typing("indexing", environ, queries)
        client.index.pause()
        time.sleep(2)
        figures |= _typing("idle", environ, queries)
        figures |= _starts(environ)
        client.index.resume()
    finally:
        client.retire()
        client.close()
        time.sleep(1)
    return figures | _streaming(environ)


def _words_in(client: Client) -> dict[str, float]:
    """Wait until every note can be found by its words; meaning goes on in the background."""
    while True:
        status = client.index.status()
        notes = sum(folder.indexed for folder in status.folders)
        if status.chunks and not any(folder.pending for folder in status.folders):
            return {"notes": notes, "chunks": status.chunks}
        print(f"\r{notes:,} notes read", end="", file=sys.stderr)
        time.sleep(0.5)


@contextmanager
def _writing(root: Path) -> Iterator[None]:
    """Meanwhile a note grows by a paragraph twice a second."""
    stop = threading.Event()
    chance = random.Random(3)
    files = sorted(root.rglob("*.md"))

    def write() -> None:
        while not stop.wait(0.5):
            with chance.choice(files).open("a", encoding="utf-8") as file:
                file.write(f"\n\nA paragraph about a quokka, number {chance.random()}.\n")

    thread = threading.Thread(target=write)
    thread.start()
    yield
    stop.set()
    thread.join()


def _typing(name: str, environ: dict[str, str], queries: Sequence[str]) -> dict[str, float]:
    """Queries typed key by key: each waited for, and then at 25 keys a second."""
    with Pty(_EXO, environ) as screen:
        _to_search(screen)
        painted, found = _waiting(screen, queries)
        fast, last = _hurrying(screen, queries)
        memory = screen.memory()
        left = screen.quit()
    figures = percentiles(f"{name}: key → painted (ms)", painted) | percentiles(f"{name}: key → results (ms)", found)
    figures |= percentiles(f"{name}: key → painted, 25 keys a second (ms)", fast)
    figures |= percentiles(f"{name}: last of such keys → results (ms)", last)
    return figures | {f"{name}: memory (MB)": memory, f"{name}: Ctrl-Q → gone (s)": left}


def _to_search(screen: Pty) -> None:
    screen.first(0, b"sk your notes")
    screen.settle(1)
    _, at = screen.send(F3)
    screen.first(at, b"earch your notes")
    screen.settle(0.5)


def _waiting(screen: Pty, queries: Sequence[str]) -> tuple[list[float], list[float]]:
    painted, found = [], []
    chance = random.Random(1)
    for text in queries:
        for key in text[:12]:
            pressed, at = screen.send(key)
            painted.append((screen.first(at) - pressed) * 1000)
            if key != " ":
                found.append((screen.first(at, b"by words") - pressed) * 1000)
            screen.settle(chance.uniform(0.02, 0.12))
        screen.settle(0.4)
        _empty(screen)
        if len(painted) > KEYS:
            break
    return painted, found


def _hurrying(screen: Pty, queries: Sequence[str]) -> tuple[list[float], list[float]]:
    painted, last = [], []
    for text in queries[10:]:
        for key in text[:12].strip():
            pressed, at = screen.send(key)
            painted.append((screen.first(at) - pressed) * 1000)
            screen.settle(max(0, pressed + 0.04 - time.perf_counter()))
        last.append((screen.first(at, b"by words") - pressed) * 1000)
        screen.settle(0.6)
        _empty(screen)
        if len(painted) > KEYS:
            break
    return painted, last


def _empty(screen: Pty) -> None:
    """Ctrl-U takes all out of the line."""
    screen.send("\x15")
    screen.settle(0.3)


def _starts(environ: dict[str, str]) -> dict[str, float]:
    """Both kinds of start in turn, so that whatever else the machine does falls on both."""
    ours, empty, memory = [], [], []
    for _ in range(STARTS):
        ours.append(first_frame(_EXO, environ, b"sk your notes")[0])
        seconds, size = first_frame(EMPTY, environ, b"it is there")
        empty.append(seconds)
        memory.append(size)
    figures = {
        "start: exo, first usable frame (s)": statistics.median(ours),
        "calibrator: an empty Textual app (s)": statistics.median(empty),
        "memory of an empty Textual app (MB)": statistics.median(memory),
    }
    return figures | {"start against an empty Textual app": statistics.median(ours) / statistics.median(empty)}


def first_frame(command: Sequence[str], environ: dict[str, str], wanted: bytes) -> tuple[float, float]:
    with Pty(command, environ) as screen:
        seconds = screen.first(0, wanted) - screen.began
        screen.settle(0.3)
        memory = screen.memory()
        screen.quit()
    return seconds, memory


def _streaming(environ: dict[str, str]) -> dict[str, float]:
    """Keys pressed while an answer pours in; each is awaited in the line where it is typed."""
    painted: list[float] = []
    environ = {**environ, "PYTHONPATH": os.getcwd()}
    with Pty([sys.executable, "-m", "bench.tui_answer"], environ) as screen:
        screen.first(0, b"sk your notes")
        screen.settle(1)
        for _ in range(ANSWERS):
            _, at = screen.send("go on\r")
            screen.settle(0.1)
            screen.first(at, b"writing")
            for typed in range(1, 16):
                pressed, at = screen.send("z")
                painted.append((screen.first(at, b"z" * typed) - pressed) * 1000)
                screen.settle(0.04)
            screen.send("\x15")
            screen.settle(1)
        figures = percentiles("answer at 64 KB/s: key → painted (ms)", painted)
        figures["answer at 64 KB/s: memory (MB)"] = screen.memory()
        screen.quit()
    return figures


def percentiles(name: str, times: Sequence[float]) -> dict[str, float]:
    """The middle one, the one that 95 in 100 are below, and the worst."""
    ordered = sorted(times)
    return {
        f"{name}: p50": ordered[len(ordered) // 2],
        f"{name}: p95": ordered[int(len(ordered) * 0.95)],
        f"{name}: most": ordered[-1],
    }


if __name__ == "__main__":
    main()
