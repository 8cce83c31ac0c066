"""Markdown: how notes are parsed to be read: wikilinks are links, HTML is text, and no token holds what isn't seen."""

from __future__ import annotations

import re
from functools import cache
from urllib.parse import quote

from markdown_it import MarkdownIt
from markdown_it.rules_core import StateCore
from markdown_it.rules_inline import StateInline
from markdown_it.token import Token

from exocortex.core.terminal import visible
from exocortex.parsing.inline import split_wikilink

NOTE_SCHEME = "note:"
"""What the address of a wikilink begins with, once it is a link like any other."""

_WIKI = re.compile(r"!?\[\[([^\[\]\r\n]+)\]\]")
_FRONT = re.compile(r"---[ \t]*(\r\n|\r|\n)(.*?(?:\r\n|\r|\n))??(?:---|\.\.\.)[ \t]*(?=\r|\n|$)", re.DOTALL)
_FENCE = "~~~~~~"


@cache
def parser() -> MarkdownIt:
    """What is written, as GitHub reads it, and links as Obsidian does."""
    made = MarkdownIt("gfm-like", {"html": False, "linkify": True})
    if made.linkify is not None:
        # `note.md` and `x.sh` end in what are also countries.
        made.linkify.set({"fuzzy_link": False, "fuzzy_email": False})
    made.inline.ruler.before("link", "wikilink", _wikilink)
    made.core.ruler.push("readable", _make_readable)
    return made


def with_front_fenced(text: str) -> str:
    """The note with its frontmatter as a block of code, on the same lines."""
    found = _FRONT.match(text)
    if found is None:
        return text
    fields = found[2] or ""
    return f"{_FENCE}yaml{found[1]}{fields}{_FENCE}{text[found.end() :]}"


def links(text: str) -> list[tuple[str, str]]:
    """(words, address) of each link, in order."""
    found: list[tuple[str, str]] = []
    for block in parser().parse(text):
        open_links: list[tuple[str, list[str]]] = []
        for token in block.children or ():
            if token.type == "link_open":
                open_links.append((str(token.attrs.get("href", "")), []))
            elif token.type == "link_close" and open_links:
                href, words = open_links.pop()
                found.append(("".join(words), href))
            elif open_links:
                open_links[-1][1].append(token.content)
    return found


def _wikilink(state: StateInline, silent: bool) -> bool:
    """`[[target#heading|words]]`, and `![[…]]`, which is not embedded but led to."""
    found = _WIKI.match(state.src, state.pos)
    if found is None:
        return False
    target, anchor, alias = split_wikilink(found[1])
    if not target and not anchor:
        return False
    if not silent:
        opened = state.push("link_open", "a", 1)
        opened.attrs = {"href": NOTE_SCHEME + quote(target) + (f"#{quote(anchor)}" if anchor else "")}
        shown = " > ".join(part for part in (target, *(anchor or "").split("#")) if part)
        state.push("text", "", 0).content = alias or shown
        state.push("link_close", "a", -1)
    state.pos = found.end()
    return True


def _make_readable(state: StateCore) -> None:
    """After parsing, for Markdown itself makes characters out of `&#x202e;`; pictures become links to them."""
    for token in state.tokens:
        _show(token)
        if token.children:
            token.children = [one for child in token.children for one in _without_picture(child)]
            for child in token.children:
                _show(child)


def _without_picture(token: Token) -> list[Token]:
    if token.type != "image":
        return [token]
    source = str(token.attrs.get("src", ""))
    words = Token("text", "", 0, content=f"▣ {token.content or source.rpartition('/')[2]}")
    return [Token("link_open", "a", 1, attrs={"href": source}), words, Token("link_close", "a", -1)]


def _show(token: Token) -> None:
    token.content = visible(token.content)
    if token.info:
        token.info = visible(token.info, keep_newlines=False)
    for name, value in token.attrs.items():
        if isinstance(value, str):
            token.attrs[name] = visible(value, keep_newlines=False)
