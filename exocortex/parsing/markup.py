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
    r"|(?P<ticks>`+)(?P<code>[^`].*?)(?<!`)(?P=ticks)(?!`)"
    r"|!?\[\[(?P<wiki>[^\[\]]+)\]\]"
    r"|!?\[(?P<label>[^\[\]]*)\](?:\([^()]*(?:\([^()]*\)[^()]*)?\)|\[[^\[\]]*\])"
    r"|(?P<tag></?[A-Za-z][^<>]*>)"
    r"|(?P<run>\*{1,3}|~~|==|(?<!\w)_{1,3})(?=\S)(?P<stressed>.+?)(?<=[^\s\\])(?P=run)(?![*~=\w]|(?<=_)_)",
    re.DOTALL,
)


def plain(markdown: str) -> str:
    """One line of plain text, at most MAX_TITLE characters, NFC; a link is shown by its words, a block id is dropped."""
    text = " ".join(markdown[: 2 * MAX_TITLE].split())
    if _ANY.search(text):
        text = html.unescape(_strip(_BLOCK_ID.sub("", text), depth=3))
    return unicodedata.normalize("NFC", " ".join(text.split())[:MAX_TITLE].strip())


def _strip(text: str, depth: int) -> str:
    def shown(match: re.Match[str]) -> str:
        if match["escaped"] or match["code"]:
            return match["escaped"] or match["code"].strip()
        if match["wiki"]:
            target, _, alias = match["wiki"].partition("|")
            return alias or target.rstrip("\\")
        inner = match["label"] or match["stressed"] or ""
        return _strip(inner, depth - 1) if depth else inner

    return _CONSTRUCT.sub(shown, text)
