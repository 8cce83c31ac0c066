"""The bundled embedder: all-MiniLM-L6-v2 as quantized ONNX, on the CPU, one text a run.

One text a run, unpadded, because dynamic int8 takes its scale over the whole batch: a text's vector would depend on its
neighbours. Several such runs go side by side, each on one thread.
"""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any

from exocortex.core.errors import EngineError
from exocortex.core.ports import Kind, TokenCounter
from exocortex.engines.wordpieces import WordPieceCounter, load_tokenizer

if TYPE_CHECKING:
    from exocortex.core.ports import Vectors

_SPECIAL = 2
_MOST_CHARACTERS = 20_000
"""More than 256 pieces need; a longer text isn't tokenized to its end for nothing."""


class OnnxEmbedder:
    """An embedder in a folder with `model.onnx`, `tokenizer.json` and `provenance.json`; loaded at its first use."""

    def __init__(self, folder: Path, threads: int | None = None) -> None:
        self._folder = folder
        self._provenance = _read_provenance(folder)
        self._threads = threads or len(os.sched_getaffinity(0))
        self._session: Any = None
        self._pool: ThreadPoolExecutor | None = None
        self.name = str(self._provenance["name"])
        self.dimensions = int(self._provenance["dimensions"])
        self.max_tokens = int(self._provenance["max_pieces"]) - _SPECIAL
        self.fingerprint = self._fingerprint()

    def token_counter(self) -> TokenCounter:
        """Counts word pieces by the embedder's own tokenizer."""
        return WordPieceCounter(self._folder / "tokenizer.json")

    def embed(self, texts: Sequence[str], kind: Kind = "note") -> Vectors:  # noqa: ARG002 - one space for both kinds
        """Embed each text by itself; float32 of shape (len(texts), 384), rows of length 1.

        Text beyond 254 word pieces is left out. Raises EngineError if a file is missing or isn't as it was shipped.
        """
        import numpy as np

        self._load()
        vectors = np.empty((len(texts), self.dimensions), dtype=np.float32)
        order = sorted(range(len(texts)), key=lambda row: -len(texts[row]))
        if self._pool is None or len(texts) == 1:
            for row in order:
                vectors[row] = self._run(texts[row])
        else:
            for row, vector in zip(order, self._pool.map(self._run, (texts[row] for row in order)), strict=True):
                vectors[row] = vector
        return vectors

    def _run(self, text: str) -> Any:
        import numpy as np

        pieces = self._tokenizer.encode(text[:_MOST_CHARACTERS]).ids
        if len(pieces) > self.max_tokens + _SPECIAL:
            pieces = [*pieces[: self.max_tokens + 1], pieces[-1]]
        return self._session.run(None, {"ids": np.array([pieces], dtype=np.int64)})[0][0]

    def _load(self) -> None:
        if self._session is not None:
            return
        import onnxruntime

        self._check_files()
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        options.inter_op_num_threads = 1
        options.log_severity_level = 4
        options.enable_cpu_mem_arena = False
        self._tokenizer = load_tokenizer(self._folder / "tokenizer.json")
        model = str(self._folder / "model.onnx")
        self._session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
        if self._threads > 1:
            self._pool = ThreadPoolExecutor(self._threads, thread_name_prefix="embed")

    def _check_files(self) -> None:
        """Every file is what its provenance says: a damaged model would answer, wrongly."""
        for name, expected in self._provenance["sha256"].items():
            try:
                found = sha256((self._folder / name).read_bytes()).hexdigest()
            except OSError as error:
                raise EngineError(f"The embedder's file {name} cannot be read: {error}", _AGAIN) from error
            if found != expected:
                raise EngineError(f"The embedder's file {self._folder / name} is damaged.", _AGAIN)

    def _fingerprint(self) -> str:
        sums = self._provenance["sha256"]
        parts = (self.name, sums["model.onnx"], sums["tokenizer.json"], self._provenance["pooling"], self.max_tokens)
        return sha256(json.dumps(parts).encode()).hexdigest()[:16]


_AGAIN = "Install Exocortex again."


def _read_provenance(folder: Path) -> dict[str, Any]:
    try:
        provenance: dict[str, Any] = json.loads((folder / "provenance.json").read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise EngineError(f"The embedder in {folder} has no readable provenance.json: {error}", _AGAIN) from error
    return provenance
