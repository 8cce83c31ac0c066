"""Vaults to index: folders of notes that tests write, the index opened over them, and what it holds, to compare."""

from __future__ import annotations

import json
import random
import shutil
import sqlite3
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from datetime import date, datetime
from hashlib import blake2b
from pathlib import Path
from typing import TYPE_CHECKING, Any

from exocortex.config import Config, Folder, ensure_home
from exocortex.config.settings import EmbedderSettings, IndexSettings
from exocortex.core.chunks import cut
from exocortex.core.errors import ConfigError
from exocortex.core.events import Indexed, Progress
from exocortex.core.notes import NoteRef
from exocortex.core.ports import Embedder, Kind, Reranker, TokenCounter, VectorIndex
from exocortex.cortex import Cortex
from exocortex.cortex.engines import Engines
from exocortex.engines.exact import ExactIndex
from exocortex.engines.hash_embedder import HashEmbedder, WordCounter
from exocortex.parsing import parse
from exocortex.storage.ledger import Found, Ledger
from exocortex.storage.lock import IndexLock
from exocortex.storage.vault import FileStat, scan

if TYPE_CHECKING:
    from exocortex.core.ports import Vectors


NOON = int(datetime(2024, 3, 5, 12).timestamp() * 1e9)
"""A time in nanoseconds, on the 5th of March 2024 wherever one is."""

NOTES = {
    "Lease.md": "---\ntags: [home/flat, contract]\nstatus: signed\naliases: [Rent]\n---\n# Lease\n\n## Deposit\n\n"
    "The deposit is £1,480.\n\n## Notice\n\nTwo months. See [[Boiler#Pressure]]. ^two\n\n- [ ] ask\n- [x] sign\n",
    "sub/Boiler.md": "# Boiler\n\n## Pressure\n\nIt is 1.3 bar, says the [manual](../manual.pdf).\n",
    "sub/deep/2021-05-06 walk.txt": "A heron stood by the harbour.\n\nIt flew away.\n",
    "only fields.md": "---\nstatus: waiting\n---\n",
    "empty.md": "",
    "manual.pdf": "not a note",
}
"""A few notes with something of everything in them."""


class Vault:
    """A folder of notes."""

    def __init__(self, root: Path) -> None:
        root.mkdir(parents=True, exist_ok=True)
        self.root = root.resolve()

    def write(self, path: str, content: str | bytes) -> Path:
        """A file with this content, and the folders it lies in."""
        file = self.root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content.encode() if isinstance(content, str) else content)
        return file

    def fill(self, notes: dict[str, str]) -> None:
        """Several files at once."""
        for path, text in notes.items():
            self.write(path, text)

    def remove(self, path: str) -> None:
        """Delete a file or a whole folder."""
        place = self.root / path
        if place.is_dir():
            shutil.rmtree(place)
        else:
            place.unlink()

    def move(self, path: str, new: str) -> None:
        """Rename a file or a folder."""
        (self.root / new).parent.mkdir(parents=True, exist_ok=True)
        (self.root / path).rename(self.root / new)


class CountingEmbedder(HashEmbedder):
    """The hash embedder, remembering every note's text it was given."""

    def __init__(self) -> None:
        self.texts: list[str] = []

    def embed(self, texts: Sequence[str], kind: Kind = "note") -> Vectors:
        """As the hash embedder does."""
        if kind == "note":
            self.texts += texts
        return super().embed(texts, kind)

    def taken(self) -> int:
        """How many texts came since this was last asked."""
        count = len(self.texts)
        self.texts.clear()
        return count


class LengthEmbedder:
    """Another embedder than the hash one: eight dimensions, counts every four characters as a token."""

    name = "length"
    fingerprint = "length-8-1"
    dimensions = 8
    max_tokens = 254

    def token_counter(self) -> TokenCounter:
        """Quarters of the number of characters."""
        return count_quarters

    def embed(self, texts: Sequence[str], kind: Kind = "note") -> Vectors:  # noqa: ARG002
        """Counts of letters by their code, modulo 8; notes and queries alike."""
        import numpy as np

        rows = np.ones((len(texts), self.dimensions), dtype=np.float32)
        for row, text in enumerate(texts):
            for letter in text:
                rows[row, ord(letter) % self.dimensions] += 1
        lengths = np.sqrt((rows * rows).sum(axis=1, keepdims=True))
        rows /= lengths
        return rows


def in_memory(folder: Path) -> VectorIndex:
    """A vector index that keeps nothing: opened again, it looks as if it had lost all, and is filled anew."""
    import numpy as np

    return ExactIndex([], np.zeros((0, 0), dtype=np.float32))


def count_quarters(texts: Sequence[str]) -> list[int]:
    """A token for every four characters."""
    return [len(text) // 4 + 1 for text in texts]


@dataclass(slots=True)
class Opener:
    """Opens the index of one home over some folders; whatever was left open is closed at the end of the test."""

    home: Path
    folders: tuple[Folder, ...]
    today: date
    embedders: dict[str, Callable[[], Embedder]] = field(default_factory=dict)
    opened: list[Cortex] = field(default_factory=list)
    reranker: Reranker | None = None

    def __call__(
        self,
        embedder: str = "hash",
        *,
        folders: tuple[Folder, ...] | None = None,
        vectors: Callable[[Path], VectorIndex] | None = None,
        **index: Any,
    ) -> Cortex:
        """The index, with an embedder from `embedders`; `vectors` is a plain one in memory unless Chroma is asked for.

        `index` are settings of that section.
        """
        config = Config(
            home=self.home,
            folders=self.folders if folders is None else folders,
            index=IndexSettings(**index),
            embedder=EmbedderSettings(name=embedder),
        )
        ensure_home(self.home)
        lock = IndexLock(self.home)
        lock.acquire()
        engines = Engines(self.embedder, vectors or in_memory, reranker=self.reranker)
        cortex = Cortex(config, lock, engines, lambda: self.today)
        self.opened.append(cortex)
        return cortex

    def embedder(self, name: str) -> Embedder:
        """The embedder of this name; the hash one is there from the start."""
        if name == "hash" and name not in self.embedders:
            return HashEmbedder()
        if name not in self.embedders:
            raise ConfigError(f"There is no embedder called {name}.", "")
        return self.embedders[name]()

    def close(self) -> None:
        """Close what is still open."""
        for cortex in self.opened:
            cortex.close()


def index(cortex: Cortex, *, retry: bool = False) -> Indexed:
    """Bring the index up to date; what the run says at its end."""
    *_, last = cortex.index.run(retry=retry)
    assert isinstance(last, Indexed)
    return last


def words_only(cortex: Cortex) -> None:
    """Index as far as the words are in, and stop there."""
    from threading import Event

    stop = Event()
    stop.set()
    for _ in cortex.index.run(stop=stop):
        pass


def stages(cortex: Cortex) -> list[str]:
    """The stages that a run says it did something in, besides looking."""
    return [one.stage for one in cortex.index.run() if isinstance(one, Progress) and one.stage != "scan"]


def paths(cortex: Cortex, text: str, **options: Any) -> list[str]:
    """The paths that a search by words finds, best first."""
    options.setdefault("mode", "words")
    return [hit.note.path for hit in cortex.search.find(text, **options).hits]


def enter(ledger: Ledger, path: str, text: str = "# Title\n\nSome text.\n", chunker: str = "1 hash") -> int:
    """Index a file that isn't on any disk; returns its row."""
    file = FileStat(path, path, len(text), NOON, 1, NOON)
    ledger.expect("notes", [file])
    (before,) = ledger.files("notes", [path])
    note = parse(text.encode(), path)
    digest = blake2b(text.encode(), digest_size=16).hexdigest()
    chunks = cut(note, WordCounter())
    ledger.write(before.row, Found(file, before.note or f"id of {path}", digest, note, chunks, chunker))
    return before.row


def adds_up(cortex: Cortex, vault: Vault) -> tuple[int, int, int]:
    """(indexed, pending, skipped), which are what is on the disk."""
    (folder,) = cortex.index.status().folders
    found = scan(Folder("notes", vault.root))
    assert folder.on_disk == folder.indexed + folder.pending + folder.skipped == len(found.files) + len(found.skipped)
    assert len(cortex.index.status().skipped) == folder.skipped
    return folder.indexed, folder.pending, folder.skipped


def refs(cortex: Cortex) -> list[NoteRef]:
    """Every note, the newest first."""
    return [one.note for one in cortex.notes.recent(100)]


def prose(seed: int, words: int) -> str:
    """That many words of no language, always the same for a seed."""
    chance = random.Random(seed)
    return " ".join("".join(chance.choices("bdfglmnprst", k=2)) + chance.choice("aeiou") * 2 for _ in range(words))


def many_small(vault: Vault) -> None:
    """More notes than go into one transaction, and more chunks than into one batch for the embedder."""
    vault.fill(NOTES)
    for number in range(260):
        vault.write(f"many/{number:03}.md", f"# Note {number}\n\nWord{number} and a heron.\n")


def settle() -> None:
    """Wait until files written so far are no longer read again for being fresh."""
    time.sleep(2.1)


def dump(home: Path) -> dict[str, list[str]]:
    """What the index holds and which note is which, without row ids and times, in an order of its own."""
    tables = dump_index(home)
    with closing(sqlite3.connect(f"file:{home / 'state.db'}?mode=ro", uri=True)) as db:
        tables["identities"] = sorted(map(_shown, db.execute("SELECT folder, path, id, digest FROM notes")))
    return tables


def dump_index(home: Path) -> dict[str, list[str]]:
    """The same of `index.db` alone."""
    with closing(sqlite3.connect(f"file:{home / 'index.db'}?mode=ro", uri=True)) as db:
        tables = {name: sorted(map(_shown, db.execute(query))) for name, query in _DUMP.items()}
        tables["words"] = _indexed_words(db)
    return tables


def without_identities(tables: dict[str, list[str]]) -> dict[str, list[str]]:
    """The same dump for comparing two homes, whose notes have ids of their own."""
    return {name: rows for name, rows in tables.items() if name not in ("notes' ids", "identities")}


def _shown(row: Sequence[Any]) -> str:
    return json.dumps([value.hex() if isinstance(value, bytes) else value for value in row])


def _indexed_words(db: sqlite3.Connection) -> list[str]:
    """Every place of every word, as FTS5 has it, with the note's path in the place of its row."""
    db.execute("CREATE VIRTUAL TABLE temp.places USING fts5vocab(main, words, instance)")
    db.execute("CREATE VIRTUAL TABLE temp.spelled USING fts5vocab(main, spellings, row)")
    rows = db.execute("SELECT term, folder, path, col, offset FROM temp.places LEFT JOIN notes ON notes.id = doc")
    return sorted(map(_shown, rows)) + sorted(map(_shown, db.execute("SELECT term, doc, cnt FROM temp.spelled")))


_PLACE = "FROM {0} JOIN notes ON notes.id = {0}.note"
_DUMP = {
    "notes": "SELECT folder, path, state, reason, digest, chunker, title, date, dated, warnings FROM notes",
    "notes' ids": "SELECT folder, path, note FROM notes",
    "attachments": "SELECT folder, path FROM attachments",
    "chunks": "SELECT key, title, headings, text, embedded FROM chunks",
    "placements": "SELECT folder, path, ordinal, key, first_line, last_line FROM placements"
    " JOIN notes ON notes.id = placements.note JOIN chunks ON chunks.id = chunk",
    "vectors": "SELECT fingerprint, key, vector FROM vectors WHERE unused_since IS NULL",
    "tags": f"SELECT folder, path, tag {_PLACE.format('tags')}",
    "properties": f"SELECT folder, path, key, value {_PLACE.format('properties')}",
    "headings": f"SELECT folder, path, line, level, text {_PLACE.format('headings')}",
    "tasks": f"SELECT folder, path, line, done, text {_PLACE.format('tasks')}",
    "anchors": f"SELECT folder, path, line, name {_PLACE.format('anchors')}",
    "links": f"SELECT folder, path, line, kind, target, anchor, links.alias, key {_PLACE.format('links')}",
    "aliases": f"SELECT folder, path, key, alias {_PLACE.format('aliases')}",
    "names": "SELECT key, folder, path FROM names",
    "serving": "SELECT key, value FROM meta WHERE key IN ('serving', 'serving_name')",
}


def compare_with_afresh(opener: Opener) -> None:
    """What the index holds is what indexing into an empty home gives."""
    fresh = Opener(opener.home.with_name(f"fresh {len(opener.opened)}"), opener.folders, opener.today)
    fresh.embedders = opener.embedders
    with fresh() as cortex:
        index(cortex)
    assert without_identities(dump(opener.home)) == without_identities(dump(fresh.home))


def files_below(root: Path) -> Iterator[Path]:
    """Every file, at any depth."""
    return (path for path in sorted(root.rglob("*")) if path.is_file())
