"""Following up: a question that leans on what was said before, made into one that can be searched for by itself."""

from __future__ import annotations

import re
from collections.abc import Sequence
from threading import Event as StopEvent

from exocortex.answering.questions import is_stop
from exocortex.core.errors import EngineError
from exocortex.core.ports import LanguageModel
from exocortex.core.turns import Sampling, Turn
from exocortex.core.words import content_terms, terms

_CONNECTED = re.compile(r"^\s*(?:and|but|or|so|then|also|how so|(?:what|how) about)\b", re.IGNORECASE)
_MOMENT = r"(?:year|month|week|morning|evening|afternoon|spring|summer|autumn|winter)"
_POINTING = re.compile(
    r"\b(?:its?|the(?:y|m|irs?|se)|he|him|his|she|hers?|ones?|another|same|else)\b"
    rf"|\bth(?:is|at|ose)\b(?! {_MOMENT}\b)"
    r"|(?<!\bis )(?<!\bare )(?<!\bwas )(?<!\bwere )\bthere\b",
    re.IGNORECASE,
)
_STATING = re.compile(
    r"\b(?:is|are|was|were|am|do|does|did|has|have|had|can|could|will|would|shall|should|must|may|might)\b|n't\b|'s\b",
    re.IGNORECASE,
)
_NAME = re.compile(r"(?<=\s)[^\W\d_a-z]\w*|\d")
_FRAGMENT = 2
"""Words that carry meaning in what is no sentence up to which it is a part of one said before."""
_MOST_CARRIED = 8
_REWRITTEN_TOKENS = 64
_MOST_CHARACTERS = 300

_REWRITE = """\
Rewrite the user's last question so that it can be understood without the conversation: replace words such as "it" or \
"there" by what they stand for, and keep everything else. Answer with the question alone, on one line."""


def leans(question: str) -> bool:
    """Whether a question needs what was said before: it goes on from there, points there, or is a piece of one."""
    if _CONNECTED.search(question) or _POINTING.search(question):
        return True
    told = _content(question)
    if _NAME.search(question.strip()):
        return False
    return not told or (len(told) <= _FRAGMENT and not _STATING.search(question))


def carried(question: str, earlier: Sequence[str]) -> str:
    """The question with the words that the ones before it were about, as far back as they lean, if it leans itself.

    `earlier` are those before it as they were typed, the first one first.
    """
    if not leans(question):
        return question
    theirs: list[str] = []
    for before in reversed(earlier):
        theirs += _content(before)
        if not leans(before):
            break
    mine = set(_content(question))
    return " ".join((question, *[term for term in dict.fromkeys(theirs) if term not in mine][:_MOST_CARRIED]))


def _content(question: str) -> list[str]:
    return [term for term in content_terms(terms(question)) if not is_stop(term)]


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
