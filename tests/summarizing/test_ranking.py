"""Ranking: what is central comes first, what says the same comes once, whatever the vectors."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from exocortex.summarizing.ranking import centrality, distinct

if TYPE_CHECKING:
    from exocortex.core.ports import Vectors


def rows(*vectors: tuple[float, ...]) -> Vectors:
    matrix = np.array(vectors, np.float32)
    matrix /= np.linalg.norm(matrix, axis=1, keepdims=True)
    return matrix


def test_what_many_resemble_is_central() -> None:
    vectors = rows((1, 0.3, 0, 0), (1, 0, 0.3, 0), (1, 0, 0, 0), (0, 0, 0, 1))
    scores = centrality(vectors, [1.0] * 4)
    assert max(scores) == 1.0
    assert scores.index(max(scores)) == 2
    assert scores[3] == min(scores)


def test_the_prior_decides_between_equals() -> None:
    vectors = rows((1, 0), (1, 0), (1, 0))
    assert centrality(vectors, [0.1, 0.9, 0.1])[1] == 1.0
    assert centrality(vectors, [1.0, 1.0, 1.0]) == [1.0, 1.0, 1.0]


def test_a_sentence_that_resembles_nothing_keeps_its_prior() -> None:
    assert centrality(rows((1, 0), (0, 1)), [1.0, 0.5]) == [1.0, 0.5]
    assert centrality(rows((1, 0)), [0.0]) == [1.0]


def test_the_second_choice_is_something_else() -> None:
    vectors = rows((1, 0), (1, 0.3), (0, 1))
    assert distinct(vectors, [1.0, 0.99, 0.6], 2) == [0, 2]


def test_the_same_is_never_chosen_twice_however_much_is_asked_for() -> None:
    vectors = rows((1, 0), (1, 0.01), (0, 1))
    assert distinct(vectors, [1.0, 1.0, 0.1], 3) == [0, 2]


def test_what_is_refused_is_passed_over() -> None:
    vectors = rows((1, 0, 0), (0, 1, 0), (0, 0, 1))
    assert distinct(vectors, [1.0, 0.9, 0.8], 2, lambda index, _chosen: index != 0) == [1, 2]


@given(st.integers(1, 40), st.integers(1, 12), st.integers(0, 2**32 - 1))
@settings(max_examples=60, deadline=None)
def test_scores_and_choices_are_sound_and_repeatable(count: int, most: int, seed: int) -> None:
    random = np.random.default_rng(seed)
    vectors = rows(*map(tuple, random.normal(size=(count, 8))))
    weights = [float(value) for value in random.random(count)]
    scores = centrality(vectors, weights)
    assert len(scores) == count
    assert all(0 <= score <= 1 for score in scores)
    chosen = distinct(vectors, scores, most)
    assert len(set(chosen)) == len(chosen) <= most
    assert chosen == distinct(vectors, centrality(vectors, weights), most)
