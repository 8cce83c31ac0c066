"""Stemming: English words cut to their stems, bit for bit as SQLite's `porter` tokenizer cuts them.

M. F. Porter, "An algorithm for suffix stripping", Program 14(3), 1980, with the author's later `bli` and `logi` rules
and SQLite's limits: tokens under 3 or over 64 bytes stay whole. Knows nothing about tokenizing or case: it is given
folded tokens.
"""

from __future__ import annotations

import re
from functools import lru_cache

_SHORTEST, _LONGEST = 3, 64
_STEP_2 = (
    ("ational", "ate"),
    ("tional", "tion"),
    ("enci", "ence"),
    ("anci", "ance"),
    ("izer", "ize"),
    ("logi", "log"),
    ("bli", "ble"),
    ("alli", "al"),
    ("entli", "ent"),
    ("eli", "e"),
    ("ousli", "ous"),
    ("ization", "ize"),
    ("ation", "ate"),
    ("ator", "ate"),
    ("alism", "al"),
    ("iveness", "ive"),
    ("fulness", "ful"),
    ("ousness", "ous"),
    ("aliti", "al"),
    ("iviti", "ive"),
    ("biliti", "ble"),
)
_STEP_3 = (
    ("ical", "ic"),
    ("ness", ""),
    ("icate", "ic"),
    ("iciti", "ic"),
    ("ful", ""),
    ("ative", ""),
    ("alize", "al"),
)
_STEP_4 = (
    *("al", "ance", "ence", "er", "ic", "able", "ible", "ant", "ement", "ment", "ent"),
    *("ion", "ou", "ism", "ate", "iti", "ous", "ive", "ize"),
)


@lru_cache(maxsize=16384)
def stem(token: str) -> str:
    """The stem of one lower-case token without diacritics; letters outside a to z count as consonants."""
    encoded = token.encode()
    if not _SHORTEST <= len(encoded) <= _LONGEST:
        return token
    # One character a byte: SQLite counts bytes, and no rule may see half a letter as something else.
    word = _past_tense(_plural(encoded.decode("latin-1")))
    if word[-1] == "y" and _has_vowel(word[:-1]):
        word = word[:-1] + "i"
    word = _derived(_derived(word, _STEP_2), _STEP_3)
    return _final_letter(_bare(word)).encode("latin-1").decode(errors="replace")


def _shape(word: str) -> str:
    """The word as a string of `v` and `c`; y is a vowel after a consonant."""
    shape = ""
    for letter in word:
        shape += "v" if letter in "aeiou" or (letter == "y" and shape[-1:] == "c") else "c"
    return shape


def _measure(word: str) -> int:
    """Porter's m: how often a vowel run is followed by a consonant run."""
    return _shape(word).count("vc")


def _ends_short(word: str) -> bool:
    """Porter's *o: ends consonant, vowel, consonant, the last not w, x or y."""
    return word[-1:] not in ("w", "x", "y") and _shape(word)[-3:] == "cvc"


def _has_vowel(word: str) -> bool:
    """Porter's *v*; SQLite takes every y but a leading one for a vowel here."""
    return re.search("[aeiou]|(?<=.)y", word, re.DOTALL) is not None


def _plural(word: str) -> str:
    """Step 1a."""
    if (word.endswith("sses") and len(word) > 4) or (word.endswith("ies") and len(word) > 3):
        return word[:-2]
    return word[:-1] if word[-1] == "s" and word[-2] != "s" else word


def _past_tense(word: str) -> str:
    """Step 1b."""
    if word.endswith("eed") and len(word) > 3:
        return word[:-1] if _measure(word[:-3]) else word
    for suffix in ("ed", "ing"):
        rest = word.removesuffix(suffix)
        if rest and rest != word:
            return _mended(rest) if _has_vowel(rest) else word
    return word


def _mended(word: str) -> str:
    """The second half of step 1b: what -ed and -ing leave behind gets a proper ending."""
    if len(word) > 2 and word.endswith(("at", "bl", "iz")):
        return word + "e"
    if len(word) > 1 and word[-1] == word[-2] and word[-1] not in "aeioulsz":
        return word[:-1]
    return word + "e" if _measure(word) == 1 and _ends_short(word) else word


def _derived(word: str, rules: tuple[tuple[str, str], ...]) -> str:
    """Steps 2 and 3: the first suffix that fits decides, whether or not it may be cut."""
    for suffix, replacement in rules:
        if word.endswith(suffix) and len(word) > len(suffix):
            rest = word.removesuffix(suffix)
            return rest + replacement if _measure(rest) else word
    return word


def _bare(word: str) -> str:
    """Step 4."""
    for suffix in _STEP_4:
        if word.endswith(suffix) and len(word) > len(suffix):
            rest = word.removesuffix(suffix)
            cut = _measure(rest) > 1 and (suffix != "ion" or rest[-1] in "st")
            return rest if cut else word
    return word


def _final_letter(word: str) -> str:
    """Step 5."""
    if word[-1] == "e":
        rest = word[:-1]
        measure = _measure(rest)
        if measure > 1 or (measure == 1 and not _ends_short(rest)):
            word = rest
    return word[:-1] if word.endswith("ll") and _measure(word[:-1]) > 1 else word
