"""Parsing: a file's bytes into a ParsedNote: decoding, frontmatter, Markdown, plain text. Knows nothing about folders."""

from __future__ import annotations

import unicodedata

from exocortex.core.notes import ParsedNote
from exocortex.parsing.decoding import Unreadable, decode

__all__ = ["MAX_BYTES", "SUFFIXES", "Unreadable", "parse"]

SUFFIXES = (".md", ".markdown", ".txt")
"""Endings, in lower case, of the files that `parse` takes."""
MAX_BYTES = 32 * 1024 * 1024
"""Larger files are refused: nobody wrote them by hand, and they would crowd out the notes."""


def parse(data: bytes, name: str) -> ParsedNote:
    """Parse one file; `name` is its file name, or a path ending in it. Raises Unreadable, whose message is the reason."""
    if len(data) > MAX_BYTES:
        raise Unreadable(f"larger than {MAX_BYTES >> 20} MB", "Split it, or leave it out with .exoignore.")
    decoded = decode(data)
    stem, suffix = _split(name)
    if suffix == ".txt":
        from exocortex.parsing.plaintext import parse_plaintext

        note = parse_plaintext(decoded.text, stem)
    else:
        from exocortex.parsing.markdown import parse_markdown

        note = parse_markdown(decoded.text, stem)
    if decoded.warning is None:
        return note
    from dataclasses import replace

    return replace(note, warnings=(decoded.warning, *note.warnings))


def _split(name: str) -> tuple[str, str]:
    """Stem and lower-case suffix; only a suffix that has a parser counts, so `v1.2` stays whole."""
    name = name.rpartition("/")[2].encode("utf-8", errors="replace").decode("utf-8")
    name = unicodedata.normalize("NFC", name)
    suffix = next((suffix for suffix in SUFFIXES if name.lower().endswith(suffix) and len(name) > len(suffix)), "")
    return name[: len(name) - len(suffix)], suffix
