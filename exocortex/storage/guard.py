"""The guard over vanished notes: tells notes that somebody deleted from notes that are merely away.

A folder that isn't mounted, half a synchronisation, a wrong `rm`: all look like a mass deletion. What vanishes in such
numbers, or with the root that it was in, stays in the index until it is back, is little again, or is confirmed to be
meant.
"""

from __future__ import annotations

import json
import os
import time
from collections import deque
from collections.abc import Callable

from exocortex.config import Folder
from exocortex.storage.ledger import Ledger
from exocortex.storage.walking import closing, read_all

MANY_NOTES, MANY_PART = 25, 0.2
"""More notes than this, and more than this part of a folder, are not thought deleted when they vanish together."""
TOGETHER_SECONDS = 60.0
_HEAD_BYTES = 1_000


class Guard:
    """Remembers in the ledger what each folder's root was when it was last looked at, and counts what leaves."""

    def __init__(self, ledger: Ledger, clock: Callable[[], float] = time.monotonic) -> None:
        self._ledger = ledger
        self._clock = clock
        self._left: dict[str, deque[tuple[float, int]]] = {}

    def recently_left(self, folder: str) -> int:
        """Notes of this folder that were taken out within the last minute."""
        left = self._left.setdefault(folder, deque())
        while left and left[0][0] < self._clock() - TOGETHER_SECONDS:
            left.popleft()
        return sum(count for _, count in left)

    def let_go(self, folder: str, count: int) -> None:
        """So many notes are taken out now."""
        if count:
            self._left.setdefault(folder, deque()).append((self._clock(), count))

    def accept(self, folder: str) -> None:
        """Whatever left so far was meant to."""
        self._left.pop(folder, None)

    def is_too_much(self, folder: str, vanished: int, known: int, *, another_root: bool = False) -> bool:
        """Whether so many of so many known notes can't be let go without asking; counts the last minute in.

        In another root than last time most of them are enough, however few; and what is kept already stays kept.
        """
        if another_root and vanished and (2 * vanished > known or self._ledger.has_frozen(folder)):
            return True
        recently = self.recently_left(folder)
        vanished += recently
        return vanished > MANY_NOTES and vanished > MANY_PART * (known + recently)

    def is_another(self, folder: Folder, root_inode: int) -> bool:
        """Whether this isn't the root that was last looked at."""
        seen = self._seen().get(folder.name)
        return seen is not None and seen[0] != root_inode

    def is_familiar(self, folder: Folder) -> bool:
        """Whether the folder's root is the one that was last looked at, with nothing frozen in it."""
        try:
            inode = os.stat(folder.root).st_ino
        except OSError:
            return False
        return self._seen().get(folder.name, [None])[0] == inode and not self._ledger.has_frozen(folder.name)

    def has_switched(self, folder: Folder, head: str | None) -> bool:
        """Whether git went to another branch since the folder was last looked at, which changes many notes at once."""
        seen = self._seen().get(folder.name)
        return seen is not None and head is not None and seen[1] is not None and seen[1] != head

    def looked_at(self, folder: Folder, root_inode: int, head: str | None) -> None:
        """Remember what the root is now: the one that the folder's notes are in."""
        seen = self._seen()
        if seen.get(folder.name) != [root_inode, head]:
            self._ledger.put("roots", json.dumps(seen | {folder.name: [root_inode, head]}))

    def forget(self, folder: str) -> None:
        """The folder is configured no more."""
        seen = self._seen()
        if seen.pop(folder, None) is not None:
            self._ledger.put("roots", json.dumps(seen))
        self._ledger.freeze(folder, ())
        self.accept(folder)

    def _seen(self) -> dict[str, list[int | str | None]]:
        """[inode, head] of each folder's root."""
        seen: dict[str, list[int | str | None]] = json.loads(self._ledger.get("roots") or "{}")
        return seen


def git_head(folder: Folder) -> str | None:
    """What `.git/HEAD` in the folder's root says: its branch, or a commit; None if there is none."""
    try:
        with closing(os.open(folder.root / ".git" / "HEAD", os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)) as descriptor:
            return read_all(descriptor, _HEAD_BYTES).decode("utf-8", "replace").strip()
    except OSError:
        return None
