"""T33: whatever is wrong with a model, asking says so within five seconds and quotes the notes; searching goes on."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from gguf import GGUFWriter
from owned import OwnedPlace, make_owned
from tiny_models import CHATML, make_model

QUESTION = ("ask", "How much is the deposit?")
MOST_SECONDS = 5.0


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_model(tmp_path_factory.mktemp("models") / "tiny.gguf")


@pytest.fixture
def place(tmp_path: Path) -> Iterator[OwnedPlace]:
    made = make_owned(tmp_path)
    assert made.exo("index").code == 0
    yield made
    made.end()


def truncated(file: Path) -> None:
    data = file.read_bytes()
    file.unlink()
    file.write_bytes(data[: len(data) // 2])


def emptied(file: Path) -> None:
    file.unlink()
    file.write_bytes(b"")


def of_another_kind(file: Path) -> None:
    data = bytearray(file.read_bytes())
    data[:4] = b"ELF!"
    file.unlink()
    file.write_bytes(data)


def altered(file: Path) -> None:
    data = bytearray(file.read_bytes())
    data[-1] ^= 1
    file.unlink()
    file.write_bytes(data)


def gone(file: Path) -> None:
    file.unlink()


@pytest.mark.parametrize("harm", [truncated, emptied, of_another_kind, altered, gone])
def test_t33_a_model_that_was_harmed_is_named_and_the_notes_are_quoted(
    place: OwnedPlace, tiny: Path, harm: Callable[[Path], None]
) -> None:
    assert place.exo("model", "add", str(tiny), "--copy").code == 0
    harm(place.home / "models" / "tiny.gguf")
    _quotes_and_says(place, "tiny")
    assert place.exo("model").out.count("tiny") >= 1
    assert place.exo("doctor").code == 1


def _quotes_and_says(place: OwnedPlace, says: str, **environ: Any) -> None:
    """Asking quotes and tells why; searching finds; all in time."""
    began = time.monotonic()
    ended = place.exo(*QUESTION, **environ)
    seconds = time.monotonic() - began
    assert "£1,480" in ended.out, ended
    assert says in ended.err
    assert "quoted" in ended.err
    assert ended.code == 0
    assert seconds < MOST_SECONDS
    assert "Lease" in place.exo("search", "deposit", **environ).out


@pytest.mark.parametrize("size", [0, 0.5])
def test_t33_what_is_no_whole_model_is_not_added(place: OwnedPlace, tiny: Path, tmp_path: Path, size: float) -> None:
    bad = tmp_path / "bad.gguf"
    bad.write_bytes(tiny.read_bytes()[: int(size * tiny.stat().st_size)])
    ended = place.exo("model", "add", str(bad))
    assert ended.code == 2
    assert "bad.gguf" in ended.err
    assert not list((place.home / "models").glob("*"))


def test_t33_an_architecture_that_llama_cpp_does_not_know(place: OwnedPlace, tmp_path: Path) -> None:
    file = tmp_path / "odd.gguf"
    writer = GGUFWriter(file, "nosuchmodel")
    writer.add_name("Odd")
    writer.add_chat_template(CHATML)
    writer.add_context_length(2048)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    added = place.exo("model", "add", str(file))
    if added.code == 0:
        _quotes_and_says(place, "odd")
    else:
        assert added.code == 2
        assert "nosuchmodel" in added.err or "odd.gguf" in added.err


def test_t33_more_than_the_memory_is_refused_in_numbers_unless_told_otherwise(
    place: OwnedPlace, tmp_path: Path
) -> None:
    file = make_model(tmp_path / "long.gguf", layers=200, context=1 << 20)
    assert place.exo("model", "add", str(file)).code == 0
    _quotes_and_says(place, "GB", EXO_MODEL_CONTEXT=str(1 << 20))
    assert place.exo(*QUESTION, EXO_MODEL_CONTEXT="512", EXO_MODEL_CHECK_MEMORY="false").code in (0, 1)


@pytest.mark.parametrize(
    ("body", "says"),
    [
        ("import os, signal\nos.kill(os.getpid(), signal.SIGILL)\n", "SIGILL"),
        ("raise ImportError('libllama.so: cannot open shared object file')\n", "llama"),
        ("import time\ntime.sleep(0.2)\nraise SystemExit(3)\n", "3"),
    ],
)
def test_t33_a_library_that_can_not_be_loaded_takes_its_process_and_nothing_else(
    place: OwnedPlace, tiny: Path, tmp_path: Path, body: str, says: str
) -> None:
    broken = tmp_path / "broken" / "llama_cpp"
    broken.mkdir(parents=True)
    (broken / "__init__.py").write_text(body)
    assert place.exo("model", "add", str(tiny)).code == 0
    place.exo("stop")
    _quotes_and_says(place, says, PYTHONPATH=str(tmp_path / "broken"))


def test_t33_a_template_that_reaches_out_of_its_sandbox_runs_nothing(place: OwnedPlace, tmp_path: Path) -> None:
    trace = tmp_path / "trace"
    escape = "{{ cycler.__init__.__globals__.os.system('touch " + str(trace) + "') }}" + CHATML
    file = make_model(tmp_path / "evil.gguf", template=escape)
    assert place.exo("model", "add", str(file)).code == 0
    _quotes_and_says(place, "template")
    assert not trace.exists()
