"""What a question asks for: its terms, the names in it, and the kind of answer it wants."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from itertools import pairwise

from exocortex.core import words
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

    @property
    def group(self) -> str:
        """`figure`, `money`, `code`, `name` or `reason`: what the answer must hold; empty for anything."""
        return _GROUPS.get(self, "")


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


_GROUPS = {
    Wants.TIME: "figure",
    Wants.MONEY: "money",
    Wants.NUMBER: "figure",
    Wants.ADDRESS: "code",
    Wants.PERSON: "name",
    Wants.PLACE: "name",
    Wants.NAME: "name",
    Wants.REASON: "reason",
}


def _any(alternatives: str) -> str:
    """A pattern of whole words: any of these, each a pattern without spaces."""
    return rf"\b(?:{'|'.join(alternatives.split())})\b"


_LONGEST_QUESTION = 2_000
_MARKUP = re.compile(r"!?\[\[(?:[^\[\]|]{0,200}\|)?([^\[\]|]{0,200})\]\]|!?\[([^\[\]]{0,200})\]\([^()\s]{0,500}\)")
_STOP_WORDS = """
a about after again all also am an and any are as at be been before being between both but by can could did do does
doing down during each few for from further had has have having he her here hers him his how i if in into is it its
itself just many me more most much my no nor not of off on once only or other our out over own s same she should so
some such t than that the their them then there these they this those through to too under until up very was we were
what when where which while who whom whose why will with would you your yours ve ll re d m
"""
_STOP = frozenset(_STOP_WORDS.split())

_COST = _any("costs? pay paid owe spend spent earn charge rent money")
_PRICE = _any("prices? costs? rent salary fee deposit budget wage")
_CODE = _any("passwords? pin e-?mail url website ip code command")
_DATE = _any("years? dates? days? months? time century decade weekday")
_SIZE = _any(
    "number percent percentage proportion population size amount rate ratio temperature distance age height weight"
    " length score share speed version dose pressure"
)
_VERB = _any("is are was were do does did has have had can could should must will would may might to")
_SPOT = _any("city cities country countries state place region continent town street room restaurant hotel address")
_WANTS = tuple(
    (wants, re.compile(pattern))
    for wants, pattern in (
        (Wants.MONEY, rf"how much [^?!.]{{0,60}}{_COST}|how expensive|what (?:\w+ ){{0,4}}{_PRICE}"),
        (Wants.ADDRESS, rf"{_any('phone telephone serial account policy licen[cs]e flight customer')} number|{_CODE}"),
        (
            Wants.TIME,
            rf"^(?:\w+ ){{0,3}}when\b|(?:what|which) (?:\w+ ){{0,2}}{_DATE}|how long ago|(?:since|until) when",
        ),
        (Wants.TIME, _any("birthday deadline due")),
        (Wants.NUMBER, rf"how (?!{_VERB})\w+ {_VERB}|how (?:many|much|old|far|long|often)\b"),
        (Wants.NUMBER, rf"(?:what|which) (?:\w+ ){{0,3}}{_SIZE}"),
        (Wants.PERSON, r"\bwho(?:m|se)?\b"),
        (Wants.PLACE, rf"\bwhere\b|(?:what|which) (?:\w+ ){{0,2}}{_SPOT}"),
        (Wants.REASON, r"\bwhy\b|what (?:\w+ ){0,3}(?:reason|cause)|how come"),
        (Wants.NAME, rf"\bwhich\b|(?:what|which) (?:\w+ ){{0,4}}{_any('name called named title brand company')}"),
    )
)
_MONTHS = (
    "jan(?:uary)? feb(?:ruary)? mar(?:ch)? apr(?:il)? may june? july? aug(?:ust)? sept?(?:ember)? oct(?:ober)?"
    " nov(?:ember)? dec(?:ember)?"
)
_MOMENTS = (
    "(?:mon|tues?|wednes|thurs?|fri|satur|sun)days? century yesterday today tomorrow tonight noon midnight morning"
    " evening afternoon weekend spring summer autumn winter easter christmas ago later years? weeks? months? days?"
)
_COUNTS = (
    "one two three four five six seven eight nine ten eleven twelve dozens? hundreds? thousands? millions? billions?"
    " half third quarter twice once zero none few several both daily weekly monthly every percent"
)
_REASONS = "because since due therefore owing cause[sd]? causing reasons? why result avoid led leads order so"
_CLOCK = r"\b(?:1[0-9]|20)\d\d\b|\b\d{1,2}[:.h]\d\d\b|\b\d{1,2}(?:st|nd|rd|th)\b|\b\d{1,2}\s?[ap]\.?m\b"
_AMOUNT = r"[$€£¥₹]|\b\d[\d.,]{0,20}\s?" + _any("eur usd gbp chf dollars? euros? pounds? cents? yen kr k m bucks")
_LOCATOR = r"`[^`]+`|https?://|www\.|\S@\S|\d[\d /().-]{4,40}\d|\b\d{3,}\b"
_CODE_WORD = r"\b(?!\d{1,2}(?:st|nd|rd|th)\b)[A-Za-z-]{0,40}\d[\w-]{3,}"
_NAME = re.compile(r"(?<![.!?:]\s)(?<!^)\b[A-ZÀ-ÞΑ-ΩА-Я][^\W\d_]+|[\"“«„][^\"”»“]+")
_FINDERS = {
    Wants.TIME: re.compile(rf"{_CLOCK}|{_any(_MONTHS)}|{_any(_MOMENTS)}", re.IGNORECASE),
    Wants.NUMBER: re.compile(rf"\d|{_any(_COUNTS)}", re.IGNORECASE),
    Wants.MONEY: re.compile(rf"{_AMOUNT}|{_any('free cheap expensive')}", re.IGNORECASE),
    Wants.ADDRESS: re.compile(f"{_LOCATOR}|{_CODE_WORD}"),
    Wants.REASON: re.compile(_any(_REASONS), re.IGNORECASE),
    Wants.PERSON: _NAME,
    Wants.NAME: _NAME,
    Wants.PLACE: _NAME,
}


def read_question(text: str) -> Question:
    """Take a question apart; any text is one, read up to its 2,000th character."""
    text = text[:_LONGEST_QUESTION].strip()
    listed = terms(text)
    pairs = tuple(dict.fromkeys(pairwise(listed)))
    lowered = text.lower()
    wants = next((wants for wants, pattern in _WANTS if pattern.search(lowered)), Wants.ANYTHING)
    return Question(text, tuple(dict.fromkeys(listed)), pairs, _names(text), wants)


def terms(text: str) -> list[str]:
    """Stems of the content words, in order, as the word index cuts them."""
    return [stem(word) for word in words.terms(text) if word not in _STOP]


def is_stop(word: str) -> bool:
    """Whether a lower-case word occurs in any text."""
    return word in _STOP


def plain(quote: str) -> str:
    """A quote as it reads when rendered: link targets left out."""
    return _MARKUP.sub(lambda match: match[1] or match[2] or "", quote)


def holds(question: Question, sentence: str) -> bool:
    """Whether a sentence holds something of the wanted kind that the question does not say itself."""
    finder = _FINDERS.get(question.wants)
    if finder is None:
        return False
    return any(not _said(match[0], question) for match in finder.finditer(sentence))


def _said(text: str, question: Question) -> bool:
    found = terms(text)
    return bool(found) and all(term in question.terms for term in found)


def _names(text: str) -> frozenset[str]:
    """Names and numbers of a question; none if it is written in capitals throughout."""
    tokens = [(text[token.start : token.end], token.text) for token in words.tokens(text)]
    kept = [(spelled, token) for spelled, token in tokens[1:] if token not in _STOP]
    if kept and all(spelled[:1].isupper() for spelled, _ in kept) and len(kept) > 2:
        return frozenset()
    return frozenset(stem(token) for spelled, token in kept if spelled[:1].isupper() or token[:1].isdigit())
