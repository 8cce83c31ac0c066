"""The index follows the notes and works for what changed, no more; words come first; the ledger adds up."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

from vaults import (
    NOTES,
    CountingEmbedder,
    Opener,
    Vault,
    adds_up,
    compare_with_afresh,
    dump,
    dump_index,
    index,
    paths,
    prose,
    refs,
    settle,
    stages,
    words_only,
)

from exocortex.config import Folder
from exocortex.core.events import Progress

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
