"""Fusion: bounded, order-free, monotone, and fair to a note that only one arm knows."""

from __future__ import annotations

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exocortex.core.fusion import MEANING_WEIGHT, fuse

KEYS = st.sampled_from("abcdefgh")
BM25 = st.dictionaries(KEYS, st.integers(1, 4000).map(lambda n: n / 100))
COSINE = st.dictionaries(KEYS, st.integers(-1000, 1000).map(lambda n: n / 1000))


@given(BM25, COSINE)
def test_every_candidate_gets_a_score_between_0_and_1(words: dict[str, float], meaning: dict[str, float]) -> None:
    fused = fuse(words, meaning)
    assert fused.keys() == words.keys() | meaning.keys()
    assert all(0.0 <= score <= 1.0 for score in fused.values())


@given(BM25, COSINE, st.randoms(use_true_random=False))
def test_the_order_of_candidates_does_not_matter(
    words: dict[str, float], meaning: dict[str, float], random: Random
) -> None:
    turned = [list(arm.items()) for arm in (words, meaning)]
    for arm in turned:
        random.shuffle(arm)
    assert fuse(dict(turned[0]), dict(turned[1])) == fuse(words, meaning)


@given(BM25.filter(bool), COSINE, st.data(), st.integers(1, 3000))
def test_more_words_never_cost_a_place(
    words: dict[str, float], meaning: dict[str, float], data: st.DataObject, more: int
) -> None:
    key = data.draw(st.sampled_from(sorted(words)))
    before, after = fuse(words, meaning), fuse({**words, key: words[key] + more / 100}, meaning)
    assert _ahead(before, key) <= _ahead(after, key)


@given(BM25, COSINE.filter(bool), st.data(), st.integers(1, 1000))
def test_more_similarity_never_costs_a_place(
    words: dict[str, float], meaning: dict[str, float], data: st.DataObject, more: int
) -> None:
    key = data.draw(st.sampled_from(sorted(meaning)))
    before, after = fuse(words, meaning), fuse(words, {**meaning, key: meaning[key] + more / 1000})
    assert _ahead(before, key) <= _ahead(after, key)


@given(BM25, COSINE, st.integers(2, 50))
def test_the_unit_of_either_arm_does_not_matter(words: dict[str, float], meaning: dict[str, float], by: int) -> None:
    scaled = fuse({k: v * by for k, v in words.items()}, {k: v / by for k, v in meaning.items()})
    assert scaled == pytest.approx(fuse(words, meaning))


@given(BM25.filter(bool), COSINE.filter(bool))
def test_a_longer_list_changes_no_score_of_the_shorter_one(words: dict[str, float], meaning: dict[str, float]) -> None:
    longer = {**meaning, "last": min(meaning.values())}
    before, after = fuse(words, meaning), fuse(words, longer)
    assert {key: after[key] for key in before} == before


def test_first_in_both_arms_is_1_and_without_either_is_0() -> None:
    fused = fuse({"a": 9.0, "b": 3.0}, {"a": 0.8, "b": 0.4, "c": -0.1})
    assert fused["a"] == pytest.approx(1.0)
    assert fused["c"] == 0.0
    assert fused["b"] == pytest.approx((1 - MEANING_WEIGHT) / 3 + MEANING_WEIGHT / 2)


def test_a_small_difference_in_meaning_does_not_overrule_a_large_one_in_words() -> None:
    fused = fuse({"named": 9.0, "near": 3.0}, {"named": 0.50, "near": 0.55})
    assert fused["named"] > fused["near"]


def test_a_note_whose_meaning_is_not_in_yet_is_judged_by_its_words() -> None:
    fused = fuse({"new": 8.0, "old": 8.0}, {"old": 0.9, "other": 0.1})
    assert fused["new"] == pytest.approx(fused["old"])
    assert fused["new"] > fused["other"]


def test_an_arm_alone_keeps_its_whole_scale() -> None:
    assert fuse({"a": 4.0, "b": 1.0}, {}) == {"a": 1.0, "b": 0.25}
    assert fuse({}, {"a": 0.8, "b": 0.2}) == {"a": 1.0, "b": 0.25}
    assert fuse({}, {"a": -0.3}) == {"a": 0.0}
    nothing: dict[str, float] = {}
    assert fuse(nothing, nothing) == {}


def _ahead(scores: dict[str, float], key: str) -> int:
    """How many candidates are clearly behind this one; rounding of the last digits is no difference."""
    return sum(scores[key] - score > -1e-9 for other, score in scores.items() if other != key)
