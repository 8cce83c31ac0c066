"""Date formats as moment.js writes them (`YYYY-MM-DD`, `dddd`, `[literal]`), which is how Obsidian names daily notes.

The tokens are those of https://momentjs.com/docs/#/displaying/format/; names of months and days are English. What
depends on a locale that isn't known here (`L`, `ww`, `gggg`, `e` and the like) is refused rather than guessed.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime

_MONTHS = (
    *("January", "February", "March", "April", "May", "June", "July"),
    *("August", "September", "October", "November", "December"),
)
_DAYS = ("Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday")
_ENDINGS = {1: "st", 2: "nd", 3: "rd"}

_Written = Callable[[datetime], str]


class UnknownTokenError(ValueError):
    """A format holds something that isn't known here; the message is that token."""


def format_date(moment: datetime, pattern: str) -> str:
    """`moment` as the pattern has it; raises UnknownTokenError."""

    def written(match: re.Match[str]) -> str:
        if match["literal"] is not None:
            return match["literal"]
        token = match["token"]
        if token not in _TOKENS:
            raise UnknownTokenError(token)
        return _TOKENS[token](moment)

    return _PARTS.sub(written, pattern)


def is_format(pattern: str) -> bool:
    """Whether `format_date` knows all of it."""
    try:
        format_date(datetime(2000, 1, 1), pattern)
    except UnknownTokenError:
        return False
    return True


def _day(moment: datetime) -> int:
    return moment.isoweekday() % 7


def _day_of_year(moment: datetime) -> int:
    return moment.timetuple().tm_yday


def _quarter(moment: datetime) -> int:
    return (moment.month + 2) // 3


def _twelve(moment: datetime) -> int:
    return moment.hour % 12 or 12


def _ordinal(number: int) -> str:
    return f"{number}{'th' if 10 < number % 100 < 14 else _ENDINGS.get(number % 10, 'th')}"


def _offset(moment: datetime, colon: str) -> str:
    text = moment.astimezone().strftime("%z") if moment.tzinfo is None else moment.strftime("%z")
    return f"{text[:3]}{colon}{text[3:5]}"


_TOKENS: dict[str, _Written] = {
    "YYYY": lambda at: f"{at.year:04}",
    "YY": lambda at: f"{at.year % 100:02}",
    "Q": lambda at: f"{_quarter(at)}",
    "Qo": lambda at: _ordinal(_quarter(at)),
    "M": lambda at: f"{at.month}",
    "Mo": lambda at: _ordinal(at.month),
    "MM": lambda at: f"{at.month:02}",
    "MMM": lambda at: _MONTHS[at.month - 1][:3],
    "MMMM": lambda at: _MONTHS[at.month - 1],
    "D": lambda at: f"{at.day}",
    "Do": lambda at: _ordinal(at.day),
    "DD": lambda at: f"{at.day:02}",
    "DDD": lambda at: f"{_day_of_year(at)}",
    "DDDo": lambda at: _ordinal(_day_of_year(at)),
    "DDDD": lambda at: f"{_day_of_year(at):03}",
    "d": lambda at: f"{_day(at)}",
    "do": lambda at: _ordinal(_day(at)),
    "dd": lambda at: _DAYS[_day(at)][:2],
    "ddd": lambda at: _DAYS[_day(at)][:3],
    "dddd": lambda at: _DAYS[_day(at)],
    "E": lambda at: f"{at.isoweekday()}",
    "W": lambda at: f"{at.isocalendar().week}",
    "Wo": lambda at: _ordinal(at.isocalendar().week),
    "WW": lambda at: f"{at.isocalendar().week:02}",
    "GG": lambda at: f"{at.isocalendar().year % 100:02}",
    "GGGG": lambda at: f"{at.isocalendar().year:04}",
    "H": lambda at: f"{at.hour}",
    "HH": lambda at: f"{at.hour:02}",
    "h": lambda at: f"{_twelve(at)}",
    "hh": lambda at: f"{_twelve(at):02}",
    "k": lambda at: f"{at.hour or 24}",
    "kk": lambda at: f"{at.hour or 24:02}",
    "m": lambda at: f"{at.minute}",
    "mm": lambda at: f"{at.minute:02}",
    "s": lambda at: f"{at.second}",
    "ss": lambda at: f"{at.second:02}",
    "SSS": lambda at: f"{at.microsecond // 1000:03}",
    "a": lambda at: "am" if at.hour < 12 else "pm",
    "A": lambda at: "AM" if at.hour < 12 else "PM",
    "Hmm": lambda at: f"{at.hour}{at.minute:02}",
    "hmm": lambda at: f"{_twelve(at)}{at.minute:02}",
    "X": lambda at: f"{int(at.timestamp())}",
    "x": lambda at: f"{int(at.timestamp() * 1000)}",
    "Z": lambda at: _offset(at, ":"),
    "ZZ": lambda at: _offset(at, ""),
}
_REFUSED = (
    *("YYYYYY", "YYYYY", "L", "LL", "LLL", "LLLL", "l", "ll", "lll", "llll", "LT", "LTS", "Hmmss", "hmmss"),
    *("w", "wo", "ww", "gg", "gggg", "ggggg", "GGGGG", "e", "N", "y", "yo", "z", "zz", "S", "SS", "SSSS", "\\"),
)
"""What moment.js knows and this doesn't; other letters stand for themselves there, and so here."""
_PARTS = re.compile(
    r"\[(?P<literal>[^\[\]]*)\]|(?P<token>"
    + "|".join(map(re.escape, sorted((*_TOKENS, *_REFUSED), key=len, reverse=True)))
    + ")"
)
