"""A word that no note has leads to the nearest that some do, and no others."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from vaults import enter

from exocortex.spelling import respell
from exocortex.storage.catalog import Catalog
from exocortex.storage.ledger import Ledger

WORDS = "deposit deposed heron greenhouse boiler kettle café receive their bread break bead 2024 embedding imbedding"


@pytest.fixture(scope="module")
def catalog(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Catalog]:
    with closing(Ledger(tmp_path_factory.mktemp("home"))) as ledger:
        enter(ledger, "a.md", WORDS)
        enter(ledger, "b.md", "bread\n")
        yield Catalog(ledger.connection)


@pytest.mark.parametrize(
    ("term", "near"),
    [
        ("depsoit", ("deposit",)),
        ("herno", ("heron",)),
        ("recieve", ("receive",)),
        ("greenhuose", ("greenhouse",)),
        ("grenhouze", ("greenhouse",)),
        ("cafw", ("cafe",)),
        ("bread", None),
        ("greenhouses", None),
        ("embeding", None),
        ("breed", ("bread",)),
        ("her", None),
        ("2025", None),
        ("xylophone", None),
        ("kettel", ("kettle",)),
        ("bettle", ("kettle",)),
        ("beats", None),
    ],
)
def test_the_nearest_spelling(catalog: Catalog, term: str, near: tuple[str, ...] | None) -> None:
    assert respell(catalog, [term]) == ({term: near} if near else {})


def test_nearer_words_shut_out_farther_ones_and_commoner_come_first(catalog: Catalog) -> None:
    assert respell(catalog, ["breav"])["breav"] == ("bread", "break")


def test_several_terms_are_told_apart(catalog: Catalog) -> None:
    assert respell(catalog, ["heron", "herno", "depsoit"]) == {"herno": ("heron",), "depsoit": ("deposit",)}


def test_an_empty_index_has_no_spellings(tmp_path: Path) -> None:
    with closing(Ledger(tmp_path)) as ledger:
        assert respell(Catalog(ledger.connection), ["anything"]) == {}
