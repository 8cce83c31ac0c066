"""The bundled embedder: the real model, one text a run, against vectors recorded from the published float network."""

from __future__ import annotations

import base64
import json
import os
import pickle
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tokenizers import Tokenizer

from exocortex.assets import bundled
from exocortex.core.errors import EngineError
from exocortex.engines.onnx_embedder import OnnxEmbedder

MODEL = bundled("models/all-MiniLM-L6-v2")
TEXTS = ("rain", "How do I get my deposit back?", "Let the dough rest. " * 20, "", "日本語のメモ", "word " * 400)


@pytest.fixture(scope="module")
def embedder() -> OnnxEmbedder:
    return OnnxEmbedder(MODEL, threads=2)


@pytest.fixture(scope="module")
def alone(embedder: OnnxEmbedder) -> dict[str, bytes]:
    return {text: embedder.embed([text])[0].tobytes() for text in TEXTS}


def test_vectors_are_float32_of_length_1(embedder: OnnxEmbedder) -> None:
    vectors = embedder.embed(TEXTS)
    assert vectors.shape == (len(TEXTS), 384)
    assert vectors.dtype == np.float32
    assert np.linalg.norm(vectors, axis=1) == pytest.approx(1.0, abs=1e-5)
    assert embedder.embed([]).shape == (0, 384)


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(texts=st.lists(st.sampled_from(TEXTS), max_size=6), neighbour=st.text(max_size=60))
def test_a_vector_is_a_function_of_its_text_alone(
    embedder: OnnxEmbedder, alone: dict[str, bytes], texts: list[str], neighbour: str
) -> None:
    vectors = embedder.embed([*texts, neighbour])
    assert [vector.tobytes() for vector in vectors[:-1]] == [alone[text] for text in texts]
    assert embedder.embed([neighbour])[0].tobytes() == vectors[-1].tobytes()


def test_another_embedder_with_other_threads_gives_the_same_bits(alone: dict[str, bytes]) -> None:
    vectors = OnnxEmbedder(MODEL, threads=1).embed(TEXTS, kind="query")
    assert [vector.tobytes() for vector in vectors] == list(alone.values())


def test_several_threads_may_load_and_embed_at_once(alone: dict[str, bytes]) -> None:
    fresh = OnnxEmbedder(MODEL, threads=2)
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda text: fresh.embed([text, text])[1].tobytes(), TEXTS))
    assert found == list(alone.values())


def test_the_last_word_that_fits_counts_and_the_next_does_not(embedder: OnnxEmbedder) -> None:
    fits, over = ["walk"] * embedder.max_tokens, ["walk"] * (embedder.max_tokens + 1)
    assert embedder.token_counter()([" ".join(fits)]) == [254]
    whole, other_end, too_long = embedder.embed(
        [" ".join(fits), " ".join([*fits[:-1], "banana"]), " ".join([*over[:-1], "banana"])]
    )
    assert not np.array_equal(whole, other_end)
    assert np.array_equal(whole, too_long)


def test_vectors_are_those_of_the_published_network(embedder: OnnxEmbedder) -> None:
    recorded = json.loads(Path(__file__).with_name("minilm_fp32.json").read_text("utf-8"))["texts"]
    expected = np.stack([np.frombuffer(base64.b64decode(entry["vector"]), "<f2") for entry in recorded])
    cosines = (embedder.embed([entry["text"] for entry in recorded]) * expected.astype(np.float32)).sum(axis=1)
    assert len(cosines) == 8
    assert cosines.min() >= 0.98
    assert cosines.mean() >= 0.99


def test_what_is_about_the_same_thing_is_nearest(embedder: OnnxEmbedder) -> None:
    question = embedder.embed(["How long is the notice period of my flat?"], kind="query")[0]
    lease, dough, code = embedder.embed(
        ["The tenant may end the lease with two months' notice.", "Knead the dough for ten minutes.", "git rebase -i"]
    )
    assert question @ lease > question @ dough + 0.2
    assert question @ lease > question @ code + 0.2


def test_control_tokens_in_a_note_are_plain_text(embedder: OnnxEmbedder) -> None:
    marked, spelled = embedder.embed(["first [SEP] second", "first [ sep ] second"])
    assert np.array_equal(marked, spelled)


def test_a_text_of_millions_of_characters_is_cut_before_it_is_tokenized(embedder: OnnxEmbedder) -> None:
    start = "A line that never ends. " * 200
    assert np.array_equal(*embedder.embed([start + "x" * 5_000_000, start + "é" * 5_000_000]))


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    return Path(shutil.copytree(MODEL, tmp_path / "model"))


@pytest.mark.parametrize("name", ["model.onnx", "tokenizer.json"])
def test_a_damaged_file_is_named_and_never_used(copy: Path, name: str) -> None:
    damaged = bytearray((copy / name).read_bytes())
    damaged[len(damaged) // 2] ^= 1
    (copy / name).write_bytes(damaged)
    with pytest.raises(EngineError, match=name) as caught:
        OnnxEmbedder(copy).embed(["rain"])
    assert "Install" in caught.value.hint


@pytest.mark.parametrize("name", ["model.onnx", "tokenizer.json"])
def test_a_missing_file_is_named(copy: Path, name: str) -> None:
    (copy / name).unlink()
    with pytest.raises(EngineError, match=name):
        OnnxEmbedder(copy).embed(["rain"])


@pytest.mark.parametrize("content", [None, "", "[]", "{}", '{"name": "x"}'])
def test_provenance_that_cannot_be_read_is_an_engine_error(copy: Path, content: str | None) -> None:
    (copy / "provenance.json").unlink()
    if content is not None:
        (copy / "provenance.json").write_text(content)
    with pytest.raises(EngineError, match=r"provenance\.json"):
        OnnxEmbedder(copy)


def test_the_fingerprint_follows_the_model(copy: Path) -> None:
    assert OnnxEmbedder(copy).fingerprint == OnnxEmbedder(MODEL).fingerprint
    provenance = json.loads((copy / "provenance.json").read_text())
    provenance["sha256"]["model.onnx"] = "0" * 64
    (copy / "provenance.json").write_text(json.dumps(provenance))
    assert OnnxEmbedder(copy).fingerprint != OnnxEmbedder(MODEL).fingerprint


@given(texts=st.lists(st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=200), max_size=5))
@settings(max_examples=60, deadline=None)
def test_the_counter_counts_as_the_tokenizer_does(texts: list[str]) -> None:
    tokenizer = Tokenizer.from_file(str(MODEL / "tokenizer.json"))
    expected = [len(tokenizer.encode(text, add_special_tokens=False).ids) for text in texts]
    assert OnnxEmbedder(MODEL).token_counter()(texts) == expected


def test_the_counter_can_be_sent_to_another_process() -> None:
    counter = OnnxEmbedder(MODEL).token_counter()
    sent = pickle.dumps(counter)
    assert len(sent) < 1_000
    assert pickle.loads(sent)(["Let it rain.", "", "[x]"]) == counter(["Let it rain.", "", "[x]"]) == [4, 0, 3]  # noqa: S301


QUIET = """
import sys
from pathlib import Path
from exocortex.engines.onnx_embedder import OnnxEmbedder
embedder = OnnxEmbedder(Path(sys.argv[1]))
loaded = {"onnxruntime", "tokenizers", "numpy"} & sys.modules.keys()
assert not loaded, loaded
embedder.embed(["rain"])
"""


def test_nothing_heavy_is_loaded_before_the_first_text_and_nothing_is_written() -> None:
    environment = {"PATH": os.environ["PATH"], "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", QUIET, str(MODEL)], capture_output=True, env=environment, check=False
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")
