"""Summaries: the sentences that say most of many notes, or a language model's points over them, with their evidence."""

from exocortex.summarizing.abstractive import Verdict, Verifier, Writer
from exocortex.summarizing.citing import Citations
from exocortex.summarizing.extractive import NAME, highlights
from exocortex.summarizing.making import Made, Notes, Reading, summarize
from exocortex.summarizing.passages import Source

__all__ = [
    "NAME",
    "Citations",
    "Made",
    "Notes",
    "Reading",
    "Source",
    "Verdict",
    "Verifier",
    "Writer",
    "highlights",
    "summarize",
]
