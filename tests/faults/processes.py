"""What the fault tests share: `exo` as a real process over a vault and a home, and the exact state of a folder."""

from __future__ import annotations

import json
import os
import shutil
import stat
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

EXO = (sys.executable, "-m", "exocortex")
CHECKOUT = Path(__file__).parents[2]
WITHOUT_PRIVILEGES = ("setpriv", "--inh-caps=-all", "--bounding-set=-all", "--no-new-privs")
"""Root reads whatever it likes; a process started so is held to the modes of files like everybody else."""


@dataclass(frozen=True, slots=True)
class Ended:
    """A process that is over."""

    code: int
    out: str
    err: str


@dataclass(frozen=True, slots=True)
class Place:
    """A vault and a home side by side in one folder."""

    root: Path

    @property
    def vault(self) -> Path:
        """The folder of notes."""
        return self.root / "vault"

    @property
    def home(self) -> Path:
        """Everything Exocortex stores."""
        return self.root / "home"

    @property
    def environ(self) -> dict[str, str]:
        """Nothing of the caller's but PATH; the embedder that needs no model."""
        return {
            "PATH": os.environ["PATH"],
            "HOME": str(self.root / "user"),
            "EXO_HOME": str(self.home),
            "EXO_EMBEDDER_NAME": "hash",
            "EXO_OWNER_START": "false",
            "PYTHONPATH": str(CHECKOUT),
            "LANG": "C.UTF-8",
        }

    def exo(self, *arguments: str, before: Sequence[str] = (), **environ: str) -> Ended:
        """Run it to its end, after the words of `before`; a traceback is never an answer."""
        command = [*before, *EXO, *arguments]
        ended = subprocess.run(command, capture_output=True, timeout=120, env=self.environ | environ, cwd="/")
        out, err = ended.stdout.decode(), ended.stderr.decode()
        assert "Traceback" not in out + err, err
        return Ended(ended.returncode, out, err)

    def json(self, *arguments: str, before: Sequence[str] = ()) -> Any:
        """What it prints with `--json`."""
        ended = self.exo(*arguments, "--json", before=before)
        assert ended.code in (0, 1), ended.err
        return json.loads(ended.out)


def need(program: str) -> str:
    """The program's place; a test that cannot be made must fail, not look passed."""
    place = shutil.which(program)
    assert place, f"{program} is missing on this machine: sh tests/programs.sh names the package"
    return place


def state_of(folder: Path) -> dict[bytes, tuple[int, int, int, bytes]]:
    """Mode, size, mtime and content of everything below a folder, by path; opens regular files only."""
    found = {}
    for here, folders, names in os.walk(os.fsencode(folder)):
        for name in [b".", *folders, *names]:
            path = os.path.join(here, name)
            status = os.lstat(path)
            found[path] = (status.st_mode, status.st_size, status.st_mtime_ns, _content(path, status.st_mode))
    return found


def _content(path: bytes, mode: int) -> bytes:
    if stat.S_ISLNK(mode):
        return os.readlink(path)
    if not stat.S_ISREG(mode) or not os.access(path, os.R_OK):
        return b""
    with open(path, "rb") as file:
        return sha256(file.read()).digest()
