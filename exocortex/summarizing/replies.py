"""Replies: a language model's points as they come back, and what of them can be used. Trusts nothing in them."""

from __future__ import annotations

import re
from dataclasses import dataclass

_NUMBERS = r"\d{1,6}(?:\s?[,;]\s?\d{1,6}){0,30}"
_MARK = re.compile(rf"\s?\[\s?({_NUMBERS})\s?\]")
_BULLET = re.compile(r"\s{0,20}(?:[-*+•–]|\d{1,3}[.)])\s{1,8}")
_FEWEST_LETTERS, _LONGEST = 3, 800
"""What a point has at least, and how many characters at most."""
_MOST_LINES = 1_000


@dataclass(frozen=True, slots=True)
class Claim:
    """A point a model made, with the numbers of what it cites."""

    text: str
    numbers: tuple[int, ...]
    """Each once, in order of appearance, all of them of what it was shown."""


@dataclass(frozen=True, slots=True)
class Reply:
    """What can be used of a reply."""

    claims: tuple[Claim, ...]
    dropped: int
    """Citations of numbers it was not shown."""


def read_reply(text: str, shown: int, most: int) -> Reply:
    """At most so many points of a reply to `shown` numbered passages; those that cite none of them are left out."""
    claims: dict[str, Claim] = {}
    dropped = 0
    for line in text.split("\n")[:_MOST_LINES]:
        numbers = [int(number) for mark in _MARK.findall(line) for number in re.findall(r"\d+", mark)]
        known = dict.fromkeys(number for number in numbers if 1 <= number <= shown)
        dropped += sum(not 1 <= number <= shown for number in numbers)
        said = _said(line)
        if known and _is_point(said) and len(claims) < most:
            claims.setdefault(said.casefold(), Claim(said, tuple(known)))
    return Reply(tuple(claims.values()), dropped)


def _is_point(said: str) -> bool:
    return len(said) <= _LONGEST and sum(map(str.isalpha, said)) >= _FEWEST_LETTERS


def _said(line: str) -> str:
    """The line without its bullet and its citations."""
    bullet = _BULLET.match(line)
    said = " ".join(_MARK.sub("", line[bullet.end() if bullet else 0 :]).split())
    return said.replace(" .", ".") if said.endswith(" .") else said
