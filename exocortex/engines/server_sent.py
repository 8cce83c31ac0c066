"""Server-sent events: what is said in each event of a stream of bytes, as the HTML standard has it (section 9.2)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

MOST_BYTES = 1_000_000
"""In one event. Those of a language model have a few hundred."""

_LINE_END = re.compile(rb"\r\n|\n|\r")


class TooLongError(Exception):
    """An event that does not end."""


def event_data(pieces: Iterable[bytes]) -> Iterator[str]:
    """The data of each event; one that the stream breaks off in is dropped. Raises TooLongError."""
    data: list[bytes] = []
    size = 0
    for line in _lines(pieces):
        if not line:
            if data:
                yield b"\n".join(data).decode("utf-8", "replace")
            data, size = [], 0
            continue
        name, _, value = line.partition(b":")
        if name == b"data":
            data.append(value.removeprefix(b" "))
            size += len(value)
        if size > MOST_BYTES:
            raise TooLongError


def _lines(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """Lines without their ends, which may be `\\n`, `\\r\\n` or `\\r`; a last one without an end is dropped."""
    rest, returned = b"", False
    for piece in pieces:
        new = piece.removeprefix(b"\n") if returned else piece
        returned = new.endswith(b"\r")
        *whole, rest = _LINE_END.split(rest + new)
        yield from whole
        if len(rest) > MOST_BYTES:
            raise TooLongError
