"""Ctrl-C while a real model is loaded, reads or writes for a real owner: the one who asked is free, and all goes on."""

from __future__ import annotations

import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from owned import OwnedPlace, command_of, make_owned, survivors
from owners import eventually
from tiny_models import make_model

QUESTION = ("ask", "How much is the deposit?")


@pytest.fixture
def place(tmp_path: Path) -> Iterator[OwnedPlace]:
    """With a model of 40 MB in use, which takes seconds for an answer."""
    made = make_owned(tmp_path, None, EXO_EMBEDDER_NAME="all-MiniLM-L6-v2")
    big = make_model(tmp_path / "Big.gguf", name="Big", layers=8, width=512, context=16384)
    assert made.exo("model", "add", str(big)).code == 0
    assert made.exo("model", "use", "Big").code == 0
    assert made.exo("index").code == 0
    yield made
    made.end()


def _children(place: OwnedPlace) -> list[int]:
    """Processes of models."""
    return [process for process in survivors(str(place.home)) if "llama.child" in command_of(process)]


@pytest.mark.parametrize("seconds", [0.0, 0.1, 0.4, 1.0])
def test_ctrl_c_frees_the_terminal_and_the_processor_and_the_owner_stays(place: OwnedPlace, seconds: float) -> None:
    owners = place.owners()
    asking = place.start(*QUESTION)
    assert eventually(lambda: _children(place), 20)
    time.sleep(seconds)
    asking.send_signal(signal.SIGINT)
    began = time.monotonic()
    out, err = asking.communicate(timeout=10)
    assert time.monotonic() - began < 2
    assert asking.returncode == 130, (out, err)
    assert b"Traceback" not in err
    assert b"Stopped" in out + err
    assert place.owners() == owners
    assert eventually(lambda: all(_rests(child) for child in _children(place)), 3)
    assert place.exo("ask", "How much is the deposit?", "--engine", "quotes").code == 0


def _rests(process: int) -> bool:
    """Whether a process used no processor for a fifth of a second, or is over."""
    before = _used(process)
    time.sleep(0.2)
    return _used(process) - before <= 1


def _used(process: int) -> int:
    """Ticks of processor time, a hundred a second; 0 if it is over."""
    try:
        fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0
    return int(fields[11]) + int(fields[12])
