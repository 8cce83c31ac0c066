"""Cortex: the one object behind every face, grouped by noun: index, search, answers, notes."""

from exocortex.cortex.whole import Cortex

__all__ = ["Cortex"]
