"""Scanning: compares the folders with the ledger by stat alone, and enters what is new, changed, moved or gone."""

from __future__ import annotations

import time
from collections.abc import Container, Iterable, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

from exocortex.config import Folder
from exocortex.core.errors import VaultError
from exocortex.storage.ledger import FileRow, Known, Ledger
from exocortex.storage.state import Identity, State
from exocortex.storage.vault import FileStat, Scan, scan

GUARDED_FROM = 25
"""Notes in the index from which a folder found entirely empty counts as away (unmounted), not as emptied."""


@dataclass(frozen=True, slots=True)
class Scanned:
    """What a scan of the folders changed in the ledger."""

    moved: int
    removed: int
    away: tuple[str, ...]
    """Why folders could not be looked at, a sentence each; what was indexed of them still serves."""
    warnings: tuple[str, ...]


class Scanner:
    """Brings the ledger's files in line with the disk. Reads no file."""

    def __init__(self, ledger: Ledger, state: State, ignore: Sequence[str]) -> None:
        self._ledger = ledger
        self._state = state
        self._ignore = ignore

    def scan(self, folders: Iterable[Folder]) -> Scanned:
        """Look at every folder; folders that are configured no more leave the index."""
        moved, removed = 0, 0
        away: list[str] = []
        warnings: list[str] = []
        folders = list(folders)
        removed += self._forget_folders({folder.name for folder in folders})
        for folder in folders:
            try:
                found = scan(folder, self._ignore)
            except VaultError as error:
                away.append(f"{error.message} What was indexed of it still serves.")
                continue
            known = self._ledger.known(folder.name)
            if not found.files and not found.others and len(known) >= GUARDED_FROM:
                away.append(f"{folder.root} is empty: is it unmounted? What was indexed of it still serves.")
                continue
            moves, gone = self._apply(folder.name, found, known)
            moved, removed = moved + moves, removed + gone
            warnings += found.warnings
        return Scanned(moved, removed, tuple(away), tuple(warnings))

    def _forget_folders(self, configured: set[str]) -> int:
        """Take the notes of folders that are configured no more out of the index."""
        removed = 0
        for name in self._ledger.folders():
            if name not in configured:
                rows = self._ledger.files(name, self._ledger.known(name))
                self._remove(name, rows)
                with self._ledger.transaction():
                    self._name_attachments(name, ())
                removed += len(rows)
        return removed

    def _apply(self, folder: str, found: Scan, known: dict[str, Known]) -> tuple[int, int]:
        """Enter one folder's changes; returns how many notes moved and how many are gone."""
        on_disk = {file.path: file for file in found.files}
        skipped = {one.path: one.reason for one in found.skipped}
        closed = tuple(one.path for one in found.skipped if one.closed)
        if found.files and not known:
            self._bury_unseen(folder, on_disk, closed)
        missing = [path for path in known if path not in on_disk and path not in skipped]
        gone = self._ledger.files(folder, [path for path in missing if not path.startswith(closed)]) if missing else []
        new = [file for file in found.files if file.path not in known]
        moves = _moves(gone, new)
        changed = [file for path, file in on_disk.items() if path in known and not _same(known[path], file)]
        unexplained = [
            (_no_file(path), reason)
            for path, reason in skipped.items()
            if path not in known or known[path][-1] != reason
        ]
        self._move(folder, moves)
        moved_rows = {row.row for row, _ in moves}
        removed = [row for row in gone if row.row not in moved_rows]
        self._remove(folder, removed)
        arrived = {file.path for _, file in moves}
        renamed = [file for row, file in moves if _name(row.file.path) != _name(file.path)]
        entered = [file for file in new if file.path not in arrived]
        with self._ledger.transaction():
            self._ledger.expect(folder, [*entered, *changed, *renamed])
            for file in (*entered, *changed):
                self._ledger.contents.name(folder, file.path)
            self._ledger.skip(folder, unexplained)
            self._name_attachments(folder, found.others)
        return len(moves), len(removed)

    def _bury_unseen(self, folder: str, on_disk: Container[str], closed: tuple[str, ...]) -> None:
        """To a new index no note is ever gone: those that went meanwhile are known to the state alone."""
        unseen = [path for path in self._state.places(folder) if path not in on_disk and not path.startswith(closed)]
        self._state.bury([(folder, path) for path in unseen], time.time())

    def _move(self, folder: str, moves: Sequence[tuple[FileRow, FileStat]]) -> None:
        self._state.remember(
            Identity(row.note, folder, file.path, row.digest, file.inode)
            for row, file in moves
            if row.note is not None and row.digest is not None
        )
        with self._ledger.transaction():
            for row, file in moves:
                self._ledger.move(row.row, file, renamed=_name(row.file.path) != _name(file.path))
                self._ledger.contents.unname(folder, row.file.path)
                self._ledger.contents.name(folder, file.path)

    def _remove(self, folder: str, rows: Sequence[FileRow]) -> None:
        if not rows:
            return
        self._state.bury([(folder, row.file.path) for row in rows], time.time())
        with self._ledger.transaction():
            for row in rows:
                self._ledger.remove(row.row)
                self._ledger.contents.unname(folder, row.file.path)

    def _name_attachments(self, folder: str, paths: Iterable[str]) -> None:
        added, gone = self._ledger.set_attachments(folder, paths)
        for path in added:
            self._ledger.contents.name(folder, path)
        for path in gone:
            self._ledger.contents.unname(folder, path)


def _same(known: Known, file: FileStat) -> bool:
    """Nothing shows that the file changed since the ledger last knew it."""
    return known[:4] == (file.size, file.mtime_ns, file.ctime_ns, file.inode)


def _moves(gone: Sequence[FileRow], new: Sequence[FileStat]) -> list[tuple[FileRow, FileStat]]:
    """Pairs of a file that is gone and one that is new and the same: a rename keeps inode, size and time."""
    if not gone or not new:
        return []
    left = {(row.file.inode, row.file.size, row.file.mtime_ns): row for row in gone}
    pairs = []
    for file in new:
        row = left.pop((file.inode, file.size, file.mtime_ns), None)
        if row is not None:
            pairs.append((row, file))
    return pairs


def _name(path: str) -> str:
    return PurePosixPath(path).name


def _no_file(path: str) -> FileStat:
    """A place in the ledger for what has no readable stat of its own."""
    return FileStat(path, path, 0, 0, 0, 0)
