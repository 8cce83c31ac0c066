"""Fitting: whether a model and its context have room in the memory that is free, before anything is loaded.

An estimate from above: attention over a window, or shared between layers, needs less. Knows nothing of what runs it.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from exocortex.core import sizes
from exocortex.core.errors import ModelError
from exocortex.storage.gguf import ModelHeader

ALLOWANCE = 300_000_000
"""Bytes for what else a run of llama.cpp takes: its buffers for a batch, and the process itself."""
_NUMBER_BYTES = 2
"""Keys and values are kept as 16-bit numbers."""
_STEP = 256
_LEAST = 512
"""Tokens of context that are of any use."""
_MEMINFO = Path("/proc/meminfo")


@dataclass(frozen=True, slots=True)
class Fit:
    """What a model needs of the memory, in bytes."""

    context: int
    """Tokens."""
    weights: int
    cache: int
    """Keys and values of every token of the context."""
    allowance: int
    available: int
    largest: int
    """The most tokens of context that would fit, at most what the model was trained on; 0 if it doesn't fit at all."""

    @property
    def needs(self) -> int:
        """All of it together."""
        return self.weights + self.cache + self.allowance

    @property
    def fits(self) -> bool:
        """Whether there is room."""
        return self.needs <= self.available


def fit(header: ModelHeader, context: int, available: int) -> Fit:
    """Reckon what a model needs with so many tokens of context: weights + keys and values + an allowance.

    More context than it was trained on is of no use, and isn't reckoned.
    """
    trained = header.context or context
    context = min(context, trained)
    largest = _largest(header, trained, available - header.size - ALLOWANCE)
    return Fit(context, header.size, cache_bytes(header, context), ALLOWANCE, available, largest)


def _largest(header: ModelHeader, trained: int, room: int) -> int:
    """The most tokens that have room in so many bytes, in round numbers; 0 for fewer than are of use."""
    if room < 0:
        return 0
    per_token = cache_bytes(header, 1)
    most = min(room // per_token, trained) if per_token else trained
    if most < trained:
        most = most // _STEP * _STEP
    return most if most >= min(_LEAST, trained) else 0


def cache_bytes(header: ModelHeader, context: int) -> int:
    """Bytes of the keys and values of so many tokens, in all layers."""
    return header.cached_heads * (header.key_length + header.value_length) * _NUMBER_BYTES * context


def require_fit(name: str, header: ModelHeader, context: int, available: int, *, force: bool = False) -> Fit:
    """What the model needs; raises ModelError with the numbers, and what would fit, unless forced."""
    found = fit(header, context, available)
    if found.fits or force:
        return found
    parts = f"{sizes.spelled(found.weights)} of weights, {sizes.spelled(found.cache)} for {found.context:,} tokens"
    raise ModelError(
        f"{name} needs {sizes.spelled(found.needs)} of memory ({parts}, {sizes.spelled(found.allowance)} besides), "
        f"and {sizes.spelled(found.available)} are free.",
        way_out(found),
    )


def way_out(found: Fit) -> str:
    """What would fit, as a sentence to act on."""
    if found.largest:
        return f"{found.largest:,} tokens would fit: set context = {found.largest} in [model], or end other programs."
    return "Use a smaller model, or the same one quantized further, or end other programs."


def available_memory(meminfo: Path = _MEMINFO) -> int:
    """Bytes that programs can still have without swapping; where the system doesn't say, all that is built in."""
    try:
        for line in meminfo.read_text("ascii", "replace").splitlines():
            name, _, value = line.partition(":")
            if name == "MemAvailable":
                return int(value.split()[0]) * 1024
    except (OSError, ValueError, IndexError):
        pass
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
