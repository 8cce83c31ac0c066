"""Measuring a real model of half a megabyte: figures that can be so, in the time that is given, and stopped at once."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from threading import Event, Timer

import pytest
from tiny_models import make_model

from exocortex.core.events import Progress
from exocortex.engines.llama import LlamaModel
from exocortex.measuring import Measured, measure, memory_of


@pytest.fixture
def model(tmp_path: Path) -> Iterator[LlamaModel]:
    file = make_model(tmp_path / "tiny.gguf", context=2048)
    with closing(LlamaModel(file, "tiny", "f", context=2048, threads=1, log=tmp_path / "llama.log")) as made:
        yield made


@pytest.fixture
def slow(tmp_path: Path) -> Iterator[LlamaModel]:
    """A model that reads its whole context in some seconds."""
    file = make_model(tmp_path / "slow.gguf", layers=8, width=512, context=16384)
    with closing(LlamaModel(file, "slow", "f", context=16384, threads=1, log=tmp_path / "llama.log")) as made:
        yield made


def measured(model: LlamaModel, seconds: float) -> Measured:
    *_, last = measure(model, Event(), seconds)
    assert isinstance(last, Measured)
    return last


def test_a_fast_model_is_measured_at_the_longest_prompt_and_reply(model: LlamaModel) -> None:
    found = measured(model, 60)
    assert (found.name, found.context, found.threads) == ("tiny", 2048, 1)
    assert 900 <= found.prompt_tokens <= 1100
    assert found.reply_tokens == 255
    assert found.prompt_rate > found.reply_rate > 10
    assert found.seconds_to_first_word(1000) == pytest.approx(1000 / found.prompt_rate)
    assert found.memory is not None
    assert 10_000_000 < found.memory.of_files < found.memory.total


def test_a_slow_one_is_over_soon(slow: LlamaModel) -> None:
    slow.count(["x"])
    began = time.monotonic()
    found = measured(slow, 0.5)
    assert found.prompt_tokens < 4000
    assert time.monotonic() - began < 10


def test_progress_ends_at_the_time_that_was_given(model: LlamaModel) -> None:
    steps = [event for event in measure(model, Event(), 20) if isinstance(event, Progress)]
    for stage in ("reading", "writing"):
        last = [step for step in steps if step.stage == stage][-1]
        assert (last.done, last.total) == (20, 20)


def test_stopped_it_says_nothing_and_stops_at_once(slow: LlamaModel) -> None:
    slow.count(["x"])
    stop = Event()
    Timer(0.5, stop.set).start()
    began = time.monotonic()
    assert not any(isinstance(event, Measured) for event in measure(slow, stop, 60))
    assert time.monotonic() - began < 3


def test_what_a_process_has_in_memory_is_read_from_the_system() -> None:
    mine = memory_of(os.getpid())
    assert mine is not None
    assert 0 < mine.of_files < mine.total
    assert memory_of(2**22 + 1) is None
