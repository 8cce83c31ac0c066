"""The abstractive engine: a language model's points over passages, each with the passages it stands on.

Map: passages packed into the model's context, each batch summarized into points that cite. Reduce: points numbered and
merged, each keeping the citations of all it is made of, until they are few enough; each round at least halves them.
A reply that is empty, endless, garbage or cites nothing it was shown is replaced by sentences of its batch.
Whether a point's lines bear it out is for a verifier to say.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass
from threading import Event as StopEvent
from typing import TYPE_CHECKING, Protocol

from exocortex.answering.sentences import Span
from exocortex.core.answers import Support
from exocortex.core.errors import EngineError
from exocortex.core.events import Progress
from exocortex.core.turns import Sampling, Turn
from exocortex.core.words import clean
from exocortex.summarizing import prompts
from exocortex.summarizing.extractive import pick
from exocortex.summarizing.packing import Room, packed, room
from exocortex.summarizing.passages import Passage
from exocortex.summarizing.ranking import centrality, distinct
from exocortex.summarizing.replies import read_reply

if TYPE_CHECKING:
    from exocortex.core.ports import Embedder, LanguageModel

MOST_PASSAGES = 160
"""What a model is shown for one summary; of more, the passages that hold the sentences saying most."""

_MOST_ROUNDS = 6
_MOST_CITED = 8
"""Passages a merged point keeps."""
_FAILURES = 2
"""Failures of the model after which it isn't asked again."""
_CHARACTERS_A_TOKEN = 12
"""More text than that for each token asked for is no reply any more."""


class Verdict(Protocol):
    """What a verifier says of a sentence."""

    @property
    def support(self) -> Support: ...


Verifier = Callable[[str, Sequence[str], "Embedder"], Verdict]
"""Whether a sentence is borne out by the texts it cites."""


@dataclass(frozen=True, slots=True)
class Writer:
    """A language model, and what checks each sentence it writes."""

    model: LanguageModel
    verify: Verifier


@dataclass(frozen=True, slots=True)
class Written:
    """A point and what it stands on."""

    text: str
    cited: tuple[Passage, ...]
    span: Span | None
    """The sentence it quotes, of the one passage cited; None if the model wrote it."""


@dataclass(frozen=True, slots=True)
class Draft:
    """The points of a summary, not verified yet."""

    points: tuple[Written, ...]
    unread: int
    """Passages the model was not shown: each longer than its context, or it had failed before."""
    dropped: int
    """Citations of what it was not shown."""
    unusable: int
    """Replies in whose place sentences of the notes stand."""
    failure: str | None
    """Why the model failed, if it did."""


def write(
    passages: Sequence[Passage], points: int, model: LanguageModel, embedder: Embedder, stop: StopEvent
) -> Generator[Progress, None, Draft | None]:
    """At most so many points over these passages; None if it was stopped. The model's failures are part of the draft.

    Raises EngineError if the embedder fails.
    """
    work = _Work(model, embedder, stop)
    began = time.monotonic()
    batches, left = work.batches([prompts.passage_block(n, one) for n, one in enumerate(passages, 1)], points)
    asked = min(points, max(2, -(-3 * points // max(1, len(batches)))))
    """Of each batch: all of them make about three times what is wanted."""
    made: list[Written] = []
    for done, batch in enumerate(batches):
        yield Progress("writing", done, len(batches) + 1, time.monotonic() - began)
        if stop.is_set():
            return None
        if work.given_up:
            left += batch
        else:
            made += work.summarized([passages[index] for index in batch], asked)
    yield Progress("writing", len(batches), len(batches) + 1, time.monotonic() - began)
    made += work.quoted([passages[index] for index in sorted(left)], points)
    final = work.reduced(_in_order(made, passages), points)
    yield Progress("writing", len(batches) + 1, len(batches) + 1, time.monotonic() - began)
    draft = Draft(tuple(_in_order(final, passages)), len(left), work.dropped, work.unusable, work.failure)
    return None if stop.is_set() else draft


class _Work:
    """One summary in the making: asks the model, counts what went wrong, and falls back."""

    def __init__(self, model: LanguageModel, embedder: Embedder, stop: StopEvent) -> None:
        self._model = model
        self._embedder = embedder
        self._stop = stop
        self._failures = 0
        self.dropped = 0
        self.unusable = 0
        self.failure: str | None = None

    def batches(self, blocks: Sequence[str], points: int) -> tuple[list[list[int]], list[int]]:
        """Indexes of the blocks in batches to be shown at once, and of those that can't be shown."""
        try:
            return packed(self._model, blocks, self._room(points).prompt)
        except EngineError as error:
            self._failures, self.failure = _FAILURES, error.message
            return [], list(range(len(blocks)))

    def summarized(self, batch: Sequence[Passage], points: int) -> list[Written]:
        """The points of one batch."""
        blocks = [prompts.passage_block(number, passage) for number, passage in enumerate(batch, start=1)]
        reply = read_reply(self._reply(prompts.of_passages(blocks, points), points), len(batch), points)
        self.dropped += reply.dropped
        if reply.claims:
            return [Written(one.text, tuple(batch[n - 1] for n in one.numbers), None) for one in reply.claims]
        self.unusable += 1
        return self.quoted(batch, points)

    def quoted(self, passages: Sequence[Passage], points: int) -> list[Written]:
        """The sentences that say most, where the model doesn't."""
        best = pick(passages, points, self._embedder, self._stop) if passages else []
        return [Written(one.span.quote, (one.passage,), one.span) for one in best]

    def reduced(self, made: Sequence[Written], points: int) -> list[Written]:
        """The points merged until there are so few; by selection where the model is of no use."""
        made = _once_each(made)
        for _ in range(_MOST_ROUNDS):
            if len(made) <= points or self._stop.is_set() or self.given_up:
                break
            batches, left = self.batches([prompts.point_block(n, one.text) for n, one in enumerate(made, 1)], points)
            merged = [made[index] for index in left]
            for batch in batches:
                wanted = points if len(batches) == 1 else max(1, len(batch) // 2)
                merged += self._merged([made[index] for index in batch], wanted)
            made = _once_each(merged)
        return list(made) if len(made) <= points else self._selected(made, points)

    def _merged(self, made: Sequence[Written], points: int) -> list[Written]:
        """One batch of points as fewer, each with the citations of all it was made of."""
        if len(made) <= 1 or self._stop.is_set():
            return list(made)
        blocks = [prompts.point_block(number, one.text) for number, one in enumerate(made, start=1)]
        reply = read_reply(self._reply(prompts.of_points(blocks, points), points), len(made), points)
        self.dropped += reply.dropped
        if not reply.claims:
            self.unusable += 1
            return self._selected(made, points)
        return [_joined(one.text, [made[n - 1] for n in one.numbers]) for one in reply.claims]

    def _selected(self, made: Sequence[Written], points: int) -> list[Written]:
        """The points that say most and differ, in their order."""
        if not made:
            return []
        vectors = self._embedder.embed([clean(one.text) for one in made])
        chosen = distinct(vectors, centrality(vectors, [1.0] * len(made)), points)
        return [made[index] for index in sorted(chosen)]

    def _reply(self, turns: Sequence[Turn], points: int) -> str:
        """What the model says, cut off where it ought to have ended; empty if it fails, or has failed too often."""
        if self.given_up or self._stop.is_set():
            return ""
        said: list[str] = []
        try:
            tokens = self._room(points).reply
            left = pieces = tokens * _CHARACTERS_A_TOKEN
            replying = self._model.reply(turns, Sampling(most_tokens=tokens), self._stop)
            for piece in replying:
                said.append(piece)
                left, pieces = left - len(piece), pieces - 1
                if left < 0 or pieces < 0:
                    break
            if isinstance(replying, Generator):
                replying.close()
        except EngineError as error:
            self._failures, self.failure = self._failures + 1, error.message
        return "".join(said)

    def _room(self, points: int) -> Room:
        return room(self._model, prompts.of_points((), points), points)

    @property
    def given_up(self) -> bool:
        """Whether it has failed too often to be asked again."""
        return self._failures >= _FAILURES


def _joined(text: str, parts: Sequence[Written]) -> Written:
    """A merged point: a quote still, if it is word for word the one it was made of."""
    if len(parts) == 1 and parts[0].text == text:
        return parts[0]
    cited = {(one.note.id, one.chunk.first_line, one.chunk.key): one for part in parts for one in part.cited}
    return Written(text, tuple(cited.values())[:_MOST_CITED], None)


def _in_order(made: Sequence[Written], passages: Sequence[Passage]) -> list[Written]:
    """By the first passage each stands on; where a model's points are of one passage, as it put them."""
    places = {id(passage): place for place, passage in enumerate(passages)}
    return sorted(made, key=lambda one: min(places[id(passage)] for passage in one.cited))


def _once_each(made: Sequence[Written]) -> list[Written]:
    """The same text once, with the citations of the first."""
    return list({one.text.casefold(): one for one in reversed(made)}.values())[::-1]
