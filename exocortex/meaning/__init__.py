"""Meaning: nearest neighbours over the stored vectors, by Chroma where that pays and exactly otherwise.

`searching` is what callers use; `living` holds the vectors in memory; `publishing` keeps Chroma in step with them;
`generations` is Chroma's folder and what became of it; `guarded` keeps a call into Chroma from keeping anybody waiting.
"""

from exocortex.meaning.publishing import EXACT_UP_TO
from exocortex.meaning.searching import Meaning, Nearness

__all__ = ["EXACT_UP_TO", "Meaning", "Nearness"]
