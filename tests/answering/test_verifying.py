"""Verifying: what the cited lines say is supported, however it is put; a changed fact isn't."""

from __future__ import annotations

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exocortex.answering.sentences import spans
from exocortex.answering.verifying import verify
from exocortex.assets import bundled
from exocortex.core.answers import Support
from exocortex.engines.hash_embedder import HashEmbedder
from exocortex.engines.onnx_embedder import OnnxEmbedder

LEASE = """# Lease

The tenancy runs for two years, from 1 October 2025. Notice is two full months, in writing. The deposit is €2,400, held
by Mrs Okafor. The yearly insurance costs $1,480.

- one dog, no parrots
- rent is due on the 3rd of each month
"""
BREAD = """# Sourdough

Mix 500 g flour and 350 g water. Let the dough rest overnight in the fridge. Bake for 25 minutes at 240 °C with the lid
on, then 20 minutes without it. Let it cool before slicing. Do not open the oven early.
"""
MEETING = """## Budget, 2024-03-05

Ada and Tomas met with Priya from Northwind. They agreed to cut the travel budget by 15% and to postpone the hiring of a
second designer until June. Tomas will send the revised figures by Friday. The WHO report was not discussed. About 1.5
million people read it.
"""


@pytest.fixture(scope="module")
def embedder() -> OnnxEmbedder:
    return OnnxEmbedder(bundled("models/all-MiniLM-L6-v2"), 1)


@pytest.mark.parametrize(
    ("sentence", "passage"),
    [
        ("Notice is two full months, in writing.", LEASE),
        ("The deposit is 2400 euros and Mrs Okafor holds it.", LEASE),
        ("The yearly insurance costs 1480 dollars.", LEASE),
        ("You may keep one dog, but no parrots.", LEASE),
        ("Rent has to be paid by the 3rd of every month.", LEASE),
        ("Rent is due on the third of each month.", LEASE),
        ("The tenancy began in October 2025.", LEASE),
        ("The tenancy runs from 2025-10-01 for 2 years.", LEASE),
        ("Bake it for 25 minutes at 240 °C with the lid on.", BREAD),
        ("You need 500 grams of flour and 350 grams of water.", BREAD),
        ("The dough rests in the fridge overnight.", BREAD),
        ("Don't open the oven early.", BREAD),
        ("Ada and Tomas met Priya on 5 March 2024.", MEETING),
        ("In March 2024 they agreed to cut the travel budget by fifteen percent.", MEETING),
        ("The hiring of a second designer was postponed until June.", MEETING),
        ("The World Health Organization report wasn't discussed.", MEETING),
        ("About 1,500,000 people read it.", MEETING),
    ],
    ids=lambda text: text[:40],
)
def test_what_the_lines_say_is_supported(sentence: str, passage: str, embedder: OnnxEmbedder) -> None:
    verdict = verify(sentence, [BREAD if passage is LEASE else LEASE, passage], embedder)
    assert verdict.support is Support.SUPPORTED, verdict.reasons
    assert verdict.reasons == ()


@pytest.mark.parametrize(
    ("sentence", "passage", "reason"),
    [
        ("The tenancy runs for three years, from 1 October 2025.", LEASE, '"three years" is not in the cited lines'),
        ("The yearly insurance costs $1,840.", LEASE, '"$1,840" is not in the cited lines'),
        ("Two dogs are allowed.", LEASE, '"Two" stands where the cited lines say "one"'),
        ("Rent is due on the 5th of each month.", LEASE, '"5th" is not in the cited lines'),
        ("The deposit is €2,400, held by Mrs Lindqvist.", LEASE, '"Mrs Lindqvist" is not in the cited lines'),
        ("The tenancy began in October 2024.", LEASE, '"October 2024" is not in the cited lines'),
        ("One dog and parrots.", LEASE, "the cited lines negate it"),
        ("Mix 350 g flour and 500 g water.", BREAD, '"350 g" and "500 g" are exchanged'),
        ("Bake for 25 hours at 240 °C.", BREAD, '"25 hours" is not in the cited lines'),
        (
            "Bake for 20 minutes at 240 °C with the lid on.",
            BREAD,
            '"20 minutes" stands where the cited lines say "25 minutes"',
        ),
        ("Do not let it cool before slicing.", BREAD, "it is negated, unlike the cited lines"),
        ("Open the oven early.", BREAD, "the cited lines negate it"),
        ("Ada and Tomas met Priya on 6 March 2024.", MEETING, '"6 March 2024" is not in the cited lines'),
        ("Priya will send the revised figures by Friday.", MEETING, '"Priya" stands where the cited lines say "Tomas"'),
        ("Tomas will send the revised figures by Monday.", MEETING, '"Monday" is not in the cited lines'),
        ("Let it cool after slicing.", BREAD, '"after" stands where the cited lines say "before"'),
        ("Do not close the oven early.", BREAD, '"close" stands where the cited lines say "open"'),
        ("They agreed never to cut the travel budget.", MEETING, "it is negated, unlike the cited lines"),
    ],
    ids=lambda text: text[:40],
)
def test_a_changed_fact_is_not(sentence: str, passage: str, reason: str, embedder: OnnxEmbedder) -> None:
    verdict = verify(sentence, [passage], embedder)
    assert verdict.support is Support.UNSUPPORTED
    assert reason in verdict.reasons
    assert verdict.score <= 0.1


@pytest.mark.parametrize(
    ("sentence", "passage"),
    [
        ("Notice is two full months, in writing, and the garden must be mowed weekly.", LEASE),
        ("Let the dough rest overnight in the fridge because wild yeast prefers darkness.", BREAD),
        ("Tomas will send the revised figures by Friday, which the auditors had demanded.", MEETING),
        ("The boiler was serviced by a plumber.", LEASE),
    ],
    ids=lambda text: text[:40],
)
def test_a_clause_without_a_counterpart_is_named(sentence: str, passage: str, embedder: OnnxEmbedder) -> None:
    verdict = verify(sentence, [passage], embedder)
    assert verdict.support is not Support.SUPPORTED
    assert verdict.reasons[0].startswith('nothing in the cited lines says "')


def test_a_number_that_stands_elsewhere_in_the_lines_does_not_count(embedder: OnnxEmbedder) -> None:
    verdict = verify("Let the dough rest for 240 minutes in the fridge.", [BREAD], embedder)
    assert verdict.reasons == ('"240 minutes" is not in the cited lines',)


def test_without_lines_nothing_is_supported(embedder: OnnxEmbedder) -> None:
    for cited in ([], [""], ["  \n"]):
        assert verify("Rent is due on Friday.", cited, embedder).support is Support.UNSUPPORTED


def test_a_sentence_that_says_nothing_is_weak(embedder: OnnxEmbedder) -> None:
    assert verify("And so it is.", [LEASE], embedder).support is Support.WEAK


texts = st.one_of(
    st.text(st.characters(exclude_categories=["Cs"]), max_size=80),
    st.lists(
        st.sampled_from(
            (
                "the lease rent Ada Lovelace is not never 5 1,480 March 2024-03-05 3/4/2024 percent % $ two hundred WHO"
                " E7 and , . - without no because which [[a|b]] 2:30 pm 21st"
            ).split()
        ),
        max_size=20,
    ).map(" ".join),
)


@given(texts, st.lists(texts, max_size=3))
@settings(max_examples=300)
def test_any_texts_will_do(sentence: str, cited: list[str]) -> None:
    verdict = verify(sentence, cited, HashEmbedder())
    assert 0 <= verdict.score <= 1
    assert bool(verdict.reasons) == (verdict.support is not Support.SUPPORTED)
    assert verdict == verify(sentence, cited, HashEmbedder())


@given(texts, texts)
@settings(max_examples=200)
def test_a_quote_is_supported(passage: str, other: str) -> None:
    for span in spans(passage, 2):
        if span.quote.strip(" .*_`~"):
            assert verify(span.quote, [other, passage], HashEmbedder()).support is Support.SUPPORTED


@given(texts, st.lists(texts, max_size=2))
@settings(max_examples=200)
def test_a_number_of_its_own_never_helps(sentence: str, cited: list[str]) -> None:
    order = [Support.UNSUPPORTED, Support.WEAK, Support.SUPPORTED]
    before = verify(sentence, cited, HashEmbedder()).support
    after = verify(f"{sentence} 987654", cited, HashEmbedder()).support
    assert order.index(after) <= order.index(before)


@pytest.mark.parametrize(
    "sentence",
    [
        "1," * 5_000,
        "two " * 2_500,
        "March 5 " * 1_250,
        "not A " * 1_600,
        "[[" * 5_000,
        "Ada and " * 1_250,
        "1-" * 5_000,
    ],
    ids=lambda sentence: sentence[:9],
)
def test_time_is_bounded(sentence: str, embedder: OnnxEmbedder) -> None:
    for passage in (sentence * 100, LEASE * 3_000, "x" * 1_000_000, "a. B " * 200_000):
        began = time.perf_counter()
        verify(sentence, [passage], embedder)
        assert time.perf_counter() - began < 5


def test_a_sentence_takes_milliseconds(embedder: OnnxEmbedder) -> None:
    sentence = "In March 2024 they decided to reduce the travel budget by 15% and delay hiring."
    verify(sentence, [MEETING], embedder)
    began = time.perf_counter()
    for _ in range(10):
        verify(sentence, [MEETING, LEASE, BREAD], embedder)
    assert (time.perf_counter() - began) / 10 < 0.2
