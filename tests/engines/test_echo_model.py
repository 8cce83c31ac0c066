"""The plain language model does what its description says, within the limits every model keeps to."""

from __future__ import annotations

import threading

import pytest

from exocortex.core.errors import EngineError
from exocortex.core.turns import Sampling, Turn
from exocortex.engines.echo_model import EchoModel

PROMPT = """Summarize these.

[1] Lease
The deposit is £1,480. It is paid.

[2] The boiler shows E7.

[12] Bread > Baking

Bakes for forty minutes.

Write 3 points."""


def said(prompt: str, model: EchoModel | None = None, most: int = 512) -> str:
    turns = [Turn("system", "[9] not this"), Turn("user", prompt)]
    return "".join((model or EchoModel()).reply(turns, Sampling(most_tokens=most), threading.Event()))


def test_it_says_the_first_sentence_of_each_passage_with_its_number() -> None:
    assert said(PROMPT) == "- The deposit is £1,480. [1]\n- The boiler shows E7. [2]\n- Bread > Baking [12]\n"


def test_without_passages_it_has_nothing_to_say() -> None:
    assert said("Hello.") == ""
    assert "".join(EchoModel().reply([], Sampling(), threading.Event())) == ""


def test_the_same_is_said_to_the_same_in_several_pieces() -> None:
    turns = [Turn("user", PROMPT)]
    pieces = list(EchoModel().reply(turns, Sampling(), threading.Event()))
    assert len(pieces) > 5
    assert pieces == list(EchoModel().reply(turns, Sampling(), threading.Event()))


def test_tokens_are_words_and_limit_the_reply() -> None:
    assert EchoModel().count(["a b  c", ""]) == [3, 0]
    assert said(PROMPT, most=3).split() == ["-", "The", "deposit"]


def test_a_prompt_longer_than_the_context_is_refused() -> None:
    with pytest.raises(EngineError, match="longer than the model's 10"):
        said(PROMPT, EchoModel(context=10))


def test_it_stops_when_told_to() -> None:
    stop = threading.Event()
    reply = EchoModel().reply([Turn("user", PROMPT)], Sampling(), stop)
    assert next(reply) == "- "
    stop.set()
    assert list(reply) == []
    EchoModel().close()
