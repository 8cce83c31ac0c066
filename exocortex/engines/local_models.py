"""Local models: those for the sentence-transformers library, found on this machine; and that library, kept on it.

Nothing is ever fetched, and no code or pickle that comes with a model is run: weights are safetensors.
"""

from __future__ import annotations

import hashlib
import importlib.util
import json
import logging
import os
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any, cast

from exocortex.core.errors import EngineError

EXTRA = 'Install what it needs: pip install "exocortex[sentence-transformers]"'

_OFFLINE = {
    "HF_HUB_OFFLINE": "1",
    "TRANSFORMERS_OFFLINE": "1",
    "HF_HUB_DISABLE_TELEMETRY": "1",
    "DO_NOT_TRACK": "1",
    "TOKENIZERS_PARALLELISM": "false",
}
_SHAPING = (".json", ".safetensors", ".txt", ".model")
"""Suffixes of what may shape a model's output: settings, weights, vocabularies."""
_PICKLES = (".bin", ".pt", ".pth", ".ckpt", ".pkl")
_OTHER_RUNTIMES = {"onnx", "openvino"}


def require_library() -> None:
    """Raise EngineError unless sentence-transformers is installed; loads nothing."""
    if importlib.util.find_spec("sentence_transformers") is None:
        raise EngineError("The library sentence-transformers is not installed", EXTRA)


def library() -> ModuleType:
    """sentence-transformers: offline and silent, one thread a run, for runs go side by side. Takes some seconds."""
    require_library()
    os.environ.update(_OFFLINE)  # read once, as the libraries are loaded
    try:
        import sentence_transformers
        import torch
        from transformers.utils import logging as transformers_logging
    except Exception as error:  # whatever a library that doesn't fit the machine raises
        raise EngineError(f"The library sentence-transformers cannot be loaded: {error}", EXTRA) from error
    transformers_logging.set_verbosity_error()
    transformers_logging.disable_progress_bar()
    logging.getLogger("sentence_transformers").setLevel(logging.ERROR)
    torch.set_num_threads(1)
    return cast(ModuleType, sentence_transformers)


def find_model(name: str, setting: str) -> Path:
    """The folder of a model: the one named, or the one in the local cache under this name.

    Raises EngineError if there is none, or if using it would mean to run what came with it.
    """
    require_library()
    if not name.strip():
        raise EngineError(f"{setting} names no model", "Give a folder, or a name in the local cache.")
    is_path = name.startswith(("/", "~", "."))
    folder = Path(os.path.expanduser(name)) if is_path else _cached(name)
    if folder is None or not folder.is_dir() or not folder.is_absolute():
        raise EngineError(
            f"There is no model {name} on this machine",
            f"Set {setting} to the whole path of its folder, or to its name in the local cache. Nothing is fetched.",
        )
    _require_harmless(folder)
    return folder


def _cached(name: str) -> Path | None:
    """The newest snapshot of this name in the cache that the library's own downloads go to."""
    os.environ.update(_OFFLINE)
    from huggingface_hub import snapshot_download

    whole = name if "/" in name else f"sentence-transformers/{name}"
    try:
        found = snapshot_download(
            whole, cache_dir=os.environ.get("SENTENCE_TRANSFORMERS_HOME") or None, local_files_only=True
        )
    except (OSError, ValueError):  # not there, or no such name can be
        return None
    return Path(found)


def _require_harmless(folder: Path) -> None:
    """Raise EngineError where loading would unpickle something, or import something that isn't the library's."""
    weights = [file for file in _files(folder) if file.suffix in (*_PICKLES, ".safetensors")]
    safe = {file.parent for file in weights if file.suffix == ".safetensors"}
    pickled = [file for file in weights if file.parent not in safe]
    if pickled or not weights:
        raise EngineError(
            f"The model in {folder} has no safetensors" + (f" beside {pickled[0].name}" if pickled else ""),
            "Take a version of it with model.safetensors: other weights can run code as they are loaded.",
        )
    for module in modules_of(folder):
        kind = str(module.get("type"))
        if not kind.startswith("sentence_transformers."):
            raise EngineError(f"The model in {folder} brings code of its own ({kind})", "Take a model without.")


def modules_of(folder: Path) -> list[dict[str, Any]]:
    """The parts a model is made of, first to last; none if it is a plain transformer."""
    listed = read_json(folder / "modules.json", [])
    return [part for part in listed if isinstance(part, dict)] if isinstance(listed, list) else []


def read_json(file: Path, default: Any) -> Any:
    """What a settings file holds; `default` if there is no such file. Raises EngineError if it is damaged."""
    try:
        return json.loads(file.read_text("utf-8"))
    except FileNotFoundError:
        return default
    except (OSError, ValueError, RecursionError) as error:
        raise EngineError(f"The model's {file} cannot be read: {error}", "Restore the model's folder.") from error


def digest(folder: Path) -> str:
    """Sixteen hex digits over every file that may shape what the model gives; a second or so a gigabyte, once."""
    parts = []
    for file in _files(folder):
        if file.suffix in _SHAPING:
            stat = file.stat()
            parts.append((str(file.relative_to(folder)), _sha256(file, stat.st_size, stat.st_mtime_ns)))
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:16]


def _files(folder: Path) -> list[Path]:
    """The model's own files, in order; those for other runtimes and hidden ones left out."""
    found = (file for file in folder.rglob("*") if file.is_file())
    return sorted(
        file
        for file in found
        if not any(part in _OTHER_RUNTIMES or part.startswith(".") for part in file.relative_to(folder).parts)
    )


@cache
def _sha256(file: Path, size: int, modified: int) -> str:  # noqa: ARG001 - another size or time is another file
    try:
        with file.open("rb") as opened:
            return hashlib.file_digest(opened, "sha256").hexdigest()
    except OSError as error:
        raise EngineError(f"The model's {file} cannot be read: {error.strerror}", "Restore its folder.") from error
