"""What the tests of the index share: a vault to write, a home, and the index opened over both."""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest
from vaults import CountingEmbedder, Opener, Vault

from exocortex.config import Folder


@pytest.fixture(autouse=True)
def _no_settings_of_the_developer(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith("EXO_")]:
        monkeypatch.delenv(name)


@pytest.fixture
def vault(tmp_path: Path) -> Vault:
    """An empty folder of notes."""
    return Vault(tmp_path / "notes")


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """Where the index goes; not made yet."""
    return (tmp_path / "home").resolve()


@pytest.fixture
def today() -> date:
    """A Wednesday."""
    return date(2024, 5, 15)


@pytest.fixture
def open_vault(vault: Vault, home: Path, today: date) -> Iterator[Opener]:
    """Opens the index of `home` over `vault`, its folder called `notes`, with the hash embedder."""
    opener = Opener(home, (Folder("notes", vault.root),), today)
    yield opener
    opener.close()


@pytest.fixture
def counting(open_vault: Opener) -> CountingEmbedder:
    """The embedder of every index opened in this test."""
    embedder = CountingEmbedder()
    open_vault.embedders["hash"] = lambda: embedder
    return embedder
