"""Answers without a language model: the sentences that answer a question, quoted exactly, or an honest abstention."""

from exocortex.answering.extractive import Draft, ExtractiveEngine

__all__ = ["Draft", "ExtractiveEngine"]
