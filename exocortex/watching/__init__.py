"""Watching: tells which notes may have changed, from the system's events; a scan stays the truth. Reads no note."""

from exocortex.watching.dirt import Dirt, Dirty
from exocortex.watching.timing import Clocks, Timing
from exocortex.watching.watcher import Watcher

__all__ = ["Clocks", "Dirt", "Dirty", "Timing", "Watcher"]
