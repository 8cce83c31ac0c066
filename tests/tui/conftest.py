"""An owner with a few notes, read, for all tests of a module."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from owners import RunningOwner
from places import NOTES
from screens import desk_of

from exocortex.tui.desk import Desk


@pytest.fixture(scope="module")
def owner() -> Iterator[RunningOwner]:
    """Of `NOTES`, their words and their meaning in."""
    with tempfile.TemporaryDirectory() as work:
        root = Path(work)
        for path, text in NOTES.items():
            (root / "notes" / path).parent.mkdir(parents=True, exist_ok=True)
            (root / "notes" / path).write_text(text)
            os.utime(root / "notes" / path, (1_772_000_000, 1_772_000_000))
        running = RunningOwner(root / "home", root / "notes", root / "run")
        try:
            for _ in running.client().index.run():
                pass
            yield running
        finally:
            running.close()


@pytest.fixture
def desk(owner: RunningOwner) -> Desk:
    """What the screens are handed."""
    return desk_of(owner)
