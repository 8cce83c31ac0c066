"""The writing thread: whatever is saved whenever gets words and meaning, and no failure puts anything off for good."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from owners import eventually
from vaults import Vault

from exocortex.bootstrap import open_owned
from exocortex.config import Config, EmbedderSettings, Folder, ensure_home
from exocortex.core.errors import VaultError
from exocortex.core.events import Event, Indexed
from exocortex.cortex import Cortex


@pytest.fixture
def cortex(tmp_path: Path, vault: Vault) -> Iterator[Cortex]:
    """An index that is followed by a thread of this process."""
    home = (tmp_path / "own home").resolve()
    ensure_home(home)
    config = Config(home, (Folder("notes", vault.root),), embedder=EmbedderSettings(name="hash"))
    with open_owned(config) as opened:
        yield opened


def test_what_is_saved_at_any_moment_of_a_run_gets_its_meaning(cortex: Cortex, vault: Vault) -> None:
    done = threading.Event()

    def save_and_search() -> None:
        number = 0
        while not done.is_set():
            number += 1
            vault.write(f"saved {number}.md", f"# Saved {number}\n\nA heron.\n")
            cortex.search.find(f"saved {number}", mode="words")

    for _ in range(15):
        saving = threading.Thread(target=save_and_search)
        saving.start()
        for event in cortex.index.run():
            if isinstance(event, Indexed):
                done.set()
        saving.join()
        done.clear()
        assert eventually(lambda: _is_done(cortex, vault), 3), cortex.index.status()


def _is_done(cortex: Cortex, vault: Vault) -> bool:
    status = cortex.index.status()
    (folder,) = status.folders
    there = sum(1 for _ in vault.root.rglob("*.md"))
    return status.chunks_to_embed == 0 and folder.indexed == folder.on_disk and folder.indexed >= there


def test_a_success_ends_the_waiting_that_failures_began(cortex: Cortex, vault: Vault) -> None:
    upkeep = cortex.upkeep
    assert upkeep is not None
    for _ in range(6):
        upkeep._not_before = 0.0
        with upkeep._guarded():
            raise VaultError("The folder is away.", "Mount it.")
    assert upkeep.status().problem == "The folder is away. Mount it."
    for _ in cortex.index.run():
        pass
    assert upkeep.status().problem is None
    vault.write("later.md", "# Later\n\nA pangolin.\n")
    assert eventually(lambda: _is_done(cortex, vault), 5)


def test_failing_again_before_its_time_does_not_put_off_the_next_try(cortex: Cortex) -> None:
    upkeep = cortex.upkeep
    assert upkeep is not None
    assert eventually(lambda: not upkeep.is_busy())
    due = set[float]()
    for _ in range(5):
        with upkeep._guarded():
            raise VaultError("The folder is away.", "")
        due.add(upkeep._not_before)
    assert len(due) == 1


def test_everybody_who_pauses_or_resumes_at_once_is_heard(cortex: Cortex) -> None:
    failures: list[BaseException] = []

    def switch(paused: bool) -> None:
        try:
            (cortex.index.pause if paused else cortex.index.resume)()
        except Exception as error:  # noqa: BLE001 - handed to the test
            failures.append(error)

    for _ in range(10):
        threads = [threading.Thread(target=switch, args=(number % 2 == 0,)) for number in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(10)
            assert not thread.is_alive()
    assert failures == []
    cortex.index.resume()
    events: list[Event] = list(cortex.index.run())
    assert isinstance(events[-1], Indexed)
