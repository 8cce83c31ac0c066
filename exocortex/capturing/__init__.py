"""Capturing: a thought becomes a note, or goes into one, and is on disk before anybody is told so.

Needs no index and no owner. What can't be in a note now (the folder is away, the disk is full) waits in the journal,
and each entry gets into a note exactly once, whoever replays it and however often that was begun.
"""

from exocortex.capturing.delivering import Captured, capture, deliver, inbox_folder, waiting, wanted
from exocortex.capturing.destinations import INBOX, TODAY, Destination, find_note, todays

__all__ = [
    "INBOX",
    "TODAY",
    "Captured",
    "Destination",
    "capture",
    "deliver",
    "find_note",
    "inbox_folder",
    "todays",
    "waiting",
    "wanted",
]
