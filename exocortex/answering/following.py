"""Following up: a question that leans on what was said before, made into one that can be searched for by itself."""

from __future__ import annotations

import re
from collections.abc import Sequence
from threading import Event as StopEvent

from exocortex.core.errors import EngineError
from exocortex.core.ports import LanguageModel
from exocortex.core.turns import Sampling, Turn
from exocortex.core.words import content_terms, terms

_LEANING = re.compile(
    r"\b(?:it|its|they|them|their|that|this|those|these|he|him|his|she|her|hers|there|then|one|ones|same|else|also)\b"
    r"|^\s*(?:and|but|or|so|why|how so|what about|how about|since when|until when|where|when|who)\b[^?]{0,25}\??\s*$",
    re.IGNORECASE,
)
_SELF_CONTAINED = 4
"""Words that carry meaning from which on a question that points at nothing stands by itself."""
_MOST_CARRIED = 8
_REWRITTEN_TOKENS = 64
_MOST_CHARACTERS = 300

_REWRITE = """\
Rewrite the user's last question so that it can be understood without the conversation: replace words such as "it" or \
"there" by what they stand for, and keep everything else. Answer with the question alone, on one line."""


def carried(question: str, earlier: Sequence[str]) -> str:
    """The question with the words that the queries before it were about, if it needs them."""
    if not earlier:
        return question
    mine = content_terms(terms(question))
    if len(mine) >= _SELF_CONTAINED and not _LEANING.search(question):
        return question
    theirs = [term for term in content_terms(terms(earlier[-1])) if term not in mine]
    return " ".join((question, *theirs[:_MOST_CARRIED]))


def rewritten(question: str, history: Sequence[Turn], model: LanguageModel, stop: StopEvent) -> str | None:
    """The question as the model puts it in full; None if it fails, or writes anything but a line."""
    turns = (Turn("system", _REWRITE), *history, Turn("user", question))
    try:
        reply = "".join(model.reply(turns, Sampling(most_tokens=_REWRITTEN_TOKENS), stop))
    except EngineError:
        return None
    lines = [line.strip().strip('"') for line in reply.strip().splitlines()]
    usable = len(lines) == 1 and lines[0] and len(lines[0]) <= _MOST_CHARACTERS and lines[0].isprintable()
    return lines[0] if usable and content_terms(terms(lines[0])) else None
