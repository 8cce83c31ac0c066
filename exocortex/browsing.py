"""Browsing: single notes, the ways between them, and the lists over all of them."""

from __future__ import annotations

import os
import unicodedata
from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import date, datetime
from hashlib import blake2b
from pathlib import Path, PurePosixPath

from exocortex.config import Folder
from exocortex.core.errors import UsageError, VaultError
from exocortex.core.links import alias_key, anchor_line, name_keys, resolve
from exocortex.core.notes import Link
from exocortex.core.query import Query
from exocortex.core.results import FilterValues, NoteLinks, NoteText, RecentNote, ResolvedLink, TagCount, TaskOfNote
from exocortex.core.words import clean, fts_any
from exocortex.parsing.decoding import decode
from exocortex.storage.catalog import Catalog, NoteRow
from exocortex.storage.vault import NoteChangedError, NoteSkippedError, read

_MOST_MATCHES = 10
_MOST_DRAWN = 10
_MOST_VALUES = 500
"""Of a filter."""
"""Notes looked for on the disk before it is said that there is none."""
_MISSING = "What was indexed: exo inspect. Whether its deletion waits to be confirmed: exo status"


class Browser:
    """Looks notes up by what people call them. Reads the vault, writes nothing."""

    def __init__(self, catalog: Catalog, folders: Sequence[Folder], max_bytes: int) -> None:
        self._catalog = catalog
        self._roots = {folder.name: folder.root for folder in folders}
        self._max_bytes = max_bytes

    def find(self, name: str) -> NoteRow:
        """The one note called so: an absolute path, `folder:path`, a path, a title, or a file name.

        Raises UsageError if there is none, or several, which it lists.
        """
        name = clean(name)
        found = self.called(name)
        if len(found) == 1:
            return found[0]
        if not found:
            near = self._catalog.nearest_names(name)
            hint = f"Did you mean {', '.join(near)}?" if near else "See `exo recent`, or find it with `exo search`."
            raise UsageError(f"There is no note called “{name}”.", hint)
        places = "\n".join(f"  {row.ref.folder}:{row.ref.path}" for row in found[:_MOST_MATCHES])
        more = f"\n  and {len(found) - _MOST_MATCHES} more" if len(found) > _MOST_MATCHES else ""
        raise UsageError(f"“{name}” could be any of {len(found)} notes:\n{places}{more}", "Name it by its path.")

    def check_folder(self, name: str) -> None:
        """Raises UsageError if no folder of notes is called so."""
        if name not in self._roots:
            raise UsageError(f"There is no folder of notes called “{name}”.", "See them with: exo folders")

    def called(self, name: str) -> list[NoteRow]:
        """Every note that may be called so."""
        name = clean(name)
        return self._candidates(name) or self._candidates(name.strip())

    def file(self, note: NoteRow) -> str:
        """The note's absolute path, as the operating system spells it."""
        return str(self._roots[note.ref.folder] / note.raw)

    def root(self, note: NoteRow) -> Path:
        """The folder of notes it lies in, absolute."""
        return self._roots[note.ref.folder]

    def is_there(self, note: NoteRow) -> bool:
        """Whether its file, or a link of its name, lies where it was last seen."""
        return note.ref.folder in self._roots and os.path.lexists(self.file(note))

    def text(self, note: NoteRow) -> NoteText:
        """The note as it is on disk now; raises VaultError if it can't be read."""
        try:
            data, _ = read(self._roots[note.ref.folder], note.raw, self._max_bytes)
        except NoteSkippedError as error:
            raise VaultError(f"{note.ref.path} cannot be read: {error.reason}.", "Check the file.") from error
        except NoteChangedError as error:
            if os.path.lexists(self.file(note)):
                raise
            raise VaultError(f"{self.file(note)} is missing; the index still holds it.", _MISSING) from error
        return NoteText(note.ref, self.file(note), decode(data).text)

    # -- links ------------------------------------------------------------------------------------------------------

    def links(self, note: NoteRow) -> NoteLinks:
        """Where the note leads, what leads to it, and what leads nowhere."""
        out = [self._resolved(note, link) for link in self._catalog.links_of(note.row)]
        return NoteLinks(
            note.ref,
            tuple(one for one in out if one.path is not None),
            tuple(self._backlinks(note)),
            tuple(one for one in out if one.path is None),
        )

    def _backlinks(self, note: NoteRow) -> Iterable[ResolvedLink]:
        """Links that by name could lead here, and resolved do."""
        aliases = [alias_key(alias) for alias in self._catalog.aliases_of(note.row)]
        candidates = self._catalog.links_named([*name_keys(note.ref.path), *aliases])
        sources = self._catalog.notes(row for row, _ in candidates)
        for row, link in candidates:
            source = sources.get(row)
            if source is None or row == note.row or source.ref.folder != note.ref.folder:
                continue
            resolved = self._resolved(source, link)
            if resolved.path == note.ref.path:
                yield resolved

    def _resolved(self, source: NoteRow, link: Link) -> ResolvedLink:
        path = resolve(link, source.ref.path, self._catalog.names(source.ref.folder))
        target = self._catalog.at(source.ref.folder, path) if path else None
        line = None
        if target is not None and link.anchor:
            headings, anchors = self._catalog.headings_of(target.row), self._catalog.anchors_of(target.row)
            line = anchor_line(link.anchor, headings, anchors)
        return ResolvedLink(source.ref, link, path, target.ref if target else None, line)

    # -- lists ------------------------------------------------------------------------------------------------------

    def recent(self, limit: int) -> list[RecentNote]:
        """Notes by the time their file changed, newest first."""
        return [RecentNote(row.ref, self.file(row), row.modified) for row in self._catalog.recent(limit)]

    def again(self, before: datetime, day: date) -> RecentNote | None:
        """A note that has not changed since `before`, drawn by the day, as far as it is still there."""
        drawn = blake2b(day.isoformat().encode(), digest_size=16).hexdigest()
        rows = self._catalog.unchanged_since(before, drawn, _MOST_DRAWN)
        return next((RecentNote(row.ref, self.file(row), row.modified) for row in rows if self.is_there(row)), None)

    def tags(self) -> list[TagCount]:
        """Every tag, those that only have nested ones included, most used first."""
        carried = {(note, part) for tag, note in self._catalog.tagged() for part in _with_parents(tag)}
        counts = Counter(tag for _, tag in carried)
        return [TagCount(tag, count) for tag, count in sorted(counts.items(), key=lambda one: (-one[1], one[0]))]

    def filters(self) -> list[FilterValues]:
        """Tags, folders, paths, then every property, each with what notes have of it."""
        tags = tuple((one.tag, one.notes) for one in self.tags()[:_MOST_VALUES])
        folders, paths = Counter[str](), Counter[str]()
        for folder, path in self._catalog.places():
            folders[folder] += 1
            paths.update(f"{parent}/" for parent in map(str, PurePosixPath(path).parents) if parent != ".")
        return [
            FilterValues("tag", tags),
            FilterValues("folder", tuple(folders.most_common(_MOST_VALUES))),
            FilterValues("path", tuple(paths.most_common(_MOST_VALUES))),
            *(FilterValues(key, values) for key, values in self._catalog.property_values(_MOST_VALUES)),
        ]

    def tasks(self, done: bool, scope: Query) -> list[TaskOfNote]:
        """Tasks of the notes in scope, by note."""
        among = self._catalog.matching(scope.filters, scope.dates, fts_any(scope.excluded))
        if scope.phrases:
            among = self._catalog.with_all(scope.phrases, among)
        found = self._catalog.tasks(done, among)
        notes = self._catalog.notes({row for row, _ in found})
        return [TaskOfNote(notes[row].ref, self.file(notes[row]), task) for row, task in found if row in notes]

    # -- names ------------------------------------------------------------------------------------------------------

    def _candidates(self, name: str) -> list[NoteRow]:
        if Path(name).is_absolute():
            return self._at_absolute(Path(name))
        folder, colon, path = name.partition(":")
        if colon and folder in self._roots:
            row = self._catalog.at(folder, path)
            return [row] if row else []
        return self._catalog.by_path(name) or self._catalog.called(name)

    def _at_absolute(self, file: Path) -> list[NoteRow]:
        for folder, root in self._roots.items():
            place = Path(*file.parent.resolve().parts, file.name)
            if place.is_relative_to(root):
                row = self._catalog.at(folder, unicodedata.normalize("NFC", place.relative_to(root).as_posix()))
                return [row] if row else []
        return []


def _with_parents(tag: str) -> Iterable[str]:
    """`a/b/c` also counts for `a/b` and `a`."""
    parts = tag.split("/")
    return ("/".join(parts[:depth]) for depth in range(1, len(parts) + 1))
