"""Between the steps of a long run, what was just saved goes first, and nothing older ever overwrites it."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path
from threading import Event as StopEvent
from typing import TYPE_CHECKING

import pytest
from vaults import CountingEmbedder, Vault, in_memory, prose

from exocortex.config import Config, Folder, ensure_home
from exocortex.config.settings import EmbedderSettings
from exocortex.core.events import Event, Indexed, Progress, Saved
from exocortex.core.ports import Kind
from exocortex.indexing import Indexer, _Tally
from exocortex.meaning import Meaning
from exocortex.reading import read_note
from exocortex.storage.catalog import Catalog
from exocortex.storage.ledger import Ledger
from exocortex.storage.state import State

if TYPE_CHECKING:
    from exocortex.core.ports import Vectors


class SlowEmbedder(CountingEmbedder):
    """The hash embedder, at a hundred texts a second."""

    def __init__(self) -> None:
        super().__init__()
        self.batches: list[int] = []
        self.slow = True

    def embed(self, texts: Sequence[str], kind: Kind = "note") -> Vectors:
        """As its parent, but slowly."""
        if kind == "note":
            self.batches.append(len(texts))
            time.sleep(0.01 * len(texts) * self.slow)
        return super().embed(texts, kind)


class Desk:
    """An indexer over a vault, with its ledger and state; everything on one thread."""

    def __init__(self, home: Path, vault: Vault) -> None:
        self.vault = vault
        self.embedder = SlowEmbedder()
        ensure_home(home)
        config = Config(home, (Folder("notes", vault.root),), embedder=EmbedderSettings("hash"))
        self.ledger = Ledger(home)
        self.state = State(home)
        self.meaning = Meaning(home, self.ledger, in_memory)
        self.indexer = Indexer(config, self.ledger, self.state, self.meaning, self.embedder, None)

    def close(self) -> None:
        """Close the files."""
        for part in (self.meaning, self.ledger, self.state):
            part.close()

    def run(self, stop: StopEvent | None = None) -> Iterator[Event]:
        """A run, step by step."""
        return self.indexer.run(stop=stop)

    def refresh(self, *raws: str) -> tuple[str, ...]:
        """Look at these paths of the folder; what became of any of them."""
        found = self.indexer.refresh([("notes", raw) for raw in raws])
        return (*found.changed, *found.gone)

    def words(self, *words: str) -> list[set[str]]:
        """Where each of these words is found."""
        paths = {row["id"]: row["path"] for row in self.ledger.connection.execute("SELECT id, path FROM notes")}
        catalog = Catalog(self.ledger.connection)
        return [{paths[row] for row in catalog.ranked(word, (1.0, 1.0), 99, None)} for word in words]

    def state_of(self, path: str) -> str:
        """How far a file has come."""
        return self.ledger.files("notes", [path])[0].state


@pytest.fixture
def desk(tmp_path: Path, vault: Vault) -> Iterator[Desk]:
    with closing(Desk(tmp_path / "home", vault)) as made:
        yield made


def finish(events: Iterator[Event]) -> Indexed:
    *_, last = events
    assert isinstance(last, Indexed)
    return last


def at_stage(events: Iterator[Event], stage: str) -> Progress:
    """Go on until a step of this stage is done."""
    return next(event for event in events if isinstance(event, Progress) and event.stage == stage and event.done)


def test_a_run_tells_which_notes_it_found_changed(desk: Desk) -> None:
    desk.vault.fill({f"{number}.md": "heron\n" for number in range(7)})
    finish(desk.indexer.run())
    desk.vault.write("0.md", "pelican\n")
    desk.vault.remove("1.md")
    told = [event for event in desk.indexer.run() if isinstance(event, Saved)]
    assert [(event.changed, event.gone) for event in told] == [((), ("notes:1.md",)), (("notes:0.md",), ())]
    desk.vault.fill({f"more {number}.md": "heron\n" for number in range(7)})
    (many,) = (event for event in desk.indexer.run() if isinstance(event, Saved))
    assert (len(many.changed), many.count) == (5, 7)


def test_a_refresh_of_paths_reads_these_alone(desk: Desk) -> None:
    desk.vault.fill({"a.md": "heron\n", "b.md": "stork\n", "c.md": "egret\n"})
    assert set(desk.indexer.refresh().changed) == {"notes:a.md", "notes:b.md", "notes:c.md"}
    desk.vault.write("a.md", "pelican\n")
    desk.vault.write("b.md", "pelican\n")
    desk.vault.move("c.md", "d.md")
    found = desk.indexer.refresh([("notes", "a.md"), ("notes", "c.md"), ("notes", "d.md")])
    assert (set(found.changed), found.left) == ({"notes:a.md", "notes:d.md"}, 0)
    assert desk.words("pelican", "egret") == [{"a.md"}, {"d.md"}]
    desk.vault.remove("a.md")
    assert desk.refresh("a.md") == ("notes:a.md",)
    assert desk.refresh("a.md", "never.md") == ()


def test_a_refresh_of_paths_scans_where_only_that_can_tell(desk: Desk) -> None:
    desk.vault.write("a.md", "heron\n")
    desk.indexer.refresh()
    desk.vault.fill({"sub/b.md": "stork\n", "c.md": "egret\n"})
    assert set(desk.refresh("sub")) == {"notes:sub/b.md", "notes:c.md"}
    desk.vault.write("d.md", "ibis\n")
    assert set(desk.indexer.refresh([("unknown", "x.md")]).changed) == {"notes:d.md"}


def test_a_touched_file_has_no_new_words(desk: Desk) -> None:
    desk.vault.write("a.md", "heron\n")
    desk.indexer.refresh()
    os.utime(desk.vault.root / "a.md", (1e9, 1e9))
    assert desk.refresh("a.md") == ()
    assert desk.state_of("a.md") == "indexed"


def test_a_result_read_earlier_never_overwrites_what_was_saved_since(desk: Desk) -> None:
    os.truncate(desk.vault.write("too large.md", ""), 6_000_000)  # so much to read that workers are started
    desk.vault.fill({f"{number:03}.md": f"# N{number}\n\nold{number}\n" for number in range(420)})
    events = desk.run()
    first = at_stage(events, "words")
    ahead = [f"{number:03}.md" for number in range(419 - first.done, 380 - first.done, -1)]
    assert {desk.state_of(path) for path in ahead} == {"pending"}
    for path in ahead[:20]:
        desk.vault.write(path, "# Saved\n\npelican\n")
    desk.refresh(*ahead[:20])
    for path in ahead[20:30]:
        desk.vault.write(path, "# Saved\n\nflamingo\n")
    desk.indexer.refresh(None, seconds=0)
    finish(events)
    assert desk.words("pelican", "flamingo") == [set(ahead[:20]), set(ahead[20:30])]
    assert desk.words(*(f"old{int(path[:3])}" for path in ahead[:30])) == [set()] * 30
    assert desk.ledger.pending_count() == 0


def test_what_changed_since_is_not_marked_as_done(desk: Desk) -> None:
    desk.vault.write("a.md", "heron\n")
    desk.indexer.refresh(None, seconds=-1)
    (row,) = desk.ledger.pending()
    job = desk.indexer._job(row)
    result = read_note(job, desk.embedder.token_counter())
    desk.vault.write("a.md", "heron and stork\n")
    desk.indexer.refresh(None, seconds=-1)
    assert desk.indexer._write([result], _Tally()) == []
    assert desk.state_of("a.md") == "pending"


def test_what_is_pending_by_the_end_is_taken_up_in_the_same_run(desk: Desk) -> None:
    desk.embedder.slow = False
    desk.vault.fill({f"{number}.md": prose(number, 60) for number in range(30)})
    events = desk.run()
    at_stage(events, "meaning")
    desk.vault.write("late.md", "pelican\n")
    desk.indexer.refresh(None, seconds=-1)
    assert desk.state_of("late.md") == "pending"
    finish(events)
    assert desk.words("pelican") == [{"late.md"}]
    assert desk.ledger.vectors.missing("hash-64-1") == []


def test_chunks_of_what_was_just_saved_are_embedded_next(desk: Desk) -> None:
    desk.vault.fill({f"{number}.md": prose(number, 200) for number in range(60)})
    events = desk.run()
    at_stage(events, "meaning")
    before = len(desk.embedder.texts)
    desk.vault.write("now.md", "# Now\n\nA pelican came by.\n")
    assert desk.refresh("now.md") == ("notes:now.md",)
    next(events)
    assert "A pelican came by." in "".join(desk.embedder.texts[before:])
    assert len(desk.embedder.texts) - before <= 24
    finish(events)
    assert len(desk.embedder.texts) == len(set(desk.embedder.texts))


def test_embedding_never_takes_long_at_a_time_and_no_text_is_left_out(desk: Desk) -> None:
    desk.vault.fill({f"{number}.md": prose(number, 20 + 5 * (number % 40)) for number in range(150)})
    stop = StopEvent()
    slowest, last = 0.0, time.monotonic()
    for event in desk.run(stop):
        if isinstance(event, Progress) and event.stage == "meaning":
            slowest = max(slowest, time.monotonic() - last)
        last = time.monotonic()
    assert slowest < 0.6
    assert max(desk.embedder.batches) <= 40
    assert len(desk.embedder.batches) < 30
    assert desk.ledger.vectors.missing("hash-64-1") == []


def test_a_fast_embedder_is_given_many_texts_at_once(desk: Desk) -> None:
    desk.embedder.slow = False
    desk.vault.fill({f"{number}.md": prose(number, 20) for number in range(400)})
    finish(desk.run())
    assert max(desk.embedder.batches) == 128
    assert len(desk.embedder.batches) <= 8


def test_changes_that_never_end_do_not_keep_a_run_from_ending(desk: Desk) -> None:
    desk.embedder.slow = False
    desk.vault.write("a.md", "heron\n")
    for number, event in enumerate(desk.run()):
        if isinstance(event, Progress) and event.stage in ("words", "meaning"):
            desk.vault.write("a.md", f"heron {number}\n")
            desk.refresh("a.md")
    assert isinstance(event, Indexed)
    assert number < 60
