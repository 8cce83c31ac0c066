"""Markup: a line of Markdown as a person reads it, without emphasis, link targets and HTML."""

from __future__ import annotations

import html
import re
import unicodedata

MAX_TITLE = 300
"""Characters of a title or heading that are kept."""

_ANY = re.compile(r"[\\`*_\[<~=&^]")
_BLOCK_ID = re.compile(r"(?:^|[ \t])\^[A-Za-z0-9-]+[ \t]*$")
_CONSTRUCT = re.compile(
    r"\\(?P<escaped>[!-/:-@\[-`{-~])"
    r"|(?P<ticks>`+)(?!`)(?P<code>.+?)(?<!`)(?P=ticks)(?!`)"
    r"|!?\[\[(?P<wiki>[^\[\]]+)\]\]"
    r"|!?\[(?P<label>[^\[\]]*)\](?:\([^()]*(?:\([^()]*\)[^()]*)?\)|\[[^\[\]]*\])"
    r"|</?[A-Za-z][^<>]*>"
)
_STRESSED = re.compile(r"(?P<run>\*{1,3}|~~|==)(?=\S)(?P<words>[^*~=]+)(?<=\S)(?P=run)")
_UNDERLINED = re.compile(r"(?<!\w)(?P<run>_{1,3})(?=\S)(?P<words>[^_]+)(?<=\S)(?P=run)(?!\w)")
_NESTING = 3
_MARKS = "*_~=&[]<`\\"
_HIDE = {ord(mark): 0xF0000 + place for place, mark in enumerate(_MARKS)}
_SHOW = {hidden: mark for mark, hidden in _HIDE.items()}


def plain(markdown: str) -> str:
    """One line of plain text, at most MAX_TITLE characters, NFC; a link shows its words, a block id is dropped."""
    text = " ".join(markdown[: 2 * MAX_TITLE].split())
    if _ANY.search(text):
        text = _BLOCK_ID.sub("", text)
        for _ in range(_NESTING):
            text = _CONSTRUCT.sub(_shown, text)
            text = _UNDERLINED.sub(r"\g<words>", _STRESSED.sub(r"\g<words>", text))
        text = html.unescape(text).translate(_SHOW)
    return unicodedata.normalize("NFC", " ".join(text.split())[:MAX_TITLE].strip())


def _shown(match: re.Match[str]) -> str:
    """What a construct shows; marks that mean themselves are hidden from the next passes."""
    if literal := match["escaped"] or match["code"]:
        return literal.strip().translate(_HIDE)
    if match["wiki"]:
        target, _, alias = match["wiki"].partition("|")
        return alias or target.rstrip("\\")
    return match["label"] or ""
