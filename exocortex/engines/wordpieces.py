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

_IDEOGRAPHS = (
    "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
    "\U00020000-\U0002a6df\U0002a700-\U0002b81f\U0002b920-\U0002ceaf\U0002f800-\U0002fa1f"
)
"""Each is a word of its own to BERT."""
_WORD = re.compile(rf"[{_IDEOGRAPHS}]|[^\s!-/:-@\[-`{{-~{_IDEOGRAPHS}]+")
_MARK = re.compile(r"[!-/:-@\[-`{-~]")
_MOST_WORDS = 400_000
_BATCH = 10_000
"""Words encoded at a time; an encoding takes a kilobyte."""


@dataclass(frozen=True, slots=True)
class WordPieceCounter:
    """Counts the pieces of texts by the tokenizer in this file, special tokens left out.

    BERT splits at white space and around every punctuation mark before it looks for pieces (Devlin et al. 2018), so a
    text's count is the sum over its words and ASCII marks, and each word is counted once a process.
    """

    tokenizer: Path

    def __call__(self, texts: Sequence[str]) -> list[int]:
        """Tokens of each text."""
        known = _known(self.tokenizer)
        split = [_WORD.findall(text) for text in texts]
        words = set().union(*split)
        if len(known) > _MOST_WORDS:
            for word in known.keys() - words:
                del known[word]
        unknown = words.difference(known)
        if unknown:
            self._learn(known, unknown)
        return [
            sum(map(known.__getitem__, words)) + len(_MARK.findall(text))
            for words, text in zip(split, texts, strict=True)
        ]

    def _learn(self, known: dict[str, int], words: Iterable[str]) -> None:
        tokenizer, listed = load_tokenizer(self.tokenizer), list(words)
        for first in range(0, len(listed), _BATCH):
            batch = listed[first : first + _BATCH]
            encodings = tokenizer.encode_batch_fast(batch, add_special_tokens=False)
            known.update(zip(batch, map(len, encodings), strict=True))


@cache
def _known(tokenizer: Path) -> dict[str, int]:  # noqa: ARG001 - one table for each tokenizer of a process
    return {}


@cache
def load_tokenizer(file: Path) -> Tokenizer:
    """The tokenizer in this file, neither cutting nor padding, `[SEP]` a text to it; loaded once a process."""
    from tokenizers import Tokenizer

    tokenizer = Tokenizer.from_file(str(file))
    tokenizer.no_truncation()
    tokenizer.no_padding()
    tokenizer.encode_special_tokens = True
    return tokenizer
