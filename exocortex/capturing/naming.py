"""Naming: what the file of a captured text is called, so that any system takes the name and no two are the same."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from datetime import datetime

_WORDS_BYTES = 60
_TITLE_BYTES = 80
_NEVER_IN_NAMES = re.compile(r'[/\\:*?"<>|#^\[\]]')
_MOMENT = re.compile(r"^\d{4}-\d{2}-\d{2} \d{4} (?=\S)")
_RESERVED = re.compile(r"(?:con|prn|aux|nul|com\d|lpt\d)(?:\..*)?", re.IGNORECASE)
"""Names that Windows has for devices."""
_JOINERS = "\u200c\u200d"
"""Without width but part of words in Persian, Hindi and of most emoji."""


def paths_of(inbox: str, now: datetime, text: str, ulid: str, title: str = "") -> Iterator[str]:
    """Where the note may go: its own name, the same with a part of its ULID, with all of it.

    Its own name is its title, or else the time and the first words.
    """
    folder = "".join(f"{part}/" for part in inbox.split("/") if part not in ("", "."))
    stem = safe_title(title) or f"{now:%Y-%m-%d %H%M} {first_words(text)}".rstrip()
    for tail in ("", f" {ulid[-6:]}", f" {ulid}"):
        yield f"{folder}{stem}{tail}.md"


def without_moment(title: str) -> str:
    """A note's title as people call it, if that is the name its file was given here: without the moment."""
    return _MOMENT.sub("", title, count=1)


def safe_title(title: str) -> str:
    """What a file with this title may be called on any system, 80 bytes at most; empty if nothing of it can be kept."""
    name = _cut(_safe_words(title), _TITLE_BYTES)
    return f"{name} note" if _RESERVED.fullmatch(name) else name


def first_words(text: str) -> str:
    """What a file may be called after a text on any system: 60 bytes at most, cut between words where there are any."""
    return _cut(next((words for line in text.split("\n") if (words := _safe_words(line))), ""), _WORDS_BYTES)


def _cut(words: str, most: int) -> str:
    cut = words.encode()[:most].decode(errors="ignore")
    if cut != words and unicodedata.combining(words[len(cut)]):
        cut = cut[:-1]
    if cut != words and " " in cut and words[len(cut)] != " ":
        cut = cut.rpartition(" ")[0]
    return cut.strip(f" .-{_JOINERS}")


def _safe_words(line: str) -> str:
    kept = (
        " " if character.isspace() else character
        for character in _NEVER_IN_NAMES.sub(" ", unicodedata.normalize("NFC", line[:1000]))
        if character.isspace() or character in _JOINERS or not unicodedata.category(character).startswith("C")
    )
    return " ".join("".join(kept).split()).strip(f" .-{_JOINERS}")
