"""Guarded: a vector index whose calls run on one thread of its own, and are given up when they take too long.

Chroma waits up to 1,000 seconds for a locked file, and a server may never answer; whoever asked gets an error instead.
One thread also means that Chroma never searches a graph that is being changed.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import Future
from queue import SimpleQueue
from threading import Thread
from typing import TYPE_CHECKING, Any, TypeVar

from exocortex.core.errors import EngineError

if TYPE_CHECKING:
    from exocortex.core.ports import VectorIndex, Vectors

QUERY_SECONDS = 2.0
WRITE_SECONDS = 120.0
"""A batch of 2,000 takes one second; on a busy machine with a slow disk, many."""

T = TypeVar("T")
_Call = tuple[Callable[[], Any], "Future[Any]"]


class Guarded:
    """The index that `open_index` opens. Searches may come from any thread, changes from one.

    Every method raises EngineError if the index fails, or does not answer in time.
    """

    def __init__(
        self,
        open_index: Callable[[], VectorIndex],
        query_seconds: float = QUERY_SECONDS,
        write_seconds: float = WRITE_SECONDS,
    ) -> None:
        self.changing = False
        """Whether a change is under way, which a search would have to wait for."""
        self._query_seconds = query_seconds
        self._write_seconds = write_seconds
        self._late: Future[Any] | None = None
        """What the thread was at when somebody last gave up waiting for it."""
        self._calls: SimpleQueue[_Call | None] = SimpleQueue()
        Thread(target=self._work, name="chroma", daemon=True).start()
        try:
            self._index = self._call(open_index, write_seconds)
            self.stored: int = self._call(self._index.count, write_seconds)
            """How many keys it held after its last change."""
        except BaseException:
            self._calls.put(None)
            raise

    def nearest(self, vector: Vectors, limit: int) -> list[tuple[str, float]]:
        """As the index; raises EngineError also if it gives fewer than it holds, as Chroma does with files missing."""
        found = self._call(lambda: self._index.nearest(vector, limit), self._query_seconds)
        if len(found) < min(limit, self.stored):
            raise EngineError("The vector store found too few vectors", "Run `exo index`: it is built anew.")
        return found

    def change(self, gone: Sequence[str], keys: Sequence[str], vectors: Vectors) -> int:
        """Delete some keys, store others; returns how many were really deleted."""
        self.changing = True
        try:
            return self._call(lambda: self._changed(gone, keys, vectors), self._write_seconds)
        finally:
            self.changing = False

    def close(self) -> None:
        """Let go of the files; what hangs in a call is left to itself."""
        try:
            if not self._is_stuck():
                self._call(self._index.close, self._write_seconds)
        finally:
            self._calls.put(None)

    def _changed(self, gone: Sequence[str], keys: Sequence[str], vectors: Vectors) -> int:
        deleted = 0
        if gone:
            before = self._index.count()
            self._index.delete(gone)
            deleted = before - self._index.count()
        if keys:
            self._index.upsert(keys, vectors)
        self.stored = self._index.count()
        return deleted

    def _is_stuck(self) -> bool:
        return self._late is not None and not self._late.done()

    def _call(self, what: Callable[[], T], seconds: float) -> T:
        if self._is_stuck():
            raise EngineError("The vector store still doesn't answer", "Search works without it, if slower.")
        answer: Future[T] = Future()
        self._calls.put((what, answer))
        try:
            return answer.result(seconds)
        except TimeoutError as error:
            if not answer.cancel():  # else the thread is at another call, whose caller waits for it by its own clock
                self._late = answer
            raise EngineError(
                f"The vector store has not answered for {seconds:g} s", "Search works without it, if slower."
            ) from error

    def _work(self) -> None:
        while (call := self._calls.get()) is not None:
            what, answer = call
            if not answer.set_running_or_notify_cancel():
                continue
            try:
                answer.set_result(what())
            except EngineError as error:
                answer.set_exception(error)
            except BaseException as error:  # noqa: BLE001 - a border: whoever asked gets it, panics of Rust included
                failure = EngineError(f"The vector store failed: {error}", "Search works without it, if slower.")
                failure.__cause__ = error
                answer.set_exception(failure)
