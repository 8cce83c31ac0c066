"""Figures: the numbers of a text in forms that can be compared: `1,480`, `1480.0` and "one thousand four hundred".

A figure keeps every reading its spelling allows: `1.480` is 1.48 to some and 1480 to others. Knows nothing of dates: it
is told which characters belong to one.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Figure:
    """A number as a text holds it."""

    text: str
    """As it is spelled, for people."""
    start: int
    end: int
    readings: frozenset[str]
    """Canonical decimals, such as `1480` or `0.5`."""
    unit: str = ""
    """Canonical, such as `km` or `%`; empty if it has none that is known."""
    soft: bool = False
    """`one` and `first` say little by themselves: "a dog" is one dog."""

    @property
    def ordinal(self) -> bool:
        """Whether it says which, not how many."""
        return self.unit == "th"

    def agrees(self, other: Figure) -> bool:
        """Whether both can be the same amount of the same thing."""
        return not self.readings.isdisjoint(other.readings) and (
            not self.unit or self.unit == (other.unit or self.unit)
        )


_LONGEST_DIGITS = 40
_UNITS = {
    spelling: unit
    for unit, *others in map(
        str.split,
        """% percent pct
$ usd dollar dollars
€ eur euro euros
£ gbp
km kilometer kilometers kilometre kilometres
cm centimeter centimeters centimetre centimetres
mm millimeter millimeters millimetre millimetres
metre metres meter meters
mile miles mi
foot feet ft
inch inches
kg kilo kilos kilogram kilograms
gram grams g
mg milligram milligrams
litre litres liter liters
ml millilitre millilitres milliliter milliliters
cup cups
tbsp tablespoon tablespoons
tsp teaspoon teaspoons
second seconds sec secs
minute minutes min mins
hour hours h hr hrs
day days
week weeks
month months
year years yr yrs
°c celsius
°f fahrenheit
kb
mb
gb
tb
bar
am
pm""".splitlines(),
    )
    for spelling in (unit, *others)
}
_TENFOLDS = {
    "hundred": 2,
    "thousand": 3,
    "million": 6,
    "billion": 9,
    "trillion": 12,
    "k": 3,
    "mn": 6,
    "mio": 6,
    "bn": 9,
}
_ONES = "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen".split()
_ONES += ["seventeen", "eighteen", "nineteen"]
_TENS = ["twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"]
_ORDINALS = "first second third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth".split()
_ORDINAL_ENDS = ("st", "nd", "rd", "th")
_WORTH = {
    **{word: value for value, word in enumerate(_ONES)},
    **{word: value * 10 for value, word in enumerate(_TENS, 2)},
    "dozen": 12,
    "hundred": 100,
    "thousand": 1_000,
    "million": 1_000_000,
    "billion": 1_000_000_000,
}
_ONE = frozenset(_ONES[1:10])

_DIGITS = re.compile(
    r"(?<![\w.,])(?P<sign>[$€£])?(?P<digits>\d+(?:[.,'\u00a0\u202f\u2009:]\d+)*)(?P<glued>[A-Za-z%°€]{0,6})(?!\w)"
)
_FOLLOWING = re.compile(r"[ \u00a0-]{1,2}(?P<word>per cent|[A-Za-z]{1,12}|%|€|\$|°[CFcf])(?![\w])")
_SPELLED = re.compile(rf"\b(?:{'|'.join((*_WORTH, *_ORDINALS))})\b", re.IGNORECASE)
_JOINT = re.compile(r"[ -]|,? and ", re.IGNORECASE)


def figures(text: str, taken: Sequence[tuple[int, int]] = ()) -> list[Figure]:
    """The numbers of a text in order, save those within the ranges `taken`."""
    written = _free(_written(text), taken)
    spelled = _free(_spelled(text), sorted([*taken, *((one.start, one.end) for one in written)]))
    return sorted([*written, *spelled], key=lambda one: one.start)


def _free(found: Iterable[Figure], taken: Sequence[tuple[int, int]]) -> list[Figure]:
    """Those that begin outside these ranges; both are in order."""
    free, number = [], 0
    for one in found:
        while number < len(taken) and taken[number][1] <= one.start:
            number += 1
        if number == len(taken) or one.start < taken[number][0]:
            free.append(one)
    return free


def _written(text: str) -> Iterator[Figure]:
    """Numbers in digits, with the magnitude and unit that follow them."""
    for match in _DIGITS.finditer(text):
        glued, sign, end = match["glued"].lower(), match["sign"] or "", match.end()
        shift = _TENFOLDS.get(glued, 6 if glued == "m" and sign else 0)
        unit = "th" if glued in _ORDINAL_ENDS else _UNITS.get(sign) or _UNITS.get(glued, "")
        following = _FOLLOWING.match(text, end)
        if following and following["word"].lower() in _TENFOLDS and not shift:
            shift, end = _TENFOLDS[following["word"].lower()], following.end()
        if not unit:
            unit, end = _unit(text, end)
        readings = _readings(match["digits"], shift) | _clock(match["digits"], unit)
        yield Figure(text[match.start() : end], match.start(), end, readings, unit)


def _unit(text: str, end: int) -> tuple[str, int]:
    """The unit that follows a number, and where it ends; nothing if it has none that is known."""
    following = _FOLLOWING.match(text, end)
    word = following["word"].lower().replace("per cent", "%") if following else ""
    return (_UNITS[word], following.end()) if following and word in _UNITS else ("", end)


def _readings(digits: str, shift: int) -> frozenset[str]:
    """What a number in digits can mean; a clock time, a version or an overlong number is compared as it is spelled."""
    marks = re.findall(r"\D", digits)
    groups = re.split(r"\D", digits)
    if ":" in marks or len(digits) > _LONGEST_DIGITS:
        return frozenset([digits.lstrip("0")])
    if not marks:
        return frozenset([_canonical(digits, "", shift)])
    found = set()
    if len(set(marks)) == 1 and len(groups[0]) <= 3 and all(len(group) == 3 for group in groups[1:]):
        found.add(_canonical("".join(groups), "", shift))
    if (
        marks[-1] in ".,"
        and marks.count(marks[-1]) == 1
        and (marks[-1] == "." or len(groups[-1]) != 3 or len(marks) > 1)
    ):
        found.add(_canonical("".join(groups[:-1]), groups[-1], shift))
    return frozenset(found or [digits])


def _clock(digits: str, unit: str) -> frozenset[str]:
    """An hour before or after noon on the clock of 24 hours: 2:30 pm is 14:30."""
    hour, colon, minutes = digits.partition(":")
    if unit not in ("am", "pm") or not hour.isdecimal() or not 1 <= int(hour[:4]) <= 12:
        return frozenset()
    return frozenset([f"{int(hour) % 12 + 12 * (unit == 'pm')}:{minutes if colon else '00'}"])


def _canonical(whole: str, decimals: str, shift: int) -> str:
    digits, point = whole + decimals.ljust(shift, "0"), len(whole) + shift
    rest = digits[point:].rstrip("0")
    return (digits[:point].lstrip("0") or "0") + (f".{rest}" if rest else "")


def _spelled(text: str) -> Iterator[Figure]:
    """Numbers in words: those that stand side by side are one as far as they can be."""
    run: list[re.Match[str]] = []
    for match in _SPELLED.finditer(text):
        if run and not (_JOINT.fullmatch(text, run[-1].end(), match.start()) and _extends(run, match[0].lower())):
            yield _amount(text, run)
            run = []
        run.append(match)
    if run:
        yield _amount(text, run)


def _extends(run: list[re.Match[str]], word: str) -> bool:
    """Whether a word goes on with the number begun: `twenty` with `five`, `five` with `hundred`."""
    last = run[-1][0].lower()
    if word in _ORDINALS or last in _ORDINALS:
        return False
    if _WORTH[word] >= 100:
        return _WORTH[last] < _WORTH[word] or word == last
    return _WORTH[last] >= 100 or (last in _TENS and word in _ONE)


def _amount(text: str, run: list[re.Match[str]]) -> Figure:
    words = [match[0].lower() for match in run]
    start, end = run[0].start(), run[-1].end()
    if words[0] in _ORDINALS:
        return Figure(text[start:end], start, end, frozenset([str(_ORDINALS.index(words[0]) + 1)]), "th", soft=True)
    total = current = 0
    for word in words:
        worth = _WORTH[word]
        if worth == 100:
            current = (current or 1) * worth
        elif worth > 100:
            total, current = total + (current or 1) * worth, 0
        else:
            current += worth
    unit, end = _unit(text, end)
    return Figure(text[start:end], start, end, frozenset([str(total + current)]), unit, words == ["one"])
