"""A cross-encoder on this machine as the reranker, by the sentence-transformers library, on the CPU.

It reads question and text together, which tells more than two vectors do and takes as long as embedding each text anew
for every question. So it works on a thread of its own, and whoever asks waits only as long as there is time.
"""

from __future__ import annotations

import math
import os
import time
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

from exocortex.core.errors import EngineError
from exocortex.engines.local_models import find_model, library
from exocortex.engines.side_by_side import side_by_side

MOST_TEXTS = 16
_SETTING = "search.reranker"
_MOST_CHARACTERS = 8_000


class CrossEncoderReranker:
    """Scores with the model in a folder, or of this name in the local cache.

    Costs nothing until the first call, which begins to load the model (some seconds) and is most likely told too late.
    May be called from several threads.
    """

    def __init__(self, name: str, threads: int | None = None) -> None:
        self.name = name
        self._threads = threads or len(os.sched_getaffinity(0))
        self._worker = ThreadPoolExecutor(1, thread_name_prefix="rerank")
        self._model: Any = None
        self._failure: EngineError | None = None

    def scores(self, query: str, texts: Sequence[str], seconds: float) -> list[float] | None:
        """A score for each of at most 16 texts, each read by itself; None if that was not done in time.

        Raises EngineError if the library or the model is missing, or can't be used safely.
        """
        if len(texts) > MOST_TEXTS:
            raise ValueError(f"{len(texts)} texts are more than {MOST_TEXTS}")
        deadline = time.monotonic() + seconds
        work: Future[list[float] | None] = self._worker.submit(self._scored, query, list(texts), deadline)
        try:
            return work.result(seconds)
        except TimeoutError:
            work.cancel()
            return None

    # -- on the thread ----------------------------------------------------------------------------------------------

    def _scored(self, query: str, texts: list[str], deadline: float) -> list[float] | None:
        self._load()
        found = [math.nan] * len(texts)

        def run(row: int) -> None:
            if time.monotonic() < deadline:
                found[row] = self._score(query, texts[row])

        side_by_side(run, range(len(texts)), self._threads)
        return None if any(map(math.isnan, found)) else found

    def _load(self) -> None:
        """Once; a model that cannot be loaded isn't tried again for every question."""
        if self._failure is not None:
            raise self._failure
        if self._model is None:
            folder = find_model(self.name, _SETTING)
            try:
                self._model = _loaded(folder)
            except EngineError as error:
                self._failure = error
                raise

    def _score(self, query: str, text: str) -> float:
        """A pair alone, unpadded: its score depends on nothing else."""
        pair = (query[:_MOST_CHARACTERS], text[:_MOST_CHARACTERS])
        try:
            score = float(self._model.predict(pair, show_progress_bar=False))
        except Exception as error:  # torch's and the library's own have no common base
            raise EngineError(f"The reranker {self.name} failed: {error}", f"See to {_SETTING}.") from error
        if not math.isfinite(score):
            raise EngineError(f"The reranker {self.name} gave no number", f"See to {_SETTING}.")
        return score


def _loaded(folder: Path) -> Any:
    sentence_transformers = library()
    try:
        model = sentence_transformers.CrossEncoder(
            str(folder),
            device="cpu",
            local_files_only=True,
            trust_remote_code=False,
            model_kwargs={"use_safetensors": True},
        )
        labels = model.num_labels
        model.model.float().eval()
        model.tokenizer.split_special_tokens = True  # `[SEP]` in a note is text
        model.predict(("a first question", "a text"), show_progress_bar=False)  # settles how the tokenizer cuts
    except Exception as error:
        raise EngineError(f"The reranker in {folder} cannot be loaded: {error}", f"See to {_SETTING}.") from error
    if labels != 1:
        raise EngineError(f"The model in {folder} gives {labels} scores, not one", f"Set {_SETTING} to a reranker.")
    return model
