"""Durations as people read them."""

from __future__ import annotations


def duration(seconds: float | None) -> str:
    """`0.4 s`, `12 s`, `3 min`, `1 h 05 min`; nothing for None."""
    if seconds is None:
        return ""
    if seconds < 9.95:
        return f"{seconds:.1f} s"
    if seconds < 100:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 60 else f"{minutes // 60} h {minutes % 60:02} min"
