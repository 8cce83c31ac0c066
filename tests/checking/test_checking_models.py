"""Models are found as their files are, each with the command that mends it."""

from __future__ import annotations

import hashlib
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from tiny_models import make_model

from exocortex.checking import Finding, check
from exocortex.checking.models import check_models, check_use
from exocortex.config import Config, ModelSettings
from exocortex.storage.models import Models, Verified


@pytest.fixture
def tiny(tmp_path: Path) -> Path:
    return make_model(tmp_path / "Tiny one.gguf")


@pytest.fixture
def models(home: Path) -> Models:
    return Models(home)


@pytest.fixture
def other_disk() -> Iterator[Path]:
    """A folder on another file system than the home's."""
    with tempfile.TemporaryDirectory(dir="/dev/shm") as folder:
        yield Path(folder)


def add(models: Models, file: Path) -> None:
    for _ in models.add(file, "Tiny"):
        pass


def looked(home: Path, *, name: str = "", url: str = "") -> list[Finding]:
    return list(check_models(Config(home=home, model=ModelSettings(name=name, url=url))))


def amiss(home: Path, name: str = "") -> tuple[str, str, str]:
    """Severity, message and mend of the one finding."""
    (one,) = looked(home, name=name)
    return one.severity, one.message, one.mend


def test_without_models_there_is_nothing_to_say(home: Path) -> None:
    assert looked(home) == []


def test_doctor_tells_of_every_model(home: Path, models: Models, tiny: Path) -> None:
    add(models, tiny)
    assert [one.message for one in check(Config(home=home)) if one.what == "model"] == [
        "The model Tiny looks as it did when it was last read whole."
    ]


def test_a_touched_file_is_only_looked_into_and_found_good_then(home: Path, models: Models, tiny: Path) -> None:
    add(models, tiny)
    os.utime(tiny, ns=(1, 1))
    assert amiss(home)[0::2] == ("warning", "exo model verify Tiny")
    assert amiss(home, "tiny")[0] == "error"
    (*_, verified) = models.verify("Tiny")
    assert verified == Verified("Tiny", "")
    assert amiss(home, "Tiny")[0] == "ok"


def test_a_file_that_shrank_is_no_model_any_more(home: Path, models: Models, tiny: Path) -> None:
    add(models, tiny)
    os.truncate(tiny, 300_000)
    severity, message, mend = amiss(home)
    assert (severity, mend) == ("warning", "exo model remove Tiny")
    assert "has shrunk to 300,000" in message


def test_what_was_fetched_can_be_fetched_again(home: Path, models: Models, tiny: Path) -> None:
    models.make_folder()
    part = models.folder / "Tiny.part"
    part.write_bytes(tiny.read_bytes())
    digest = hashlib.sha256(tiny.read_bytes()).hexdigest()
    models.adopt(part, "Tiny", digest, "https://example.org/a b.gguf")
    os.truncate(models.file("Tiny"), 1000)
    again = f"exo model get 'https://example.org/a b.gguf' --name Tiny --sha256 {digest}"
    assert amiss(home)[2] == f"exo model remove Tiny && {again}"


def test_a_name_that_is_gone_is_given_again_while_the_file_is_there(home: Path, models: Models, tiny: Path) -> None:
    add(models, tiny)
    models.file("Tiny").unlink()
    assert amiss(home)[2] == f"exo model remove Tiny && exo model add '{tiny}' --name Tiny"
    tiny.unlink()
    assert amiss(home)[2] == "exo model remove Tiny"


def test_a_disk_that_is_away_is_told(home: Path, models: Models, tiny: Path, other_disk: Path) -> None:
    there = other_disk / "Tiny.gguf"
    there.write_bytes(tiny.read_bytes())
    add(models, there)
    there.unlink()
    severity, message, mend = amiss(home)
    assert (severity, mend) == ("warning", "exo model remove Tiny")
    assert str(there) in message


def test_a_damaged_manifest_is_told(home: Path, models: Models, tiny: Path) -> None:
    add(models, tiny)
    (models.folder / "Tiny.json").write_text("{")
    assert amiss(home)[0::2] == ("warning", "exo model remove Tiny")


def test_a_model_to_be_used_must_be_there_unless_a_server_is_asked_instead(home: Path) -> None:
    assert amiss(home, "gone")[0::2] == ("error", "exo model use --none")
    assert looked(home, name="gone", url="http://127.0.0.1:1") == []


def test_what_runs_a_model_must_be_installed(models: Models, tiny: Path) -> None:
    add(models, tiny)
    (one,) = check_use("tiny", models.entries(), is_runnable=False)
    assert (one.severity, one.mend) == ("error", 'pip install "exocortex[llama]"')
    assert list(check_use("tiny", models.entries(), is_runnable=True)) == []
