"""Lately: what happened to the index since the screens are shown, in a few words each."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from exocortex.core.counting import counted
from exocortex.core.events import Happening, Indexed, Notice, Progress, Saved

MOST = 200


@dataclass(frozen=True, slots=True)
class Moment:
    """Something that happened."""

    at: datetime
    text: str
    paths: tuple[str, ...] = ()
    """`folder:path` of the first few notes it concerns."""


def with_event(lately: tuple[Moment, ...], at: datetime, event: Happening) -> tuple[Moment, ...]:
    """The newest first; progress is no news."""
    moment = _moment(at, event)
    return lately if moment is None else (moment, *lately[: MOST - 1])


def _moment(at: datetime, event: Happening) -> Moment | None:
    if isinstance(event, Progress):
        return None
    if isinstance(event, Notice):
        return Moment(at, event.text)
    if isinstance(event, Saved):
        return Moment(at, _noticed(event), (*event.changed, *event.gone))
    return Moment(at, _run(event))


def _run(run: Indexed) -> str:
    counts = ((run.added, "added"), (run.modified, "changed"), (run.moved, "moved"), (run.removed, "removed"))
    said = [f"{count:,} {name}" for count, name in counts if count]
    said += [f"{run.skipped:,} skipped"] if run.skipped else []
    said += [f"{counted(run.embedded, 'passage')} embedded"] if run.embedded else []
    return f"{'stopped' if run.stopped else 'caught up'}: {', '.join(said) or 'nothing new'}"


def _noticed(event: Saved) -> str:
    """Only the first few are named, so of many it isn't known how many of them are gone."""
    changed, gone = len(event.changed), len(event.gone)
    if changed + gone < event.count:
        return f"{counted(event.count, 'note')} changed"
    said = [f"{changed} saved"] if changed else []
    return ", ".join([*said, f"{gone} gone"] if gone else said)
