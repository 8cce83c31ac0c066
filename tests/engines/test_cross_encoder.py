"""A cross-encoder as the reranker: the real library, a tiny model with random weights; how well it ranks isn't asked.

Run by `make test-engines`, which installs what it needs.
"""

from __future__ import annotations

import importlib.util
import shutil
import time
from pathlib import Path

import pytest
from vaults import Vault, index

from exocortex.assets import bundled
from exocortex.bootstrap import open_cortex, open_watched
from exocortex.config import Config, EmbedderSettings, Folder, SearchSettings
from exocortex.core.errors import EngineError
from exocortex.engines.cross_encoder import MOST_TEXTS, CrossEncoderReranker

TEXTS = ["The lease ends in May.", "Knead the dough.", "git rebase -i", "", "heron " * 300, "first [SEP] second"]


@pytest.fixture(scope="module", autouse=True)
def _library() -> None:
    if importlib.util.find_spec("sentence_transformers") is None:
        pytest.fail("sentence-transformers is missing: make test-engines installs it, and runs these tests")


def build(folder: Path, labels: int = 1) -> Path:
    """A cross-encoder of one layer, with MiniLM's word pieces."""
    import torch
    from transformers import BertConfig, BertForSequenceClassification, BertTokenizerFast

    torch.manual_seed(7)
    config = BertConfig(
        vocab_size=30_522,
        hidden_size=32,
        num_hidden_layers=1,
        num_attention_heads=2,
        intermediate_size=64,
        max_position_embeddings=128,
        num_labels=labels,
    )
    BertForSequenceClassification(config).save_pretrained(folder)
    tokenizer = bundled("models/all-MiniLM-L6-v2") / "tokenizer.json"
    BertTokenizerFast(tokenizer_file=str(tokenizer), model_max_length=128).save_pretrained(folder)
    return folder


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build(tmp_path_factory.mktemp("reranker"))


@pytest.fixture(scope="module")
def reranker(model: Path) -> CrossEncoderReranker:
    made = CrossEncoderReranker(str(model), threads=2)
    assert made.scores("warm up", ["a text"], 60) is not None
    return made


def test_each_text_has_a_score_that_depends_on_nothing_else(reranker: CrossEncoderReranker, model: Path) -> None:
    together = reranker.scores("When does the lease end?", TEXTS, 60)
    assert together is not None
    assert len(together) == len(TEXTS)
    assert len(set(together)) > 1
    alone = [reranker.scores("When does the lease end?", [text], 60) for text in TEXTS]
    assert alone == [[score] for score in together]
    assert CrossEncoderReranker(str(model), threads=1).scores("When does the lease end?", TEXTS, 60) == together
    assert reranker.scores("another question", TEXTS, 60) != together
    assert reranker.scores("nothing", [], 60) == []


def test_too_many_texts_are_a_mistake(reranker: CrossEncoderReranker) -> None:
    with pytest.raises(ValueError, match="17 texts are more than 16"):
        reranker.scores("x", ["y"] * (MOST_TEXTS + 1), 1)


def test_what_is_not_done_in_time_is_left_out_and_nobody_waits_for_it(model: Path) -> None:
    fresh = CrossEncoderReranker(str(model))
    began = time.monotonic()
    assert fresh.scores("x", TEXTS, 0.01) is None
    assert time.monotonic() - began < 0.5
    deadline = began + 60
    while (found := fresh.scores("x", TEXTS, 0.5)) is None and time.monotonic() < deadline:
        pass
    assert found is not None
    assert fresh.scores("x", TEXTS, 0.0) is None


def test_what_is_no_reranker_is_refused(tmp_path: Path, model: Path) -> None:
    with pytest.raises(EngineError, match="There is no model"):
        CrossEncoderReranker("/nowhere").scores("x", ["y"], 5)
    with pytest.raises(EngineError, match="gives 3 scores, not one") as refused:
        CrossEncoderReranker(str(build(tmp_path / "three", labels=3))).scores("x", ["y"], 60)
    assert "search.reranker" in refused.value.hint
    damaged = shutil.copytree(model, tmp_path / "damaged")
    weights = (damaged / "model.safetensors").read_bytes()
    (damaged / "model.safetensors").write_bytes(weights[: len(weights) // 2])
    broken = CrossEncoderReranker(str(damaged))
    for seconds in (60, 0.5):  # told again at once, not tried again
        with pytest.raises(EngineError, match="cannot be loaded"):
            broken.scores("x", ["y"], seconds)
    (damaged / "model.safetensors").rename(damaged / "pytorch_model.bin")
    with pytest.raises(EngineError, match="no safetensors"):
        CrossEncoderReranker(str(damaged)).scores("x", ["y"], 60)


def test_the_owner_reranks_by_the_setting_and_a_command_alone_does_not(vault: Vault, home: Path, model: Path) -> None:
    vault.fill(
        {f"{number}.md": f"# Heron {number}\n\nA heron, number {number}, and a boiler.\n" for number in range(20)}
    )
    config = Config(
        home,
        (Folder("notes", vault.root),),
        embedder=EmbedderSettings(name="hash"),
        search=SearchSettings(reranker=str(model)),
    )
    with open_cortex(config) as cortex:
        index(cortex)
        plain = cortex.search.find("heron", limit=20)
        assert plain.notices == ()
    with open_watched(config) as cortex:
        deadline = time.monotonic() + 60
        while (found := cortex.search.find("heron", limit=20)).notices and time.monotonic() < deadline:
            assert found.notices == (f"Not reranked: {model} was not ready in time.",)
            assert found.hits == plain.hits
    before, after = ([hit.note.path for hit in one.hits] for one in (plain, found))
    assert before != after
    assert set(before[:16]) == set(after[:16])
    assert before[16:] == after[16:]
    assert [hit.score for hit in found.hits] == [hit.score for hit in plain.hits]
    assert "rerank" in dict(found.milliseconds)
