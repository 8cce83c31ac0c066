"""Cortex: the one object behind every face, grouped by noun: index, search, answers, summaries, notes."""

from exocortex.cortex.whole import Cortex

__all__ = ["Cortex"]
