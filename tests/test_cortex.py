"""The one object behind every face: it holds the index alone, tells its state truly, and names what is broken."""

from __future__ import annotations

import json
import os
import sqlite3
import stat
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import replace
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from vaults import NOON, CountingEmbedder, Opener, Vault, files_below, index, paths, words_only

from exocortex.bootstrap import open_cortex
from exocortex.config import Config, EmbedderSettings, Folder
from exocortex.core.errors import ConfigError, EngineError, IndexHeldError, IndexStoreError, UsageError, VaultError
from exocortex.core.ports import Kind
from exocortex.core.wire import dumps
from exocortex.storage.damage import mend
from exocortex.storage.lock import holder

if TYPE_CHECKING:
    from exocortex.core.ports import Vectors

NOTES = {
    "Lease.md": "---\ntags: [home]\nstatus: signed\naliases: [Rent]\n---\n# Lease\n\nThe deposit. [[Boiler]] ^here\n\n"
    "## Notice\n\n- [ ] ask\n",
    "Boiler.md": "# Boiler\n\nPressure.\n",
    "bad.md": bytes(range(256)).decode("latin-1"),
    "pic.png": "",
}


@pytest.fixture
def config(vault: Vault, home: Path) -> Config:
    return Config(home, (Folder("notes", vault.root),), embedder=EmbedderSettings(name="hash"))


def test_bootstrap_puts_real_parts_together(config: Config, vault: Vault, home: Path, today: date) -> None:
    vault.fill(NOTES)
    with open_cortex(config, today=lambda: today) as cortex:
        index(cortex)
        assert paths(cortex, "deposit", mode="hybrid")[0] == "Lease.md"
        assert str(os.getpid()) in (holder(home) or "")
        assert list((home / "vectors").rglob("chroma.sqlite3"))
    assert holder(home) is None
    with open_cortex(config) as cortex:
        assert paths(cortex, "deposit", mode="meaning")[0] == "Lease.md"


def test_the_index_is_held_by_one_at_a_time(config: Config) -> None:
    with open_cortex(config), pytest.raises(IndexHeldError):
        open_cortex(config)
    open_cortex(config).close()


def test_what_cannot_be_put_together_lets_go_of_the_index(config: Config) -> None:
    with pytest.raises(ConfigError, match="no embedder called “other”"):
        open_cortex(replace(config, embedder=EmbedderSettings(name="other")))
    open_cortex(config).close()


def test_everything_stored_is_for_its_owner_alone(config: Config, vault: Vault, home: Path) -> None:
    vault.fill(NOTES)
    mask = os.umask(0)
    try:
        with open_cortex(config) as cortex:
            index(cortex)
            modes = {file.name: stat.S_IMODE(file.stat().st_mode) for file in home.iterdir()}
    finally:
        os.umask(mask)
    assert modes.pop("vectors") == 0o700
    assert set(modes) >= {"index.db", "state.db", "owner.lock"}
    assert set(modes.values()) == {0o600}
    assert stat.S_IMODE(home.stat().st_mode) == 0o700


def test_the_vault_is_never_written_to(open_vault: Opener, vault: Vault) -> None:
    vault.fill(NOTES)
    before = [(path, path.read_bytes(), path.stat().st_mtime_ns) for path in files_below(vault.root)]
    with open_vault() as cortex:
        index(cortex)
        paths(cortex, "deposit", mode="hybrid")
    assert [(path, path.read_bytes(), path.stat().st_mtime_ns) for path in files_below(vault.root)] == before


def test_without_a_folder_there_is_something_to_do_first(open_vault: Opener) -> None:
    with open_vault(folders=()) as cortex:
        for act in (lambda: cortex.search.find("x"), lambda: index(cortex), cortex.notes.recent):
            with pytest.raises(VaultError) as caught:
                act()
            assert caught.value.hint == "Add yours with `exo init FOLDER`."
        assert cortex.index.status().folders == ()


def test_the_status_is_the_ledger(open_vault: Opener, vault: Vault, home: Path) -> None:
    vault.fill(NOTES)
    with open_vault() as cortex:
        assert cortex.index.status().as_of is None
        before = datetime.now().astimezone()
        words_only(cortex)
        status = cortex.index.status()
        (folder,) = status.folders
        assert (folder.name, folder.root, folder.missing) == ("notes", str(vault.root), False)
        assert (folder.on_disk, folder.indexed, folder.pending, folder.skipped, folder.others) == (3, 2, 0, 1, 1)
        assert [(one.folder, one.path, one.reason) for one in status.skipped] == [("notes", "bad.md", "binary data")]
        assert (status.embedder, status.next_embedder, status.home) == ("hash", None, str(home))
        assert (status.embedding, status.chunks_to_embed) == (2, 3)
        assert status.as_of is not None
        assert before <= status.as_of <= datetime.now().astimezone()
        assert status.bytes_on_disk >= (home / "index.db").stat().st_size
        index(cortex)
        assert (cortex.index.status().embedding, cortex.index.status().chunks) == (0, status.chunks)


def test_looking_at_the_status_does_not_look_at_the_disk(open_vault: Opener, vault: Vault) -> None:
    vault.fill(NOTES)
    with open_vault() as cortex:
        index(cortex)
        vault.write("new.md", "x")
        assert cortex.index.status().folders[0].on_disk == 3


def test_a_note_as_the_index_sees_it(open_vault: Opener, vault: Vault) -> None:
    vault.fill(NOTES)
    os.utime(vault.root / "Lease.md", ns=(NOON, NOON))
    with open_vault() as cortex:
        words_only(cortex)
        seen = cortex.notes.inspect("Lease")
        assert (seen.note.title, seen.note.date) == ("Lease", date(2024, 3, 5))
        assert seen.file == str(vault.root / "Lease.md")
        assert (seen.tags, seen.aliases) == (("home",), ("Rent",))
        assert ("status", "signed") in seen.properties
        assert [(one.level, one.text, one.line) for one in seen.headings] == [(1, "Lease", 6), (2, "Notice", 10)]
        assert [one.target for one in seen.links] == ["Boiler"]
        assert [(one.text, one.done, one.line) for one in seen.tasks] == [("ask", False, 12)]
        assert seen.warnings == ()
        assert "".join(chunk.text for chunk in seen.chunks) == NOTES["Lease.md"]
        assert [chunk.embedded for chunk in seen.chunks] == [False] * 3
        assert all(0 < chunk.tokens <= 230 for chunk in seen.chunks)
        index(cortex)
        assert [chunk.embedded for chunk in cortex.notes.inspect("Lease").chunks] == [False, True, True]


def test_every_result_can_be_sent(open_vault: Opener, vault: Vault) -> None:
    vault.fill(NOTES)
    vault.write(os.fsdecode(b"sub\xff/a.md"), "deposit \x1b[31m\n")
    with open_vault() as cortex:
        index(cortex)
        results = [
            *(cortex.index.status(), cortex.search.find("deposit", chunks=True), cortex.search.similar("Lease")),
            *(cortex.notes.show("Lease"), cortex.notes.links("Lease"), cortex.notes.inspect("Lease")),
            *(cortex.notes.recent(), cortex.notes.tags(), cortex.notes.tasks()),
        ]
        for result in results:
            sent = dumps(result)
            assert sent.isascii()
            assert json.loads(sent) is not None


def test_the_scope_must_be_filters(open_vault: Opener, vault: Vault) -> None:
    vault.fill(NOTES)
    with open_vault() as cortex:
        index(cortex)
        assert paths(cortex, "deposit boiler", scope="tag:home") == ["Lease.md"]
        assert paths(cortex, "status:signed") == ["Lease.md"]
        assert cortex.search.find("status:signed", literal=True, mode="words").explained[0].words is not None
        with pytest.raises(UsageError):
            cortex.search.find("x", scope="word")


# -- what is broken --------------------------------------------------------------------------------------------------


def scribble(path: Path, first_page: int) -> None:
    content = bytearray(path.read_bytes())
    for page in range(first_page, len(content) // 4096):
        content[page * 4096 : page * 4096 + 64] = b"\xaa" * 64
    path.write_bytes(content)


@pytest.mark.parametrize(
    ("name", "damage"),
    [
        ("index.db", lambda path: path.write_bytes(b"nonsense" * 999)),
        ("index.db", lambda path: scribble(path, 1)),
        ("index.db", lambda path: scribble(path, 20)),
        ("index.db", lambda path: os.truncate(path, 3 * 4096)),
        ("state.db", lambda path: path.write_bytes(b"nonsense" * 999)),
        ("state.db", lambda path: scribble(path, 1)),
    ],
)
def test_a_damaged_file_is_named_with_what_to_do(
    open_vault: Opener, vault: Vault, home: Path, name: str, damage: Callable[[Path], None]
) -> None:
    vault.fill({f"{number}.md": f"# N{number}\n\n{'text of it ' * 30}\n" for number in range(40)})
    with open_vault() as cortex:
        index(cortex)
    damage(home / name)
    vault.remove("3.md")
    vault.write("new.md", "x")
    with pytest.raises(IndexStoreError, match=f"{name} is damaged") as caught, open_vault() as cortex:
        index(cortex)
        paths(cortex, "text", mode="hybrid")
    assert caught.value.hint.startswith("Run the command again")
    assert any(name in notice for notice in mend(home))
    with open_vault() as cortex:
        index(cortex)
        assert len(paths(cortex, "text", limit=99)) == 39


def test_an_index_of_a_newer_version_is_refused_and_not_changed(open_vault: Opener, vault: Vault, home: Path) -> None:
    vault.fill(NOTES)
    with open_vault() as cortex:
        index(cortex)
    for name in ("index.db", "state.db"):
        with closing(sqlite3.connect(home / name)) as db:
            (version,) = db.execute("PRAGMA user_version").fetchone()
            db.execute("PRAGMA user_version = 999")
        before = {file.name: file.read_bytes() for file in home.glob("*.db")}
        with pytest.raises(IndexStoreError, match="newer Exocortex"):
            open_vault()
        assert {file.name: file.read_bytes() for file in home.glob("*.db")} == before
        with closing(sqlite3.connect(home / name)) as db:
            db.execute(f"PRAGMA user_version = {version}")
    with open_vault() as cortex:
        assert paths(cortex, "deposit") == ["Lease.md"]


def test_a_mistake_of_our_own_is_not_blamed_on_the_file(open_vault: Opener) -> None:
    with (
        closing(sqlite3.connect(":memory:")) as db,
        pytest.raises(sqlite3.OperationalError, match="syntax"),
        open_vault(),
    ):
        db.execute("nonsense")


def test_a_model_that_is_gone_leaves_the_words(open_vault: Opener, vault: Vault) -> None:
    class Broken(CountingEmbedder):
        """An embedder without its model."""

        def embed(self, texts: Sequence[str], kind: Kind = "note") -> Vectors:
            raise EngineError("The model is gone.", f"{kind} {len(texts)}")

    vault.fill(NOTES)
    open_vault.embedders["hash"] = Broken
    with open_vault() as cortex:
        with pytest.raises(EngineError):
            index(cortex)
        found = cortex.search.find("deposit")
        assert [hit.note.path for hit in found.hits] == ["Lease.md"]
        assert found.notices == ("Searched by words only: The model is gone.",)
