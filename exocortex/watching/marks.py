"""Marks: events of our own, sent through watchdog behind those of the system to tell when these are all passed on.

Watchdog has no such thing: this one module knows how it passes on what Linux tells. Imports watchdog: load it late.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from watchdog.observers.api import EventEmitter


def send_mark(emitter: EventEmitter, name: str) -> bool:
    """Have the emitter pass on an event of the path `name` after all it has yet to pass on; False where that can't be.

    The system's events lie in a queue of the emitter's, which its thread empties in order into the observer's one.
    """
    try:
        from watchdog.observers.inotify_c import InotifyConstants, InotifyEvent, WatchDescriptor
        from watchdog.observers.inotify_move_event_grouper import PathedInotifyEvent

        event = InotifyEvent(WatchDescriptor(-1), InotifyConstants.IN_ATTRIB, 0, b"")
        emitter._inotify._move_event_grouper.put_event(  # type: ignore[attr-defined]
            PathedInotifyEvent(event, name.encode())
        )
    except (ImportError, AttributeError):
        return False
    return True
