"""Parsing: a file's bytes into a ParsedNote, by way of text, frontmatter and blocks. Knows nothing about folders."""

from __future__ import annotations

import unicodedata
from dataclasses import replace

from exocortex.core.notes import ParsedNote
from exocortex.parsing import decoding
from exocortex.parsing.decoding import Unreadable

__all__ = ["SUFFIXES", "Unreadable", "decode", "parse"]

SUFFIXES = (".md", ".markdown", ".txt")
"""Endings, in lower case, of the files that `parse` takes."""


def parse(data: bytes, name: str) -> ParsedNote:
    """Parse one file; `name` is its file name, or a path ending in it.

    Its suffix chooses the format; what is not `.txt` is Markdown. Raises Unreadable, whose message is a short reason.
    """
    decoded = decoding.decode(data)
    stem, suffix = _split(name)
    if suffix == ".txt":
        from exocortex.parsing.plaintext import parse_plaintext

        note = parse_plaintext(decoded.text, stem)
    else:
        from exocortex.parsing.markdown import parse_markdown

        note = parse_markdown(decoded.text, stem)
    if decoded.warning is None:
        return note
    return replace(note, warnings=(decoded.warning, *note.warnings))


def decode(data: bytes) -> str:
    """The text that `parse` makes of the same bytes. Raises Unreadable."""
    return decoding.decode(data).text


def _split(name: str) -> tuple[str, str]:
    """Stem and lower-case suffix; only a suffix that has a parser counts, so `v1.2` stays whole."""
    name = name.rpartition("/")[2].encode("utf-8", errors="replace").decode("utf-8")
    name = unicodedata.normalize("NFC", name)
    suffix = next((suffix for suffix in SUFFIXES if name.lower().endswith(suffix) and len(name) > len(suffix)), "")
    return name[: len(name) - len(suffix)], suffix
