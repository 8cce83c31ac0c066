"""Fetching: a model from an address the user named. Nothing else in Exocortex uses the internet."""

from exocortex.fetching.fetcher import PAUSES, Fetcher, Offer
from exocortex.fetching.partial import Left, drop, left

__all__ = ["PAUSES", "Fetcher", "Left", "Offer", "drop", "left"]
