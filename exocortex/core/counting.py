"""Counting: a number with the noun it counts, as people write it."""

from __future__ import annotations


def counted(number: int, one: str, many: str = "") -> str:
    """`1 note`, `1,234 notes`."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"
