"""Models: whether each language model is what was added, and the one that is to be used can be."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

from exocortex.checking.findings import Finding
from exocortex.config import Config
from exocortex.storage.models import Entry, Models

_WHAT = "model"


def check_models(config: Config) -> Iterator[Finding]:
    """Each model by its manifest and what the system says of its file, of which nothing is read."""
    used = "" if config.model.url else config.model.name
    entries = Models(config.home).entries()
    for entry in entries:
        yield check_model(entry, is_used=entry.name.casefold() == used.casefold())
    if used:
        yield from check_use(used, entries, is_runnable=find_spec("llama_cpp") is not None)


def check_model(entry: Entry, *, is_used: bool) -> Finding:
    """How one stands."""
    if entry.state == "ready":
        return Finding(_WHAT, "ok", f"The model {entry.name} looks as it did when it was last read whole.")
    return Finding(_WHAT, "error" if is_used else "warning", entry.why, mend(entry))


def check_use(name: str, entries: list[Entry], *, is_runnable: bool) -> Iterator[Finding]:
    """Whether the model that the settings name is there, and what runs it."""
    if not any(entry.name.casefold() == name.casefold() for entry in entries):
        yield Finding(_WHAT, "error", f"{name} is to be used, and there is no such model.", "exo model use --none")
    elif not is_runnable:
        message = f"The model {name} is to be used, and what runs it isn't installed."
        yield Finding(_WHAT, "error", message, 'pip install "exocortex[llama]"')


def mend(entry: Entry) -> str:
    """The command after which a model that isn't ready is ready, or else known no more."""
    model = entry.model
    if model is not None and entry.state == "changed" and _size(entry.file) == model.size:
        return f"exo model verify {entry.name}"
    forget = f"exo model remove {entry.name}"
    if model is None or entry.state == "away":
        return forget
    if model.held == "fetched":
        return f"{forget} && exo model get {shlex.quote(model.source)} --name {entry.name} --sha256 {model.sha256}"
    if _size(Path(model.source)) == model.size:
        return f"{forget} && exo model add {shlex.quote(model.source)} --name {entry.name}"
    return forget


def _size(file: Path) -> int | None:
    try:
        return file.stat().st_size
    except OSError:
        return None
