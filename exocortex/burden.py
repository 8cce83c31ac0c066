"""Burden: what this process asks of the machine: memory, and its turn at the processor."""

from __future__ import annotations

import ctypes
import os
import resource
import sys
import threading
from contextlib import suppress
from pathlib import Path

_NICE = 10
"""Searches are somebody waiting; this isn't."""


def give_way() -> None:
    """On Linux a thread has a priority of its own, which the threads and processes it starts inherit."""
    if sys.platform == "linux":
        with suppress(OSError):
            os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), _NICE)


def give_back() -> None:
    """Have glibc return what was freed: between many small things that stay, it would be kept, and slowly grow."""
    if sys.platform == "linux":
        with suppress(OSError, AttributeError):  # another C library has no such call
            ctypes.CDLL(None).malloc_trim(0)


def memory() -> int:
    """Bytes of this process in memory now, where that can be told; else at most so far."""
    try:
        pages = int(Path("/proc/self/statm").read_text("ascii").split()[1])
    except (OSError, ValueError):
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)
    return pages * os.sysconf("SC_PAGE_SIZE")
