"""T41: another embedding model; until all is embedded anew the old vectors answer, and never both at once."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path
from random import Random

import pytest
from owned import OwnedPlace, make_owned

OLD, NEW = "hash", "all-MiniLM-L6-v2"
QUESTIONS = ("a bird by the water", "money for the flat", "warmth in winter")
_WORDS = "heron harbour lease boiler bread ledger tide letter winter garden north engine paper river salt".split()


@pytest.fixture
def notes() -> dict[str, str]:
    random = Random(41)
    return {
        f"note {number}.md": f"# Note {number}\n\n"
        + "\n\n".join(" ".join(random.choices(_WORDS, k=60)) for _ in range(3))
        for number in range(400)
    }


@pytest.fixture
def owned(tmp_path: Path, notes: dict[str, str]) -> Iterator[OwnedPlace]:
    place = make_owned(tmp_path / "changed", notes)
    yield place
    place.end()


@pytest.fixture
def fresh(tmp_path: Path, notes: dict[str, str]) -> Iterator[OwnedPlace]:
    place = make_owned(tmp_path / "fresh", notes)
    yield place
    place.end()


def test_t41_the_old_model_answers_until_the_new_one_can_and_a_kill_costs_nothing(
    owned: OwnedPlace, fresh: OwnedPlace
) -> None:
    assert owned.exo("index", EXO_EMBEDDER_NAME=OLD).code == 0
    assert fresh.exo("index", EXO_EMBEDDER_NAME=NEW).code == 0
    old, new = ([_answer(place, one, model) for one in QUESTIONS] for place, model in ((owned, OLD), (fresh, NEW)))
    assert all(before != after for before, after in zip(old, new, strict=True))
    killed, turned = False, 0
    deadline = time.monotonic() + 90
    while turned < len(QUESTIONS) and time.monotonic() < deadline:
        found = _answer(owned, QUESTIONS[turned], NEW)
        assert found in (old[turned], new[turned])
        if found == new[turned]:
            turned += 1  # and none of those that follow is answered by the old one
        assert turned == 0 or found == new[turned - 1]
        status = owned.exo("status", "--json", EXO_EMBEDDER_NAME=NEW).json()
        if not killed and status["next_embedder"] and 0 < status["chunks_to_embed"] < 900:
            os.kill(status["owner"]["pid"], signal.SIGKILL)
            killed = True
    assert (killed, turned) == (True, len(QUESTIONS))
    status = owned.exo("status", "--json", EXO_EMBEDDER_NAME=NEW).json()
    assert (status["embedder"], status["next_embedder"], status["chunks_to_embed"]) == (NEW, None, 0)


def _answer(place: OwnedPlace, question: str, embedder: str) -> list[tuple[str, float]]:
    """The notes nearest in meaning, under a model that the owner is to use."""
    found = place.exo("search", question, "--mode", "meaning", "--json", EXO_EMBEDDER_NAME=embedder).json()
    return [(hit["path"], round(hit["score"], 5)) for hit in found["hits"]]
