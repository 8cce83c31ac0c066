"""GGUF: what a model file's header says of it, and how large the file must be, read without loading it.

Nothing in the file is trusted: every count and length is checked against the bytes that are there. The format is
https://github.com/ggml-org/ggml/blob/master/docs/gguf.md. Knows nothing of where models are kept or what runs them.
"""

from __future__ import annotations

import struct
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from exocortex.core.errors import ModelError
from exocortex.storage.gguf_source import Source, damaged, opened
from exocortex.storage.quantization import file_type_name, tensor_bytes, tensor_type_name

SUFFIX = ".gguf"
MAGIC = b"GGUF"
VERSIONS = (2, 3)
_MOST_TENSORS = 100_000
_MOST_KEY = 1 << 16
_MOST_KEPT = 1 << 12
"""Bytes kept of a text, and elements of a list."""
_MOST_DIMENSIONS = 8
_MOST_ALIGNMENT = 1 << 20
_MOST_NUMBER = 1 << 40
_STRING, _ARRAY = 8, 9
_SCALARS = {0: "<B", 1: "<b", 2: "<H", 3: "<h", 4: "<I", 5: "<i", 6: "<f", 7: "<B", 10: "<Q", 11: "<q", 12: "<d"}
_GENERAL = {
    f"general.{name}" for name in ("architecture", "type", "name", "license", "license.name", "file_type", "alignment")
}
_OF_ARCHITECTURE = (
    "context_length",
    "block_count",
    "embedding_length",
    "attention.head_count",
    "attention.head_count_kv",
    "attention.key_length",
    "attention.value_length",
)
_TEMPLATE = "tokenizer.chat_template"
_PARTS = "split.count"

_Value = int | float | str | tuple[int | float, ...]


@dataclass(frozen=True, slots=True)
class ModelHeader:
    """What a model file says of itself; 0 and "" stand for what it leaves out."""

    name: str
    kind: str
    """`model`, or what else such files hold: `adapter`, `mmproj`, `imatrix`."""
    architecture: str
    licence: str
    parameters: int
    """Weights, summed over the tensors."""
    quantization: str
    """`Q4_K_M`, `Q8_0` …: the file's own word, else the type of most weights."""
    context: int
    """Tokens it was trained on at a time."""
    layers: int
    heads: int
    kv_heads: int
    """Heads of keys and values in a layer; the most, where layers differ."""
    cached_heads: int
    """The same, summed over the layers: layers without attention keep nothing."""
    key_length: int
    """Numbers in a head's key for one token."""
    value_length: int
    embedding_length: int
    has_chat_template: bool
    parts: int
    """Files that the model is split into."""
    needs: int
    """Bytes that the file must have for its tensors to be whole."""
    size: int
    """Bytes that it has."""

    @property
    def is_cut_short(self) -> bool:
        """Whether the end of the file is missing."""
        return self.size < self.needs


def read_header(path: Path) -> ModelHeader:
    """Read the header of a GGUF file, in milliseconds; raises ModelError saying what is wrong with it.

    A file whose end is missing still has a header: see `is_cut_short`.
    """
    with opened(path) as source:
        tensors, pairs = _counts(source)
        values = _pairs(source, pairs)
        weights = _tensors(source, tensors)
        return _header(path, values, weights, _aligned(source, values), source.size)


def read_usable(path: Path) -> ModelHeader:
    """The header of a whole language model in one file; raises ModelError saying what else it is."""
    header = read_header(path)
    if header.kind != "model" or not (header.architecture and header.parameters and header.layers and header.heads):
        what = f"what it calls “{header.kind}”" if header.kind != "model" else "something without layers or weights"
        raise ModelError(f"{path.name} holds no language model but {what}.", "Choose the model's main .gguf file.")
    if header.parts > 1:
        raise ModelError(
            f"{path.name} is one of {header.parts} parts of a model.",
            "Join them first: llama-gguf-split --merge FIRST-PART WHOLE.gguf",
        )
    if header.is_cut_short:
        raise ModelError(
            f"{path.name} is cut short: it has {header.size:,} bytes, and its tensors need {header.needs:,}.",
            "Fetch or copy it again.",
        )
    return header


@dataclass(slots=True)
class _Weights:
    """What the list of tensors adds up to."""

    parameters: int = 0
    end: int = 0
    """Bytes from the start of the data to the end of the last tensor."""
    by_type: Counter[int] = field(default_factory=Counter)


def _counts(source: Source) -> tuple[int, int]:
    """How many tensors and how many pairs of key and value follow."""
    if source.left < len(MAGIC) or source.take(len(MAGIC)) != MAGIC:
        raise damaged(source.name, "it doesn't begin as a GGUF file does")
    version = source.u32()
    if version not in VERSIONS:
        raise damaged(source.name, _bad_version(version))
    tensors, pairs = source.u64(), source.u64()
    if tensors > _MOST_TENSORS or pairs * 13 > source.left:
        raise damaged(source.name, f"it claims {tensors:,} tensors and {pairs:,} properties, more than it can hold")
    return tensors, pairs


def _bad_version(version: int) -> str:
    if int.from_bytes(version.to_bytes(4, "little"), "big") in VERSIONS:
        return "it was written for big-endian processors"
    return f"it is of GGUF version {version}, and versions 2 and 3 can be read"


def _pairs(source: Source, count: int) -> dict[str, _Value]:
    """The values that are of use, by key; all others are passed over."""
    values: dict[str, _Value] = {}
    for _ in range(count):
        key = source.text(_MOST_KEY)
        architecture = str(values.get("general.architecture", ""))
        wanted = (
            key in _GENERAL or key in (_TEMPLATE, _PARTS) or key.removeprefix(f"{architecture}.") in _OF_ARCHITECTURE
        )
        value = _value(source, source.u32(), wanted)
        if wanted and value is not None:
            values[key] = value
    return values


def _value(source: Source, kind: int, wanted: bool) -> _Value | None:
    if kind == _STRING:
        return source.text(_MOST_KEPT)
    if kind == _ARRAY:
        return _array(source, wanted)
    return _scalar(source, kind)


def _scalar(source: Source, kind: int) -> int | float:
    layout = _layout(source, kind)
    value: int | float = struct.unpack(layout, source.take(struct.calcsize(layout)))[0]
    return value


def _array(source: Source, wanted: bool) -> tuple[int | float, ...] | None:
    """A short list of numbers if it is wanted; anything else is passed over."""
    kind, count = source.u32(), source.u64()
    if kind == _STRING:
        source.skip_strings(count)
        return None
    layout = _layout(source, kind)
    if wanted and count <= _MOST_KEPT:
        return tuple(_scalar(source, kind) for _ in range(count))
    source.skip(count * struct.calcsize(layout))
    return None


def _layout(source: Source, kind: int) -> str:
    if kind not in _SCALARS:
        raise damaged(source.name, f"it has a property of type {kind}, which is unknown")
    return _SCALARS[kind]


def _tensors(source: Source, count: int) -> _Weights:
    weights = _Weights()
    for _ in range(count):
        name = source.text(_MOST_KEPT)
        dimensions = source.u32()
        if dimensions > _MOST_DIMENSIONS:
            raise damaged(source.name, f"its tensor {name[:64]!r} has {dimensions:,} dimensions")
        elements = 1
        for _ in range(dimensions):
            elements *= source.u64()
        kind, offset = source.u32(), source.u64()
        if max(elements, offset) > 1 << 60:
            raise damaged(source.name, f"its tensor {name[:64]!r} is larger than any disk")
        weights.parameters += elements
        weights.by_type[kind] += elements
        weights.end = max(weights.end, offset + tensor_bytes(kind, elements))
    return weights


def _aligned(source: Source, values: dict[str, _Value]) -> int:
    """Where the tensors' data begins."""
    alignment = values.get("general.alignment", 32)
    if not isinstance(alignment, int) or not 0 < alignment <= _MOST_ALIGNMENT or alignment & (alignment - 1):
        raise damaged(source.name, f"it aligns its tensors to {alignment!r} bytes")
    return -(-source.place // alignment) * alignment


def _header(path: Path, values: dict[str, _Value], weights: _Weights, start: int, size: int) -> ModelHeader:
    architecture = _text(values, "general.architecture")
    of = {name: values.get(f"{architecture}.{name}", 0) for name in _OF_ARCHITECTURE}
    layers, heads = _number(of["block_count"]), _most(of["attention.head_count"])
    embedding = _number(of["embedding_length"])
    head = embedding // heads if heads else 0
    kv_heads = of["attention.head_count_kv"] or of["attention.head_count"]
    return ModelHeader(
        name=_text(values, "general.name") or path.stem,
        kind=_text(values, "general.type") or "model",
        architecture=architecture,
        licence=_text(values, "general.license.name") or _text(values, "general.license"),
        parameters=weights.parameters,
        quantization=_quantization(values, weights),
        context=_number(of["context_length"]),
        layers=layers,
        heads=heads,
        kv_heads=_most(kv_heads),
        cached_heads=sum(map(_number, kv_heads)) if isinstance(kv_heads, tuple) else layers * _number(kv_heads),
        key_length=_number(of["attention.key_length"]) or head,
        value_length=_number(of["attention.value_length"]) or head,
        embedding_length=embedding,
        has_chat_template=_TEMPLATE in values,
        parts=max(1, _number(values.get(_PARTS, 1))),
        needs=start + weights.end,
        size=size,
    )


def _quantization(values: dict[str, _Value], weights: _Weights) -> str:
    named = file_type_name(_number(values["general.file_type"])) if "general.file_type" in values else ""
    if named or not weights.by_type:
        return named
    return tensor_type_name(weights.by_type.most_common(1)[0][0])


def _text(values: dict[str, _Value], key: str) -> str:
    value = values.get(key, "")
    return value if isinstance(value, str) else ""


def _number(value: _Value) -> int:
    return value if isinstance(value, int) and 0 <= value < _MOST_NUMBER else 0


def _most(value: _Value) -> int:
    return max(map(_number, value), default=0) if isinstance(value, tuple) else _number(value)
