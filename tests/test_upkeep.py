"""The writing thread: whatever is saved whenever gets words and meaning, and no failure puts anything off for good."""

from __future__ import annotations

import sqlite3
import threading
import time
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import pytest
from owners import eventually
from vaults import Vault

from exocortex.bootstrap import open_owned
from exocortex.capturing import capture
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


def test_a_search_during_a_look_waits_for_what_it_has_taken(cortex: Cortex, vault: Vault) -> None:
    """Paths that a look has taken are dirty no more, and not in the index before it ends."""
    upkeep = cortex.upkeep
    assert upkeep is not None
    assert eventually(lambda: not upkeep.is_busy() and upkeep.is_current())
    for number in range(60):
        vault.write(f"{number}.md", f"A pangolin{number}x.\n" + "heron harbour lease\n" * 3000)
        time.sleep(0.29 + number % 5 * 0.01)  # about when it has settled
        assert len(cortex.search.find(f"pangolin{number}x", mode="words", literal=True).hits) == 1


def test_a_search_that_comes_during_a_look_gets_one_of_its_own_or_says_how_old_it_is(
    cortex: Cortex, vault: Vault
) -> None:
    found, missed = [], []

    def save_and_search(me: int) -> None:
        for number in range(15):
            word = f"pangolin{me}x{number}y"
            vault.write(f"{me} {number}.md", f"A {word}.\n" + "heron harbour lease\n" * 100)
            saved = datetime.now().astimezone()
            answer = cortex.search.find(word, mode="words", literal=True)
            if answer.hits:
                found.append(word)
            elif answer.freshness.as_of >= saved:
                missed.append(word)

    threads = [threading.Thread(target=save_and_search, args=(me,)) for me in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert missed == []
    assert len(found) > 30


def test_a_look_that_fails_holds_up_neither_searches_nor_jobs(cortex: Cortex, vault: Vault, tmp_path: Path) -> None:
    upkeep = cortex.upkeep
    assert upkeep is not None
    assert eventually(lambda: not upkeep.is_busy())
    connection = upkeep._ledger.connection
    connection.execute("PRAGMA query_only = ON")  # as on a disk that became read-only
    vault.write("new.md", "A pangolin.\n")
    began = time.monotonic()
    assert cortex.search.find("heron", mode="words").hits == ()
    with pytest.raises(sqlite3.OperationalError):
        list(cortex.index.run())
    assert time.monotonic() - began < 3
    assert not upkeep.is_current()
    connection.execute("PRAGMA query_only = OFF")
    assert len(cortex.search.find("pangolin", mode="words").hits) == 1


def test_the_files_of_an_index_that_was_deleted_are_missed(cortex: Cortex) -> None:
    upkeep = cortex.upkeep
    assert upkeep is not None
    assert eventually(lambda: not upkeep.is_busy())
    assert upkeep.damage is None
    upkeep._ledger.path.unlink()
    assert eventually(lambda: "index.db was deleted" in str(upkeep.damage))


def test_what_waits_in_the_journal_becomes_a_note_when_one_asks_for_a_run(cortex: Cortex, vault: Vault) -> None:
    config = cortex.index._config
    away = vault.root.with_name("away")
    vault.root.rename(away)
    captured = capture(config, "A thought about pangolins.", datetime.now().astimezone())
    assert not captured.delivered
    assert any("1 captured" in notice for notice in cortex.index.status().notices)
    away.rename(vault.root)
    for _ in cortex.index.run():
        pass
    assert list(vault.root.glob("Inbox/*pangolins*.md"))
    assert not any("captured" in notice for notice in cortex.index.status().notices)


def test_a_run_tells_what_was_read_before_it_was_asked_for(cortex: Cortex, vault: Vault) -> None:
    vault.fill({f"{number}.md": f"Heron {number}.\n" for number in range(5)})
    assert eventually(lambda: _is_done(cortex, vault))
    *_, last = cortex.index.run()
    assert isinstance(last, Indexed)
    assert last.added == 5
    *_, last = cortex.index.run()
    assert isinstance(last, Indexed)
    assert last.added == 0
