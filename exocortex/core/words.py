"""Words: how text is cut into what the word index stores, the same for notes and for queries.

The index is an FTS5 table with `tokenize='porter unicode61 remove_diacritics 2'`. Three things it cannot do are done
here, to what goes in and to what is asked: one spelling of each letter (NFC), scripts whose words are not set apart
(Han, Kana, Hangul, Thai, Lao, Khmer, Myanmar) as overlapping pairs of letters, and symbols younger than Unicode 6.1 as
separators.
Knows nothing about SQL beyond the text of a MATCH expression.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from exocortex.core.stemming import stem

FOLDING = f"1 {unicodedata.unidata_version}"
"""Version of `fold`, Python's letters included: an index folded otherwise must have its words entered anew."""

_MOST_TERMS = 64
"""A pasted page is ranked by its first 64 terms: the time of a query grows with their number."""

_MOST_REPEATED = 2

_UNSTORABLE = re.compile("[\0\ud800-\udfff]")
# All but the blocks in which SQLite's Unicode 6.1 and Python's newer tables agree, and which hold no paired script.
# To SQLite every code point unassigned in 6.1 is a letter: newer emoji and invisible marks would stick to the words.
_UNFAMILIAR = re.compile(
    "[^\0-\u0377\u0384-\u038a\u038c\u038e-\u03a1\u03a3-\u0527\u1e00-\u1eff\u2000-\u2064\u20a0-\u20b9\u2100-\u2189"
    "\u2190-\u23f3\u2460-\u26ff\u2701-\u2b4c]"
)
_JOINERS = "\u0300-\u0304\u0306-\u030c\u030f\u0311\u031b\u0323-\u0328\u032d\u032e\u0330\u0331"
"""Diacritics that unicode61 drops from inside a word; at any other mark it ends the word."""
_SEPARATOR = re.compile(f"[^\\w\\s\0-\x7f{_JOINERS}]")
_WORD = re.compile(f"[^\\W_]+(?:[{_JOINERS}]+[^\\W_]*)*")
_PAIRED = (
    "\u3005\u3007\u3021-\u3029\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U000323af"  # Han
    "\u3041-\u3096\u309d-\u309f\u30a1-\u30fa\u30fc-\u30ff\u31f0-\u31ff\uff66-\uff9f\u3105-\u312f"  # Kana, Bopomofo
    "\uac00-\ud7a3\u0e01-\u0e3a\u0e40-\u0e4e\u0e81-\u0ebd\u0ec0-\u0ece\u0edc-\u0edf"  # Hangul, Thai, Lao
    "\u1000-\u103f\u1050-\u108f\u109a-\u109d\u1780-\u17d3"  # Myanmar, Khmer
)
# Vowel signs, tone marks, variation selectors and zero-width spaces lie inside a run but in no pair.
_RUN = re.compile(f"[{_PAIRED}][{_PAIRED}\u200b\u3099\u309a\ufe00-\ufe0f\U000e0100-\U000e01ef]*")
_VARIANTS = str.maketrans("ſẛϐϵϑϰµϖϱςϕ", "ssβεθκμπρσφ")

_COMMON = """
a about above after again against all also am an and any are as at be because been before being below between both but
by can could did do does doing down during each few for from further had has have having he her here hers herself him
himself his how i if in into is it its itself just me more most my myself no nor not now of off on once only or other
our ours ourselves out over own same she should so some such than that the their theirs them themselves then there
these they this those through to too under until up upon very was we were what when where which while who whom whose
why will with would you your yours yourself yourselves
"""
_STOP_WORDS = frozenset(_COMMON.split())
_CONTRACTION = re.compile("(?<=[a-z])['’](?:s|d|m|ll|re|ve)(?=\\W*$)", re.IGNORECASE)
_NEGATION = re.compile("(?:ai|are|ca|could|did|do|does|had|has|have|is|must|need|should|was|were|wo|would)n t")


@dataclass(frozen=True, slots=True)
class Token:
    """A word as the index stores it before stemming: lower case, Latin letters without diacritics."""

    text: str
    start: int
    """Character range in the text it was cut from, as that was spelled."""
    end: int


@dataclass(frozen=True, slots=True)
class _Sought:
    """Tokens looked for side by side; `open_end` takes any token that begins like the last one."""

    tokens: tuple[str, ...]
    open_end: bool = False

    @property
    def stop_word(self) -> bool:
        """True for what occurs in any text: `the`, `don't`."""
        text = " ".join(self.tokens)
        return text in _STOP_WORDS or _NEGATION.fullmatch(text) is not None

    def expression(self) -> str:
        """As FTS5 reads it; tokens hold letters and digits alone, so nothing needs escaping."""
        return f'"{" ".join(self.tokens)}"' + "*" * self.open_end


def clean(text: str) -> str:
    """Text any store can hold: NFC, with U+FFFD for NUL and for lone surrogates."""
    if text.isascii():
        return text.replace("\0", "\ufffd")
    return unicodedata.normalize("NFC", _UNSTORABLE.sub("\ufffd", text))


def fold(text: str) -> str:
    """What is given to the word index in place of `text`.

    A run of n letters of a paired script becomes its n-1 overlapping pairs and its last letter, so that pairs side by
    side find any substring, and one letter is found as the beginning of a token. Familiar alphabets stay as they are.
    """
    text = clean(text)
    if text.isascii() or not _UNFAMILIAR.search(text):
        return text
    return _SEPARATOR.sub(" ", _RUN.sub(_pairs, text.lower()))


def tokens(text: str) -> list[Token]:
    """The tokens the index makes of `fold(text)`, before stemming, in order."""
    composed, offsets = _composed(text)
    found = [token for _, segment in _segments(composed) for token in segment]
    if offsets is None:
        return found
    return [Token(token.text, offsets[token.start], offsets[token.end]) for token in found]


def terms(text: str) -> list[str]:
    """The tokens' texts: what to look up in the vocabulary of an unstemmed index."""
    if text.isascii():
        return _WORD.findall(text.lower())
    cleaned = clean(text)
    if _RUN.search(cleaned) is None:
        return [_plain(word) for word in _WORD.findall(cleaned)]
    return [token.text for token in tokens(text)]


def content_terms(words: Iterable[str]) -> tuple[str, ...]:
    """The terms that bare words are ranked by, each once, in order: without stop words unless there is nothing else."""
    return tuple(dict.fromkeys(term for sought in _ranked(words, False) for term in sought.tokens))


def fts_match(words: Iterable[str], phrases: Iterable[str] = ()) -> str:
    """The MATCH expression of a search: any of the words, and each phrase; "" where there is nothing to look for.

    With phrases, the words add to the rank only. Any input is safe.
    """
    required = [sought.expression() for phrase in phrases if (sought := _phrase(phrase))]
    ranked = [sought.expression() for sought in _ranked(words, bool(required))]
    if not required:
        return " OR ".join(ranked)
    every = " AND ".join(dict.fromkeys(required))
    return f"{every} AND ({' OR '.join((required[0], *ranked))})" if ranked else every


def fts_pairs(words: Iterable[str]) -> str:
    """The MATCH expression for two ranked words standing side by side as they do in the query; "" if there are no two.

    The ordered part of the sequential dependence model (Metzler and Croft, "A Markov random field model for term
    dependencies", 2005), over the words left after the stop list.
    """
    single = [sought.tokens[0] for sought in _ranked(words, False) if len(sought.tokens) == 1 and not sought.open_end]
    return " OR ".join(f'"{one} {next_}"' for one, next_ in pairwise(single))


def fts_any(texts: Iterable[str]) -> str:
    """The MATCH expression of rows that hold any of these words or phrases, each whole, stop words too; "" for none."""
    return " OR ".join(dict.fromkeys(sought.expression() for text in texts if (sought := _phrase(text))))


class Highlighter:
    """Finds in texts what the words or phrases match.

    Stop words are left out as in ranking. `stemmed` as the index is: `running` then matches `run`.
    """

    def __init__(self, words: Iterable[str], phrases: Iterable[str] = (), *, stemmed: bool = True) -> None:
        required = [sought for phrase in phrases if (sought := _phrase(phrase))]
        self._wanted = [*required, *_ranked(words, bool(required))]
        self._same: Callable[[str], str] = stem if stemmed else str

    def ranges(self, text: str) -> tuple[tuple[int, int], ...]:
        """Character ranges of the text, in order, not overlapping."""
        if not self._wanted:
            return ()
        composed, offsets = _composed(text)
        found = [token for _, segment in _segments(composed) for token in segment]
        ranges = _matches(found, self._wanted, self._same)
        if offsets is not None:
            ranges = [(offsets[start], offsets[end]) for start, end in ranges]
        return _merged(ranges)


def _pairs(run: re.Match[str]) -> str:
    letters = [letter for letter in run[0] if letter.isalnum()]
    return f" {' '.join(map(''.join, pairwise(letters)))} {letters[-1] if letters else ''} "


def _composed(text: str) -> tuple[str, Sequence[int] | None]:
    """The text cleaned, and where each of its characters stood before; None if each stands where it stood."""
    if unicodedata.is_normalized("NFC", text):
        return _UNSTORABLE.sub("\ufffd", text), None
    starts = [place for place, letter in enumerate(text) if not place or not _continues(letter)]
    pieces: list[str] = []
    offsets: list[int] = []
    for start, end in zip(starts, [*starts[1:], len(text)], strict=True):
        piece = clean(text[start:end])
        pieces.append(piece)
        offsets += [min(start + index, end - 1) for index in range(len(piece))]
    return "".join(pieces), [*offsets, len(text)]


def _continues(letter: str) -> bool:
    """True for a mark or a Hangul vowel or final: what NFC may join to the letter before it."""
    return "\u1160" <= letter <= "\u11ff" or unicodedata.category(letter).startswith("M")


def _segments(text: str) -> Iterator[tuple[bool, list[Token]]]:
    """The tokens of cleaned text, run by run; True for a run of a paired script."""
    position = 0
    runs = () if text.isascii() else _RUN.finditer(text)
    for run in runs:
        yield False, _spaced(text, position, run.start())
        yield True, _paired(text, run.start(), run.end())
        position = run.end()
    yield False, _spaced(text, position, len(text))


def _spaced(text: str, start: int, end: int) -> list[Token]:
    return [Token(_plain(word[0]), word.start(), word.end()) for word in _WORD.finditer(text, start, end)]


def _paired(text: str, start: int, end: int) -> list[Token]:
    places = [place for place in range(start, end) if text[place].isalnum()]
    pairs = [Token(text[a] + text[b], a, b + 1) for a, b in pairwise(places)]
    return pairs + [Token(text[place], place, place + 1) for place in places[-1:]]


def _plain(word: str) -> str:
    """A word in lower case, its Latin letters without diacritics, as unicode61 has it."""
    if word.isascii():
        return word.lower()
    letters = []
    for letter in word.lower().translate(_VARIANTS):
        base = unicodedata.normalize("NFD", letter)[0]
        if letter.isalnum():
            letters.append(base if base.isascii() and base.isalpha() else letter)
    return "".join(letters)


def _ranked(words: Iterable[str], others: bool) -> list[_Sought]:
    """What bare words look for, any of it; `others` says that something else is looked for besides.

    A word asked for twice counts twice, but not three times, as BM25's k3 would have it. It is a trade: nDCG@10 at most
    twice against every time is .388 to .419 on cisi, .703 to .697 on med, the same elsewhere.
    """
    counts: Counter[_Sought] = Counter()
    found = []
    for sought in (sought for word in words for sought in _word(word)):
        counts[sought] += 1
        if counts[sought] <= _MOST_REPEATED:
            found.append(sought)
    content = [sought for sought in found if not sought.stop_word]
    return (content or ([] if others else found))[:_MOST_TERMS]


def _word(word: str) -> Iterator[_Sought]:
    """A bare word's parts, each for itself: `covid-19` is ranked by either (asking for both together ranked worse)."""
    word = _CONTRACTION.sub("", clean(word))
    whole = _phrase(word)
    if whole and whole.stop_word:
        yield whole
        return
    for paired, segment in _segments(word):
        if not paired:
            yield from (_Sought((token.text,)) for token in segment)
        elif len(segment) == 1:
            yield _Sought((segment[0].text,), open_end=True)
        else:
            pairs = tuple(token.text for token in segment[:-1])
            yield from (_Sought((pair,)) for pair in pairs)
            if len(pairs) > 1:
                yield _Sought(pairs)


def _phrase(phrase: str) -> _Sought | None:
    """A phrase's tokens side by side; the last letter of a run is only looked for where something follows it."""
    segments = [(paired, segment) for paired, segment in _segments(clean(phrase)) if segment]
    if not segments:
        return None
    texts = [token.text for _, segment in segments for token in segment]
    paired, last = segments[-1]
    if paired and len(last) > 1:
        return _Sought(tuple(texts[:-1]))
    return _Sought(tuple(texts), open_end=paired)


def _matches(found: Sequence[Token], wanted: Iterable[_Sought], same: Callable[[str], str]) -> list[tuple[int, int]]:
    """Where the sought tokens stand side by side among the found ones; tokens are alike that `same` makes equal."""
    alike = [same(token.text) for token in found]
    places: dict[str, list[int]] = {}
    for place, text in enumerate(alike):
        places.setdefault(text, []).append(place)
    ranges = []
    for sought in wanted:
        *body, last = [same(token) for token in sought.tokens]
        starts = range(len(found)) if sought.open_end and not body else places.get((*body, last)[0], ())
        for first in starts:
            final = first + len(body)
            if final < len(found) and alike[first:final] == body:
                end = _end(found[final], alike[final], last, sought.open_end)
                if end:
                    ranges.append((found[first].start, end))
    return ranges


def _end(token: Token, alike: str, last: str, open_end: bool) -> int | None:
    """Where a match ends whose final token is this one; None if it is no match."""
    if open_end:
        return token.start + len(last) if token.text.startswith(last) else None
    return token.end if alike == last else None


def _merged(ranges: Iterable[tuple[int, int]]) -> tuple[tuple[int, int], ...]:
    merged: list[tuple[int, int]] = []
    for start, end in sorted(ranges):
        if merged and start < merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((start, end))
    return tuple(merged)
