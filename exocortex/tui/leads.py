"""Leads: where a link in a note leads, and which links are followed at all: to notes, and to the web if one insists.

Nothing is opened here, or anywhere: an address of the web can be copied, any other one is only told.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from posixpath import dirname, normpath
from typing import TYPE_CHECKING, TypeAlias
from urllib.parse import unquote, urlsplit

from exocortex.parsing.inline import split_address
from exocortex.tui.markdown import NOTE_SCHEME

if TYPE_CHECKING:
    from exocortex.core.results import NoteLinks, ResolvedLink

_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:")


@dataclass(frozen=True, slots=True)
class ToNote:
    """A place within the notes, as written."""

    target: str
    """Empty for the note itself."""
    anchor: str | None


@dataclass(frozen=True, slots=True)
class ToWeb:
    """An address of the web."""

    url: str

    @property
    def host(self) -> str:
        """The machine it names, whatever stands before an `@`."""
        try:
            return urlsplit(self.url).hostname or ""
        except ValueError:
            return ""


@dataclass(frozen=True, slots=True)
class Nowhere:
    """A link that isn't followed, and why."""

    told: str


Lead: TypeAlias = ToNote | ToWeb | Nowhere


def lead(href: str) -> Lead:
    """Where an address leads, by its form alone."""
    plain = unquote(href).strip()
    if href.startswith(NOTE_SCHEME):
        name, _, heading = href.removeprefix(NOTE_SCHEME).partition("#")
        return ToNote(unquote(name), unquote(heading) or None)
    if re.match(r"https?://", href, re.IGNORECASE):
        return ToWeb(href)
    if plain.startswith(("\\", "//")):
        return Nowhere(f"A link to another machine isn't followed: {plain}")
    if scheme := _SCHEME.match(plain):
        return Nowhere(f"Links of the kind {scheme[0]} aren't followed: {plain}")
    target, anchor = split_address(href)
    if not target and not anchor:
        return Nowhere(f"This link leads nowhere: {plain}")
    return ToNote(target, anchor)


def resolved(found: ToNote, links: NoteLinks) -> ResolvedLink | Nowhere:
    """What the index knows of this link of the note."""
    for one in (*links.out, *links.unresolved):
        if _same(one.link.target, found.target) and _same(one.link.anchor or "", found.anchor or ""):
            return one if one.path is not None else Nowhere(_missing(found, links))
    return Nowhere(_missing(found, links))


def _missing(found: ToNote, links: NoteLinks) -> str:
    if found.target.startswith("/") or normpath(f"{dirname(links.note.path)}/{found.target}").startswith(".."):
        return f"This link leads out of your notes: {found.target}"
    return f"Nothing in this folder of notes is called so: {found.target}"


def _same(one: str, other: str) -> bool:
    return unicodedata.normalize("NFC", one) == unicodedata.normalize("NFC", other)


def unique(links: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
    """(words, address) in order, each address with the first words that lead to it."""
    first: dict[str, str] = {}
    for words, href in links:
        first.setdefault(href, words)
    return [(words, href) for href, words in first.items()]
