"""A vault and a home of their own for `exo` as a real process, in pipes or on a terminal."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pexpect

EXO = [sys.executable, "-m", "exocortex"]
TRACEBACK = "Traceback"
NOTES = {
    "Home/Lease.md": """---
title: Lease
tags: [home, contract]
date: 2024-03-05
---
# Lease

## Deposit

The deposit is £1,480. It is paid back within ten days of moving out.

## Notice

We have to give two full months of notice before moving out. See [[Boiler]] and [[Nowhere]].

- [ ] ask about the deposit
- [x] sign
""",
    "Home/Boiler.md": "# Boiler\n\nThe pressure is 1.3 bar when it is cold. #home/heating\n\nSee [[Lease#Deposit]].\n",
    "Recipes/Bread.md": "# Bread\n\nSourdough needs flour, water and salt.\n",
    "Meeting 9:30.md": "We met at half past nine about the heron.\n",
    "plain.txt": "A plain text about the harbour.\n",
    "picture.png": "not a note",
}


@dataclass(frozen=True, slots=True)
class Ended:
    """A process that is over."""

    code: int
    out: str
    err: str

    def json(self) -> Any:
        """What it printed, if that is one JSON value."""
        return json.loads(self.out)


@dataclass(frozen=True, slots=True)
class Place:
    """A home and a vault of their own, and `exo` in them."""

    home: Path
    vault: Path
    environ: dict[str, str]

    def exo(self, *arguments: str, stdin: bytes = b"", cwd: Path | None = None, **environ: str) -> Ended:
        """Run it to its end, into pipes; no expected failure ever shows a traceback."""
        ended = subprocess.run(
            [*EXO, *arguments],
            input=stdin,
            capture_output=True,
            timeout=120,
            env=self.environ | environ,
            cwd=cwd or "/",
        )
        err = ended.stderr.decode()
        assert TRACEBACK not in err
        return Ended(ended.returncode, ended.stdout.decode(), err)

    def shell(self, script: str) -> Ended:
        """Run a bash script in which `exo` is this program."""
        start = f'exo() {{ "{sys.executable}" -m exocortex "$@"; }}; set -o pipefail; '
        ended = subprocess.run(
            ["bash", "-c", start + script], capture_output=True, timeout=120, env=self.environ, cwd="/", check=False
        )
        return Ended(ended.returncode, ended.stdout.decode(), ended.stderr.decode())

    def terminal(self, *arguments: str, rows: int = 24, columns: int = 80, **environ: str) -> tuple[bytes, int]:
        """Run it on a terminal of its own; returns every byte that reached it, and the exit code."""
        child = pexpect.spawn(
            EXO[0], [*EXO[1:], *arguments], env=self.environ | environ, dimensions=(rows, columns), timeout=120
        )
        shown = child.read()
        child.close()
        assert isinstance(shown, bytes)
        return shown, child.exitstatus


def make_place(root: Path, notes: dict[str, str]) -> Place:
    """A vault of these notes (path: text), and a home that doesn't exist yet."""
    vault = root / "notes"
    vault.mkdir(parents=True)
    for path, text in notes.items():
        (vault / path).parent.mkdir(parents=True, exist_ok=True)
        (vault / path).write_text(text)
    environ = {
        "PATH": os.environ["PATH"],
        "HOME": str(root / "user"),
        "EXO_HOME": str(root / "home"),
        "EXO_EMBEDDER_NAME": "hash",
        "EXO_OWNER_START": "false",
        "PYTHONPATH": str(Path(__file__).parents[2]),
        "TERM": "xterm-256color",
        "LANG": "C.UTF-8",
    }
    return Place(root / "home", vault, environ)
