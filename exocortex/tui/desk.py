"""Desk: what every screen is handed: the settings, the clock, and the lines to the owner of the index."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING

from exocortex.config import Config
from exocortex.core.errors import OwnerError
from exocortex.tui.lanes import Lane

if TYPE_CHECKING:
    from exocortex.core.notes import NoteRef
    from exocortex.core.service import CortexPort

Reach = Callable[[Config], "CortexPort"]


def _now() -> datetime:
    return datetime.now().astimezone()


@dataclass(slots=True)
class Desk:
    """The surroundings of the screens."""

    config: Config
    environ: Mapping[str, str]
    reach: Reach
    load: Callable[[], Config]
    """Reads the settings again."""
    now: Callable[[], datetime] = _now
    lanes: dict[str, Lane] = field(default_factory=dict)
    keys: Mapping[str, str] = field(default_factory=dict)
    """The user's own, by the id of what they do."""

    @classmethod
    def of(cls, config: Config, environ: Mapping[str, str], load: Callable[[], Config]) -> Desk:
        """With an owner that is started when something is first asked of it, if the settings let it be."""

        def reach(config: Config) -> CortexPort:
            from exocortex.starting import find_owner, reach_owner

            if config.owner.start:
                return reach_owner(config, environ, lambda _: None)
            found = find_owner(config, impose=True)
            if found is None:
                raise OwnerError("No process holds the index, and owner.start is false.", "Start one: exo serve")
            return found

        return cls(config, environ, reach, load)

    def lane(self, name: str, *, queues: bool = False) -> Lane:
        """The line to the owner of this name; with `queues`, everything given to it is done, else only the newest."""
        if name not in self.lanes:
            self.lanes[name] = Lane(name, lambda: self.reach(self.config), queues=queues)
        return self.lanes[name]

    def reread(self) -> None:
        """Settings were written: they count from now on, and lines to the owner are made anew."""
        self.config = self.load()
        self.close()
        self.lanes = {}

    def close(self) -> None:
        """Hang up, whatever is being waited for."""
        for lane in self.lanes.values():
            lane.close()

    def spelled(self, note: NoteRef) -> str:
        """A note's place as every call takes it."""
        return f"{note.folder}:{note.path}"

    def place(self, note: NoteRef) -> str:
        """A note's place for people: its path, after its folder's name if there are several."""
        return note.path if len(self.config.folders) < 2 else f"{note.folder}:{note.path}"

    def clock(self, moment: datetime) -> str:
        """`14:05`, with the day if that isn't today."""
        local = moment.astimezone(self.now().tzinfo)
        if local.date() == self.now().date():
            return local.strftime("%H:%M")
        return local.strftime("%Y-%m-%d %H:%M")
