"""The first notes of a search in another order: by a plain reranker, by one that is late, and by one that fails."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st
from vaults import Opener, Vault, index, paths

from exocortex.config import Config, SearchSettings
from exocortex.config.sharing import pack_settings, unpack_settings
from exocortex.core.chunks import Chunk
from exocortex.core.errors import EngineError
from exocortex.reranking import RERANKED, rerank


class ByLength:
    """The longest text first."""

    name = "by length"

    def __init__(self) -> None:
        self.asked: list[tuple[str, list[str]]] = []

    def scores(self, query: str, texts: Sequence[str], seconds: float) -> list[float] | None:  # noqa: ARG002
        """The number of characters."""
        self.asked.append((query, list(texts)))
        return [float(len(text)) for text in texts]


class Late:
    """Never ready."""

    name = "late"

    def scores(self, query: str, texts: Sequence[str], seconds: float) -> list[float] | None:  # noqa: ARG002
        """None."""
        return None


class Broken:
    """Always fails."""

    name = "broken"

    def scores(self, query: str, texts: Sequence[str], seconds: float) -> list[float] | None:  # noqa: ARG002
        """An error."""
        raise EngineError("It is not there", "Install it.")


def chunk(text: str) -> Chunk:
    return Chunk(text, "", (), text, 1, 1, embedded=True)


NOTES = {
    "short.md": "# Heron\n\nA heron.\n",
    "long.md": "# Walk\n\nA heron stood by the harbour and then it flew away over the water to the other side.\n",
    "other.md": "# Boiler\n\nIt is 1.3 bar.\n",
}


def test_the_first_notes_are_put_in_the_rerankers_order(open_vault: Opener, vault: Vault, today: date) -> None:
    vault.fill(NOTES)
    with open_vault() as cortex:
        index(cortex)
        plain = cortex.search.find("heron", mode="words")
    assert [hit.note.path for hit in plain.hits] == ["short.md", "long.md"]
    reranker = open_vault.reranker = ByLength()
    with open_vault() as cortex:
        found = cortex.search.find("heron", mode="words")
        assert [hit.note.path for hit in found.hits] == ["long.md", "short.md"]
        assert [hit.score for hit in found.hits] == [hit.score for hit in plain.hits]
        assert [hit.ranks.words for hit in found.hits] == [2, 1]
        assert "rerank" in dict(found.milliseconds)
        ((question, texts),) = reranker.asked
        assert question == "heron"
        assert sorted(texts)[0].splitlines()[0] == "Heron"
        assert paths(cortex, "heron", mode="words", limit=1) == ["long.md"]
        evidence = cortex.answers.evidence("heron")
        assert evidence.hits[0].note.path == "long.md"
        reranker.asked.clear()
        cortex.search.find("heron", sort="date")
        cortex.search.find("path:short")
        assert reranker.asked == []


@pytest.mark.parametrize(
    ("reranker", "told"),
    [(Late(), "Not reranked: late was not ready in time."), (Broken(), "Not reranked: It is not there. Install it.")],
)
def test_without_it_the_search_is_as_it_was_and_says_so(
    open_vault: Opener, vault: Vault, reranker: Late | Broken, told: str
) -> None:
    vault.fill(NOTES)
    open_vault.reranker = reranker
    with open_vault() as cortex:
        index(cortex)
        found = cortex.search.find("heron", mode="words")
        assert [hit.note.path for hit in found.hits] == ["short.md", "long.md"]
        assert found.notices == (told,)
        assert cortex.search.find("boiler", mode="words").notices == ()


@given(st.dictionaries(st.integers(0, 99), st.floats(0, 1), max_size=40), st.sets(st.integers(0, 99)))
def test_notes_only_change_places(found: dict[int, float], blank: set[int]) -> None:
    scores = dict(sorted(found.items(), key=lambda pair: -pair[1]))
    best = {note: chunk("x" * (note + 1)) for note in list(scores)[:RERANKED] if note not in blank}
    ranked, notices = rerank(ByLength(), "what?", scores, best)
    assert notices == ()
    assert list(ranked.values()) == list(scores.values())
    before, after = list(scores), list(ranked)
    assert [note for note in after if note in best] == sorted(best, reverse=True)
    assert [note for note in after if note not in best] == [note for note in before if note not in best]
    assert all(after[place] == note for place, note in enumerate(before) if note not in best)


def test_the_owner_is_told_which_reranker_a_client_wants(open_vault: Opener) -> None:
    config = Config(open_vault.home, search=SearchSettings(limit=3, reranker="a/b"))
    assert unpack_settings(pack_settings(config), open_vault.home).search == SearchSettings(reranker="a/b")
