"""The index follows the notes: works for what changed and no more, and is the same however it was interrupted."""

from __future__ import annotations

import os
import random
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Sequence
from contextlib import closing
from itertools import count
from pathlib import Path
from threading import Event
from typing import TYPE_CHECKING

import pytest
from vaults import (
    CountingEmbedder,
    LengthEmbedder,
    Opener,
    Vault,
    dump,
    dump_index,
    index,
    paths,
    settle,
    stages,
    without_identities,
    words_only,
)

from exocortex.bootstrap import chroma
from exocortex.config import Folder
from exocortex.core.chunks import CHUNKER, cut
from exocortex.core.events import Indexed, Progress
from exocortex.core.notes import NoteRef
from exocortex.core.ports import Kind
from exocortex.cortex import Cortex
from exocortex.engines.hash_embedder import WordCounter
from exocortex.parsing import parse
from exocortex.storage.ledger import Found, Ledger
from exocortex.storage.vault import scan

if TYPE_CHECKING:
    from exocortex.core.ports import Vectors

NOTES = {
    "Lease.md": "---\ntags: [home/flat, contract]\nstatus: signed\naliases: [Rent]\n---\n# Lease\n\n## Deposit\n\n"
    "The deposit is £1,480.\n\n## Notice\n\nTwo months. See [[Boiler#Pressure]]. ^two\n\n- [ ] ask\n- [x] sign\n",
    "sub/Boiler.md": "# Boiler\n\n## Pressure\n\nIt is 1.3 bar, says the [manual](../manual.pdf).\n",
    "sub/deep/2021-05-06 walk.txt": "A heron stood by the harbour.\n\nIt flew away.\n",
    "only fields.md": "---\nstatus: waiting\n---\n",
    "empty.md": "",
    "manual.pdf": "not a note",
}


@pytest.fixture
def counting(open_vault: Opener) -> CountingEmbedder:
    """The embedder of every index opened in this test."""
    embedder = CountingEmbedder()
    open_vault.embedders["hash"] = lambda: embedder
    return embedder


def prose(seed: int, words: int) -> str:
    chance = random.Random(seed)
    return " ".join("".join(chance.choices("bdfglmnprst", k=2)) + chance.choice("aeiou") * 2 for _ in range(words))


def adds_up(cortex: Cortex, vault: Vault) -> tuple[int, int, int]:
    """(indexed, pending, skipped), which are what is on the disk."""
    (folder,) = cortex.index.status().folders
    found = scan(Folder("notes", vault.root))
    assert folder.on_disk == folder.indexed + folder.pending + folder.skipped == len(found.files) + len(found.skipped)
    assert len(cortex.index.status().skipped) == folder.skipped
    return folder.indexed, folder.pending, folder.skipped


# -- the ledger ------------------------------------------------------------------------------------------------------


def test_the_ledger_adds_up_after_every_kind_of_change(open_vault: Opener, vault: Vault) -> None:
    vault.fill(NOTES)
    with open_vault() as cortex:
        assert (index(cortex).added, adds_up(cortex, vault)) == (5, (5, 0, 0))
        vault.write("new.md", "one more\n")
        assert (index(cortex).added, adds_up(cortex, vault)) == (1, (6, 0, 0))
        vault.write("new.md", "one more, changed\n")
        assert (index(cortex).modified, adds_up(cortex, vault)) == (1, (6, 0, 0))
        vault.move("new.md", "sub/newer.md")
        assert (index(cortex).moved, adds_up(cortex, vault)) == (1, (6, 0, 0))
        vault.move("sub", "elsewhere")
        assert (index(cortex).moved, adds_up(cortex, vault)) == (3, (6, 0, 0))
        vault.remove("elsewhere/newer.md")
        assert (index(cortex).removed, adds_up(cortex, vault)) == (1, (5, 0, 0))
        vault.write("Lease.md", bytes(range(256)) * 9)
        assert (index(cortex).skipped, adds_up(cortex, vault)) == (1, (4, 0, 1))
        assert cortex.index.status().skipped[0].reason == "binary data"
        vault.write("Lease.md", NOTES["Lease.md"])
        assert (index(cortex).added, adds_up(cortex, vault)) == (1, (5, 0, 0))
        vault.write(".exoignore", "elsewhere/\n")
        assert (index(cortex).removed, adds_up(cortex, vault)) == (2, (3, 0, 0))
        vault.write(".exoignore", "*.txt\n")
        assert (index(cortex).added, adds_up(cortex, vault)) == (1, (4, 0, 0))
        vault.remove(".exoignore")
        assert (index(cortex).added, adds_up(cortex, vault)) == (1, (5, 0, 0))


def test_skipped_files_are_looked_at_again_when_asked(open_vault: Opener, vault: Vault) -> None:
    vault.write("a.md", "x" * 2000)
    with open_vault(max_file_mb=0.001) as cortex:
        index(cortex)
        assert adds_up(cortex, vault) == (0, 0, 1)
    with open_vault(max_file_mb=1.0) as cortex:
        index(cortex)
        assert adds_up(cortex, vault) == (0, 0, 1)
        index(cortex, retry=True)
        assert adds_up(cortex, vault) == (1, 0, 0)


# -- only for what changed -------------------------------------------------------------------------------------------


def test_nothing_changed_reads_nothing_and_embeds_nothing(
    open_vault: Opener, vault: Vault, counting: CountingEmbedder
) -> None:
    vault.fill(NOTES)
    settle()
    with open_vault() as cortex:
        index(cortex)
        assert counting.taken() > 0
    with open_vault() as cortex:
        before = dump(open_vault.home)
        assert stages(cortex) == []
        assert counting.taken() == 0
        assert dump(open_vault.home) == before


def test_an_edited_paragraph_of_three_hundred_embeds_at_most_three_chunks(
    open_vault: Opener, vault: Vault, counting: CountingEmbedder
) -> None:
    paragraphs = [prose(seed, 30 + seed % 20) for seed in range(300)]
    vault.write("long.md", "# Long\n\n" + "\n\n".join(paragraphs))
    with open_vault() as cortex:
        index(cortex)
        assert counting.taken() > 40
        edits: list[Callable[[list[str], int], None]] = [
            lambda parts, place: parts.__setitem__(place, prose(place + 1000, 35)),
            lambda parts, place: parts.insert(place, prose(place + 2000, 35)),
            lambda parts, place: parts.__delitem__(place),
        ]
        for number, edit in enumerate(edits):
            for place in (0, 77 + number, 150, 298):
                edit(paragraphs, place)
                vault.write("long.md", "# Long\n\n" + "\n\n".join(paragraphs))
                index(cortex)
                assert 0 <= counting.taken() <= 3


def test_a_moved_folder_embeds_nothing_and_its_notes_stay_the_same(
    open_vault: Opener, vault: Vault, counting: CountingEmbedder
) -> None:
    vault.fill({f"sub/{name}": text for name, text in NOTES.items()})
    with open_vault() as cortex:
        index(cortex)
        counting.taken()
        before = {hit.path.removeprefix("sub/"): hit.id for hit in refs(cortex)}
        vault.move("sub", "a/b/other")
        done = index(cortex)
        assert (done.moved, done.added, done.removed, counting.taken()) == (5, 0, 0, 0)
        assert {hit.path.removeprefix("a/b/other/"): hit.id for hit in refs(cortex)} == before
        assert paths(cortex, "heron") == ["a/b/other/sub/deep/2021-05-06 walk.txt"]


def refs(cortex: Cortex) -> list[NoteRef]:
    return [one.note for one in cortex.notes.recent(100)]


def test_another_title_embeds_that_note_again_and_no_other(
    open_vault: Opener, vault: Vault, counting: CountingEmbedder
) -> None:
    vault.fill(NOTES)
    with open_vault() as cortex:
        index(cortex)
        counting.taken()
        vault.write("Lease.md", NOTES["Lease.md"].replace("# Lease", "# Tenancy"))
        index(cortex)
        assert counting.texts
        assert all(text.startswith("Tenancy") for text in counting.texts)


def test_another_property_embeds_nothing(open_vault: Opener, vault: Vault, counting: CountingEmbedder) -> None:
    vault.fill(NOTES)
    with open_vault() as cortex:
        index(cortex)
        counting.taken()
        vault.write("Lease.md", NOTES["Lease.md"].replace("signed", "ended"))
        index(cortex)
        assert counting.taken() == 0
        assert paths(cortex, "status:ended") == ["Lease.md"]
        assert paths(cortex, "status:signed") == []


def test_a_touched_file_embeds_nothing(open_vault: Opener, vault: Vault, counting: CountingEmbedder) -> None:
    vault.fill(NOTES)
    with open_vault() as cortex:
        index(cortex)
        counting.taken()
        os.utime(vault.root / "Lease.md", (1e9, 1e9))
        done = index(cortex)
        assert (done.modified, counting.taken()) == (0, 0)
        assert adds_up(cortex, vault) == (5, 0, 0)


def test_a_deleted_note_leaves_at_once_and_comes_back_as_itself_unembedded(
    open_vault: Opener, vault: Vault, counting: CountingEmbedder
) -> None:
    vault.fill(NOTES)
    with open_vault() as cortex:
        index(cortex)
        before = {note.path: note.id for note in refs(cortex)}
        vault.remove("Lease.md")
        assert paths(cortex, "deposit") == []
        assert "Lease.md" not in paths(cortex, "deposit", mode="hybrid")
        assert "Lease.md" not in paths(cortex, "deposit", mode="meaning")
        index(cortex)
        counting.taken()
        vault.write("Lease.md", NOTES["Lease.md"])
        index(cortex)
        assert counting.taken() == 0
        assert {note.path: note.id for note in refs(cortex)} == before
        assert "Lease.md" in paths(cortex, "deposit", mode="meaning")


def test_a_deleted_note_comes_back_elsewhere_as_itself(
    open_vault: Opener, vault: Vault, counting: CountingEmbedder
) -> None:
    vault.fill(NOTES)
    with open_vault() as cortex:
        index(cortex)
        (before,) = [note.id for note in refs(cortex) if note.path == "Lease.md"]
        vault.remove("Lease.md")
        index(cortex)
        counting.taken()
        vault.write("archive/Old lease.md", NOTES["Lease.md"])
        index(cortex)
        assert counting.taken() == 0
        assert [note.id for note in refs(cortex) if note.path == "archive/Old lease.md"] == [before]


def test_equal_notes_share_their_vectors_and_are_both_found(
    open_vault: Opener, vault: Vault, counting: CountingEmbedder
) -> None:
    vault.write("a.md", NOTES["Lease.md"])
    with open_vault() as cortex:
        index(cortex)
        counting.taken()
        vault.write("b.md", NOTES["Lease.md"])
        index(cortex)
        assert counting.taken() == 0
        assert sorted(paths(cortex, "deposit", mode="meaning")) == ["a.md", "b.md"]
        assert sorted(paths(cortex, "deposit")) == ["a.md", "b.md"]
        vault.remove("a.md")
        assert paths(cortex, "deposit", mode="hybrid") == ["b.md"]


# -- words first -----------------------------------------------------------------------------------------------------


def test_words_are_found_before_anything_is_embedded(
    open_vault: Opener, vault: Vault, counting: CountingEmbedder
) -> None:
    vault.fill(NOTES)
    with open_vault() as cortex:
        words_only(cortex)
        assert counting.taken() == 0
        found = cortex.search.find("deposit", mode="words")
        assert [hit.note.path for hit in found.hits] == ["Lease.md"]
        assert (found.freshness.pending, found.freshness.embedding) == (0, 4)
        status = cortex.index.status()
        assert (status.embedding, status.chunks_to_embed > 3) == (4, True)
        index(cortex)
        assert cortex.search.find("deposit").freshness.embedding == 0
        assert cortex.index.status().chunks_to_embed == 0


def test_a_search_sees_what_was_saved_a_moment_ago(open_vault: Opener, vault: Vault) -> None:
    vault.fill(NOTES)
    with open_vault() as cortex:
        assert paths(cortex, "deposit") == ["Lease.md"]
        vault.write("Lease.md", "# Lease\n\nNothing but pelicans.\n")
        assert paths(cortex, "deposit") == []
        assert paths(cortex, "pelicans") == ["Lease.md"]
        assert cortex.search.find("pelicans").freshness.embedding == 4


def test_files_that_come_and_go_while_indexing_runs_do_no_harm(open_vault: Opener, vault: Vault) -> None:
    os.truncate(vault.write("too large.md", ""), 6_000_000)  # so much to read that workers are started
    for number in range(420):
        vault.write(f"{number:03}.md", f"# Note {number}\n\nWord{number}.\n")
    with open_vault() as cortex:
        for event in cortex.index.run():
            if isinstance(event, Progress) and event.stage == "words" and not paths(cortex, "pelican"):
                # The newest are read first, and workers are ahead of what is written: these are read already.
                for number in range(60):
                    vault.remove(f"{419 - event.done - number:03}.md")
                vault.remove("419.md")
                vault.write("419.md", "# Another\n\nPelican.\n")
                assert paths(cortex, "pelican") == ["419.md"]
        index(cortex)
        assert adds_up(cortex, vault) == (360, 0, 1)
        assert paths(cortex, "word419") == []
    compare_with_afresh(open_vault)


# -- rebuilt and interrupted -----------------------------------------------------------------------------------------


def compare_with_afresh(opener: Opener) -> None:
    """What the index holds is what indexing into an empty home gives."""
    fresh = Opener(opener.home.with_name(f"fresh {len(opener.opened)}"), opener.folders, opener.today)
    fresh.embedders = opener.embedders
    with fresh() as cortex:
        index(cortex)
    assert without_identities(dump(opener.home)) == without_identities(dump(fresh.home))


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


def many_small(vault: Vault) -> None:
    """More notes than go into one transaction, and more chunks than into one batch for the embedder."""
    vault.fill(NOTES)
    for number in range(260):
        vault.write(f"many/{number:03}.md", f"# Note {number}\n\nWord{number} and a heron.\n")


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
    assert steps == ["scan", "scan", "words", "words", "meaning", "meaning", "meaning", "vectors"]


def stopped_after(opener: Opener, events: int) -> str | None:
    """Ask a run to stop after that many events and one more; the stage it was in then, or None if it had ended."""
    stop, stage = Event(), None
    with opener() as cortex:
        for number, event in enumerate(cortex.index.run(stop=stop)):
            if number == events and isinstance(event, Progress):
                stage = event.stage
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


# -- folders ---------------------------------------------------------------------------------------------------------


def test_a_folder_that_is_away_still_serves_and_says_so(open_vault: Opener, vault: Vault) -> None:
    vault.fill(NOTES)
    with open_vault() as cortex:
        index(cortex)
        before = dump_index(open_vault.home)
        vault.root.rename(vault.root.with_name("away"))
        found = cortex.search.find("deposit", mode="words")
        assert [hit.note.path for hit in found.hits] == ["Lease.md"]
        assert "does not exist" in found.notices[0]
        assert index(cortex).removed == 0
        (folder,) = cortex.index.status().folders
        assert (folder.missing, folder.indexed) == (True, 5)
        vault.root.with_name("away").rename(vault.root)
        assert cortex.search.find("deposit").notices == ()
        index(cortex)
    assert dump_index(open_vault.home) == before


def test_notes_of_a_folder_no_longer_set_up_leave(open_vault: Opener, vault: Vault, tmp_path: Path) -> None:
    vault.fill(NOTES)
    other = Vault(tmp_path / "other")
    other.fill({"Lease.md": "# Other\n\nAnother deposit.\n"})
    both = (*open_vault.folders, Folder("other", other.root))
    with open_vault(folders=both) as cortex:
        index(cortex)
        assert {(hit.note.folder, hit.note.path) for hit in cortex.search.find("deposit", mode="words").hits} == {
            ("notes", "Lease.md"),
            ("other", "Lease.md"),
        }
    with open_vault() as cortex:
        assert [hit.note.folder for hit in cortex.search.find("deposit", mode="words").hits] == ["notes"]
        index(cortex)
    compare_with_afresh(open_vault)


def test_a_note_moved_to_another_folder_is_still_itself(open_vault: Opener, vault: Vault, tmp_path: Path) -> None:
    vault.fill(NOTES)
    counting = CountingEmbedder()
    open_vault.embedders["hash"] = lambda: counting
    other = Vault(tmp_path / "other")
    with open_vault(folders=(*open_vault.folders, Folder("other", other.root))) as cortex:
        index(cortex)
        (before,) = [note.id for note in refs(cortex) if note.path == "Lease.md"]
        counting.taken()
        (vault.root / "Lease.md").rename(other.root / "Lease.md")
        index(cortex)
        assert [(note.id, note.folder) for note in refs(cortex) if note.path == "Lease.md"] == [(before, "other")]
        assert counting.taken() == 0


def test_an_empty_vault_is_indexed_and_searched(open_vault: Opener) -> None:
    with open_vault() as cortex:
        done = index(cortex)
        assert (done.added, done.embedded) == (0, 0)
        for mode in ("words", "meaning", "hybrid"):
            assert paths(cortex, "anything", mode=mode) == []
        assert [*cortex.notes.recent(), *cortex.notes.tags(), *cortex.notes.tasks()] == []


def test_a_note_of_fields_alone_is_found_by_words_and_by_meaning(open_vault: Opener, vault: Vault) -> None:
    vault.fill(NOTES)
    with open_vault() as cortex:
        index(cortex)
        assert paths(cortex, "waiting") == ["only fields.md"]
        assert "only fields.md" in paths(cortex, "waiting", mode="meaning")
        assert paths(cortex, "status:waiting") == ["only fields.md"]
