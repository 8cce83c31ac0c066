"""The package's public names, and what importing it costs."""

from __future__ import annotations

import subprocess
import sys

import pytest

import exocortex

HEAVY = {"chromadb", "numpy", "onnxruntime", "tokenizers", "textual", "llama_cpp", "sentence_transformers", "watchdog"}


def test_public_names_are_those_of_their_modules() -> None:
    from exocortex.bootstrap import open_cortex
    from exocortex.config import Config, load

    assert (exocortex.open_cortex, exocortex.Config, exocortex.load) == (open_cortex, Config, load)
    assert sorted(exocortex.__all__) == ["Config", "load", "open_cortex"]


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no attribute 'nonsense'"):
        _ = exocortex.nonsense


def test_importing_it_loads_nothing_else_of_it() -> None:
    program = "import exocortex, sys; print([name for name in sys.modules if name.startswith('exocortex.')])"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_the_cortex_itself_loads_no_heavy_library() -> None:
    program = f"import exocortex.cortex, exocortex.bootstrap, sys; print({HEAVY!r} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"
