"""Ports: what the verbs need from heavy libraries, as Protocols. A port is earned by a second implementation."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Literal, Protocol

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
