"""However it was interrupted, the index is the same; another embedder or chunker takes over only when complete."""

from __future__ import annotations

import random
import sqlite3
import subprocess
import sys
from collections.abc import Sequence
from contextlib import closing
from itertools import count, groupby
from pathlib import Path
from threading import Event
from typing import TYPE_CHECKING

import pytest
from vaults import (
    NOTES,
    CountingEmbedder,
    LengthEmbedder,
    Opener,
    Vault,
    adds_up,
    compare_with_afresh,
    dump,
    index,
    many_small,
    paths,
    prose,
    refs,
    stages,
    without_identities,
)

from exocortex.bootstrap import chroma
from exocortex.core.chunks import CHUNKER, cut
from exocortex.core.events import Indexed, Progress
from exocortex.core.ports import Kind
from exocortex.engines.hash_embedder import WordCounter
from exocortex.parsing import parse
from exocortex.storage.ledger import Found, Ledger

if TYPE_CHECKING:
    from exocortex.core.ports import Vectors

# -- rebuilt and interrupted -----------------------------------------------------------------------------------------


def test_a_deleted_index_comes_back_equal_with_the_same_identities(open_vault: Opener, vault: Vault) -> None:
    vault.fill(NOTES)
    vault.fill({f"many/{number}.md": f"# N{number}\n\n{prose(number, 400)}\n" for number in range(30)})
    with open_vault() as cortex:
        index(cortex)
    before = dump(open_vault.home)
    assert len(before["vectors"]) > 60
    for file in open_vault.home.glob("index.db*"):
        file.unlink()
    with open_vault() as cortex:
        index(cortex)
    assert dump(open_vault.home) == before


def test_notes_moved_while_there_was_no_index_are_still_themselves(open_vault: Opener, vault: Vault) -> None:
    vault.fill(NOTES)
    with open_vault() as cortex:
        index(cortex)
        before = {note.path: note.id for note in refs(cortex)}
    for file in open_vault.home.glob("index.db*"):
        file.unlink()
    vault.move("Lease.md", "sub/Lease.md")
    with open_vault() as cortex:
        index(cortex)
        after = {note.path: note.id for note in refs(cortex)}
    assert after.pop("sub/Lease.md") == before.pop("Lease.md")
    assert after == before


def test_stopped_at_any_step_and_run_again_it_is_as_if_never_stopped(open_vault: Opener, vault: Vault) -> None:
    many_small(vault)
    steps = []
    for at in count():
        opener = Opener(open_vault.home.with_name(f"stopped at {at}"), open_vault.folders, open_vault.today)
        stage = stopped_after(opener, at)
        if stage is None:
            break
        steps.append(stage)
        with opener() as cortex:
            index(cortex)
        if at == 0:
            expected = without_identities(dump(opener.home))
        assert without_identities(dump(opener.home)) == expected
    assert [stage for stage, _ in groupby(steps)] == ["scan", "words", "meaning", "vectors"]
    assert (steps.count("scan"), steps.count("words"), steps.count("meaning") >= 3) == (2, 3, True)


def stopped_after(opener: Opener, events: int) -> str | None:
    """Ask a run to stop after that many events and one more; the stage it was in then, or None if it had ended."""
    stop, stage = Event(), None
    with opener() as cortex:
        for number, event in enumerate(cortex.index.run(stop=stop)):
            if number == events and not isinstance(event, Indexed):
                stage = event.stage if isinstance(event, Progress) else "words"
                stop.set()
        assert isinstance(event, Indexed)
        assert event.stopped == (stage is not None)
    return stage


KILLED = """
import os, signal, sys
from pathlib import Path
from datetime import date
sys.path.insert(0, sys.argv[1])
from exocortex.bootstrap import chroma
from vaults import Opener
from exocortex.bootstrap import chroma
from exocortex.config import Folder
opener = Opener(Path(sys.argv[2]), (Folder("notes", Path(sys.argv[3])),), date(2024, 5, 15))
with opener(vectors=chroma) as cortex:
    for number, event in enumerate(cortex.index.run()):
        if number == int(sys.argv[4]):
            os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.mark.parametrize("at", [2, 5, 7])
def test_killed_and_run_again_it_is_as_if_never_killed(open_vault: Opener, vault: Vault, at: int) -> None:
    many_small(vault)
    command = [sys.executable, "-c", KILLED, str(Path(__file__).parent), str(open_vault.home), str(vault.root), str(at)]
    assert subprocess.run(command, check=False).returncode == -9
    with open_vault(vectors=chroma) as cortex:
        index(cortex)
        assert adds_up(cortex, vault) == (265, 0, 0)
    compare_with_afresh(open_vault)


def test_after_many_random_changes_the_index_is_as_if_made_afresh(open_vault: Opener, vault: Vault) -> None:
    chance = random.Random(7)
    texts = [*NOTES.values(), *(f"# T{seed}\n\n{prose(seed, 300)}" for seed in range(4))]
    names = [f"{folder}{name}.md" for folder in ("", "x/", "x/y/") for name in ("a", "b", "Straße")]
    with open_vault() as cortex:
        for step in range(60):
            change_at_random(chance, vault, names, texts)
            if step % 3 == 0:
                cortex.search.find("heron")
            if step % 7 == 0:
                index(cortex)
        index(cortex)
        assert adds_up(cortex, vault)[1:] == (0, 0)
    compare_with_afresh(open_vault)


def change_at_random(chance: random.Random, vault: Vault, names: list[str], texts: list[str]) -> None:
    name = chance.choice(names)
    other = chance.choice(names)
    exists = (vault.root / name).exists()
    match chance.choice(["write", "write", "append", "remove", "move"]):
        case "append" if exists:
            vault.write(name, (vault.root / name).read_bytes() + b"\n\nmore and more\n")
        case "remove" if exists:
            vault.remove(name)
        case "move" if exists:
            vault.move(name, other)
        case _:
            vault.write(name, chance.choice(texts))


# -- another embedder, another chunker -------------------------------------------------------------------------------


class Tired(LengthEmbedder):
    """The other embedder, which gives up after some batches."""

    def __init__(self, batches: int) -> None:
        self.left = batches

    def embed(self, texts: Sequence[str], kind: Kind = "note") -> Vectors:
        """As its parent, as long as it lasts."""
        self.left -= kind == "note"
        if self.left < 0:
            raise KeyboardInterrupt
        return super().embed(texts, kind)


def test_the_old_embedder_serves_until_the_new_ones_vectors_are_complete(open_vault: Opener, vault: Vault) -> None:
    many_small(vault)
    with open_vault() as cortex:
        index(cortex)
        before = paths(cortex, "heron word7", mode="meaning", limit=300)
    tired = Tired(1)
    open_vault.embedders = {"hash": CountingEmbedder, "length": lambda: tired}
    with open_vault("length") as cortex:
        with pytest.raises(KeyboardInterrupt):
            index(cortex)
        status = cortex.index.status()
        assert (status.embedder, status.next_embedder) == ("hash", "length")
        assert 0 < status.chunks_to_embed < 260
        assert cortex.search.find("heron").freshness.embedding == 0
        assert paths(cortex, "heron word7", mode="meaning", limit=300) == before
        vault.write("new.md", "# New\n\nA pelican, a pelican.\n")
        tired.left = 1
        with pytest.raises(KeyboardInterrupt):
            index(cortex)
        assert "new.md" in paths(cortex, "pelican", mode="meaning", limit=3)
        tired.left = 99
        index(cortex)
        status = cortex.index.status()
        assert (status.embedder, status.next_embedder, status.chunks_to_embed) == ("length", None, 0)
        assert paths(cortex, "heron word7", mode="meaning", limit=300) != before
    assert fingerprints(open_vault.home) == {"length-8-1"}
    with open_vault("length") as cortex:
        assert "meaning" not in stages(cortex)


def fingerprints(home: Path) -> set[str]:
    with closing(sqlite3.connect(home / "index.db")) as db:
        return {row[0] for row in db.execute("SELECT DISTINCT fingerprint FROM vectors")}


def test_the_new_embedder_counts_the_tokens_of_its_own_chunks(open_vault: Opener, vault: Vault) -> None:
    vault.write("a.md", "# A\n\n" + "\n\n".join("unbelievably " * 20 for _ in range(8)))
    open_vault.embedders = {"hash": CountingEmbedder, "length": LengthEmbedder}
    with open_vault() as cortex:
        index(cortex)
        few = [chunk.tokens for chunk in cortex.notes.inspect("a").chunks]
    with open_vault("length") as cortex:
        index(cortex)
        many = [chunk.tokens for chunk in cortex.notes.inspect("a").chunks]
    assert len(many) > len(few)
    assert max(many) <= 230


def test_going_back_to_the_old_embedder_midway_leaves_nothing_of_the_new(open_vault: Opener, vault: Vault) -> None:
    vault.fill(NOTES)
    counting = CountingEmbedder()
    open_vault.embedders = {"hash": lambda: counting, "length": lambda: Tired(0)}
    with open_vault() as cortex:
        index(cortex)
    before = dump(open_vault.home)
    with open_vault("length") as cortex, pytest.raises(KeyboardInterrupt):
        index(cortex)
    counting.taken()
    with open_vault() as cortex:
        index(cortex)
    assert counting.taken() == 0
    assert fingerprints(open_vault.home) == {"hash-64-1"}
    assert dump(open_vault.home) == before


def test_an_embedder_that_is_gone_leaves_words_until_there_are_new_vectors(open_vault: Opener, vault: Vault) -> None:
    vault.fill(NOTES)
    open_vault.embedders = {"gone": LengthEmbedder, "hash": CountingEmbedder}
    with open_vault("gone") as cortex:
        index(cortex)
    del open_vault.embedders["gone"]
    with open_vault() as cortex:
        cortex.index.status()
        found = cortex.search.find("deposit", mode="hybrid")
        assert [hit.note.path for hit in found.hits] == ["Lease.md"]
        assert "Searched by words only" in found.notices[0]
        index(cortex)
        assert cortex.search.find("deposit", mode="hybrid").notices == ()
        assert fingerprints(open_vault.home) == {"hash-64-1"}


def test_what_an_older_chunker_cut_is_cut_anew_and_serves_until_then(
    open_vault: Opener, vault: Vault, counting: CountingEmbedder
) -> None:
    vault.fill({"a.md": f"# A\n\n{prose(1, 60)}\n\n{prose(2, 60)}\n", "b.md": "# B\n\nheron\n"})
    with open_vault() as cortex:
        index(cortex)
    expected = dump(open_vault.home)
    cut_smaller(open_vault.home, vault)
    assert dump(open_vault.home) != expected
    counting.taken()
    with open_vault() as cortex:
        assert "a.md" in paths(cortex, prose(2, 60), mode="meaning")
        index(cortex)
    assert counting.taken() == 1
    assert dump(open_vault.home) == expected


def cut_smaller(home: Path, vault: Vault) -> None:
    """Make of an index what an older version, with smaller chunks, would have made."""
    with closing(Ledger(home)) as ledger, ledger.transaction():
        for row in ledger.files("notes", ["a.md", "b.md"]):
            note = parse((vault.root / row.file.path).read_bytes(), row.file.path)
            assert row.note is not None
            assert row.digest is not None
            chunks = cut(note, WordCounter(), limit=80)
            ledger.write(row.row, Found(row.file, row.note, row.digest, note, chunks, f"{CHUNKER - 1} hash-64-1"))
        ledger.vectors.store(
            "hash-64-1",
            missing := ledger.vectors.missing("hash-64-1"),
            CountingEmbedder().embed([one.text for one in ledger.vectors.inputs(missing)]),
        )
        ledger.vectors.purge(4e9)
