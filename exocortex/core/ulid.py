"""ULID: a name for something that happened, unique without asking anybody, sorted by when it was made.

As https://github.com/ulid/spec has it: 48 bits of milliseconds, then 80 random ones, in Crockford's base 32.
"""

from __future__ import annotations

import re

_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_RANDOM_BYTES = 10
ULID = re.compile(f"[0-7][{_ALPHABET}]{{25}}")
"""What one looks like, in text; as for bytes, encode its pattern."""


def make_ulid(milliseconds: int, randomness: bytes) -> str:
    """26 characters from Unix time in milliseconds and ten random bytes; raises ValueError if either doesn't fit."""
    if not 0 <= milliseconds < 1 << 48 or len(randomness) != _RANDOM_BYTES:
        raise ValueError(f"a ULID is made of 48 bits of milliseconds and {_RANDOM_BYTES} bytes")
    number = milliseconds << 80 | int.from_bytes(randomness)
    return "".join(_ALPHABET[number >> shift & 31] for shift in range(125, -1, -5))


def milliseconds_of(ulid: str) -> int:
    """The Unix time it was made at, in milliseconds; raises ValueError if it is none."""
    if not ULID.fullmatch(ulid):
        raise ValueError(f"{ulid!r} is no ULID")
    number = 0
    for character in ulid[:10]:
        number = number << 5 | _ALPHABET.index(character)
    return number
