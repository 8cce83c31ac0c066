"""Sizes in bytes, as people read them."""

from __future__ import annotations

_UNITS = {"GB": 10**9, "MB": 10**6, "kB": 10**3, "bytes": 1}


def spelled(number: int) -> str:
    """`12 GB`, `4.7 GB`, `98 MB`, `7 bytes`: two digits or more, a megabyte being 1,000,000."""
    unit = _unit(number)
    return f"{_figure(number, unit)} {unit}"


def of(done: int, total: int, between: str = " of ") -> str:
    """`0.4 of 4.7 GB`, both in the unit of the total."""
    unit = _unit(total)
    return f"{_figure(done, unit)}{between}{_figure(total, unit)} {unit}"


def _unit(number: int) -> str:
    return next((unit for unit, weight in _UNITS.items() if number >= weight), "bytes")


def _figure(number: int, unit: str) -> str:
    figure = number / _UNITS[unit]
    return f"{figure:,.1f}" if figure < 9.95 and _UNITS[unit] > 1 else f"{figure:,.0f}"
