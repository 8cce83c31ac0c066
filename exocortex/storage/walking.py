"""The walk through a folder of notes: which files are there, and which can't be notes and why. Opens only ignore files.

A file's name is kept twice: `raw`, as the operating system spells it (undecodable bytes as surrogates), and `path`,
NFC, for people and the index. Knows nothing about formats, chunks or the index.
"""

from __future__ import annotations

import errno
import os
import stat
import unicodedata
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from exocortex.config import Folder
from exocortex.core.errors import VaultError
from exocortex.storage.ignoring import FILE_NAME as IGNORE_FILE
from exocortex.storage.ignoring import Rules, compile_patterns, split_lines

SUFFIXES = (".md", ".markdown", ".txt")
"""Files that a parser exists for; upper case counts too."""
MEGABYTE = 1_000_000
DOUBLE = "another file's name differs from this one's in Unicode normalisation only"
"""Why the second of two such files is skipped."""
ANOTHER = " (another)"
"""What makes a skipped file's path its own, where writing its name out made it another file's."""
_IGNORE_FILE_BYTES = 1_000_000
_RACY_NS = 2_000_000_000
"""Two seconds: the coarsest clock of a file system in use (FAT)."""


@dataclass(frozen=True, slots=True)
class FileStat:
    """A file that may be a note, and what shows that it has changed."""

    path: str
    """Relative to the folder, `/`-separated, NFC, unique in its folder."""
    raw: str
    """The same as the operating system spells it; `os.fsencode` gives its bytes."""
    size: int
    mtime_ns: int
    inode: int
    ctime_ns: int

    def is_racy(self, read_at_ns: int) -> bool:
        """Whether it was touched so shortly before it was read that a write may have gone on without showing here.

        Such a file must be read again even if its stat stays the same (git calls it racily clean). `read_at_ns` is the
        wall clock, as of `time.time_ns`.
        """
        return self.ctime_ns > read_at_ns - _RACY_NS


@dataclass(frozen=True, slots=True)
class Skipped:
    """What should have been a note, or hold some, and can't be."""

    path: str
    """As in FileStat but unique among both; ends in `/` for a folder."""
    reason: str
    closed: bool = False
    """True for a folder that can't be looked into: its notes are unknown, not gone."""


@dataclass(frozen=True, slots=True)
class Scan:
    """A folder as it was found: on disk = files + skipped."""

    files: tuple[FileStat, ...]
    """By path."""
    skipped: tuple[Skipped, ...]
    """By path."""
    others: tuple[str, ...]
    """Paths (NFC) of files without a parser, which links may point at; by path."""
    ignored: int
    """Note files and folders left out by the rules; what lies in such a folder isn't counted."""
    warnings: tuple[str, ...]
    """Lines of ignore files and settings that make no sense, for people."""
    root_inode: int
    empty: bool
    """The root holds nothing at all, not even what is ignored."""


def scan(folder: Folder, ignore_patterns: Iterable[str] = (), suffixes: tuple[str, ...] = SUFFIXES) -> Scan:
    """Look at every entry below the folder's root once, opening nothing but `.exoignore` files.

    Links to folders aren't followed; links to files never count as notes of their own. Raises VaultError if the root is
    missing, not a folder, unreadable, or another one in the end than in the beginning.
    """
    walk = _Walk(str(folder.root), suffixes)
    try:
        before = os.stat(folder.root)
        walk.run(tuple(ignore_patterns))
        after = os.stat(folder.root)
    except OSError as error:
        raise _root_error(folder, error) from error
    if not os.path.samestat(before, after):
        where = f"{printable(str(folder.root))} (folder {folder.name})"
        raise VaultError(f"{where} was replaced while it was being looked at.", "Look again: exo index")
    files, doubles = _unique(walk.files)
    skipped = _told_apart([*walk.skipped, *doubles, *walk.skipped_links(files)], files)
    return Scan(
        files=tuple(files),
        skipped=tuple(sorted(skipped, key=lambda one: one.path)),
        others=tuple(sorted(walk.others)),
        ignored=walk.ignored,
        warnings=tuple(walk.warnings),
        root_inode=before.st_ino,
        empty=walk.empty,
    )


def link_reasons(path: str, raw: str) -> tuple[str, ...]:
    """Why links to this file are skipped: while it is indexed, while it isn't, and while it doesn't exist."""
    return (
        f"a link to {path}, which is indexed itself",
        f"a link to {printable(raw)}, which is not indexed",
        "a link to a file that does not exist",
    )


def first_rules(patterns: Iterable[str]) -> tuple[Rules, list[str]]:
    """The rules in force above the root: the user's own patterns; and warnings of those that make no sense."""
    return _with_patterns(Rules(), "", patterns, "setting index.ignore, pattern")


def inner_rules(rules: Rules, root: str, raw_prefix: str, prefix: str) -> tuple[Rules, list[str]]:
    """These rules and those of the ignore file in the folder `raw_prefix`, and warnings about its lines.

    Raises OSError if the file can't be read: indexing what the user may want left out would be worse.
    """
    try:
        content = _read_ignore_file(f"{root}/{raw_prefix}{IGNORE_FILE}")
    except OSError as error:
        raise OSError(errno.EIO, f"its {IGNORE_FILE}: {error.strerror}") from error
    return _with_patterns(rules, prefix, split_lines(content), f"{printable(prefix)}{IGNORE_FILE} line")


def _with_patterns(rules: Rules, prefix: str, lines: Iterable[str], where: str) -> tuple[Rules, list[str]]:
    patterns, wrong = compile_patterns(lines)
    warnings = [f"{where} {number} is not a gitignore pattern and is left out" for number in wrong]
    return rules.nested(prefix, patterns), warnings


class _Walk:
    """One pass over a folder; `prefix` is "" or ends in `/`, once as the system spells it, once in NFC."""

    def __init__(self, root: str, suffixes: tuple[str, ...]) -> None:
        self.root = root
        self.suffixes = suffixes
        self.files: list[FileStat] = []
        self.skipped: list[Skipped] = []
        self.others: list[str] = []
        self.warnings: list[str] = []
        self.ignored = 0
        self.empty = False
        self._links: list[tuple[str, str]] = []
        self._todo: list[tuple[str, str, Rules]] = []

    def run(self, patterns: tuple[str, ...]) -> None:
        """Visit the root (its OSError is the caller's), then each folder found; a list, for no tree is too deep."""
        rules, self.warnings = first_rules(patterns) if patterns else (Rules(), [])
        self._visit("", "", rules)
        while self._todo:
            raw, path, rules = self._todo.pop()
            try:
                self._visit(raw, path, rules)
            except FileNotFoundError:
                continue
            except OSError as error:
                self._skip(raw, f"the folder can't be read: {error.strerror}", closed=True)

    def skipped_links(self, files: list[FileStat]) -> list[Skipped]:
        """Links to files inside the folder: each says whether its target is indexed itself."""
        indexed = {file.raw: file.path for file in files} if self._links else {}
        skipped = []
        for raw, target in self._links:
            as_note, as_other, _ = link_reasons(indexed.get(target, ""), target)
            skipped.append(Skipped(printable(raw), as_note if target in indexed else as_other))
        return skipped

    def _visit(self, raw_prefix: str, prefix: str, rules: Rules) -> None:
        with os.scandir(f"{self.root}/{raw_prefix}") as found:
            entries = list(found)
        self.empty = self.empty or not (raw_prefix or entries)
        if any(entry.name == IGNORE_FILE for entry in entries):
            rules, warnings = inner_rules(rules, self.root, raw_prefix, prefix)
            self.warnings += warnings
        for entry in entries:
            name = entry.name
            path = prefix + (name if name.isascii() else unicodedata.normalize("NFC", name))
            if entry.is_dir(follow_symlinks=False):
                if rules.ignore(path, name, True):
                    self.ignored += 1
                else:
                    self._todo.append((f"{raw_prefix}{name}/", f"{path}/", rules))
            elif rules.ignore(path, name, False):
                self.ignored += is_note(name, self.suffixes)
            elif entry.is_symlink():
                self._link(entry, raw_prefix + name, path, rules)
            elif is_note(name, self.suffixes):
                self._note(entry, raw_prefix + name, path)
            elif entry.is_file(follow_symlinks=False):
                self.others.append(printable(path))

    def _note(self, entry: os.DirEntry[str], raw: str, path: str) -> None:
        try:
            status = entry.stat(follow_symlinks=False)
        except FileNotFoundError:
            return
        except OSError as error:
            self._skip(raw, f"can't be looked at: {error.strerror}")
            return
        if not stat.S_ISREG(status.st_mode):
            self._skip(raw, kind(status.st_mode))
        elif not is_utf8(raw):
            self._skip(raw, "its name is not valid UTF-8")
        else:
            self.files.append(file_stat(path, raw, status))

    def _link(self, entry: os.DirEntry[str], raw: str, path: str, rules: Rules) -> None:
        has_parser = is_note(entry.name, self.suffixes)
        try:
            target = os.path.realpath(f"{self.root}/{raw}", strict=True)
            mode = os.stat(target).st_mode
        except OSError as error:
            if has_parser:
                self._skip(raw, _broken_link(error))
            return
        inside = os.path.realpath(self.root).rstrip("/") + "/"
        if stat.S_ISDIR(mode):
            if rules.ignore(path, entry.name, True):
                self.ignored += 1
            else:
                self._skip(f"{raw}/", f"a link to the folder {printable(target)}, which isn't followed")
        elif not has_parser:
            self.others.append(printable(path))
        elif not target.startswith(inside):
            self._skip(raw, f"a link to {printable(target)}, outside the folder")
        else:
            self._links.append((raw, target.removeprefix(inside)))

    def _skip(self, raw: str, reason: str, closed: bool = False) -> None:
        self.skipped.append(Skipped(printable(unicodedata.normalize("NFC", raw)), reason, closed))


def is_note(name: str, suffixes: tuple[str, ...] = SUFFIXES) -> bool:
    """Whether a file of this name has a parser."""
    return name.lower().endswith(suffixes)


def printable(raw: str) -> str:
    """A name that can be encoded: undecodable bytes are written out, as `caf\\xe9.md`; control characters stay."""
    return raw if raw.isascii() else os.fsencode(raw).decode("utf-8", "backslashreplace")


def is_utf8(raw: str) -> bool:
    """Whether the system spells the name in valid UTF-8."""
    return raw.isascii() or not any("\ud800" <= character <= "\udfff" for character in raw)


def _unique(found: list[FileStat]) -> tuple[list[FileStat], list[Skipped]]:
    """Sort by path; of files that only normalisation tells apart the one spelled in NFC, or else the first, is kept."""
    found.sort(key=lambda file: file.path)
    if len({file.path for file in found}) == len(found):
        return found, []
    kept: dict[str, FileStat] = {}
    doubles = []
    for file in sorted(found, key=lambda file: (file.path, file.raw != file.path, file.raw)):
        if kept.setdefault(file.path, file) is not file:
            doubles.append(Skipped(file.raw, DOUBLE))
    return list(kept.values()), doubles


def _told_apart(skipped: list[Skipped], files: list[FileStat]) -> list[Skipped]:
    """Give a skipped file a path of its own where writing its name out made it another file's."""
    taken = {file.path for file in files}
    apart = []
    for one in skipped:
        path = one.path
        while path in taken:
            path += ANOTHER
        taken.add(path)
        apart.append(Skipped(path, one.reason, one.closed))
    return apart


def _read_ignore_file(path: str) -> bytes:
    with closing(os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)) as fd:
        if not stat.S_ISREG(os.fstat(fd).st_mode):
            raise OSError(errno.EINVAL, "not a file")
        content = read_all(fd, _IGNORE_FILE_BYTES + 1)
    if len(content) > _IGNORE_FILE_BYTES:
        raise OSError(errno.EFBIG, f"larger than {_IGNORE_FILE_BYTES / MEGABYTE:g} MB")
    return content


def file_stat(path: str, raw: str, status: os.stat_result) -> FileStat:
    """What is kept of a stat."""
    return FileStat(path, raw, status.st_size, status.st_mtime_ns, status.st_ino, status.st_ctime_ns)


_KINDS = {
    stat.S_IFIFO: "a named pipe, not a file",
    stat.S_IFSOCK: "a socket, not a file",
    stat.S_IFCHR: "a device, not a file",
    stat.S_IFBLK: "a device, not a file",
    stat.S_IFDIR: "a folder, not a file",
    stat.S_IFLNK: "a link, not a file",
}


def kind(mode: int) -> str:
    """What something that is no regular file is, for people."""
    return _KINDS.get(stat.S_IFMT(mode), "not a file")


def _broken_link(error: OSError) -> str:
    if error.errno == errno.ELOOP:
        return "a link that leads back to itself"
    if error.errno == errno.ENOENT:
        return "a link to a file that does not exist"
    return f"a link that can't be followed: {error.strerror}"


def _root_error(folder: Folder, error: OSError) -> VaultError:
    where = f"{printable(str(folder.root))} (folder {folder.name})"
    if isinstance(error, FileNotFoundError):
        hint = f"Bring it back, or take it out with: exo folders remove {folder.name}"
        return VaultError(f"{where} does not exist.", hint)
    if isinstance(error, NotADirectoryError):
        return VaultError(f"{where} is a file, not a folder.", "Name the folder that holds your notes.")
    return VaultError(f"{where} can't be read: {error.strerror}.", f"Make it readable: ls -ld '{folder.root}'")


@contextmanager
def closing(fd: int) -> Iterator[int]:
    """`open` would not do: given a folder's descriptor, it raises and leaves it open."""
    try:
        yield fd
    finally:
        os.close(fd)


def read_all(fd: int, limit: int) -> bytes:
    """What can be read from here on, at most `limit` bytes."""
    parts: list[bytes] = []
    while limit > 0 and (part := os.read(fd, min(limit, 1 << 20))):
        parts.append(part)
        limit -= len(part)
    return b"".join(parts)
