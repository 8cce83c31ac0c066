"""Candidates: the sentences of a note that a summary may quote, and how much each is worth before any is compared.

What stands first in a note says what it is about: the oldest rule of extraction (Edmundson, "New Methods in Automatic
Extracting", 1969), and in notes still the best one. Of a note with more sentences than are to be compared, those go on
whose words the note repeats (Nenkova and Vanderwende, "The Impact of Frequency on Summarization", 2005).
Knows nothing about vectors.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from exocortex.answering.questions import plain, terms
from exocortex.answering.sentences import Kind, Span
from exocortex.summarizing.passages import Passage

_KINDS = {Kind.PROSE: 1.0, Kind.ITEM: 0.8, Kind.ROW: 0.4, Kind.CODE: 0.2, Kind.HEADING: 0.2, Kind.PROPERTY: 0.1}
_READABLE = frozenset({Kind.PROSE, Kind.ITEM})
_FEW_WORDS, _MANY_WORDS = 8, 40
"""Shorter sentences rarely stand alone, longer ones are no summary."""
_DECAY = 0.06
_LINK = re.compile(r"!?\[\[[^\]]{1,200}\]\]|!?\[[^\]]{0,200}\]\([^)]{0,400}\)")
_LONGEST_TITLE = 120
_MOST_WEIGHED = 4_000
"""Sentences of one note whose words are counted; of a longer note, those at its beginning."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A sentence that a summary may quote."""

    passage: Passage
    span: Span
    text: str
    """As it reads when rendered, link targets left out."""
    place: int
    """Among those of its note."""
    weight: float
    """0 to 1: its place in the note, its kind, its length."""

    @property
    def titled(self) -> str:
        """The text under its note's title: a sentence rarely names what its note is about."""
        return f"{self.passage.note.title[:_LONGEST_TITLE]}: {self.text}"


def candidates(passages: Sequence[Passage], most: int) -> list[Candidate]:
    """The sentences of one note's passages worth comparing, at most so many, in order.

    Running text and list items; of a note that has none, whatever it has.
    """
    found = [(passage, span) for passage in passages for span in passage.spans]
    readable = [pair for pair in found if pair[1].kind in _READABLE and _worth_reading(pair[1])]
    texts: set[str] = set()
    kept: list[Candidate] = []
    for passage, span in (readable or found)[:_MOST_WEIGHED]:
        text = plain(span.quote).strip()
        if text and text not in texts:
            texts.add(text)
            kept.append(Candidate(passage, span, text, len(kept), _weight(span, text, len(kept))))
    return kept if len(kept) <= most else _repeated(kept, most)


def _worth_reading(span: Span) -> bool:
    """Three words beside its links, one of them a content word, and not the lead-in to what follows."""
    text = plain(span.quote).rstrip()
    beside = _LINK.sub("", span.quote).split()
    return len(beside) > 2 and not text.endswith((":", "：")) and bool(terms(text))


def _weight(span: Span, text: str, place: int) -> float:
    length = len(text.split())
    fit = min(1.0, length / _FEW_WORDS, _MANY_WORDS / max(1, length))
    asks = 0.6 if text.endswith(("?", "？")) else 1.0
    return _KINDS[span.kind] * fit * asks / (1 + _DECAY * place)


def _repeated(found: Sequence[Candidate], most: int) -> list[Candidate]:
    """Those whose words the note uses most, an early one before a late one; in order."""
    said = [frozenset(terms(candidate.text)) for candidate in found]
    counts = Counter(term for one in said for term in one)
    scores = [
        candidate.weight * sum(counts[term] for term in own) / (len(own) or 1)
        for candidate, own in zip(found, said, strict=True)
    ]
    best = sorted(range(len(found)), key=lambda index: (-round(scores[index], 9), index))[:most]
    return [found[index] for index in sorted(best)]
