"""The plain embedder: deterministic, a function of the text alone, and close for texts that share words."""

from __future__ import annotations

import pickle
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exocortex.engines.hash_embedder import HashEmbedder

EMBEDDER = HashEmbedder()


@given(st.lists(st.text(max_size=80), max_size=6), st.text(max_size=80))
@settings(deadline=None)
def test_a_vector_has_length_1_and_is_a_function_of_its_text_alone(others: list[str], text: str) -> None:
    vectors = EMBEDDER.embed([*others, text])
    assert vectors.shape == (len(others) + 1, 64)
    assert vectors.dtype == np.float32
    assert np.linalg.norm(vectors, axis=1) == pytest.approx(1.0, abs=1e-5)
    assert vectors[-1].tobytes() == EMBEDDER.embed([text], kind="query")[0].tobytes()


def test_shared_words_make_texts_similar_and_shared_spelling_a_little() -> None:
    lease, notice, spelled, dough = EMBEDDER.embed(
        ["the lease of the flat", "notice: the lease of a flat", "leases and flats", "flour, water and salt"]
    )
    assert lease @ notice > lease @ spelled > lease @ dough


def test_it_is_the_same_in_every_process() -> None:
    program = (
        "from exocortex.engines.hash_embedder import HashEmbedder as H; print(H().embed(['a lease']).tobytes().hex())"
    )
    found = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout.strip()
    assert found == EMBEDDER.embed(["a lease"]).tobytes().hex()


def test_the_counter_counts_words_and_is_picklable() -> None:
    counter = pickle.loads(pickle.dumps(EMBEDDER.token_counter()))  # noqa: S301 - our own bytes
    assert counter(["two  words", "", "a\nb\tc"]) == [2, 0, 3]
