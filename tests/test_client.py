"""Whatever may be asked of the index, a client behind a socket gets the answer that the index itself gives."""

from __future__ import annotations

import dataclasses
import inspect
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from owners import RunningOwner, eventually
from vaults import NOTES, Vault

from exocortex.bootstrap import open_cortex
from exocortex.client import Client
from exocortex.config import IndexSettings
from exocortex.core.codec import NOUNS
from exocortex.core.errors import OwnerError, UsageError, VaultError, error_of
from exocortex.core.events import Answered, Indexed, Notice, Progress, Saved
from exocortex.core.service import CortexPort


@pytest.fixture
def owner(tmp_path: Path, vault: Vault) -> Iterator[RunningOwner]:
    """Over a few notes, all of which are in."""
    vault.fill(NOTES)
    running = RunningOwner(tmp_path / "home", vault.root, tmp_path / "run")
    with running.client() as client:
        list(client.index.run())
    yield running
    running.close()


EACH: dict[str, Callable[[CortexPort], Any]] = {
    "index.run": lambda cortex: [type(event) for event in cortex.index.run(retry=True)][-1],
    "index.status": lambda cortex: cortex.index.status(),
    "index.recall": lambda cortex: cortex.index.recall(),
    "index.pause": lambda cortex: cortex.index.pause(),
    "index.resume": lambda cortex: cortex.index.resume(),
    "search.find": lambda cortex: cortex.search.find("deposit heron", scope="path:sub", chunks=True, limit=3),
    "search.similar": lambda cortex: cortex.search.similar("Lease", limit=2),
    "answers.ask": lambda cortex: cortex.answers.ask("How much is the deposit?"),
    "answers.stream": lambda cortex: list(cortex.answers.stream("How much is the deposit?", engine="quotes")),
    "summaries.make": lambda cortex: list(cortex.summaries.make("path:sub deposit heron", points=3))[-1],
    "summaries.digest": lambda cortex: list(cortex.summaries.digest("week"))[-1],
    "threads.say": lambda cortex: _answered(cortex.threads.say("How much is the deposit?", scope="path:Lease")),
    "threads.check": lambda cortex: cortex.threads.check(scope="path:Lease", engine="quotes"),
    "threads.search": lambda cortex: [thread.title for thread in cortex.threads.search("deposit")][:1],
    "threads.show": lambda cortex: [one.question for one in cortex.threads.show(_newest(cortex))],
    "threads.rename": lambda cortex: cortex.threads.rename(_newest(cortex), "How much is the deposit?"),
    "threads.delete": lambda cortex: cortex.threads.delete(_newest(cortex)),
    "receipts.recent": lambda cortex: [one.question for one in cortex.receipts.recent(1)],
    "receipts.check": lambda cortex: [
        source.state for source in cortex.receipts.check(cortex.receipts.recent(1)[0].id).sources
    ],
    "receipts.replay": lambda cortex: _refused(lambda: list(cortex.receipts.replay(cortex.receipts.recent(1)[0].id))),
    "notes.show": lambda cortex: cortex.notes.show("Boiler"),
    "notes.links": lambda cortex: cortex.notes.links("Lease"),
    "notes.inspect": lambda cortex: cortex.notes.inspect("Lease"),
    "notes.recent": lambda cortex: cortex.notes.recent(3),
    "notes.outline": lambda cortex: cortex.notes.outline("Lease"),
    "notes.contents": lambda cortex: [cortex.notes.contents("notes"), cortex.notes.contents("notes", "sub", limit=0)],
    "notes.named": lambda cortex: cortex.notes.named("sub walk", limit=3),
    "notes.tags": lambda cortex: cortex.notes.tags(),
    "notes.filters": lambda cortex: cortex.notes.filters(),
    "notes.tasks": lambda cortex: cortex.notes.tasks(done=True),
    "notes.tick": lambda cortex: cortex.notes.tick("Lease", 17, "sign", True),
    "notes.again": lambda cortex: cortex.notes.again(date.today() + timedelta(days=31)),
}


UNANSWERED = {"index.pause", "index.resume", "index.recall", "threads.check", "threads.rename", "threads.delete"}


def _answered(events: Iterable[Any]) -> Any:
    return [event.answer for event in events if isinstance(event, Answered)]


def _newest(cortex: CortexPort) -> str:
    return cortex.threads.search()[0].id


def _refused(call: Callable[[], object]) -> str:
    with pytest.raises(UsageError) as refused:
        call()
    return refused.value.message


def test_every_method_gives_the_same_on_either_side(owner: RunningOwner) -> None:
    calls = {f"{noun}.{verb}" for noun, port in NOUNS.items() for verb in vars(port) if not verb.startswith("_")}
    assert calls == EACH.keys() | {"index.watch"}
    client = owner.client()
    asked = {name: _timeless(ask(client)) for name, ask in EACH.items()}
    owner.close()
    with open_cortex(owner.config, today=lambda: date.today()) as cortex:
        assert {name: _timeless(ask(cortex)) for name, ask in EACH.items()} == asked
    assert {name for name, answer in asked.items() if answer is None} == UNANSWERED


def test_a_client_has_the_methods_of_the_service_with_their_arguments() -> None:
    for noun, port in NOUNS.items():
        ours = getattr(Client.__init__, "__code__").co_names  # noqa: B009
        assert noun in ours
        for verb, method in vars(port).items():
            if not verb.startswith("_"):
                kind = f"_{noun.title()}"
                mine = inspect.getattr_static(__import__("exocortex.client", fromlist=[kind]), kind)
                assert (
                    inspect.signature(getattr(mine, verb)).parameters.keys()
                    == inspect.signature(method).parameters.keys()
                )


def _timeless(value: Any) -> Any:
    """The same without what differs from one moment, or one process, to the next."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        gone = ("as_of", "milliseconds", "owner", "freshness", "bytes_on_disk", "engine", "receipt")
        names = [field.name for field in dataclasses.fields(value) if field.name not in gone]
        return type(value).__name__, [(name, _timeless(getattr(value, name))) for name in names]
    if isinstance(value, list | tuple):
        return [_timeless(item) for item in value]
    return round(value, 5) if isinstance(value, float) else value


def test_errors_arrive_as_what_they_are(owner: RunningOwner) -> None:
    client = owner.client()
    with pytest.raises(UsageError, match="There is no note called"):
        client.notes.show("nowhere")
    with pytest.raises(UsageError, match="There is no question"):
        client.answers.ask(" ")
    assert client.notes.show("Lease").note.title == "Lease"


@pytest.mark.parametrize("kind", ["usage", "config", "vault", "index", "held", "engine", "owner"])
def test_an_error_keeps_its_kind(kind: str) -> None:
    assert error_of(kind, "what", "how").kind == kind
    assert type(error_of("nonsense", "what", "how")).__name__ == "ExocortexError"


def test_indexing_is_followed_and_stopped_from_afar(owner: RunningOwner, vault: Vault) -> None:
    client = owner.client()
    for number in range(3000):
        vault.write(f"many/{number}.md", f"# Note {number}\n\nA heron, number {number}.\n")
    stop = threading.Event()
    events = []
    for event in client.index.run(stop=stop):
        events.append(event)
        if isinstance(event, Progress) and event.stage == "words":
            stop.set()
    assert isinstance(events[-1], Indexed)
    assert events[-1].stopped
    *_, last = client.index.run()
    assert isinstance(last, Indexed)
    assert not last.stopped
    assert client.index.status().folders[0].indexed == 3005


def test_a_stream_left_unread_leaves_the_line_usable(owner: RunningOwner) -> None:
    client = owner.client()
    for _ in client.index.run():
        break
    assert client.search.find("deposit", mode="words").hits


def test_hanging_up_stops_the_work(owner: RunningOwner, vault: Vault) -> None:
    watching = owner.client()
    stop = threading.Event()
    heard: list[Any] = []
    ear = threading.Thread(target=lambda: heard.extend(watching.index.watch(stop=stop)))
    ear.start()
    assert eventually(lambda: owner.client().index.status() and heard, 5)
    client = owner.client()
    for number in range(3000):
        vault.write(f"many/{number}.md", f"# Note {number}\n\nA heron, number {number}.\n")
    for event in client.index.run():
        if isinstance(event, Progress) and event.stage == "words":
            break
    client.close()
    assert eventually(lambda: any(isinstance(event, Indexed) and event.stopped for event in heard))
    stop.set()
    ear.join(5)
    assert not ear.is_alive()


def test_what_is_saved_is_told_to_whoever_watches(owner: RunningOwner, vault: Vault) -> None:
    client, stop = owner.client(), threading.Event()
    events = client.index.watch(stop=stop)
    assert isinstance(next(events), Notice)
    vault.write("new.md", "A pangolin.\n")
    saved = next(event for event in events if isinstance(event, Saved))
    assert saved.changed == ("notes:new.md",)
    stop.set()
    for _ in events:
        pass
    assert [hit.note.path for hit in client.search.find("pangolin", mode="words").hits] == ["new.md"]


def test_what_was_saved_a_moment_ago_is_found(owner: RunningOwner, vault: Vault) -> None:
    client = owner.client()
    for number in range(10):
        vault.write("moment.md", f"The word is pangolin{number}.\n")
        time.sleep(0.02)
        assert client.search.find(f"pangolin{number}", mode="words", literal=True).hits, number


def test_eight_clients_at_once_get_their_own_answers(owner: RunningOwner) -> None:
    words = ["deposit", "heron", "pressure", "harbour", "notice", "months", "manual", "signed"]
    found: dict[str, list[str]] = {}

    def ask(word: str) -> None:
        with owner.client() as client:
            found[word] = [hit.note.path for _ in range(5) for hit in client.search.find(word, mode="words").hits]

    threads = [threading.Thread(target=ask, args=(word,)) for word in words]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    alone = owner.client()
    for word in words:
        assert found[word] == [hit.note.path for hit in alone.search.find(word, mode="words").hits] * 5


def test_other_settings_come_into_force_when_a_client_brings_them(owner: RunningOwner, vault: Vault) -> None:
    vault.write("draft.md", "A pangolin.\n")
    assert owner.client().search.find("pangolin", mode="words").hits
    others = dataclasses.replace(owner.config, index=IndexSettings(ignore=("draft.md",)))
    client = owner.client(others)
    assert eventually(lambda: not client.search.find("pangolin", mode="words", literal=True).hits)
    folderless = dataclasses.replace(owner.config, folders=())
    with pytest.raises(VaultError):
        owner.client(folderless).search.find("pangolin")


def test_pausing_lasts(owner: RunningOwner, vault: Vault) -> None:
    client = owner.client()
    client.index.pause()
    vault.write("later.md", "A pangolin.\n")
    time.sleep(0.5)
    found = client.search.find("pangolin", mode="words", literal=True)
    assert not found.hits
    assert any("paused" in notice for notice in found.notices)
    status = client.index.status()
    assert status.owner is not None
    assert status.owner.paused
    client.index.resume()
    assert eventually(lambda: client.search.find("pangolin", mode="words", literal=True).hits)


def test_a_client_whose_owner_is_gone_says_so(owner: RunningOwner) -> None:
    client = owner.client()
    owner.close()
    with pytest.raises(OwnerError, match="ended"):
        client.index.status()
    with pytest.raises(OwnerError, match="ended"):
        list(client.index.run())
