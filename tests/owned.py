"""Places whose commands start an owner of the index in the background, and the processes that belong to a place."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

from places import EXO, NOTES, Place, make_place


@dataclass(frozen=True, slots=True)
class OwnedPlace(Place):
    """A home and a vault; what is started for them can be counted and ended."""

    def start(self, *arguments: str, **environ: str) -> subprocess.Popen[bytes]:
        """Run it beside the test; its output is to be read from the pipes."""
        return subprocess.Popen(
            [*EXO, *arguments],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=self.environ | environ,
            cwd="/",
        )

    def owners(self) -> list[int]:
        """Living processes that hold, or want to hold, the index."""
        return [process for process in survivors(str(self.home)) if " serve" in command_of(process)]

    def end(self) -> None:
        """End whatever still runs for this home, kindly first."""
        self.exo("stop")
        deadline = time.monotonic() + 5
        while (left := survivors(str(self.home))) and time.monotonic() < deadline:
            time.sleep(0.05)
        for process in left:
            os.kill(process, signal.SIGKILL)
        assert not left, [command_of(process) for process in left]


def make_owned(root: Path, notes: dict[str, str] | None = None, **environ: str) -> OwnedPlace:
    """A vault, pointed at, with a folder for sockets of its own."""
    plain = make_place(root, NOTES if notes is None else notes)
    (root / "run").mkdir(mode=0o700)
    own = {"EXO_OWNER_START": "true", "EXO_OWNER_IDLE_MINUTES": "2", "XDG_RUNTIME_DIR": str(root / "run")}
    place = OwnedPlace(plain.home, plain.vault, plain.environ | own | environ)
    assert place.exo("init", str(place.vault)).code == 0
    return place


def survivors(home: str) -> list[int]:
    """Living processes with an EXO_HOME at or below this place."""
    wanted = f"EXO_HOME={home}".encode()
    return [process for process, environ in _environments() if any(one.startswith(wanted) for one in environ)]


def command_of(process: int) -> str:
    """Its command line, empty if it is gone."""
    try:
        return Path(f"/proc/{process}/cmdline").read_bytes().replace(b"\0", b" ").decode()
    except OSError:
        return ""


def _environments() -> list[tuple[int, list[bytes]]]:
    found = []
    for process in Path("/proc").iterdir():
        try:
            state = (process / "stat").read_text().rpartition(")")[2].split()[0]
            environ = (process / "environ").read_bytes().split(b"\0")
        except (OSError, IndexError):
            continue
        if state != "Z" and process.name.isdigit() and int(process.name) != os.getpid():
            found.append((int(process.name), environ))
    return found
