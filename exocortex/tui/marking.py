"""Marking: each sentence of a reply is found in its Markdown, and how well it is borne out is set after it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

from exocortex.core.answers import Sentence, Support

MARKS = {Support.SUPPORTED: "✓", Support.WEAK: "≈", Support.UNSUPPORTED: "✗"}

_MARK = r"[\[【][\d\s,;&–-]{1,200}[\]】](?!\()"
_CITED = rf"(?:[ \t]{{0,3}}{_MARK})"
_GAP = rf"(?:{_MARK}|[\s>])+"
_END = re.compile(rf"[.!?…。！？\"'”’)*_]*{_CITED}*")
_STOPPED = re.compile(r"[.!?…。！？]?[\"'”’)*_]{0,4}$")
_MOST_WORDS = 200
"""Of a sentence; a longer one is not looked for."""


def marked(written: str, sentences: Sequence[Sentence], secret: str) -> tuple[str, Mapping[str, Support]]:
    """The reply with a linked mark after each sentence that was found, and what the addresses of those links mean.

    `secret` is part of the addresses: a model that doesn't know it can't make marks of its own.
    """
    addresses = {support: f"mark:{secret}-{support.value}" for support in Support}
    pieces: list[str] = []
    at = 0
    for end, sentence in _places(written, sentences):
        pieces += [written[at:end], f" [{MARKS[sentence.support]}]({addresses[sentence.support]})"]
        at = end
    return "".join([*pieces, written[at:]]), {address: support for support, address in addresses.items()}


def _places(written: str, sentences: Sequence[Sentence]) -> Iterator[tuple[int, Sentence]]:
    """Where sentences end, in order; code has no room for marks, and what isn't found as it was read has none."""
    at = 0
    for sentence in sentences:
        found = None if sentence.text.startswith(("```", "~~~")) else _find(written, sentence.text, at)
        if found is not None:
            at = found
            yield found, sentence


def _find(written: str, sentence: str, at: int) -> int | None:
    """Citations may stand anywhere between its words, and before its full stop."""
    words = sentence.split()
    if not words or len(words) > _MOST_WORDS:
        return None
    stop = _STOPPED.search(words[-1])
    cut = stop.start() if stop else len(words[-1])
    last = re.escape(words[-1][:cut]) + f"{_CITED}*" + re.escape(words[-1][cut:])
    found = re.compile(_GAP.join([*map(re.escape, words[:-1]), last])).search(written, at)
    if found is None:
        return None
    ended = _END.match(written, found.end())
    return ended.end() if ended else found.end()
