"""Ports: what the verbs need from heavy libraries, as Protocols. A port is earned by a second implementation."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from threading import Event as StopEvent
from typing import TYPE_CHECKING, Literal, Protocol

from exocortex.core.turns import Sampling, Turn

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Vectors = NDArray[np.float32]
    """Shape (n, dimensions), each row of length 1."""

Kind = Literal["note", "query"]
TokenCounter = Callable[[Sequence[str]], list[int]]
"""Counts the tokens of each text, special tokens not included. Picklable, cheap to send to a worker process."""


class Embedder(Protocol):
    """Turns texts into vectors whose dot product is their similarity."""

    name: str
    """Short name for people and settings: `all-MiniLM-L6-v2`."""
    fingerprint: str
    """Changes whenever the same text could give another vector: weights, tokenizer, pooling, length limit."""
    dimensions: int
    max_tokens: int
    """Longest input, special tokens not counted, that is embedded whole."""

    def token_counter(self) -> TokenCounter:
        """The embedder's own way of counting, for cutting notes to its size."""
        ...

    def embed(self, texts: Sequence[str], kind: Kind = "note") -> Vectors:
        """Embed each text by itself: a vector is a function of its text alone, bit for bit.

        Returns float32 of shape (len(texts), dimensions), rows normalised to length 1.
        Raises EngineError if the model is missing or damaged.
        """
        ...


class VectorIndex(Protocol):
    """Finds the nearest of many vectors."""

    def upsert(self, keys: Sequence[str], vectors: Vectors) -> None:
        """Store or replace the vectors under these keys."""
        ...

    def delete(self, keys: Sequence[str]) -> None:
        """Remove these keys; unknown ones are ignored."""
        ...

    def nearest(self, vector: Vectors, limit: int) -> list[tuple[str, float]]:
        """The `limit` keys most similar to `vector` (shape (dimensions,)), best first, with cosine similarity."""
        ...

    def count(self) -> int:
        """How many keys are stored."""
        ...

    def keys(self) -> Iterable[str]:
        """Every stored key, in no order."""
        ...

    def close(self) -> None:
        """Write out and let go of the files."""
        ...


class Reranker(Protocol):
    """Reads a question and a text together and says how well one answers the other."""

    name: str
    """Short name for people and settings."""

    def scores(self, query: str, texts: Sequence[str], seconds: float) -> list[float] | None:
        """A score for each text, greater is better, comparable within one call; None if `seconds` did not suffice.

        Raises EngineError if the model is missing or damaged.
        """
        ...


class LanguageModel(Protocol):
    """Continues a conversation. One call at a time; each may come from another thread."""

    name: str
    """Short name for people and settings."""
    fingerprint: str
    """Changes whenever the same turns could give another reply: the digest of a model file, or a server's address and
    the model's name there."""
    context: int
    """Tokens that a prompt and its reply share."""

    def ready(self, stop: StopEvent) -> bool:
        """Load what it needs, which may take a while; False if `stop` was set before it was there.

        Raises EngineError.
        """
        ...

    def count(self, texts: Sequence[str]) -> list[int]:
        """The tokens of each text alone, as the model cuts it. Raises EngineError."""
        ...

    def reply(self, turns: Sequence[Turn], sampling: Sampling, stop: StopEvent) -> Iterator[str]:
        """What the assistant says next, in pieces of text as they come; setting `stop` ends it within half a second.

        Raises EngineError if the model can't be loaded, the prompt doesn't fit, or it died meanwhile; what came before
        that has been yielded.
        """
        ...

    def close(self) -> None:
        """Let go of the model and its memory."""
        ...
