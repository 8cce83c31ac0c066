"""A plain embedder: hashed words and letter triples. No model, no download; for fast tests and for plugin authors."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import blake2b
from typing import TYPE_CHECKING

from exocortex.core.ports import Kind, TokenCounter

if TYPE_CHECKING:
    from exocortex.core.ports import Vectors

_WORD = re.compile(r"\w+")


@dataclass(frozen=True, slots=True)
class WordCounter:
    """Counts words."""

    def __call__(self, texts: Sequence[str]) -> list[int]:
        """Words of each text."""
        return [len(text.split()) for text in texts]


class HashEmbedder:
    """Texts that share words or parts of words point the same way; shape (n, 64)."""

    name = "hash"
    fingerprint = "hash-64-1"
    dimensions = 64
    max_tokens = 254

    def token_counter(self) -> TokenCounter:
        """Counts words."""
        return WordCounter()

    def embed(self, texts: Sequence[str], kind: Kind = "note") -> Vectors:  # noqa: ARG002 - one space for both kinds
        """Embed each text by itself."""
        import numpy as np

        vectors = np.zeros((len(texts), self.dimensions), dtype=np.float32)
        for row, text in enumerate(texts):
            for feature, weight in _features(text):
                number = int.from_bytes(blake2b(feature.encode("utf-8", "replace"), digest_size=8).digest(), "big")
                vectors[row, number % self.dimensions] += weight if number >> 63 else -weight
        lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
        vectors[lengths[:, 0] == 0, 0] = 1.0
        return (vectors / np.where(lengths == 0, 1.0, lengths)).astype(np.float32)


def _features(text: str) -> list[tuple[str, float]]:
    words = _WORD.findall(text.lower())
    triples = [f"#{word}#"[at : at + 3] for word in words for at in range(len(word))]
    return [(word, 1.0) for word in words] + [(triple, 0.3) for triple in triples]
