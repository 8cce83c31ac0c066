"""The index as it is lent: changed between calls and once only, never opened again once it is closed."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from owners import eventually
from vaults import Vault

from exocortex.bootstrap import open_owned
from exocortex.config import Config, EmbedderSettings, Folder, IndexSettings, ensure_home
from exocortex.core.errors import OwnerError
from exocortex.cortex import Cortex
from exocortex.lending import Lending


class Opening:
    """Opens a real index, and counts how often."""

    def __init__(self) -> None:
        self.count = 0

    def __call__(self, config: Config, log: Callable[[str], None]) -> Cortex:
        self.count += 1
        return open_owned(config, log)


@pytest.fixture
def opening() -> Opening:
    return Opening()


@pytest.fixture
def lending(tmp_path: Path, vault: Vault, opening: Opening) -> Iterator[Lending]:
    vault.fill({f"{number}.md": f"# Note {number}\n\nA heron.\n" for number in range(200)})
    home = (tmp_path / "own home").resolve()
    ensure_home(home)
    config = Config(home, (Folder("notes", vault.root),), embedder=EmbedderSettings(name="hash"))
    lent = Lending(config, opening, lambda _: None)
    yield lent
    lent.close()


def other(config: Config, pattern: str = "zzz") -> Config:
    return replace(config, index=IndexSettings(ignore=(pattern,)))


def together(*calls: Callable[[], object]) -> list[threading.Thread]:
    threads = [threading.Thread(target=call, daemon=True) for call in calls]
    for thread in threads:
        thread.start()
    return threads


def test_equal_settings_are_brought_into_force_once(lending: Lending, opening: Opening) -> None:
    wanted = other(lending.config)
    for thread in together(*[lambda: lending.bring_into_force(wanted)] * 4):
        thread.join(20)
    assert opening.count == 2
    assert lending.config == wanted


def test_a_call_that_can_be_told_to_stop_is_and_another_is_waited_for(lending: Lending, opening: Opening) -> None:
    stop, inside, over = threading.Event(), threading.Event(), threading.Event()

    def call() -> None:
        with lending.lend(stop) as cortex:
            inside.set()
            stop.wait(20)
            assert cortex.search.find("heron", mode="words").hits
            over.set()

    (calling,) = together(call)
    inside.wait(5)
    lending.bring_into_force(other(lending.config))
    assert over.is_set()
    calling.join(5)
    assert opening.count == 2
    with lending.lend() as cortex:
        assert cortex.search.find("heron", mode="words").hits


def test_once_closed_it_is_opened_by_nobody(lending: Lending, opening: Opening) -> None:
    inside, leave = threading.Event(), threading.Event()

    def call() -> None:
        with lending.lend():
            inside.set()
            leave.wait(20)

    calling = together(call)
    inside.wait(5)
    changing = together(lambda: lending.bring_into_force(other(lending.config)))
    closing = together(lending.close)
    leave.set()
    for thread in (*calling, *changing, *closing):
        thread.join(20)
        assert not thread.is_alive()
    count = opening.count
    assert lending.cortex is None
    for attempt in (lambda: lending.bring_into_force(other(lending.config, "y")), lambda: lending.lend().__enter__()):
        with pytest.raises(OwnerError, match="ending"):
            attempt()
    assert opening.count == count


def test_closed_under_many_searches_nothing_crashes_and_nobody_hangs(lending: Lending) -> None:
    def search() -> None:
        try:
            while True:
                with lending.lend() as cortex:
                    cortex.search.find("heron title:note", limit=50)
        except OwnerError:
            return

    searching = together(*[search] * 6)
    assert eventually(lambda: lending.in_use)
    lending.close()
    for thread in searching:
        thread.join(5)
        assert not thread.is_alive()
