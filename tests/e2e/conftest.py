"""Places that the tests of real processes share."""

from __future__ import annotations

from pathlib import Path

import pytest
from places import NOTES, Place, make_place


@pytest.fixture(scope="session")
def place(tmp_path_factory: pytest.TempPathFactory) -> Place:
    """A small vault, pointed at and indexed; tests here only read."""
    made = make_place(tmp_path_factory.mktemp("small"), NOTES)
    assert made.exo("init", str(made.vault)).code == 0
    assert made.exo("index").code == 0
    return made


@pytest.fixture
def fresh(tmp_path: Path) -> Place:
    """A vault that Exocortex has not been told of."""
    return make_place(tmp_path, NOTES)
