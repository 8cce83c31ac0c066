"""The bytes of a model file's header in their order, bounded: asking for more than there is raises at once.

Knows nothing of what they mean.
"""

from __future__ import annotations

import os
import stat
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from exocortex.core.errors import ModelError

MOST_HEADER = 1 << 28
"""Bytes: a vocabulary of 260,000 tokens with its merges takes 16 million."""
_CHUNK = 1 << 20
_U32, _U64 = struct.Struct("<I"), struct.Struct("<Q")


def damaged(name: str, what: str) -> ModelError:
    """That a file isn't a usable GGUF file."""
    return ModelError(f"{name} is not a usable model file: {what}.", "Fetch or copy it again.")


@contextmanager
def opened(path: Path) -> Iterator[Source]:
    """The bytes of a regular file; a pipe in its place blocks nobody. What can't be read is a ModelError too."""
    try:
        fd = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC)
        try:
            status = os.fstat(fd)
            if not stat.S_ISREG(status.st_mode):
                raise ModelError(f"{path} is not a file.", "Name a .gguf file.")
            yield Source(path.name, fd, status.st_size)
        finally:
            os.close(fd)
    except OSError as error:
        raise ModelError(f"{path} can't be read: {error.strerror}.", "Name a .gguf file that you may read.") from error


class Source:
    """The header's bytes in their order, a window of them at a time; asking for more than there is raises."""

    def __init__(self, name: str, fd: int, size: int) -> None:
        self.name = name
        self.size = size
        """Bytes of the whole file."""
        self._fd = fd
        self._limit = min(size, MOST_HEADER)
        self._window = b""
        self._base = 0
        self._at = 0

    @property
    def place(self) -> int:
        """Offset in the file of what is read next."""
        return self._base + self._at

    @property
    def left(self) -> int:
        """Bytes that may still be read."""
        return self._limit - self.place

    def take(self, length: int) -> bytes:
        """The next bytes."""
        self._fill(length)
        self._at += length
        return self._window[self._at - length : self._at]

    def skip(self, length: int) -> None:
        """Pass over bytes without reading them."""
        if length > self.left:
            self._raise_short()
        self._at += length
        if self._at > len(self._window):
            self._base, self._at, self._window = self.place, 0, b""

    def u32(self) -> int:
        """A count or a type."""
        return int(_U32.unpack(self.take(4))[0])

    def u64(self) -> int:
        """A length, a count or an offset."""
        return int(_U64.unpack(self.take(8))[0])

    def text(self, most: int) -> str:
        """A string; what is longer than `most` bytes is passed over."""
        length = self.u64()
        kept = self.take(min(length, most))
        self.skip(length - len(kept))
        return kept.decode("utf-8", "replace")

    def skip_strings(self, count: int) -> None:
        """Pass over strings, of which a vocabulary has hundreds of thousands."""
        if count * 8 > self.left:
            self._raise_short()
        length_at = _U64.unpack_from
        while count:
            self._fill(8)
            window, at, last = self._window, self._at, len(self._window) - 8
            passed = 0
            for passed in range(1, count + 1):  # noqa: B007 (a counter of its own would take a third of the time)
                at += 8 + length_at(window, at)[0]
                if at > last:
                    break
            count -= passed
            self.skip(at - self._at)

    def _fill(self, length: int) -> None:
        """See to it that the next bytes are in the window."""
        if len(self._window) - self._at >= length:
            return
        if length > self.left:
            self._raise_short()
        self._base, self._at = self.place, 0
        self._window = os.pread(self._fd, min(max(length, _CHUNK), self.left), self._base)
        if len(self._window) < length:
            self._raise_short()

    def _raise_short(self) -> None:
        if self._limit == MOST_HEADER:
            raise damaged(self.name, f"its header claims more than {MOST_HEADER >> 20} MB, which no model needs")
        raise damaged(self.name, "it ends within its header, or a length in it is wrong")
