"""Fitting: the reckoning of memory, by hand for a model of known shape, and what is said when there is too little."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from tiny_models import make_model

from exocortex.core.errors import ModelError
from exocortex.fitting import ALLOWANCE, available_memory, cache_bytes, fit, require_fit
from exocortex.storage.gguf import ModelHeader, read_header

GIGABYTE = 1_000_000_000
LLAMA_8B = ModelHeader(
    name="Llama",
    kind="model",
    architecture="llama",
    licence="llama3.1",
    parameters=8_030_000_000,
    quantization="Q4_K_M",
    context=131_072,
    layers=32,
    heads=32,
    kv_heads=8,
    cached_heads=256,
    key_length=128,
    value_length=128,
    embedding_length=4096,
    has_chat_template=True,
    parts=1,
    needs=4_920_000_000,
    size=4_920_000_000,
)


def test_keys_and_values_of_a_known_model() -> None:
    """llama.cpp reports 1024 MiB for 8,192 tokens of Llama 3.1 8B."""
    assert cache_bytes(LLAMA_8B, 8192) == 1024 << 20


def test_it_fits_to_the_byte() -> None:
    needs = fit(LLAMA_8B, 4096, 0).needs
    assert needs == 4_920_000_000 + (512 << 20) + ALLOWANCE
    assert fit(LLAMA_8B, 4096, needs).fits
    assert not fit(LLAMA_8B, 4096, needs - 1).fits


@pytest.mark.parametrize(
    ("available", "largest"),
    [
        (0, 0),
        (4_920_000_000 + ALLOWANCE, 0),
        (4_920_000_000 + ALLOWANCE + cache_bytes(LLAMA_8B, 511), 0),
        (4_920_000_000 + ALLOWANCE + cache_bytes(LLAMA_8B, 512), 512),
        (4_920_000_000 + ALLOWANCE + cache_bytes(LLAMA_8B, 5000), 4864),
        (64 * GIGABYTE, 131_072),
    ],
)
def test_the_largest_context_that_fits(available: int, largest: int) -> None:
    found = fit(LLAMA_8B, 4096, available)
    assert found.largest == largest
    assert not largest or fit(LLAMA_8B, largest, available).fits


def test_more_context_than_was_trained_on_is_not_reckoned() -> None:
    short = replace(LLAMA_8B, context=300)
    found = fit(short, 4096, 64 * GIGABYTE)
    assert (found.context, found.largest) == (300, 300)


def test_a_model_without_attention_needs_no_cache() -> None:
    found = fit(replace(LLAMA_8B, cached_heads=0), 4096, 6 * GIGABYTE)
    assert (found.cache, found.largest, found.fits) == (0, 131_072, True)


def test_too_little_memory_is_said_in_numbers_with_what_would_fit() -> None:
    with pytest.raises(ModelError) as caught:
        require_fit("Llama", LLAMA_8B, 16_384, 6 * GIGABYTE)
    assert caught.value.message == (
        "Llama needs 7.4 GB of memory (4.9 GB of weights, 2.1 GB for 16,384 tokens, 300 MB besides), "
        "and 6.0 GB are free."
    )
    assert caught.value.hint.startswith("5,888 tokens would fit: set context = 5888 in [model]")
    with pytest.raises(ModelError) as caught:
        require_fit("Llama", LLAMA_8B, 16_384, 3 * GIGABYTE)
    assert caught.value.hint.startswith("Use a smaller model")


def test_force_passes() -> None:
    assert not require_fit("Llama", LLAMA_8B, 16_384, 0, force=True).fits


def test_a_tiny_model_fits_into_what_is_free_here(tmp_path: Path) -> None:
    assert require_fit("Tiny", read_header(make_model(tmp_path / "t.gguf")), 4096, available_memory()).context == 2048


def test_free_memory_is_what_the_system_says(tmp_path: Path) -> None:
    meminfo = tmp_path / "meminfo"
    meminfo.write_text("MemTotal:       16303428 kB\nMemFree:          123 kB\nMemAvailable:    7000000 kB\n")
    assert available_memory(meminfo) == 7_000_000 * 1024


@pytest.mark.parametrize("text", ["", "MemAvailable:\n", "MemAvailable: lots kB\n"])
def test_all_that_is_built_in_where_it_says_nothing(tmp_path: Path, text: str) -> None:
    (tmp_path / "meminfo").write_text(text)
    total = available_memory(tmp_path / "none")
    assert total > 100_000_000
    assert available_memory(tmp_path / "meminfo") == total
