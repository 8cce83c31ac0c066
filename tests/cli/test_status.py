"""What `exo status` says of the process in the background."""

from __future__ import annotations

import pytest
from surroundings import NOON, pipe

from exocortex.cli.status import paint_status
from exocortex.core.status import OwnerStatus, Status, WatchStatus


def painted(problem: str) -> str:
    """The line that tells what the owner does."""
    watch = WatchStatus("events", NOON, 0, "", ())
    owner = OwnerStatus(1, NOON, 50_000_000, watch, paused=False, progress=None, problem=problem)
    surroundings = pipe()
    status = Status("/home", (), (), 0, 0, 0, "hash", None, NOON, 0, owner=owner)
    paint_status(surroundings.face, status)
    (line,) = [line for line in surroundings.shown.splitlines() if line.startswith("now")]
    return line


@pytest.mark.parametrize("problem", ["Failed.", "Failed; it is tried again.", "Failed. It is tried again."])
def test_that_something_is_tried_again_is_said_once(problem: str) -> None:
    assert painted(problem).lower().count("it is tried again.") == 1
