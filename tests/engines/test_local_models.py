"""Models on this machine: found by folder or name, refused where loading them would run code; nothing is fetched."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from exocortex.bootstrap import embedder, reranker
from exocortex.config import Config, SearchSettings
from exocortex.core.errors import EngineError
from exocortex.engines.local_models import digest, modules_of, read_json

MISSING = """
import sys
from pathlib import Path
sys.modules["sentence_transformers"] = None  # as where it isn't installed
from exocortex.bootstrap import embedder, reranker
from exocortex.config import Config, SearchSettings
from exocortex.core.errors import EngineError
config = Config(Path("/nowhere"), search=SearchSettings(reranker="/nowhere"))
for use in (lambda: embedder("st:/nowhere", config), lambda: reranker(config).scores("a", ["b"], 5)):
    try:
        use()
    except EngineError as error:
        sys.stdout.write(f"{error.message}|{error.hint}\\n")
"""


def test_a_missing_library_is_named_with_what_installs_it() -> None:
    done = subprocess.run([sys.executable, "-c", MISSING], capture_output=True, text=True, check=True)
    told = (
        "The library sentence-transformers is not installed|"
        'Install what it needs: pip install "exocortex[sentence-transformers]"'
    )
    assert done.stdout.splitlines() == [told] * 2


def test_without_a_reranker_in_the_settings_there_is_none_and_no_library_is_asked_for(tmp_path: Path) -> None:
    assert reranker(Config(tmp_path)) is None
    assert reranker(Config(tmp_path, search=SearchSettings(reranker="a/b"))) is not None


def test_the_digest_follows_whatever_shapes_the_output_and_nothing_else(tmp_path: Path) -> None:
    (tmp_path / "1_Pooling").mkdir()
    (tmp_path / "onnx").mkdir()
    files = ("model.safetensors", "tokenizer.json", "vocab.txt", "1_Pooling/config.json")
    for name in (*files, "README.md", "onnx/config.json"):
        (tmp_path / name).write_text(f"{name} as it was")
    seen = {digest(tmp_path)}
    for name in ("README.md", "onnx/config.json"):
        (tmp_path / name).write_text("other")
    assert {digest(tmp_path)} == seen
    for name in files:
        (tmp_path / name).write_text(f"{name} as it is now")
        seen.add(digest(tmp_path))
    assert len(seen) == 1 + len(files)


def test_settings_of_a_model_that_are_damaged_are_named(tmp_path: Path) -> None:
    assert read_json(tmp_path / "config.json", {"a": 1}) == {"a": 1}
    (tmp_path / "modules.json").write_text("{")
    with pytest.raises(EngineError, match=r"modules\.json"):
        modules_of(tmp_path)
    (tmp_path / "modules.json").write_text(json.dumps({"not": "a list"}))
    assert modules_of(tmp_path) == []


def test_an_embedder_that_is_none_of_ours_says_how_to_name_one(tmp_path: Path) -> None:
    with pytest.raises(Exception, match="no embedder called “st”") as refused:
        embedder("st", Config(tmp_path))
    assert "st:FOLDER" in getattr(refused.value, "hint", "")
