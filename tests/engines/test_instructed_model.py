"""A model that follows instructions, `EXO_TEST_GGUF` names its file: the sample vault's questions, asked of it.

`make test-model EXO_TEST_GGUF=…` runs it and prints what it measured. What must hold of any model is asserted; how well
this one answers is told and judged by nobody.
"""

from __future__ import annotations

import json
import os
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from exocortex.assets import bundled
from exocortex.bootstrap import open_cortex
from exocortex.config import Config, Folder, ModelSettings
from exocortex.core.answers import Answer, Support
from exocortex.core.events import Answered, Progress, Retrieved, Token
from exocortex.storage.models import Models

FILE = Path(os.environ["EXO_TEST_GGUF"])
ASKED: dict[str, Any] = json.loads((Path(__file__).parent.parent / "vault_questions.json").read_text("utf-8"))
CONTROL = re.compile(r"<\|[a-z_]+\|>|\[/?INST\]|</?s>")


@dataclass(frozen=True, slots=True)
class Told:
    """What came of a question."""

    sources: int
    written: str
    answer: Answer


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Told]]:
    home = tmp_path_factory.mktemp("instructed") / "home"
    home.mkdir(mode=0o700)
    assert list(filter(lambda event: not isinstance(event, Progress), Models(home).add(FILE, "mine")))
    folder = Folder("vault", bundled("vault").resolve())
    with open_cortex(Config(home.resolve(), (folder,), model=ModelSettings(name="mine"))) as cortex:
        for _ in cortex.index.run():
            pass
        questions = [one["question"] for one in ASKED["answerable"]] + ASKED["unanswerable"]
        yield {question: _asked(cortex.answers.stream(question)) for question in questions}


def _asked(events: Iterator[Any]) -> Told:
    sources, written, answer = 0, "", None
    for event in events:
        if isinstance(event, Retrieved):
            sources = len(event.sources)
        elif isinstance(event, Token):
            written += event.text
        elif isinstance(event, Answered):
            answer = event.answer
    assert answer is not None
    return Told(sources, written, answer)


def test_what_is_streamed_is_what_was_written(told: dict[str, Told]) -> None:
    assert all(one.written == one.answer.written for one in told.values())


def test_it_writes_no_control_token_and_cites_only_what_it_was_given(told: dict[str, Told]) -> None:
    for one in told.values():
        assert CONTROL.search(one.written) is None, one.written
        numbers = {number for sentence in one.answer.sentences for number in sentence.citations}
        assert numbers <= set(range(1, one.sources + 1)) or not one.written
        assert {citation.number for citation in one.answer.citations} == numbers


def test_what_it_is_worth_is_printed(told: dict[str, Told], capsys: pytest.CaptureFixture[str]) -> None:
    right = [_is_right(one, told[one["question"]].answer) for one in ASKED["answerable"]]
    refused = [told[question].answer.abstained for question in ASKED["unanswerable"]]
    said = [sentence for one in told.values() if one.written for sentence in one.answer.sentences]
    with capsys.disabled():
        sys.stdout.write(
            f"\n{FILE.name}: {sum(right)} of {len(right)} answered, {sum(refused)} of {len(refused)} refused\n"
        )
        for support in Support:
            sys.stdout.write(f"  {sum(one.support is support for one in said)} of {len(said)} sentences {support}\n")
    assert len(told) == len(right) + len(refused)


def _is_right(asked: dict[str, str], answer: Answer) -> bool:
    shown = " ".join(sentence.text for sentence in answer.sentences if sentence.support is not Support.UNSUPPORTED)
    return asked["answer"].casefold() in " ".join(shown.split()).casefold()
