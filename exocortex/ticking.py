"""Ticking: a task in a note is marked done, or open again; nothing changes but the mark between its brackets.

Works on the note's bytes, so that its encoding, line endings and everything else in it stay as they are.
"""

from __future__ import annotations

import re
from pathlib import Path

from exocortex.core.errors import VaultError
from exocortex.core.notes import Task
from exocortex.parsing import Unreadable, parse
from exocortex.storage.writing import EditConflictError, Edited, edit

_LINE = re.compile(rb"(?:[^\r\n]*(?:\r\n?|\n)|[^\r\n]+\Z)")
_MARK = re.compile(rb"(?:\xef\xbb\xbf)?[\s>]*(?:(?:[-*+]|\d{1,9}[.)])[\s>]+)+\[([^\]\r\n]+)\]")
"""From the beginning of a line, through the list it is in, to the mark of a task."""
_LOOK = "Look at the tasks again: exo tasks"


def tick(root: Path, raw: str, wanted: Task, home: Path) -> Edited:
    """See to it that the task with this text at this line is done, or open, as `wanted` says.

    Nothing is written if it is so already. Raises EditConflictError if no such task is at that line any more,
    VaultError if the note can't be written to; it is left as it is then.
    """
    return edit(root, raw, lambda data: _marked(data, raw, wanted), home)


def _marked(data: bytes, raw: str, wanted: Task) -> bytes:
    """The note with the task as wanted."""
    there = _task_at(data, raw, wanted.line)
    if there is None or there.text != wanted.text:
        raise EditConflictError(
            f"Line {wanted.line} of {raw} is not the task “{wanted.text}” any more; nothing was changed.", _LOOK
        )
    if there.done == wanted.done:
        return data
    start, end = _mark_at(data, raw, wanted.line)
    return data[:start] + (b"x" if wanted.done else b" ") + data[end:]


def _task_at(data: bytes, raw: str, line: int) -> Task | None:
    try:
        tasks = parse(data, raw).tasks
    except Unreadable as error:
        raise VaultError(f"{raw} can't be read any more: {error}.", _LOOK) from None
    return next((task for task in tasks if task.line == line), None)


def _mark_at(data: bytes, raw: str, line: int) -> tuple[int, int]:
    """Where the mark of the task at this line is, in bytes."""
    for number, one in enumerate(_LINE.finditer(data), start=1):
        if number == line and (mark := _MARK.match(one[0])):
            return one.start() + mark.start(1), one.start() + mark.end(1)
    raise VaultError(
        f"The task at line {line} of {raw} is written in a way that can't be ticked here.", "Edit the note."
    )
