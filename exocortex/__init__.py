"""Exocortex: a personal knowledge assistant that lives in the terminal and belongs to its user alone."""

__version__ = "0.1.0"
