"""The bundled embedder: all-MiniLM-L6-v2 as quantized ONNX, on the CPU, one text a run.

One text a run, unpadded, because dynamic int8 takes its scale over all that is in the run: a text's vector would depend
on its neighbours. Several such runs go side by side, each on one thread.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any, cast

from exocortex.core.errors import EngineError
from exocortex.core.ports import Kind, TokenCounter
from exocortex.engines.side_by_side import side_by_side
from exocortex.engines.wordpieces import WordPieceCounter

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from tokenizers import Tokenizer

    from exocortex.core.ports import Vectors

_FILES = ("model.onnx", "tokenizer.json")
_SPECIAL = 2
_MOST_CHARACTERS = 32_768
"""More than 254 words of at most 100 characters need; a longer text isn't tokenized to its end for nothing."""
_HINT = "Install Exocortex again, or restore the file from its release."


class OnnxEmbedder:
    """Embeds with the model in `folder` (model.onnx, tokenizer.json, provenance.json), `threads` texts at a time.

    Costs next to nothing until the first `embed`, which checks the files' sha256 and loads the model (0.3 s, 70 MB).
    May be called from several threads. Raises EngineError if a file is missing or isn't as it was shipped.
    """

    def __init__(self, folder: Path, threads: int | None = None) -> None:
        provenance = _read_provenance(folder)
        self.name: str = provenance["name"]
        self.dimensions: int = provenance["dimensions"]
        self.max_tokens: int = provenance["max_pieces"] - _SPECIAL
        self.fingerprint = _fingerprint(provenance)
        self._folder = folder
        self._checksums: dict[str, str] = provenance["sha256"]
        self._threads = threads or len(os.sched_getaffinity(0))
        self._loading = Lock()
        self._loaded: tuple[Tokenizer, Any] | None = None

    def token_counter(self) -> TokenCounter:
        """Counts word pieces exactly as `embed` cuts them; see WordPieceCounter."""
        return WordPieceCounter(self._folder / "tokenizer.json")

    def embed(self, texts: Sequence[str], kind: Kind = "note") -> Vectors:  # noqa: ARG002 - notes and queries are alike here
        """float32 (len(texts), dimensions), rows of length 1; what lies past `max_tokens` pieces is not read."""
        import numpy as np

        tokenizer, session = self._load()
        inputs = [_token_ids(tokenizer, text) for text in texts]
        vectors = np.empty((len(texts), self.dimensions), dtype=np.float32)

        def run(row: int) -> None:
            vectors[row] = session.run(None, {"ids": inputs[row]})[0][0]

        # a long text begun last would leave the other threads idle
        side_by_side(run, sorted(range(len(texts)), key=lambda row: -inputs[row].size), self._threads)
        return vectors

    def _load(self) -> tuple[Tokenizer, Any]:
        with self._loading:
            if self._loaded is None:
                for name, checksum in self._checksums.items():
                    _check(self._folder / name, checksum)
                tokenizer = _tokenizer(self._folder / "tokenizer.json", self.max_tokens + _SPECIAL)
                self._loaded = tokenizer, _session(self._folder / "model.onnx")
            return self._loaded


def _tokenizer(file: Path, most_pieces: int) -> Tokenizer:
    """Cuts at `most_pieces`, pads nothing, and reads `[SEP]` in a note as text, not as a control token."""
    from tokenizers import Tokenizer

    tokenizer = Tokenizer.from_file(str(file))
    tokenizer.no_padding()
    tokenizer.enable_truncation(most_pieces)
    tokenizer.encode_special_tokens = True
    return tokenizer


def _token_ids(tokenizer: Tokenizer, text: str) -> NDArray[np.int64]:
    """Shape (1, pieces), [CLS] and [SEP] included."""
    import numpy as np

    return np.array([tokenizer.encode(text[:_MOST_CHARACTERS]).ids], dtype=np.int64)


def _session(model: Path) -> Any:
    """A session whose runs take one thread each; all threads share it, as fast as one each and 35 MB cheaper."""
    os.environ["ORT_DISABLE_TELEMETRY"] = "1"  # read once, as the library is loaded: its own call comes too late
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4  # fatal: what fails is raised, nothing is written past the application
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    # as fast without, and texts of every length leave no holes in memory
    options.enable_cpu_mem_arena = options.enable_mem_pattern = False
    try:
        return onnxruntime.InferenceSession(str(model), options, providers=["CPUExecutionProvider"])
    except Exception as error:  # onnxruntime's classes are made in C++ and have no common base
        raise EngineError(f"The embedder in {model} cannot be loaded: {error}", _HINT) from error


def _read_provenance(folder: Path) -> dict[str, Any]:
    path = folder / "provenance.json"
    try:
        provenance = cast(dict[str, Any], json.loads(path.read_text(encoding="utf-8")))
        missing = {"name", "dimensions", "max_pieces", "pooling", "sha256"} - provenance.keys()
    except (OSError, ValueError, AttributeError) as error:
        raise EngineError(f"The embedder's {path} cannot be read: {error}", _HINT) from error
    if missing or not set(_FILES) <= provenance["sha256"].keys():
        raise EngineError(f"The embedder's {path} is damaged: it lacks an entry.", _HINT)
    return provenance


def _fingerprint(provenance: dict[str, Any]) -> str:
    """Sixteen hex digits over all that shapes a vector."""
    parts = [provenance[key] for key in ("name", "dimensions", "max_pieces", "pooling")]
    parts += [provenance["sha256"][name] for name in _FILES]
    return hashlib.sha256(json.dumps([*parts, _MOST_CHARACTERS]).encode()).hexdigest()[:16]


@cache
def _check(path: Path, sha256: str) -> None:
    """Raise EngineError unless the file has this sha256; asked once a process."""
    try:
        with path.open("rb") as file:
            found = hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise EngineError(f"The embedder's {path} cannot be read: {error.strerror}.", _HINT) from error
    if found != sha256:
        raise EngineError(f"The embedder's {path} is damaged: sha256 {found[:12]}…, not {sha256[:12]}….", _HINT)
