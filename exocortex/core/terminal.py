"""Text made safe for a terminal: what could move the cursor, hide or reorder is shown as an escape.

Knows nothing of colours, widgets or links: a face sanitizes what comes from notes, then adds its own styling.
"""

from __future__ import annotations

import re

_BREAK = re.compile("\r\n?")

_NEVER = (
    "\x00-\x08\x0b-\x1f\x7f-\x9f"  # C0 but tab and newline, DEL, C1: every control sequence begins here
    "\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069"  # bidirectional controls: they make text read as what it is not
    "\u180e\u200b\u2060-\u2065\u206a-\u206f\ufeff"  # without width: two names that differ look the same
    "\u2028\u2029\ufff9-\ufffb"  # separators and annotations that terminals break lines at, or swallow
    "\ud800-\udfff"  # lone surrogates cannot be encoded: writing one raises
    "\U000e0000-\U000e00ff\U000e01f0-\U000e0fff"  # tag characters carry unseen text
)
_JOINERS = "\u200c\u200d"
_SELECTORS = "\U000e0100-\U000e01ef"
_IDEOGRAPHS = "\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
_UNSAFE = re.compile(
    f"[{_NEVER}]"
    # Persian, Indic scripts and emoji need the two joiners; nothing that ends in ASCII or in a space does.
    f"|(?<![^\x00-\xa0\u1680\u2000-\u206f\u3000{_NEVER}{_SELECTORS}])[{_JOINERS}]"
    # Ideographs choose a glyph by a selector of this block; elsewhere it hides bytes.
    f"|(?<![{_IDEOGRAPHS}])[{_SELECTORS}]"
)
_UNSAFE_IN_LINE = re.compile(f"[\t\n]|{_UNSAFE.pattern}")
# Ten times as fast as the rules above, and most text has none of these.
_SUSPECT = re.compile(f"[{_NEVER}{_JOINERS}{_SELECTORS}]")
_SUSPECT_IN_LINE = re.compile(f"[\t\n{_NEVER}{_JOINERS}{_SELECTORS}]")


def visible(text: str, *, keep_newlines: bool = True) -> str:
    """Return `text` with every control and unseen character written out: `\\x1b`, `\\u202e`, `\\U000e0041`.

    Clean text comes back as it is. `\\r\\n` and `\\r` become `\\n`; tabs and newlines stay, or with
    `keep_newlines=False` (names, titles, one-line output) are written out too. Lengths change: to highlight ranges, cut
    the text first and sanitize the pieces.
    """
    suspect = _SUSPECT if keep_newlines else _SUSPECT_IN_LINE
    if suspect.search(text) is None:
        return text
    if keep_newlines:
        return _UNSAFE.sub(_written_out, _BREAK.sub("\n", text))
    return _UNSAFE_IN_LINE.sub(_written_out, text)


def masked(text: str) -> str:
    """One line with `�` in the place of whatever `visible` writes out, tabs left: every character keeps its place."""
    return text if _SUSPECT.search(text) is None else _UNSAFE.sub("\ufffd", text)


def blanked(text: str) -> str:
    """One line of text with a space for each such character; lengths stay."""
    return text if _SUSPECT_IN_LINE.search(text) is None else _UNSAFE_IN_LINE.sub(" ", text)


_SHORT = {"\n": "\\n", "\r": "\\r", "\t": "\\t"}


def _written_out(match: re.Match[str]) -> str:
    character = match.group()
    code = ord(character)
    if code < 0x100:
        return _SHORT.get(character) or f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"
