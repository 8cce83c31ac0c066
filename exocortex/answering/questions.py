"""What a question asks for: its terms, the names in it, and the kind of answer it wants."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from exocortex.core.stemming import stem


class Wants(StrEnum):
    """The kind of answer a question's wording asks for."""

    PERSON = "person"
    TIME = "time"
    MONEY = "money"
    NUMBER = "number"
    PLACE = "place"
    NAME = "name"
    ADDRESS = "address"
    """A phone number, mail or web address, password or other code."""
    REASON = "reason"
    ANYTHING = "anything"


@dataclass(frozen=True, slots=True)
class Question:
    """A question taken apart."""

    text: str
    terms: tuple[str, ...]
    """Stems of its content words, each once, in order."""
    pairs: tuple[tuple[str, str], ...]
    """Neighbouring terms."""
    names: frozenset[str]
    """Terms that are names or numbers: capitalised within the question, or with a digit."""
    wants: Wants


_WORD = re.compile(r"[^\W_]+")
_CJK = re.compile(r"[\u2e80-\u9fff\uac00-\ud7af\uf900-\ufaff]+")
_MARKUP = re.compile(r"!?\[\[(?:[^\[\]|]{0,200}\|)?([^\[\]|]{0,200})\]\]|!?\[([^\[\]]{0,200})\]\([^()\s]{0,500}\)")
_STOP = frozenset(
    """a about after again all also am an and any are as at be been before being between both but by can could did do
    does doing down during each few for from further had has have having he her here hers him his how i if in into is it
    its itself just me more most my no nor not of off on once only or other our out over own s same she should so some
    such t than that the their them then there these they this those through to too under until up very was we were what
    when where which while who whom whose why will with would you your yours ve ll re d m""".split()
)
_WANTS: tuple[tuple[Wants, str], ...] = (
    (
        Wants.MONEY,
        r"how much (?:\w+ ){0,6}(?:cost|pay|paid|owe|spend|spent|earn|charge|rent|money)|how expensive"
        r"|what (?:\w+ ){0,4}(?:price|cost|rent|salary|fee|deposit|budget|wage)",
    ),
    (
        Wants.ADDRESS,
        r"(?:phone|telephone|serial|account|policy|licen[cs]e|flight|customer) number"
        r"|passwords?\b|\bpin\b|e-?mail|\burl\b|website|\bip\b|\bcode\b|command",
    ),
    (
        Wants.TIME,
        r"^(?:\w+ ){0,3}when\b|(?:what|which) (?:\w+ ){0,2}(?:years?|dates?|days?|months?|time|century|decade|weekday)"
        r"|how long ago|since when|until when|birthday|deadline|\bdue\b",
    ),
    (
        Wants.NUMBER,
        r"how (?:many|much|old|far|long|tall|high|big|large|often|fast|deep|heavy|hot|cold)"
        r"|(?:what|which) (?:\w+ ){0,3}(?:number|percent|percentage|proportion|population|size|amount|rate|ratio|temperature"
        r"|distance|age|height|weight|length|score|share|speed|ppm|version|dose)\b",
    ),
    (Wants.PERSON, r"\bwho(?:m|se)?\b"),
    (
        Wants.PLACE,
        r"\bwhere\b|(?:what|which) (?:\w+ ){0,2}(?:city|cities|country|countries|state|place|region|continent"
        r"|town|street|room|restaurant|hotel|address)\b",
    ),
    (Wants.REASON, r"\bwhy\b|what (?:\w+ ){0,3}(?:reason|cause)|how come"),
    (Wants.NAME, r"\bwhich\b|(?:what|which) (?:\w+ ){0,4}(?:name|called|named|title|brand|company)|\bname of\b"),
)
_MONTH = r"jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?"
_TIME = re.compile(
    rf"\b(?:1[0-9]|20)\d\d\b|\b\d{{1,2}}[:.h]\d\d\b|\b\d{{1,2}}(?:st|nd|rd|th)\b|\b(?:{_MONTH})\b"
    r"|\b(?:mon|tues?|wednes|thurs?|fri|satur|sun)day\b|\b(?:century|yesterday|today|tomorrow|tonight|noon|midnight|morning"
    r"|evening|afternoon|weekend|spring|summer|autumn|winter|easter|christmas|ago|later|years?|weeks?|months?|days?)\b|\b\d{1,2}\s?[ap]\.?m\b",
    re.IGNORECASE,
)
_NUMBER = re.compile(
    r"\d|\b(?:one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|dozens?|hundreds?|thousands?|millions?|billions?"
    r"|half|third|quarter|twice|once|zero|none|few|several|both|daily|weekly|monthly|every|percent)\b",
    re.IGNORECASE,
)
_MONEY = re.compile(
    r"[$€£¥₹]|\b\d[\d.,]*\s?(?:eur|usd|gbp|chf|dollars?|euros?|pounds?|cents?|k|m|bucks)\b|\b(?:free|cheap|expensive)\b",
    re.IGNORECASE,
)
_ADDRESS = re.compile(
    r"`[^`]+`|https?://|www\.|\S@\S|\b[\d][\d\s/().-]{4,}\d\b|\b(?=\w*\d)(?=\w*[A-Za-z])[\w-]{4,}\b|\b\d{3,}\b"
)
_REASON = re.compile(
    r"\b(?:because|since|due to|so that|in order|caus\w+|reasons?|therefore|as a result|owing|thanks to|to avoid|led to|leads to|why|for fear)\b",
    re.IGNORECASE,
)
_NAME = re.compile(r"(?<![.!?:]\s)(?<!^)\b[A-ZÀ-ÞΑ-ΩА-Я][^\W\d_]+|[\"“«„][^\"”»“]+")
_PLACE = re.compile(
    r"\b(?:in|at|on|near|from|to|of|into|under|behind|beside|above|inside|next to)\s+(?:the\s+|my\s+|a\s+)?(?:[A-ZÀ-Þ]\w+|\w+)"
)


def read_question(text: str) -> Question:
    """Take a question apart; any text is one."""
    words = [(match[0], match.start()) for match in _WORD.finditer(text)]
    kept = [(word, start) for word, start in words if word.lower() not in _STOP]
    listed = terms(text)
    first = words[0][1] if words else 0
    named = {stem(_folded(word)) for word, start in kept if word[0].isdigit() or (word[0].isupper() and start > first)}
    shouted = len(kept) > 1 and all(word[0].isupper() or word[0].isdigit() for word, _ in kept)
    pairs = tuple(dict.fromkeys(zip(listed, listed[1:], strict=False)))
    names = frozenset() if shouted else frozenset(named)
    return Question(text, tuple(dict.fromkeys(listed)), pairs, names, _wants(text))


def terms(text: str) -> list[str]:
    """Stems of the content words in order; runs of Chinese, Japanese or Korean as overlapping pairs of characters."""
    found: list[str] = []
    for match in _WORD.finditer(text):
        word = _folded(match[0])
        if _CJK.search(word):
            found += [word[i : i + 2] for i in range(max(1, len(word) - 1))]
        elif word not in _STOP:
            found.append(stem(word))
    return found


def plain(quote: str) -> str:
    """A quote as it reads when rendered: link targets left out."""
    return _MARKUP.sub(lambda match: match[1] or match[2] or "", quote)


def _folded(word: str) -> str:
    """Lower case without accents."""
    if word.isascii():
        return word.lower()
    parts = unicodedata.normalize("NFKD", word.casefold())
    return unicodedata.normalize("NFC", "".join(part for part in parts if not unicodedata.combining(part)))


def _wants(text: str) -> Wants:
    lowered = text.lower()
    return next((wants for wants, pattern in _WANTS if re.search(pattern, lowered)), Wants.ANYTHING)


def holds(wants: Wants, sentence: str, question: Question) -> bool | None:
    """Whether a sentence holds something of the wanted kind that the question did not say; None if any text would do."""
    find = _FINDERS.get(wants)
    if find is None:
        return None
    return any(not _said(match[0], question) for match in find.finditer(sentence))


def _said(text: str, question: Question) -> bool:
    found = terms(text)
    return bool(found) and all(term in question.terms for term in found)


_FINDERS: dict[Wants, re.Pattern[str]] = {
    Wants.TIME: _TIME,
    Wants.NUMBER: _NUMBER,
    Wants.MONEY: _MONEY,
    Wants.ADDRESS: _ADDRESS,
    Wants.REASON: _REASON,
    Wants.PERSON: _NAME,
    Wants.NAME: _NAME,
    Wants.PLACE: _NAME,
}
