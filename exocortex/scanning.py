"""Scanning: compares the folders with the ledger by stat alone, and enters what is new, changed, moved or gone."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Collection, Container, Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import PurePosixPath

from exocortex.config import Folder
from exocortex.core.errors import VaultError
from exocortex.storage.glancing import Glance, Sight, What
from exocortex.storage.guard import MANY_NOTES, Guard, git_head
from exocortex.storage.ledger import FileRow, Known, Ledger
from exocortex.storage.state import Identity, State
from exocortex.storage.vault import FileStat, Scan, scan
from exocortex.storage.walking import ANOTHER, DOUBLE, link_reasons

_CONFIRM = "If you deleted them: exo index --accept-deletions"


@dataclass(frozen=True, slots=True)
class Scanned:
    """What looking at the folders changed in the ledger."""

    moved: int
    removed: int
    away: tuple[str, ...]
    """Why folders could not be looked at, or lost too many notes at once, a sentence each; what was indexed serves."""
    warnings: tuple[str, ...]
    arrived: tuple[str, ...] = ()
    """`folder:path` of what moved there: searches see it by now."""
    gone: tuple[str, ...] = ()
    """`folder:path` of what was deleted, or moved away."""

    def __add__(self, other: Scanned) -> Scanned:
        """Of several folders."""
        return Scanned(*(getattr(self, one.name) + getattr(other, one.name) for one in fields(self)))


@dataclass(frozen=True, slots=True)
class _Changes:
    """What is to be entered for one folder."""

    moves: Sequence[tuple[FileRow, FileStat]]
    removed: Sequence[FileRow]
    entered: Sequence[FileStat]
    """New or changed."""
    skipped: Sequence[tuple[FileStat, str]] = ()


class Scanner:
    """Brings the ledger's files in line with the disk. Reads no file."""

    def __init__(
        self, ledger: Ledger, state: State, ignore: Sequence[str], clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._ledger = ledger
        self._state = state
        self._ignore = ignore
        self._guard = Guard(ledger, clock)

    # -- everything -------------------------------------------------------------------------------------------------

    def scan(self, folders: Iterable[Folder], *, accept_deletions: bool = False) -> Scanned:
        """Look at every folder; folders that are configured no more leave the index.

        Notes that vanished in great numbers are kept until they are back, unless `accept_deletions` says they're meant
        to be gone. A folder that doesn't exist at all loses nothing even then.
        """
        folders = list(folders)
        total = Scanned(0, self._forget_folders({folder.name for folder in folders}), (), ())
        for folder in folders:
            one = self._scan(folder, accept_deletions)
            total = total + one
        return total

    def _forget_folders(self, configured: set[str]) -> int:
        """Take the notes of folders that are configured no more out of the index."""
        removed = 0
        for name in self._ledger.folders():
            if name not in configured:
                rows = self._ledger.files(name, self._ledger.known(name))
                self._state.bury([(name, row.file.path) for row in rows], time.time())
                with self._ledger.transaction():
                    self._enter(name, _Changes((), rows, ()))
                    self._set_attachments(name, ())
                    self._guard.forget(name)
                removed += len(rows)
        return removed

    def _scan(self, folder: Folder, accept: bool) -> Scanned:
        head = git_head(folder)
        try:
            found = scan(folder, self._ignore)
        except VaultError as error:
            return _away(f"{error.message} What was indexed of it still serves.")
        known = self._ledger.known(folder.name)
        if accept:
            self._guard.accept(folder.name)
        elif found.empty and known:
            with self._ledger.transaction():
                self._ledger.freeze(folder.name, [row.row for row in self._ledger.files(folder.name, known)])
            return _away(f"{folder.root} is empty: is it unmounted? What was indexed of it still serves. {_CONFIRM}")
        another = self._guard.is_another(folder, found.root_inode)
        switched = not another and self._guard.has_switched(folder, head)
        return self._apply(folder, found, known, accept or switched, head)

    def _apply(self, folder: Folder, found: Scan, known: Mapping[str, Known], meant: bool, head: str | None) -> Scanned:
        """Enter one folder's changes; if they are `meant`, however many notes are gone."""
        on_disk = {file.path: file for file in found.files}
        skipped = {one.path: one.reason for one in found.skipped}
        closed = tuple(one.path for one in found.skipped if one.closed)
        if found.files and not known:
            self._bury_unseen(folder.name, on_disk, closed)
        missing = [path for path in known if path not in on_disk and path not in skipped]
        gone = [row for row in self._rows(folder.name, missing) if not row.file.path.startswith(closed)]
        new = [file for file in found.files if file.path not in known]
        changed = [file for path, file in on_disk.items() if path in known and not _same(known[path], file)]
        moves = self._moves(folder.name, gone, new, changed, known)
        vanished, removed, back = self._told_apart(folder, gone, {row.row for row, _ in moves})
        another = self._guard.is_another(folder, found.root_inode)
        too_much = self._guard.is_too_much(folder.name, len(vanished), len(known), another_root=another)
        held = vanished if too_much and not meant else []
        unexplained = [
            (_no_file(path), reason)
            for path, reason in skipped.items()
            if path not in known or known[path][-1] != reason
        ]
        removed += [] if held else vanished
        changes = self._changes(folder.name, moves, removed, [*new, *changed, *back], unexplained)
        self._keep_identities(folder.name, changes)
        with self._ledger.transaction():
            self._enter(folder.name, changes)
            self._set_attachments(folder.name, found.others)
            self._ledger.freeze(folder.name, [row.row for row in held])
            if not (held and another):
                self._guard.looked_at(folder, found.root_inode, head)
        self._guard.let_go(folder.name, 0 if meant or held else len(vanished))
        away = (_too_many(folder, len(held), len(known), another),) if held else ()
        return _scanned(folder.name, changes, away, found.warnings)

    def _told_apart(
        self, folder: Folder, gone: Sequence[FileRow], moved: Container[int]
    ) -> tuple[list[FileRow], list[FileRow], list[FileStat]]:
        """Look once more at what the walk didn't find: it vanished, it is ignored by now, or it is there after all.

        What can't be told is none of them, and stays.
        """
        vanished: list[FileRow] = []
        left_out: list[FileRow] = []
        back: list[FileStat] = []
        glance = Glance(folder, self._ignore)
        for row in gone:
            if row.row in moved:
                continue
            sight = glance.at(row.file.raw)
            if row.state == "skipped" or sight.what is What.IGNORED:
                left_out.append(row)
            elif sight.file is not None:
                back += [] if _same(_known(row), sight.file) else [sight.file]
            elif sight.what is not What.UNCLEAR:
                vanished.append(row)
        return vanished, left_out, back

    def _bury_unseen(self, folder: str, on_disk: Container[str], closed: tuple[str, ...]) -> None:
        """To a new index no note is ever gone: those that went meanwhile are known to the state alone."""
        unseen = [path for path in self._state.places(folder) if path not in on_disk and not path.startswith(closed)]
        self._state.bury([(folder, path) for path in unseen], time.time())

    # -- single paths -----------------------------------------------------------------------------------------------

    def look(self, folder: Folder, raws: Collection[str]) -> Scanned | None:
        """Look at these paths alone (relative, as the system spells them), by the rules of a scan and at their cost.

        None, and nothing is changed, where only a scan can tell: a folder, a link, an ignore file or an odd name among
        them, another root than last time, many gone at once.
        """
        if not self._guard.is_familiar(folder):
            return None
        glance = Glance(folder, self._ignore)
        sights = {sight.path: sight for sight in map(glance.at, set(raws))}
        if len(sights) < len(set(raws)) or any(one.what in (What.ODD, What.UNCLEAR) for one in sights.values()):
            return None
        rows = {row.file.path: row for row in self._rows(folder.name, _concerned(sights))}
        attached = self._ledger.attached(folder.name, sights)
        if self._needs_scan(folder, sights, rows, attached):
            return None
        strangers = self._strangers(folder.name, sights, rows)
        if strangers:
            return self.look(folder, {*raws, *strangers})
        return self._apply_sights(folder, sights, rows, attached)

    def _needs_scan(
        self, folder: Folder, sights: Mapping[str, Sight], rows: Mapping[str, FileRow], attached: Container[str]
    ) -> bool:
        if any(_is_odd(row, sights.get(path)) for path, row in rows.items()):
            return True
        hidden = [path for path, one in sights.items() if one.what in (What.IGNORED, What.LOST)]
        if any(path in rows or path in attached for path in hidden):
            return True
        gone = [path for path, one in sights.items() if one.what is What.GONE and path in rows]
        lost = [path for path, one in sights.items() if one.what is What.GONE and path in attached]
        came = [path for path, one in sights.items() if one.what in (What.NOTE, What.OTHER)]
        new = [path for path in came if path not in rows and path not in attached]
        if gone and self._guard.recently_left(folder.name) + len(gone) > MANY_NOTES:
            return True
        reasons = {reason for path in (*gone, *lost, *new) for reason in link_reasons(path, sights[path].raw)}
        reasons |= {DOUBLE} if any(not path.isascii() for path in gone) else set()
        return self._ledger.has_skipped(folder.name, reasons) or _is_one_file_twice(sights) or _lost_all(folder, gone)

    def _strangers(self, folder: str, sights: Mapping[str, Sight], rows: Mapping[str, FileRow]) -> set[str]:
        """Other paths at which files that came here were known: they may have moved, and no one told."""
        came = {
            one.file.inode
            for path, one in sights.items()
            if one.file is not None and (path not in rows or rows[path].file.inode != one.file.inode)
        }
        known = self._ledger.with_inodes(folder, came) if came else []
        return {row.file.raw for row in known if row.file.path not in sights and row.state != "skipped"}

    def _apply_sights(
        self, folder: Folder, sights: Mapping[str, Sight], rows: Mapping[str, FileRow], attached: set[str]
    ) -> Scanned:
        files = {path: one.file for path, one in sights.items() if one.file is not None}
        known = {path: _known(row) for path, row in rows.items()}
        new = [file for path, file in files.items() if path not in known]
        changed = [file for path, file in files.items() if path in known and not _same(known[path], file)]
        gone = [rows[path] for path, one in sights.items() if one.what is What.GONE and path in rows]
        moves = self._moves(folder.name, gone, new, changed, known)
        moved = {row.row for row, _ in moves}
        removed = [row for row in gone if row.row not in moved]
        others = {path for path, one in sights.items() if one.what is What.OTHER}
        lost = {path for path in attached if sights[path].what is What.GONE}
        changes = self._changes(folder.name, moves, removed, [*new, *changed], ())
        self._keep_identities(folder.name, changes)
        with self._ledger.transaction():
            self._enter(folder.name, changes)
            self._ledger.change_attachments(folder.name, others - attached, lost)
            self._name_attachments(folder.name, others - attached, lost)
        self._guard.let_go(folder.name, len(removed))
        return _scanned(folder.name, changes)

    # -- entering ---------------------------------------------------------------------------------------------------

    def _rows(self, folder: str, paths: Collection[str]) -> list[FileRow]:
        return self._ledger.files(folder, paths) if paths else []

    def _moves(
        self,
        folder: str,
        gone: Sequence[FileRow],
        new: Sequence[FileStat],
        changed: Sequence[FileStat],
        known: Mapping[str, Known],
    ) -> list[tuple[FileRow, FileStat]]:
        """Pairs of what a file was and what it is now: a rename keeps inode, size and time, even onto another note."""
        shifted = {_key(known[file.path]): file for file in changed if _key(known[file.path]) != _key_of(file)}
        targets = [*new, *shifted.values()]
        taken = [shifted[_key_of(file)].path for file in targets if _key_of(file) in shifted]
        left = {_key_of(row.file): row for row in (*self._rows(folder, taken), *gone)}
        pairs = []
        for file in targets if left else ():
            row = left.pop(_key_of(file), None)
            if row is not None:
                pairs.append((row, file))
        return pairs

    def _changes(
        self,
        folder: str,
        moves: Sequence[tuple[FileRow, FileStat]],
        removed: Sequence[FileRow],
        entered: Iterable[FileStat],
        skipped: Sequence[tuple[FileStat, str]],
    ) -> _Changes:
        """With the moves taken into account: what lay where a note went is gone, and it needn't be entered anew."""
        moved = {row.row for row, _ in moves}
        arrived = {file.path for _, file in moves}
        displaced = [row for row in self._rows(folder, arrived) if row.row not in moved]
        rest = [file for file in entered if file.path not in arrived]
        return _Changes(moves, [*removed, *displaced], rest, skipped)

    def _keep_identities(self, folder: str, changes: _Changes) -> None:
        """Durably, before anything leaves the ledger: who is deleted can come back, who moved is still the same."""
        if changes.removed:
            self._state.bury([(folder, row.file.path) for row in changes.removed], time.time())
        if changes.moves:
            self._state.remember(
                Identity(row.note, folder, file.path, row.digest, file.inode)
                for row, file in changes.moves
                if row.note is not None and row.digest is not None
            )

    def _enter(self, folder: str, changes: _Changes) -> None:
        """Within a transaction."""
        contents = self._ledger.contents
        for row in changes.removed:
            self._ledger.remove(row.row)
            contents.unname(folder, row.file.path)
        for row, _ in changes.moves:
            contents.unname(folder, row.file.path)
        self._ledger.park(row.row for row, _ in changes.moves)
        for row, file in changes.moves:
            self._ledger.move(row.row, file, renamed=_name(row.file.path) != _name(file.path))
            contents.name(folder, file.path)
        renamed = [file for row, file in changes.moves if _name(row.file.path) != _name(file.path)]
        self._ledger.expect(folder, [*changes.entered, *renamed])
        for file in changes.entered:
            contents.name(folder, file.path)
        self._ledger.skip(folder, changes.skipped)

    def _set_attachments(self, folder: str, paths: Iterable[str]) -> None:
        self._name_attachments(folder, *self._ledger.set_attachments(folder, paths))

    def _name_attachments(self, folder: str, added: Iterable[str], gone: Iterable[str]) -> None:
        for path in added:
            self._ledger.contents.name(folder, path)
        for path in gone:
            self._ledger.contents.unname(folder, path)


def _away(sentence: str) -> Scanned:
    return Scanned(0, 0, (sentence,), ())


def _scanned(folder: str, changes: _Changes, away: tuple[str, ...] = (), warnings: tuple[str, ...] = ()) -> Scanned:
    arrived = [file.path for _, file in changes.moves]
    gone = [row.file.path for row in (*(row for row, _ in changes.moves), *changes.removed)]
    places = (tuple(f"{folder}:{path}" for path in paths) for paths in (arrived, gone))
    return Scanned(len(changes.moves), len(changes.removed), away, warnings, *places)


def _too_many(folder: Folder, vanished: int, known: int, another: bool) -> str:
    what = f"{vanished:,} of the {known:,} notes of folder {folder.name} vanished at once"
    if another:
        what = f"{folder.root} is another folder than before, without {vanished:,} of its {known:,} notes"
    return f"{what}: they stay in the index until they are back. {_CONFIRM}"


def _same(known: Known, file: FileStat) -> bool:
    """Nothing shows that the file changed since the ledger last knew it."""
    return known[:4] == (file.size, file.mtime_ns, file.ctime_ns, file.inode)


def _known(row: FileRow) -> Known:
    return (row.file.size, row.file.mtime_ns, row.file.ctime_ns, row.file.inode, row.reason)


def _key(known: Known) -> tuple[int, int, int]:
    """What a rename keeps: size, time, inode."""
    return known[0], known[1], known[3]


def _key_of(file: FileStat) -> tuple[int, int, int]:
    return file.size, file.mtime_ns, file.inode


def _is_odd(row: FileRow, sight: Sight | None) -> bool:
    """Whether what is known at this path is no plain file under the name that was looked at."""
    return row.state == "skipped" or sight is None or row.file.raw != sight.raw


def _concerned(sights: Mapping[str, Sight]) -> list[str]:
    """These paths, those that a skipped file would have in their place, and the folders they lie in."""
    above = {path[: at + 1] for path in sights for at, character in enumerate(path) if character == "/"}
    return [*sights, *(path + ANOTHER for path in sights), *(f"{path}/" for path in sights), *above]


def _is_one_file_twice(sights: Mapping[str, Sight]) -> bool:
    """A file with one name that answers to two: to this file system upper and lower case are the same."""
    alone = [one.file.inode for one in sights.values() if one.file is not None and one.links == 1]
    return len(set(alone)) < len(alone)


def _lost_all(folder: Folder, gone: Collection[str]) -> bool:
    """Whether nothing at all is left where these notes were."""
    if not gone:
        return False
    try:
        with os.scandir(folder.root) as entries:
            return next(entries, None) is None
    except OSError:
        return True


def _name(path: str) -> str:
    return PurePosixPath(path).name


def _no_file(path: str) -> FileStat:
    """A place in the ledger for what has no readable stat of its own."""
    return FileStat(path, path, 0, 0, 0, 0)
