"""A call into an index that takes too long is given up, and nothing but that call is."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from threading import Event, Thread
from typing import TYPE_CHECKING

import numpy as np
import pytest

from exocortex.core.errors import EngineError
from exocortex.engines.exact import ExactIndex
from exocortex.meaning.guarded import Guarded

if TYPE_CHECKING:
    from exocortex.core.ports import Vectors

VECTOR = np.full(4, 0.5, np.float32)


class Slow(ExactIndex):
    """Searches take some seconds; changes wait until they are let go on."""

    def __init__(self, seconds: float = 0.0) -> None:
        super().__init__(["a"], VECTOR.reshape(1, 4))
        self.seconds = seconds
        self.go_on = Event()

    def nearest(self, vector: Vectors, limit: int) -> list[tuple[str, float]]:
        """As the exact index does, later."""
        time.sleep(self.seconds)
        return super().nearest(vector, limit)

    def upsert(self, keys: Sequence[str], vectors: Vectors) -> None:
        """As the exact index does, once that is wanted."""
        self.go_on.wait(30)
        super().upsert(keys, vectors)


@contextmanager
def guarded(index: Slow, query_seconds: float, write_seconds: float = 5.0) -> Iterator[Guarded]:
    made = Guarded(lambda: index, query_seconds, write_seconds)
    try:
        yield made
    finally:
        index.go_on.set()
        made.close()


def answers(made: Guarded) -> bool:
    """Whether a search is answered; it is given up after two milliseconds."""
    with suppress(EngineError):
        return bool(made.nearest(VECTOR, 1))
    return False


def test_an_answer_that_comes_just_as_its_time_is_up_leaves_nothing_stuck() -> None:
    index = Slow()
    with guarded(index, query_seconds=0.002) as made:
        for _ in range(300):
            index.seconds = 0.0018
            answers(made)
            index.seconds = 0.0
            deadline = time.monotonic() + 5
            while not answers(made):
                assert time.monotonic() < deadline
                time.sleep(0.001)


def test_a_change_that_takes_too_long_is_not_waited_for_again_when_it_is_closed() -> None:
    index = Slow()
    with guarded(index, query_seconds=5, write_seconds=0.3) as made:
        with pytest.raises(EngineError, match="has not answered"):
            made.change((), ["b"], VECTOR.reshape(1, 4))
        with pytest.raises(EngineError, match="still doesn't answer"):
            made.nearest(VECTOR, 1)
        began = time.monotonic()
        made.close()
        assert time.monotonic() - began < 0.2


def test_a_search_that_gives_up_waiting_for_a_change_is_not_made_and_stops_nothing() -> None:
    index = Slow()
    with guarded(index, query_seconds=0.05) as made:
        changing = Thread(target=lambda: made.change((), ["b"], VECTOR.reshape(1, 4)))
        changing.start()
        for _ in range(3):
            with pytest.raises(EngineError, match="has not answered"):
                made.nearest(VECTOR, 1)
        index.go_on.set()
        changing.join(5)
        assert (made.stored, [key for key, _ in made.nearest(VECTOR, 2)]) == (2, ["a", "b"])
