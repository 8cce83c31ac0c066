"""Originals: what notes were before Exocortex changed them, kept outside the folders for a week at least, to undo it.

`home/backups/notes/<ULID>.note` holds the former bytes, `<ULID>.json` says which change that was; while the change is
under way the latter is called `<ULID>.pending` and locked. If it was made for something that must happen once, it says
for what (its cause); one whose process died, and of which the note no longer tells whether it happened, ends as
`<ULID>.doubt`.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, suppress
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from hashlib import blake2b
from pathlib import Path
from types import TracebackType
from typing import Literal, Self

from exocortex.core.ulid import ULID, make_ulid, milliseconds_of
from exocortex.storage.records import Record, locked, make_folder, temporary_name

Kind = Literal["edit", "creation", "removal"]
Outcome = Literal["none", "made", "under way", "in doubt"]
KEPT = timedelta(days=7)
_DAY = 24 * 3600 * 1000
"""Milliseconds."""
_LOCK = "notes.lock"
_PATIENCE = 20.0
"""Seconds to wait for other processes of ours that change notes, each of which takes milliseconds."""


@dataclass(frozen=True, slots=True)
class Change:
    """A change made in a folder of notes, as far as it takes to take it back."""

    ulid: str
    kind: Kind
    root: str
    raw: str
    """The note, relative to `root`, as the operating system spells it."""
    before: str
    """Digest of the note's bytes; empty for a creation."""
    after: str
    """The same afterwards; empty for a removal."""
    at: str
    """ISO 8601, with its zone."""
    cause: str = ""
    """ULID of the journal's entry that it carries out, if it does."""

    @property
    def temporary(self) -> str:
        """The name, beside the note, of the only other file that the change may have there."""
        return temporary_name(self.ulid)

    @property
    def file(self) -> Path:
        """The note's absolute path."""
        return Path(self.root, self.raw)


class Pending:
    """A change under way: what is neither finished nor dropped by the end of its block is left to be mended."""

    def __init__(self, change: Change, record: Record) -> None:
        self.change = change
        self._record = record

    def finish(self, *, undoable: bool = True) -> None:
        """It has happened; from now on it can be taken back. What can't be noted here is found out when mending."""
        with self._record, suppress(OSError):
            if undoable:
                self._record.rename(f"{self.change.ulid}.json")
            else:
                self._record.remove()

    def drop(self, *, original: bool = False) -> None:
        """It has not happened; the copy of the note is kept, unless `original` goes too."""
        with self._record, suppress(OSError):
            self._record.remove()
            if original:
                self._record.path.with_suffix(".note").unlink(missing_ok=True)

    def doubt(self) -> None:
        """Whether it has happened can't be told from the note; whoever knows what was to be in it finds out."""
        with self._record, suppress(OSError):
            self._record.rename(f"{self.change.ulid}.doubt")

    def leave(self) -> None:
        """It is stuck half-way: mending it is for later."""
        self._record.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._record.close()


class Originals:
    """The copies and records of one home; every method may raise OSError."""

    def __init__(self, home: Path, now: Callable[[], datetime]) -> None:
        self._home = home
        self._folder = home / "backups" / "notes"
        self._now = now

    def locked(self) -> AbstractContextManager[None]:
        """One of our processes at a time changes notes that exist; raises TimeoutError."""
        return locked(self._home / _LOCK, _PATIENCE)

    def begin(
        self, kind: Kind, root: Path, raw: str, before: bytes | None, after: bytes | None, cause: str = ""
    ) -> Pending:
        """Put a copy of the note as it is on disk, then the record; drops what is too old to keep.

        The record of a creation isn't waited for: losing it costs the way back, not a note.
        """
        self.prune()
        now = self._now()
        ulid = make_ulid(int(now.timestamp() * 1000), os.urandom(10))
        if before is not None:
            self.keep(ulid, before)
        at = now.isoformat(timespec="seconds")
        change = Change(ulid, kind, str(root), raw, digest(before), digest(after), at, cause)
        fields = {name: value for name, value in asdict(change).items() if name != "cause" or value}
        data = json.dumps({"schema": 1, **fields}).encode()
        return Pending(change, Record.write(self._folder / f"{ulid}.pending", data, durable=before is not None))

    def keep(self, name: str, data: bytes) -> Path:
        """A copy on disk, as `NAME.note`; returns where."""
        path = self._folder / f"{name}.note"
        Record.write(path, data).close()
        return path

    def original(self, change: Change) -> bytes:
        """The note's former bytes; raises FileNotFoundError once they are dropped."""
        return self.path_of_original(change).read_bytes()

    def path_of_original(self, change: Change) -> Path:
        """Where the note's former bytes are, for a person to look at."""
        return self._folder / f"{change.ulid}.note"

    def changes(self) -> list[Change]:
        """Those that can be taken back, the last one first; records that can't be read are left out."""
        found = (_change_in(self._folder / name) for name in self._names(".json"))
        return [change for change in found if change is not None][::-1]

    def outcome(self, cause: str) -> Outcome:
        """What became of the changes made for `cause`, the surest of several; dropped ones were not made."""
        known: tuple[tuple[str, Outcome], ...] = (
            (".json", "made"),
            (".undone", "made"),
            (".pending", "under way"),
            (".doubt", "in doubt"),
        )
        for suffix, outcome in known:
            found = (_change_in(self._folder / name) for name in self._names(suffix))
            if any(change is not None and change.cause == cause for change in found):
                return outcome
        return "none"

    def forget(self, change: Change) -> None:
        """Drop the record of a change that has been taken back; its copy stays its time.

        One with a cause stays as well, as `<ULID>.undone`: what was made and taken back isn't to be made again.
        """
        record = self._folder / f"{change.ulid}.json"
        if not change.cause:
            return record.unlink(missing_ok=True)
        with suppress(FileNotFoundError):
            record.rename(record.with_suffix(".undone"))
        return None

    def left_behind(self) -> Iterator[Pending]:
        """Changes whose process died, each claimed for the caller to end."""
        for name in self._names(".pending"):
            record = Record.claim(self._folder / name)
            if record is None:
                continue
            change = _change_in(record.path)
            if change is None:
                record.close()
            else:
                yield Pending(change, record)

    def prune(self) -> None:
        """Drop what is older than seven days and than the last seven days on which anything was kept.

        The second asks no clock: one that leaps ahead makes everything old at once. What belongs to a change under way
        is needed to mend it, and what doesn't bear a time isn't ours to drop.
        """
        ulids = {name: made[0] for name in self._names("") if (made := ULID.search(name))}
        under_way = {ulid for name, ulid in ulids.items() if name.endswith(".pending")}
        days = sorted({_day_of(ulid) for ulid in ulids.values()}, reverse=True)[: KEPT.days]
        oldest = (self._now() - KEPT).timestamp() * 1000
        for name, ulid in ulids.items():
            if milliseconds_of(ulid) < oldest and _day_of(ulid) not in days and ulid not in under_way:
                with suppress(OSError):
                    (self._folder / name).unlink()

    def _names(self, suffix: str) -> list[str]:
        make_folder(self._folder)
        return sorted(name for name in os.listdir(self._folder) if name.endswith(suffix))


def local_time() -> datetime:
    """The clock on the wall."""
    return datetime.now().astimezone()


def digest(data: bytes | None) -> str:
    """What tells whether a note is still the same; empty if there is none."""
    return "" if data is None else blake2b(data, digest_size=32).hexdigest()


def _day_of(ulid: str) -> int:
    return milliseconds_of(ulid) // _DAY


def _change_in(path: Path) -> Change | None:
    try:
        fields = json.loads(path.read_bytes())
        if fields.pop("schema") != 1:
            return None
        change = Change(**fields)
    except (OSError, ValueError, TypeError, KeyError, AttributeError):
        return None
    return change if all(isinstance(value, str) for value in asdict(change).values()) else None
