"""Batch: a text a line in, a JSON value a line out, in the same order, each as soon as it is known."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from exocortex.cli.console import Console, error_document
from exocortex.core.errors import ExocortexError, UsageError


def run_batch(console: Console, lines: Iterable[bytes], answer: Callable[[str], dict[str, Any]]) -> None:
    """Answer each line; one that can't be answered gives its error and the next one is read."""
    for number, line in enumerate(lines, 1):
        try:
            value = answer(_decoded(line, number))
        except ExocortexError as error:
            value = error_document(error.kind, error.message, error.hint)
        console.json(value)


def _decoded(line: bytes, number: int) -> str:
    try:
        return line.decode("utf-8").rstrip("\r\n")
    except UnicodeDecodeError:
        raise UsageError(f"Line {number} is not valid UTF-8.", "Convert it first, as with iconv.") from None
