"""Watches a folder in a process of its own, and prints a JSON line for each thing it tells.

Run as a program: the folder of notes and the home are its arguments. It ends when its standard input does.
"""

from __future__ import annotations

import json
import sys
import threading
import time
from pathlib import Path

from exocortex.config import Folder
from exocortex.watching import Timing, Watcher

TIMING = Timing(
    quiet=0.1, longest=1, storm_quiet=0.5, storm_longest=3, check=0.1, roots=0.2, cookie=5, answer=5, poll=0.5, heal=2
)


def main(root: str, home: str) -> None:
    """Watch until standard input ends."""
    watcher = Watcher([Folder("notes", Path(root))], Path(home) / "watch", lambda: None, timing=TIMING)
    parent = threading.Thread(target=sys.stdin.read, daemon=True)
    parent.start()
    watcher.start()
    before = ("", "")
    while parent.is_alive():
        time.sleep(0.02)
        status = watcher.status()
        dirty = watcher.take()
        if dirty or (status.mode, status.why) != before:
            before = (status.mode, status.why)
            told = {"mode": status.mode, "why": status.why, "paths": dirty.paths, "rescan": dirty.rescan}
            sys.stdout.write(json.dumps(told) + "\n")
            sys.stdout.flush()
    watcher.close()
    sys.stdout.write(json.dumps({"threads": threading.active_count()}) + "\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
