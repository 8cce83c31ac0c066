"""`exo model bench` as a real process, and the commands that `exo doctor` names for models."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from pathlib import Path

import pytest
from owned import survivors
from places import EXO, Place, make_place
from tiny_models import make_model


@pytest.fixture
def place(tmp_path: Path) -> Place:
    """A home that doesn't exist yet, and no folder of notes."""
    return make_place(tmp_path, {})


@pytest.fixture
def tiny(tmp_path: Path) -> Path:
    return make_model(tmp_path / "Tiny.gguf")


def test_the_model_in_use_is_measured_or_the_one_that_is_named(place: Place, tiny: Path, tmp_path: Path) -> None:
    ended = place.exo("model", "bench")
    assert (ended.code, "No model is in use" in ended.err) == (2, True)
    place.exo("model", "add", str(tiny))
    place.exo("model", "add", str(make_model(tmp_path / "Other.gguf", seed=1)))
    ended = place.exo("model", "bench")
    assert ended.code == 0, ended.err
    assert [line.split("\t")[0] for line in ended.out.splitlines()] == ["reads", "writes", "memory", "loaded in"]
    assert "A prompt of 1,536 tokens is read in" in ended.err
    said = place.exo("model", "bench", "other", "--json").json()
    assert (said["schema"], said["name"], said["context"]) == (1, "Other", 2048)
    assert said["prompt_rate"] > 0
    assert said["reply_rate"] > 0
    assert said["memory"]["total"] > said["memory"]["of_files"] > 0
    assert place.exo("model", "bench", "nowhere").code == 2
    assert not (place.home / "owner.json").exists()
    assert survivors(str(place.home)) == []


def test_ctrl_c_ends_it_and_the_process_of_the_model(place: Place, tmp_path: Path) -> None:
    place.exo("model", "add", str(make_model(tmp_path / "Slow.gguf", layers=8, width=512, context=16384)))
    command = [*EXO, "model", "bench"]
    environ = place.environ | {"EXO_MODEL_CONTEXT": "16384"}
    running = subprocess.Popen(command, env=environ, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    deadline = time.monotonic() + 20
    while len(survivors(str(place.home))) < 2 and time.monotonic() < deadline:
        time.sleep(0.02)
    time.sleep(1)
    running.send_signal(signal.SIGINT)
    out, err = running.communicate(timeout=10)
    assert (running.returncode, out) == (130, ""), err
    assert survivors(str(place.home)) == []


def test_what_doctor_names_mends_a_model(place: Place, tiny: Path) -> None:
    place.exo("model", "add", str(tiny))
    os.utime(tiny, ns=(1, 1))
    assert mended(place) == "exo model verify Tiny"
    (place.home / "models" / "Tiny.gguf").unlink()
    assert mended(place).startswith("exo model remove Tiny && exo model add ")


def mended(place: Place) -> str:
    """Carries out what is named for the model, which is in order then; returns the command."""
    (before,) = findings(place)
    assert before["severity"] == "error"
    command = before["mend"]
    ended = place.shell(command.replace("remove Tiny", "remove Tiny --yes"))
    assert ended.code == 0, ended.err
    (after,) = findings(place)
    assert after["severity"] == "ok"
    return command


def findings(place: Place) -> list[dict[str, str]]:
    return [one for one in place.exo("doctor", "--json").json()["findings"] if one["what"] == "model"]
