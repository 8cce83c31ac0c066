"""Generations: the folders Chroma's files lie in, one at a time, and what became of the ones before.

A folder is named by a row of `index.db`. One that is in doubt is set aside under another name and never opened again.
"""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from exocortex.storage.ledger import Ledger

DEATHS = 3
DEATHS_WITHIN = 600.0
"""Seconds; so many owners that died with Chroma open in so short a time, and it isn't opened any more …"""
REFUSED_FOR = 3600.0
"""… for so many seconds after the last."""

MOST_TOMBSTONES = 0.3
"""Share of what was ever stored that may be deleted: Chroma's graph keeps and walks it."""
FEWEST_TOMBSTONES = 200
MOST_TIMES_THE_VECTORS = 4
ALLOWANCE = 64_000_000
"""Bytes of a folder beyond the vectors themselves, whatever their number."""

_OWNER = "owner"
_QUARANTINE = ".quarantine-"


class Generations:
    """Chroma's folder below `home/vectors`. `owner`: this process starts by itself, so its deaths are counted."""

    def __init__(self, home: Path, ledger: Ledger, owner: bool, clock: Callable[[], float] = time.time) -> None:
        self._root = home / "vectors"
        self._marker = self._root / "open"
        self._deaths = self._root / "deaths"
        self._ledger = ledger
        self._owner = owner
        self._clock = clock
        self._refused_until = 0.0
        self._count_deaths()

    # -- the folder in use ------------------------------------------------------------------------------------------

    def current(self, fingerprint: str) -> Path | None:
        """The folder, if it is complete for this embedder."""
        name = self._ledger.get("vectors_folder")
        if not name or self._ledger.get("vectors_complete") != fingerprint or not (self._root / name).is_dir():
            return None
        return self._root / name

    def begin(self, fingerprint: str) -> Path:
        """A new, empty folder; the one before is deleted, and all that waited to be published counts as done."""
        self._root.mkdir(mode=0o700, exist_ok=True)
        name = f"{fingerprint}-{time.time_ns():x}"
        (self._root / name).mkdir(mode=0o700)
        with self._ledger.transaction():
            for row in ("vectors_complete", "vectors_tombstones", "vectors_bytes"):
                self._ledger.put(row, "")
            self._ledger.put("vectors_folder", name)
            self._ledger.put("vectors_published", "0")
            self._ledger.vectors.mark_published(self._ledger.vectors.unpublished())
        for path in self._root.iterdir():
            if path.is_dir() and path.name != name and _QUARANTINE not in path.name:
                shutil.rmtree(path, ignore_errors=True)
        return self._root / name

    def complete(self, fingerprint: str, folder: Path) -> None:
        """The folder holds everything."""
        with self._ledger.transaction():
            self._ledger.put("vectors_bytes", str(size_of(folder)))
            self._ledger.put("vectors_complete", fingerprint)

    @property
    def published(self) -> int:
        """How many vectors were in the folder after the last change."""
        return int(self._ledger.get("vectors_published") or 0)

    def note_change(self, published: int, deleted: int) -> None:
        """So many are in it now, and so many were deleted; call it in the transaction that says which."""
        self._ledger.put("vectors_published", str(published))
        self._ledger.put("vectors_tombstones", str(int(self._ledger.get("vectors_tombstones") or 0) + deleted))

    def outgrown(self, folder: Path, dimensions: int) -> bool:
        """Whether a new folder is better than this one: too many deleted vectors in it, or too large."""
        dead = int(self._ledger.get("vectors_tombstones") or 0)
        if dead > FEWEST_TOMBSTONES and dead > MOST_TOMBSTONES * (self.published + dead):
            return True
        fitting = MOST_TIMES_THE_VECTORS * self.published * dimensions * 4 + ALLOWANCE
        return size_of(folder) > max(fitting, 2 * int(self._ledger.get("vectors_bytes") or 0))

    def set_aside(self, keep: bool = True) -> None:
        """Give the folder up. One such is kept, to look into, unless it is too large; nothing in it is needed."""
        name = self._ledger.get("vectors_folder") or ""
        self._ledger.put("vectors_complete", "")
        folder = self._root / name
        if not name or not folder.is_dir():
            return
        for old in self._root.glob(f"*{_QUARANTINE}*"):
            shutil.rmtree(old, ignore_errors=True)
        if keep and size_of(folder, allocated=True) <= 4 * ALLOWANCE + 2 * int(self._ledger.get("vectors_bytes") or 0):
            folder.rename(folder.with_name(f"{name}{_QUARANTINE}{int(self._clock())}"))
        else:
            shutil.rmtree(folder, ignore_errors=True)

    # -- the mark of an open folder ---------------------------------------------------------------------------------

    def mark_open(self) -> None:
        """Before Chroma is opened: should the process die, the next one knows."""
        self._marker.write_text(_OWNER if self._owner else "command", "utf-8")

    def mark_closed(self) -> None:
        """After Chroma was closed."""
        self._marker.unlink(missing_ok=True)

    @property
    def left_open(self) -> bool:
        """Whether a process died with the folder open; to be asked before this one opens it."""
        return self._marker.exists()

    def bury(self) -> None:
        """Set aside the folder that a process died with, and count the death if it was an owner's."""
        with suppress(OSError):
            if self._marker.read_text("utf-8") == _OWNER:
                with open(self._deaths, "a", encoding="utf-8") as file:
                    file.write(f"{self._clock():.0f}\n")
        self._count_deaths()
        self.set_aside()
        self.mark_closed()

    @property
    def refused(self) -> bool:
        """Whether Chroma is not to be opened, for owners died of it again and again."""
        return self._clock() < self._refused_until

    def _count_deaths(self) -> None:
        try:
            lines = self._deaths.read_text("utf-8").split()[-DEATHS:]
            times = [float(line) for line in lines]
        except (OSError, ValueError):
            return
        if len(times) == DEATHS and 0 <= times[-1] - times[0] <= DEATHS_WITHIN and times[-1] <= self._clock() + 60:
            self._refused_until = times[-1] + REFUSED_FOR


def size_of(folder: Path, allocated: bool = False) -> int:
    """Bytes of the files below a folder: their lengths, or what they take of the disk."""
    sizes = [file.lstat() for file in folder.rglob("*")]
    return sum(size.st_blocks * 512 if allocated else size.st_size for size in sizes)
