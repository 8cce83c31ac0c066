"""Word pieces: how many tokens a text is to the embedder, counted fast enough to cut megabytes of notes by."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tokenizers import Tokenizer

_PLAIN = re.compile(r"[\t\n\r -~]*")
_WORD = re.compile(r"[A-Za-z0-9]+")
_MARK = re.compile(r"[!-/:-@\[-`{-~]")
_MOST_WORDS = 400_000


@dataclass(frozen=True, slots=True)
class WordPieceCounter:
    """Counts the pieces of texts by the tokenizer in this file, special tokens left out.

    BERT splits at white space and around every punctuation mark before it looks for pieces (Devlin et al. 2018), so a
    text's count is the sum over its words, and each word is counted once a process. A pickled counter is its path.
    """

    tokenizer: Path

    def __call__(self, texts: Sequence[str]) -> list[int]:
        """Tokens of each text."""
        known = _known(self.tokenizer)
        counts = []
        for text in texts:
            plain = _PLAIN.fullmatch(text) is not None
            words = _WORD.findall(text) if plain else text.split()
            unknown = set(words).difference(known)
            if unknown:
                self._learn(known, unknown)
            marks = len(_MARK.findall(text)) if plain else 0
            counts.append(sum(map(known.__getitem__, words)) + marks)
        return counts

    def _learn(self, known: dict[str, int], words: Iterable[str]) -> None:
        if len(known) > _MOST_WORDS:
            known.clear()
        listed = list(words)
        encodings = load_tokenizer(self.tokenizer).encode_batch_fast(listed, add_special_tokens=False)
        known.update(zip(listed, map(len, encodings), strict=True))


@cache
def _known(tokenizer: Path) -> dict[str, int]:  # noqa: ARG001 - one table for each tokenizer of a process
    return {}


@cache
def load_tokenizer(file: Path) -> Tokenizer:
    """The tokenizer in this file, neither cutting nor padding, loaded once a process."""
    from tokenizers import Tokenizer

    tokenizer = Tokenizer.from_file(str(file))
    tokenizer.no_truncation()
    tokenizer.no_padding()
    return tokenizer
