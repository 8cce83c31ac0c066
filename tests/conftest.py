"""What tests share: a vault to write, a home, the index opened over both; and places for real processes."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import pytest
from owned import OwnedPlace, make_owned, survivors
from places import NOTES, Place, make_place
from vaults import CountingEmbedder, Opener, Vault

from exocortex.config import Folder

if TYPE_CHECKING:
    from owners import RunningOwner

    from exocortex.tui.desk import Desk

collect_ignore = (
    []
    if os.environ.get("EXO_TEST_ST") == "1"
    else ["engines/test_sentence_transformers.py", "engines/test_cross_encoder.py"]
)
if not os.environ.get("EXO_TEST_GGUF"):
    collect_ignore.append("engines/test_instructed_model.py")
"""Engines of optional libraries are tested apart: `make test-engines` installs what they need and runs their tests, and
`make test-model` those of a model of the user's own."""


def pytest_addoption(parser: pytest.Parser) -> None:
    """What `tests/tui/pictures.py` tells of."""
    parser.addoption("--draw", action="store_true", help="store the pictures of the screens anew")


@pytest.fixture(autouse=True)
def _no_settings_of_the_developer(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith("EXO_")]:
        monkeypatch.delenv(name)


@pytest.fixture(scope="session", autouse=True)
def _ctrl_c_reaches_whoever_is_started() -> None:
    """A shell that runs the tests in its background has them ignore it, and so would every process of theirs."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="session", autouse=True)
def _no_process_left_behind(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Whatever was started for a home of a test must be gone when the tests are over."""
    yield
    below = str(tmp_path_factory.getbasetemp())
    deadline = time.monotonic() + 5
    while (left := survivors(below)) and time.monotonic() < deadline:
        time.sleep(0.1)
    for process in left:
        os.kill(process, signal.SIGKILL)
    assert not left, f"processes of tests that were not ended: {left}"


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


@pytest.fixture(scope="session")
def place(tmp_path_factory: pytest.TempPathFactory) -> Place:
    """A small vault, pointed at and indexed; tests of real processes only read it."""
    made = make_place(tmp_path_factory.mktemp("small"), NOTES)
    assert made.exo("init", str(made.vault)).code == 0
    assert made.exo("index").code == 0
    return made


@pytest.fixture
def fresh(tmp_path: Path) -> Place:
    """A vault that Exocortex has not been told of."""
    return make_place(tmp_path, NOTES)


@pytest.fixture
def owned(tmp_path: Path) -> Iterator[OwnedPlace]:
    """A vault whose commands start an owner in the background; ended at the end of the test."""
    made = make_owned(tmp_path)
    yield made
    made.end()


@pytest.fixture(scope="module")
def screens_owner() -> Iterator[RunningOwner]:
    """An owner with a few notes, read, for all tests of a module."""
    from screens import reading_owner

    with TemporaryDirectory() as work, reading_owner(Path(work)) as running:
        yield running


@pytest.fixture
def desk(screens_owner: RunningOwner) -> Desk:
    """What the screens of the terminal UI are handed."""
    from screens import desk_of

    return desk_of(screens_owner)
