"""Side by side: the same work on many rows, several at a time, for libraries that let other threads run meanwhile."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor


def side_by_side(run: Callable[[int], None], rows: Sequence[int], threads: int) -> None:
    """Run each row, `threads` at a time; an exception, Ctrl-C included, drops what has not begun."""
    if min(threads, len(rows)) <= 1:
        for row in rows:
            run(row)
        return
    pool = ThreadPoolExecutor(min(threads, len(rows)), thread_name_prefix="row")
    try:
        for _ in pool.map(run, rows):
            pass
    finally:
        pool.shutdown(cancel_futures=True)
