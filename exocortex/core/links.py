"""Links: which file a link leads to, and which line of it, by Obsidian's rules. Pure: names come from a NameIndex."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from posixpath import dirname, normpath
from typing import Protocol
from urllib.parse import unquote

from exocortex.core.notes import Heading, Link, LinkKind

_NOTE_SUFFIXES = (".md", ".markdown", ".txt")
"""A link may leave these out; where two notes differ only in them, the earlier wins."""
_VARIATION = dict.fromkeys((0xFE0E, 0xFE0F, 0x200B))
"""Marks that choose how an emoji is drawn: typed names often lack them."""
_CLIMB = re.compile(r"^(?:\.{0,2}/)+")
_NOT_IN_TITLES = re.compile(r"[!\"#$%&()*+,.:;<=>?@^`{|}~/\[\]\\\s]+")
_NOT_IN_SLUGS = re.compile(r"[^\w\- ]+")


class NameIndex(Protocol):
    """The names of one folder's files, notes and attachments alike."""

    def files_named(self, key: str) -> Sequence[str]:
        """Paths, relative to the folder, of the files that have `key` among their `name_keys`."""
        ...

    def notes_aliased(self, key: str) -> Sequence[str]:
        """Paths, relative to the folder, of the notes that have an alias whose `alias_key` is `key`."""
        ...


def name_keys(path: str) -> tuple[str, ...]:
    """The keys a file is found by: its name, and for a note also its name without the suffix."""
    name = _fold(path).rpartition("/")[2]
    bare = _without_suffix(name)
    return (name,) if bare == name else (name, bare)


def alias_key(text: str) -> str:
    """The key an alias is found by; the same as `link_key` of a link written with it."""
    return _last_part(_fold(text))


def link_key(link: Link) -> str:
    """The key to store with a link, so that links to a file can be found by its `name_keys` and aliases."""
    return _last_part(_fold(_decoded(link.target)))


def resolve(link: Link, source: str, index: NameIndex) -> str | None:
    """Path of the file that `link`, standing in the note `source`, leads to; None if there is none.

    Obsidian's order: the exact path (for a Markdown link first as seen from the note's own folder), then files whose
    path ends so, those below the note's own folder before others, shorter paths before longer. Case, suffix, Unicode
    form and spacing do not matter. Unlike Obsidian it then tries aliases.
    """
    if not link.target:
        return source
    relative = link.kind in (LinkKind.MARKDOWN, LinkKind.IMAGE)
    for target in dict.fromkeys((link.target, _decoded(link.target))):
        if found := _file(target, source, relative, index):
            return found
    aliased = index.notes_aliased(alias_key(link.target))
    return min(aliased, key=lambda path: _distance(path, dirname(source)), default=None)


def anchor_line(anchor: str, headings: Sequence[Heading], anchors: Iterable[tuple[str, int]]) -> int | None:
    """The 1-based line of `^id`, `Heading` or `Heading#Subheading` in a note with these parts; None if it has none.

    Titles are compared without punctuation and case, then by the slugs GitHub makes of them.
    """
    if anchor.startswith("^"):
        wanted = anchor[1:].strip().casefold()
        return next((line for name, line in anchors if name.casefold() == wanted), None)
    whole = _title_key(anchor)
    for heading in headings:
        if _title_key(heading.text) == whole:
            return heading.line
    return _nested(anchor, headings) or _slugged(anchor, headings)


def _file(target: str, source: str, relative: bool, index: NameIndex) -> str | None:
    wanted = _fold(target)
    candidates = index.files_named(_last_part(wanted))
    if not candidates:
        return None
    here = _fold(dirname(source))
    exact = [_joined("", wanted), _joined(here, wanted)]
    if wanted.startswith("/"):
        exact = exact[:1]
    elif relative or wanted.startswith(("./", "../")):
        exact.reverse()
    for place in exact:
        if place and (found := _best(_at(place, candidates), target, source)):
            return found
    # A site may shift the root, so where such a path leads nowhere its end still says what is meant.
    tail = _CLIMB.sub("", wanted)
    return _best([path for path in candidates if _ends_with(path, tail)], target, source)


def _at(place: str, candidates: Sequence[str]) -> list[str]:
    return [path for path in candidates if place in _spellings(path)]


def _ends_with(path: str, tail: str) -> bool:
    return any(spelling == tail or spelling.endswith(f"/{tail}") for spelling in _spellings(path))


def _spellings(path: str) -> tuple[str, ...]:
    folded = _fold(path)
    return folded, _without_suffix(folded)


def _best(paths: Sequence[str], target: str, source: str) -> str | None:
    """The nearest of several files; between equally near ones the one spelled as written."""
    home = dirname(source)

    def order(path: str) -> tuple[bool, int, bool, int, str]:
        suffix = next((i for i, suffix in enumerate(_NOTE_SUFFIXES) if path.lower().endswith(suffix)), 0)
        return *_distance(path, home)[:2], target.strip("/") not in path, suffix, path

    return min(paths, key=order, default=None)


def _distance(path: str, home: str) -> tuple[bool, int, str]:
    """Below the note's own folder first, then by length."""
    return not path.startswith(f"{home}/" if home else ""), len(path), path


def _joined(folder: str, target: str) -> str | None:
    """The path meant, without `.` and `..`; None if it leaves the folder of notes."""
    path = normpath(f"{folder}/{target}").lstrip("/") if folder else normpath(target.lstrip("/"))
    return None if path.startswith("..") else path


def _nested(anchor: str, headings: Sequence[Heading]) -> int | None:
    """`A#B`: the heading B inside the section A."""
    parts = [_title_key(part) for part in anchor.split("#")]
    parts = [part for part in parts if part]
    level, depth = 0, 0
    for heading in headings if len(parts) > 1 else ():
        if heading.level <= level:
            level, depth = 0, 0
        if _title_key(heading.text) == parts[depth]:
            level, depth = (level or heading.level), depth + 1
            if depth == len(parts):
                return heading.line
    return None


def _slugged(anchor: str, headings: Sequence[Heading]) -> int | None:
    """`some-heading`, or `some-heading-1` for the second of that title."""
    seen: dict[str, int] = {}
    wanted = _slug(anchor)
    for heading in headings:
        slug = _slug(heading.text)
        times = seen.get(slug, 0)
        seen[slug] = times + 1
        if wanted and wanted == (f"{slug}-{times}" if times else slug):
            return heading.line
    return None


def _slug(title: str) -> str:
    return _NOT_IN_SLUGS.sub("", _fold(title)).replace(" ", "-")


def _title_key(title: str) -> str:
    return _NOT_IN_TITLES.sub(" ", _fold(title)).strip()


def _fold(text: str) -> str:
    """One spelling for all that people and disks make of a name: case, Unicode form, slashes and spaces."""
    text = unicodedata.normalize("NFC", unicodedata.normalize("NFC", text).casefold())
    if not text.isascii():
        text = text.translate(_VARIATION)
    return " ".join(text.replace("\\", "/").split())


def _decoded(target: str) -> str:
    return unquote(target) if "%" in target else target


def _last_part(folded: str) -> str:
    return folded.rstrip("/").rpartition("/")[2]


def _without_suffix(folded: str) -> str:
    for suffix in _NOTE_SUFFIXES:
        if folded.endswith(suffix) and not folded.endswith(f"/{suffix}") and folded != suffix:
            return folded[: -len(suffix)]
    return folded
