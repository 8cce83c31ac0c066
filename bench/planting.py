"""Sentences with their evidence for bench.verify, some true and some made false. Knows nothing of what verifies them.

A statement is a sentence of a paragraph with the sentences around it as the cited lines, for a third of them together
with lines from elsewhere. A falsehood changes one thing in it: a number, a name, a date, a negation, or adds a clause
of an unrelated paragraph. Everything is drawn with a seed: the same file gives the same cases.
"""

from __future__ import annotations

import json
import random
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from bench.rewording import RULES, Rule, lowered
from exocortex.answering.sentences import Kind, spans

VERBATIM = "verbatim"


@dataclass(frozen=True, slots=True)
class Statement:
    """A true sentence."""

    text: str
    window: str
    """The sentences around it, itself among them."""
    article: int


@dataclass(frozen=True, slots=True)
class Case:
    """A sentence to verify."""

    kind: str
    """`number`, `name`, `date`, `negation` or `clause` for a falsehood; `verbatim` or a rule's name for a true one."""
    true: bool
    sentence: str
    cited: tuple[str, ...]
    original: str


@dataclass(frozen=True, slots=True)
class Source:
    """What falsehoods are made of: the names and clauses of the whole file."""

    names: tuple[str, ...]
    clauses: tuple[tuple[int, str, str], ...]
    """Article, the word that joins it (`and`, `because`, `which`), the clause."""


Change = Callable[[Statement, random.Random, Source], str | None]
"""Makes a sentence of a statement, or None where it doesn't fit."""

_AROUND = 4
_LONGEST_WINDOW = 1_200
_SHORTEST, _LONGEST, _FEWEST_WORDS = 40, 300, 7

_MONTH = (
    "January|February|March|April|May|June|July|August|September|October|November|December"
    "|Jan|Feb|Mar|Apr|Jun|Jul|Aug|Sept|Sep|Oct|Nov|Dec"
)
_MONTHS = _MONTH.split("|")
_WEEKDAYS = "Monday Tuesday Wednesday Thursday Friday Saturday Sunday".split()
_MONTH_NAME = rf"\b(?:{_MONTH})\b\.?"
_DATE = re.compile(
    rf"{_MONTH_NAME} \d{{1,2}}(?:st|nd|rd|th)?(?:,? \d{{4}})?(?![\d%])"
    rf"|\b\d{{1,2}}(?:st|nd|rd|th)? {_MONTH_NAME}(?: \d{{4}})?"
    rf"|{_MONTH_NAME},? \d{{4}}\b|(?:(?<=in )|(?<=since )|(?<=until )|(?<=early )|(?<=late )){_MONTH_NAME}"
    rf"|\b(?:{'|'.join(_WEEKDAYS)})\b|\b\d{{4}}-\d\d(?:-\d\d)?\b|\b\d{{1,2}}/\d{{1,2}}/\d{{4}}\b"
    r"|(?:(?<=in )|(?<=since )|(?<=of )|(?<=until )|(?<=from )|(?<=by )|(?<=and )|(?<=\())"
    r"(?:1[0-9]|20)\d\d\b(?![-/.,]\d)"
)
_NUMBER = re.compile(r"(?<![\w.,/:-])(?:\d{1,3}(?:,\d{3})+|\d{1,7})(?:\.\d{1,4})?(?![\w/:–-]|[.,]\d)")
_SPELLED = "two three four five six seven eight nine ten eleven twelve fifteen twenty thirty forty fifty".split()
_SPELLED_NUMBER = re.compile(rf"\b(?:{'|'.join(_SPELLED)})\b(?!-)")
_NAME = re.compile(r"(?<=[a-z,;] )(?:[A-Z][a-z]{2,}(?:[ -][A-Z][a-z]{2,}){0,2}|[A-Z]{2,6})\b(?!['’]?[a-zA-Z-])")
_NO_NAMES = frozenset(
    "The This That These Those And But For With From You Your Our They Their She His Her Its Not When What While Then"
    " There Here Also One OK AM PM US TV USA Yes Mr Mrs Dr".split()
)
_AUXILIARY = re.compile(
    r"\b(?P<aux>is|are|was|were|can|could|will|would|should|must|may|might|does|did)\b"
    r"(?= (?!not\b|never\b|no\b|n[o'])[a-z])"
)
_CONTRACTED = frozenset("is are was were could would should does did".split())
_ARTICLE = re.compile(r"\b(?P<verb>is|are|was|were|has|have|had) (?:an?|any|some|many|several) (?=[a-z])")
_NEGATED = re.compile(
    r"\b(?P<aux>is|are|was|were|can|could|will|would|should|must|may|might|do|does|did|has|have|had) not "
)
_SHORT = re.compile(r"\b(?P<aux>is|are|was|were|could|would|should|do|does|did|has|have|had)n['’]t ")
_NEVER = re.compile(r"\bnever ")
_NO = re.compile(r"\b(?P<verb>is|are|was|were|has|have|had|with) no (?=[a-z])")
_SWAPPED = {"always": "never", "with": "without", "without": "with", "cannot": "can", "all": "none of"}
_SWAP = re.compile(
    r"\b(?:always|without|cannot|with (?=a |the |any |your |our |their )|all (?=the |our |your |of the ))"
)
_SHORT_CLAUSE = re.compile(
    r"(?!And|But|So|Or|If|When|While|Because|However|Although|Also)[A-Z][^,;:.?!()\"“]{24,90}\.$"
)
_WHICH = re.compile(r", which ((?:is|are|was|were|has|have|had|can|will|may|would|makes?|means) [^,.;:()]{14,80})[,.]")


def read(file: Path) -> list[Statement]:
    """Every sentence of the file that can stand as a statement, in order. SQuAD's format, version 1.1 or 2."""
    return [
        statement
        for number, article in enumerate(json.loads(file.read_text("utf-8"))["data"])
        for paragraph in article["paragraphs"]
        for statement in _statements(str(paragraph["context"]), number)
    ]


def _statements(paragraph: str, article: int) -> Iterator[Statement]:
    pieces = spans(paragraph, 2)
    for place, piece in enumerate(pieces):
        text = piece.quote
        fits = _SHORTEST <= len(text) <= _LONGEST and len(text.split()) >= _FEWEST_WORDS
        if piece.kind is Kind.PROSE and fits and text.endswith(".") and text[0].isupper():
            yield Statement(text, _window([one.quote for one in pieces], place), article)


def _window(quotes: Sequence[str], place: int) -> str:
    """The sentence with up to four before and after it."""
    first, last, size = place, place + 1, len(quotes[place])
    for step in range(1, _AROUND + 1):
        if place + step < len(quotes) and size + len(quotes[place + step]) < _LONGEST_WINDOW and last == place + step:
            last, size = last + 1, size + len(quotes[place + step])
        if place - step >= 0 and size + len(quotes[place - step]) < _LONGEST_WINDOW and first == place - step + 1:
            first, size = first - 1, size + len(quotes[place - step])
    return " ".join(quotes[first:last])


def cases(statements: Sequence[Statement], each: int, seed: int) -> list[Case]:
    """Up to `each` cases of every kind, drawn from all statements."""
    source = _source(statements)
    found: list[Case] = []
    for kind, change in FALSEHOODS.items():
        found += _drawn(statements, each, random.Random(f"{seed} {kind}"), kind, change, source)
    for kind, rule in {VERBATIM: _unchanged, **RULES}.items():
        found += _drawn(statements, each, random.Random(f"{seed} {kind}"), kind, _reworded(rule), source)
    return found


def _unchanged(sentence: str, chance: random.Random) -> str:  # noqa: ARG001  # every rule gets both
    return sentence


def _reworded(rule: Rule) -> Change:
    return lambda statement, chance, _: rule(statement.text, chance)


def _drawn(
    statements: Sequence[Statement], each: int, chance: random.Random, kind: str, change: Change, source: Source
) -> list[Case]:
    """The first `each` statements, in a drawn order, that the change fits."""
    found: list[Case] = []
    for statement in chance.sample(statements, len(statements)):
        changed = change(statement, chance, source)
        if changed and (changed != statement.text or kind == VERBATIM):
            cited = [statement.window]
            if chance.random() < 1 / 3:
                cited.insert(chance.randrange(2), chance.choice(statements).window)
            found.append(Case(kind, kind not in FALSEHOODS, changed, tuple(cited), statement.text))
            if len(found) == each:
                break
    return found


def _source(statements: Sequence[Statement]) -> Source:
    names = dict.fromkeys(name for one in statements for name in _names(one.text))
    clauses: list[tuple[int, str, str]] = []
    for number, one in enumerate(statements):
        if _SHORT_CLAUSE.match(one.text):
            clauses.append((one.article, ("and", "because")[number % 2], lowered(one.text[:-1])))
        clauses += [(one.article, "which", match[1]) for match in _WHICH.finditer(one.text)]
    return Source(tuple(names), tuple(clauses))


def _number(statement: Statement, chance: random.Random, source: Source) -> str | None:  # noqa: ARG001  # all get all
    """Another number in the place of one, half of the time one of the other sentences' if there is one."""
    dates = [match.span() for match in _DATE.finditer(statement.text)]
    digits = [m for m in _NUMBER.finditer(statement.text) if not any(a <= m.start() < b for a, b in dates)]
    places = [*digits, *_SPELLED_NUMBER.finditer(statement.text)]
    if not places:
        return None
    place = chance.choice(places)
    if place[0] in _SPELLED:
        return _put(statement.text, place, chance.choice([one for one in _SPELLED if one != place[0]]))
    others = [m[0] for m in _NUMBER.finditer(statement.window) if m[0] not in statement.text and len(m[0]) < 4]
    if others and chance.random() < 0.5:
        return _put(statement.text, place, chance.choice(others))
    return _put(statement.text, place, _other_number(place[0], chance))


def _other_number(text: str, chance: random.Random) -> str:
    """Another value written the same way: as many decimals, thousands set apart or not."""
    decimals = len(text.partition(".")[2])
    units = int(text.replace(",", "").replace(".", ""))
    near = [units + step for step in (-3, -2, -1, 1, 2, 3, 10)]
    value = chance.choice([one for one in [*near, units * 2, units * 10, units // 2] if one > 0 and one != units])
    return f"{value / 10**decimals:{',' if ',' in text else ''}.{decimals}f}"


def _name(statement: Statement, chance: random.Random, source: Source) -> str | None:
    """Another name: from elsewhere in the file, of the other sentences, or two of the sentence exchanged."""
    places = [match for match in _NAME.finditer(statement.text) if match[0] in _names(statement.text)]
    if not places:
        return None
    place = chance.choice(places)
    near = [name for name in _names(statement.window) if not _shared(name, statement.text)]
    apart = [other for other in places if not _shared(other[0], place[0]) and _differ(statement.text, place, other)]
    how = chance.random()
    if apart and how < 0.2:
        first, second = sorted((place, chance.choice(apart)), key=re.Match.start)
        text = _put(statement.text, second, first[0])
        return _put(text, first, second[0])
    if near and how < 0.5:
        return _put(statement.text, place, chance.choice(near))
    far = next((name for name in chance.sample(source.names, 20) if not _shared(name, statement.window)), None)
    return _put(statement.text, place, far) if far else None


def _date(statement: Statement, chance: random.Random, source: Source) -> str | None:  # noqa: ARG001
    """Another day, month, year or weekday."""
    places = list(_DATE.finditer(statement.text))
    if not places:
        return None
    place = chance.choice(places)
    parts = list(re.finditer(rf"\d+|\b(?:{_MONTH}|{'|'.join(_WEEKDAYS)})\b", place[0]))
    part = chance.choice(parts)
    return _put(statement.text, place, _put(place[0], part, _other_part(part[0], chance)))


def _other_part(text: str, chance: random.Random) -> str:
    for names in (_WEEKDAYS, _MONTHS[:12], _MONTHS[12:]):
        if text in names:
            return chance.choice([name for name in names if name[:3] != text[:3]])
    if len(text) == 4:
        return str(int(text) + chance.choice([-30, -10, -4, -2, -1, 1, 2, 3, 10, 30]))
    return f"{chance.choice([day for day in range(1, 29) if day != int(text)]):0{len(text)}d}"


def _negation(statement: Statement, chance: random.Random, source: Source) -> str | None:  # noqa: ARG001
    """A negation taken out if there is one, else put in."""
    text = statement.text
    for pattern, shape in ((_NEGATED, "{aux} "), (_SHORT, "{aux} "), (_NEVER, ""), (_NO, "{verb} a ")):
        if match := pattern.search(text):
            return _put(text, match, shape.format(**match.groupdict()))
    if (match := _SWAP.search(text)) and chance.random() < 0.5:
        return _put(text, match, match[0].replace(match[0].strip(), _SWAPPED[match[0].strip()]))
    if (match := _ARTICLE.search(text)) and chance.random() < 0.5:
        return _put(text, match, f"{match['verb']} no ")
    if match := _AUXILIARY.search(text):
        aux = match["aux"]
        return _put(text, match, chance.choice([f"{aux} not", f"{aux} never", aux + "n't" * (aux in _CONTRACTED)]))
    return None


def _clause(statement: Statement, chance: random.Random, source: Source) -> str | None:
    """The sentence and a clause that nothing in its paragraph says."""
    for _ in range(20):
        article, joint, clause = chance.choice(source.clauses)
        alone = len({one[0] for one in source.clauses}) == 1
        if (alone or article != statement.article) and clause.casefold() not in statement.window.casefold():
            return f"{statement.text[:-1]}{'' if joint == 'because' else ','} {joint} {clause}."
    return None


FALSEHOODS: dict[str, Change] = {
    "number": _number,
    "name": _name,
    "date": _date,
    "negation": _negation,
    "clause": _clause,
}


def _names(text: str) -> list[str]:
    found = dict.fromkeys(match[0] for match in _NAME.finditer(text))
    return [name for name in found if not _NO_NAMES.intersection(name.split()) and not _DATE.search(f"in {name}")]


def _differ(text: str, one: re.Match[str], other: re.Match[str]) -> bool:
    """Whether it matters which of two names stands where; in a bare list it doesn't."""
    first, second = sorted((one.span(), other.span()))
    return bool(set(re.findall(r"\b[a-z]+", text[first[1] : second[0]])) - {"and", "or", "the", "of", "a"})


def _shared(name: str, text: str) -> bool:
    words = set(re.findall(r"\w+", text.casefold()))
    return any(word in words for word in re.findall(r"\w+", name.casefold()))


def _put(text: str, place: re.Match[str], other: str) -> str:
    return text[: place.start()] + other + text[place.end() :]
