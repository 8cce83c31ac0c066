"""Codec: any of the program's frozen dataclasses as plain JSON and back, nothing lost, by the types of its fields.

`wire` is for people's scripts; this is for two processes of the same version, so names of fields are all there is.
"""

from __future__ import annotations

import types
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import fields, is_dataclass
from datetime import date, datetime
from enum import Enum
from functools import cache
from pathlib import Path
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

from exocortex.core.service import (
    AnswersPort,
    IndexPort,
    NotesPort,
    ReceiptsPort,
    SearchPort,
    SummariesPort,
    ThreadsPort,
)

NOUNS: Mapping[str, type] = {
    "index": IndexPort,
    "search": SearchPort,
    "answers": AnswersPort,
    "threads": ThreadsPort,
    "receipts": ReceiptsPort,
    "summaries": SummariesPort,
    "notes": NotesPort,
}
"""What a call's name begins with, as in `search.find`."""

_SENT_NOT = ("self", "stop")
"""`stop` stays on its side: its counterpart is a message."""


class CodecError(ValueError):
    """What came is not what its type says."""


def pack(value: object) -> Any:
    """What JSON can hold, for anything that `unpack` knows the type of."""
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Path):
        return str(value)
    if isinstance(value, list | tuple):
        return [pack(item) for item in value]
    if isinstance(value, dict):
        return {key: pack(item) for key, item in value.items()}
    if is_dataclass(value):
        kind: Any = type(value)
        return {name: pack(getattr(value, name)) for name in _names(kind)}
    return value


def unpack(kind: Any, value: Any) -> Any:
    """The value of this type that `pack` made `value` of; raises CodecError if it made it of another type."""
    origin = get_origin(kind)
    if origin is Union or isinstance(kind, types.UnionType):
        return _unpack_union(get_args(kind), value)
    if origin is Literal:
        return _checked(value in get_args(kind), kind, value)
    if origin is tuple or origin is list or origin is Iterator:
        return _unpack_sequence(kind, origin, value)
    if is_dataclass(kind):
        return _unpack_dataclass(kind, value)
    if kind is float and type(value) is int:
        return float(value)
    if kind in (str, int, float, bool, types.NoneType):
        return _checked(type(value) is kind, kind, value)
    return _unpack_text(kind, value)


@cache
def signature(call: str) -> tuple[dict[str, Any], Any]:
    """The types of a call's arguments, and of its result; raises CodecError if there is no such call."""
    noun, _, verb = call.partition(".")
    function = vars(NOUNS.get(noun, object)).get(verb)
    if verb.startswith("_") or not callable(function):
        raise CodecError(f"there is no call {call!r}")
    hints = get_type_hints(function)
    result = hints.pop("return")
    return {name: kind for name, kind in hints.items() if name not in _SENT_NOT}, result


def unpack_arguments(call: str, values: Any) -> dict[str, Any]:
    """A call's arguments by name; raises CodecError for unknown names and wrong types."""
    kinds, _ = signature(call)
    if not isinstance(values, dict) or values.keys() - kinds.keys():
        raise CodecError(f"{call} has no such arguments")
    return {name: unpack(kinds[name], value) for name, value in values.items()}


def streams(call: str) -> bool:
    """Whether the result is an iterator of events, sent one by one."""
    return get_origin(signature(call)[1]) is Iterator


def _unpack_union(kinds: Sequence[Any], value: Any) -> Any:
    """Dataclasses are told apart by the names of their fields."""
    if value is None and types.NoneType in kinds:
        return None
    kinds = [kind for kind in kinds if kind is not types.NoneType]
    if isinstance(value, dict) and len(kinds) > 1:
        kinds = [kind for kind in kinds if value.keys() == set(_names(kind))]
    for kind in kinds:
        try:
            return unpack(kind, value)
        except CodecError:
            continue
    raise CodecError(f"expected one of {kinds}, got {type(value).__name__}")


def _unpack_sequence(kind: Any, origin: Any, value: Any) -> Any:
    _checked(isinstance(value, list), kind, value)
    kinds = get_args(kind)
    if origin is tuple and not (len(kinds) == 2 and kinds[1] is Ellipsis):
        _checked(len(value) == len(kinds), kind, value)
        return tuple(unpack(one, item) for one, item in zip(kinds, value, strict=True))
    items = [unpack(kinds[0], item) for item in value]
    return tuple(items) if origin is tuple else items


def _unpack_dataclass(kind: Any, value: Any) -> Any:
    hints = _hints(kind)
    _checked(isinstance(value, dict) and value.keys() == hints.keys(), kind, value)
    return kind(**{name: unpack(hint, value[name]) for name, hint in hints.items()})


def _unpack_text(kind: Any, value: Any) -> Any:
    _checked(isinstance(value, str), kind, value)
    try:
        return kind.fromisoformat(value) if kind in (date, datetime) else kind(value)
    except ValueError as error:
        raise CodecError(str(error)) from error


def _checked(holds: bool, kind: Any, value: Any) -> Any:
    if not holds:
        raise CodecError(f"expected {kind}, got {type(value).__name__}")
    return value


@cache
def _hints(kind: Any) -> dict[str, Any]:
    return {name: hint for name, hint in get_type_hints(kind).items() if name in _names(kind)}


@cache
def _names(kind: Any) -> tuple[str, ...]:
    return tuple(field.name for field in fields(kind))
