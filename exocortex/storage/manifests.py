"""Manifests: what is known of each added model, a small JSON file each, there whole or not at all."""

from __future__ import annotations

import json
import os
import re
import tempfile
import unicodedata
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Literal

from exocortex.core.codec import CodecError, pack, unpack
from exocortex.core.errors import ModelError
from exocortex.storage.digesting import Identity
from exocortex.storage.records import sync_folder, write_all

SUFFIX = ".json"
Held = Literal["hard link", "link", "copy", "fetched", "in place"]
"""How a model's file lies in the home. `in place`: the user had put it there."""
_SCHEMA = 1
_MOST_BYTES = 1 << 16
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,79}")


@dataclass(frozen=True, slots=True)
class Model:
    """A model that was added, as it was then."""

    name: str
    sha256: str
    identity: Identity
    """Of the file that had this digest when it was last read whole."""
    held: Held
    source: str
    """The path or the address it came from."""
    architecture: str
    licence: str
    parameters: int
    quantization: str
    added: datetime
    refused: Identity | None = None
    """Of a file in its place that was read whole and isn't the model: it is not read again."""

    @property
    def size(self) -> int:
        """Bytes of its file."""
        return self.identity.size


def is_name(name: str) -> bool:
    """Whether it can be a model's name: letters, digits, dots, dashes and underscores."""
    return _NAME.fullmatch(name) is not None


def name_from(text: str) -> str:
    """A model's name made of any text: `Llama 3.2 (1B)` becomes `Llama-3.2-1B`."""
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
    return re.sub(r"[^A-Za-z0-9._-]+", "-", plain).strip("-._")[:80].rstrip("-._") or "model"


def read_manifest(path: Path) -> Model:
    """Read one; raises ModelError if it is damaged or missing."""
    try:
        with open(os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC), "rb") as file:
            shape = json.loads(file.read(_MOST_BYTES))
        model: Model = unpack(Model, {"refused": None, **shape["model"]} if shape["schema"] == _SCHEMA else None)
        if model.name == path.name.removesuffix(SUFFIX):
            return model
    except (OSError, ValueError, KeyError, TypeError, CodecError):
        pass
    name = path.name.removesuffix(SUFFIX)
    raise ModelError(
        f"What is known of model {name} is damaged: {path}.", f"Add it again after: exo model remove {name}"
    )


def write_manifest(path: Path, model: Model) -> None:
    """Write or replace one, on disk when this returns; raises OSError and then changes nothing."""
    data = json.dumps({"schema": _SCHEMA, "model": pack(model)}, indent=1).encode()
    fd, temporary = tempfile.mkstemp(dir=path.parent, prefix=".exo-", suffix=".tmp")
    try:
        try:
            write_all(fd, data)
            os.fsync(fd)
        finally:
            os.close(fd)
        os.replace(temporary, path)
    except BaseException:
        os.unlink(temporary)
        raise
    sync_folder(path.parent)
