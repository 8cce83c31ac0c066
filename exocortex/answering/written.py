"""The written answer: a language model's own words on the passages it is given, each sentence checked against them.

Knows nothing of where passages or models come from.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from threading import Event as StopEvent

from exocortex.answering.citing import cite
from exocortex.answering.prompting import Packed
from exocortex.answering.verifying import Verdict
from exocortex.core.answers import NOT_IN_NOTES, Citation, Sentence
from exocortex.core.errors import EngineError
from exocortex.core.ports import LanguageModel
from exocortex.core.turns import Sampling

Check = Callable[[str, Sequence[str]], Verdict]
"""What these texts say to a sentence."""


@dataclass(slots=True)
class Writing:
    """A reply as it grows."""

    packed: Packed
    text: str = ""
    failure: EngineError | None = None
    """What cut it short."""

    def run(self, model: LanguageModel, sampling: Sampling, stop: StopEvent) -> Iterator[str]:
        """The pieces, as they come; a model that fails ends it, and `failure` says how."""
        try:
            for piece in model.reply(self.packed.turns, sampling, stop):
                self.text += piece
                yield piece
        except EngineError as error:
            self.failure = error

    @property
    def empty(self) -> bool:
        """Whether there is no word in it."""
        return not self.text.strip()

    @property
    def abstained(self) -> bool:
        """Whether the model says that the passages don't answer."""
        return self.text.strip().strip("\"'*_").casefold().startswith(NOT_IN_NOTES.casefold().rstrip("."))


@dataclass(frozen=True, slots=True)
class Checked:
    """A reply taken apart."""

    sentences: tuple[Sentence, ...]
    citations: tuple[Citation, ...]
    """Those that a sentence names, by number."""
    dropped: int
    """Citations of passages that the model was not given."""


def checked(text: str, sources: Sequence[Citation], check: Check) -> Checked:
    """Each sentence with the passages it names and what they say to it; one that names none has no support."""
    cited, dropped = cite(text, len(sources))
    sentences = []
    for sentence, numbers in cited:
        verdict = check(sentence, [_text_of(sources[number - 1]) for number in numbers])
        sentences.append(Sentence(sentence, tuple(numbers), verdict.support, verdict.reasons))
    named = {number for sentence in sentences for number in sentence.citations}
    return Checked(tuple(sentences), tuple(one for one in sources if one.number in named), dropped)


def _text_of(source: Citation) -> str:
    """What the model was shown: a year may stand in the note's title, or be its date."""
    return f"{source.note.title}. {source.note.date or ''}\n\n{source.quote}"
