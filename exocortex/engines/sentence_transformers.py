"""Any sentence-transformers model on this machine as the embedder, on the CPU, one text a run.

One text a run, unpadded, because sums over padded rows differ in their last bits: a text's vector would depend on its
neighbours. Several such runs go side by side, each on one thread, which is quicker than several threads for one run.
"""

from __future__ import annotations

import math
import os
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any

from exocortex.core.chunks import CHUNK_TOKENS
from exocortex.core.errors import EngineError
from exocortex.core.ports import Kind, TokenCounter
from exocortex.engines.local_models import digest, find_model, library, modules_of, read_json
from exocortex.engines.side_by_side import side_by_side
from exocortex.engines.wordpieces import load_tokenizer

if TYPE_CHECKING:
    from exocortex.core.ports import Vectors

_SETTING = "embedder.name"
_PROMPTS: dict[Kind, tuple[str, ...]] = {"query": ("query",), "note": ("document", "passage", "corpus")}
"""The names under which models keep what they want before each kind of text, as the library looks for them."""
_CHARACTERS_A_TOKEN = 128
"""A text longer than this many for each token the model reads isn't tokenized to its end for nothing."""
_UNKNOWN_LENGTH = 512


@dataclass(frozen=True, slots=True)
class LocalTokenCounter:
    """Counts tokens by the tokenizer in this file, special tokens left out.

    `weight` is 1 unless the model reads less than a chunk may hold; then each token counts for more, so that chunks are
    cut to its size.
    """

    tokenizer: Path
    weight: float = 1.0

    def __call__(self, texts: Sequence[str]) -> list[int]:
        """Tokens of each text."""
        encodings = load_tokenizer(self.tokenizer).encode_batch_fast(list(texts), add_special_tokens=False)
        return [math.ceil(len(encoding) * self.weight) for encoding in encodings]


class SentenceTransformersEmbedder:
    """Embeds with the model in a folder, or of this name in the local cache; `name` is what a setting calls it.

    Reads the settings and weighs the files at once (a second a gigabyte), loads the model at the first `embed`. May be
    called from several threads. Raises EngineError if the library or the model is missing, or can't be used safely.
    """

    def __init__(self, model: str, threads: int | None = None, *, name: str = "") -> None:
        self.name = name or model
        self._folder = find_model(model, _SETTING)
        self._tokenizer = _tokenizer_file(self._folder)
        self._prompts = _prompts(self._folder)
        self._length = _max_length(self._folder)
        self.dimensions = _dimensions(self._folder)
        self.max_tokens = self._length - self._used_up()
        self.fingerprint = sha256(f"{digest(self._folder)} {self._length}".encode()).hexdigest()[:16]
        self._threads = threads or len(os.sched_getaffinity(0))
        self._loading = Lock()
        self._loaded: Any = None

    def token_counter(self) -> TokenCounter:
        """Counts as the model's own tokenizer cuts."""
        return LocalTokenCounter(self._tokenizer, max(1.0, CHUNK_TOKENS / self.max_tokens))

    def embed(self, texts: Sequence[str], kind: Kind = "note") -> Vectors:
        """float32 (len(texts), dimensions), rows of length 1; what lies past `max_tokens` tokens is not read."""
        import numpy as np

        vectors = np.empty((len(texts), self.dimensions), dtype=np.float32)
        model, most = self._load(), _CHARACTERS_A_TOKEN * self._length

        def run(row: int) -> None:
            vectors[row] = _vector(model, texts[row][:most], self._prompts[kind])

        try:
            # a long text begun last would leave the other threads idle
            side_by_side(run, sorted(range(len(texts)), key=lambda row: -len(texts[row])), self._threads)
        except Exception as error:  # torch's and the library's own have no common base
            raise EngineError(f"The model in {self._folder} failed: {error}", f"See to {_SETTING}.") from error
        if not np.isfinite(vectors).all():
            raise EngineError(f"The model in {self._folder} gave no numbers", f"See to {_SETTING}.")
        return vectors

    def _used_up(self) -> int:
        """Tokens of the longest prompt, and special ones."""
        tokenizer = load_tokenizer(self._tokenizer)
        prompts = [len(tokenizer.encode(prompt, add_special_tokens=False).ids) for prompt in self._prompts.values()]
        used = tokenizer.num_special_tokens_to_add(False) + max(prompts)
        if used >= self._length:
            raise EngineError(
                f"The model in {self._folder} reads {self._length} tokens, and its prompt takes all of them",
                f"See to {_SETTING}.",
            )
        return used

    def _load(self) -> Any:
        with self._loading:
            if self._loaded is None:
                self._loaded = _model(self._folder, self._length)
            return self._loaded


def _model(folder: Path, length: int) -> Any:
    """In full precision, whatever it was saved in: half precision is slower on a CPU."""
    sentence_transformers = library()
    try:
        model = sentence_transformers.SentenceTransformer(
            str(folder),
            device="cpu",
            local_files_only=True,
            trust_remote_code=False,
            model_kwargs={"use_safetensors": True},
        )
        model.max_seq_length = length
        model.tokenizer.split_special_tokens = True  # `[SEP]` in a note is text
        model = model.float().eval()
        _vector(model, "a first text", "")  # settles how the tokenizer cuts, while no other thread uses it
    except Exception as error:
        raise EngineError(f"The model in {folder} cannot be loaded: {error}", f"See to {_SETTING}.") from error
    return model


def _vector(model: Any, text: str, prompt: str) -> Any:
    return model.encode(text, prompt=prompt, normalize_embeddings=True, show_progress_bar=False)


# -- what the model's files say --------------------------------------------------------------------------------------


def _first(folder: Path) -> Path:
    """Where the transformer's own files are."""
    parts = modules_of(folder)
    return folder / str(parts[0].get("path", "")) if parts else folder


def _tokenizer_file(folder: Path) -> Path:
    for place in (_first(folder), folder):
        if (place / "tokenizer.json").is_file():
            return place / "tokenizer.json"
    raise EngineError(f"The model in {folder} has no tokenizer.json", "Save it again with a fast tokenizer.")


def _prompts(folder: Path) -> dict[Kind, str]:
    """What is put before a text of each kind."""
    config = _settings(folder / "config_sentence_transformers.json")
    known = config.get("prompts")
    prompts = {name: text for name, text in (known or {}).items() if isinstance(text, str)}
    default = prompts.get(config.get("default_prompt_name") or "", "")
    return {
        kind: next((prompts[name] for name in names if name in prompts), default) for kind, names in _PROMPTS.items()
    }


def _max_length(folder: Path) -> int:
    """Tokens the model reads, special ones included."""
    place = _first(folder)
    given = _settings(place / "sentence_bert_config.json").get("max_seq_length")
    if isinstance(given, int):
        return given
    limits = (
        _settings(place / "tokenizer_config.json").get("model_max_length"),
        _settings(place / "config.json").get("max_position_embeddings"),
    )
    return min([limit for limit in limits if isinstance(limit, int) and 0 < limit < 1_000_000] or [_UNKNOWN_LENGTH])


def _dimensions(folder: Path) -> int:
    """The size of a vector, as the last part says that changes it."""
    size = _settings(_first(folder) / "config.json").get("hidden_size")
    for part in modules_of(folder)[1:]:
        config = _settings(folder / str(part.get("path", "")) / "config.json")
        width = config.get("word_embedding_dimension", config.get("embedding_dimension"))
        if isinstance(width, int):
            size = width * _modes(config)
        size = config.get("out_features", size)
    if not isinstance(size, int):
        raise EngineError(f"The model in {folder} does not say how large its vectors are", f"See to {_SETTING}.")
    return size


def _modes(config: dict[str, Any]) -> int:
    """How many ways of pooling are put side by side; the library has written that in two ways."""
    if isinstance(listed := config.get("pooling_mode"), list):
        return max(1, len(listed))
    modes = [name for name, on in config.items() if name.startswith("pooling_mode_") and on is True]
    return max(1, len(modes))


def _settings(file: Path) -> dict[str, Any]:
    found = read_json(file, {})
    return found if isinstance(found, dict) else {}
