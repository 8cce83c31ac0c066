"""Contents: the index against the disk, its passages against their keys, its vectors against its passages."""

from __future__ import annotations

import json
import os
import sqlite3
from collections import Counter
from collections.abc import Iterator

from exocortex.checking.afresh import differences
from exocortex.checking.databases import READ, REBUILD
from exocortex.checking.findings import Finding, Live
from exocortex.checking.probing import probe
from exocortex.config import Config, Folder
from exocortex.core.chunks import chunk_key
from exocortex.core.counting import counted
from exocortex.core.errors import ExocortexError, VaultError
from exocortex.core.links import name_keys
from exocortex.storage.lock import holder
from exocortex.storage.vault import Scan, scan

RECALL = 0.9
"""Share of true neighbours that Chroma must find on a sample."""
REPUBLISH = "exo rebuild --vectors"
CONFIRM = "exo index --accept-deletions"

_LENGTH = 0.01
"""How far from 1 the length of a vector may be, for rounding to float16."""


def check_contents(config: Config, index: sqlite3.Connection, live: Live | None, *, deep: bool) -> Iterator[Finding]:
    """Every check of a sound index; `index` is a copy that may be written to."""
    yield from check_disk(config, index)
    yield check_rows(index)
    yield check_chunks(index)
    yield from check_vectors(index)
    yield from check_chroma(config, index, live)
    if deep:
        yield check_notes(config, index)


def check_disk(config: Config, index: sqlite3.Connection) -> Iterator[Finding]:
    """On disk = indexed + pending + skipped; what changed since the last scan is merely not read yet."""
    for folder in config.folders:
        try:
            found = scan(folder, config.index.ignore)
        except VaultError as error:
            yield Finding("notes", "warning", f"{error.message} What was indexed of it still serves.")
            continue
        yield from _ledger(folder, index, found)


def _ledger(folder: Folder, index: sqlite3.Connection, found: Scan) -> Iterator[Finding]:
    """One folder's sums, and what of it is gone: frozen or, for all that is known, deleted."""
    on_disk = {one.path: (one.size, one.mtime_ns) for one in found.files}
    skipped = {one.path for one in found.skipped}
    states, unread = _known(folder, index, on_disk)
    gone = set(states) - on_disk.keys() - skipped
    frozen = gone & _frozen(folder, index)
    unread |= on_disk.keys() - set(states) | skipped - set(states)
    unread -= gone
    counts = Counter(states[path] for path in states if path not in unread | gone)
    sums = f"{counts['indexed']:,} indexed + {len(unread):,} not read yet + {counts['skipped']:,} skipped"
    message = f"{folder.name}: {counted(len(on_disk) + len(skipped), 'note')} on disk, {sums}."
    if deleted := len(gone - frozen):
        message += f" {counted(deleted, 'note is', 'notes are')} gone since the last look."
    yield Finding("notes", "ok", message, READ if unread or deleted else "")
    if frozen:
        kept = f"{counted(len(frozen), 'note')} of folder {folder.name} vanished at once and stay in the index."
        yield Finding("vanished", "warning", f"{kept} If you deleted them, confirm it.", CONFIRM)


def _frozen(folder: Folder, index: sqlite3.Connection) -> set[str]:
    """Paths of the notes that vanished too many at once to be thought deleted."""
    row = index.execute("SELECT value FROM meta WHERE key = 'frozen'").fetchone()
    rows = json.loads(row["value"]).get(folder.name, []) if row else []
    found = index.execute("SELECT path FROM notes WHERE id IN (SELECT value FROM json_each(?))", (json.dumps(rows),))
    return {one["path"] for one in found.fetchall()}


def _known(
    folder: Folder, index: sqlite3.Connection, on_disk: dict[str, tuple[int, int]]
) -> tuple[dict[str, str], set[str]]:
    """The state of every file the index knows of, and those that are pending, changed or gone since."""
    rows = index.execute("SELECT path, state, size, mtime_ns FROM notes WHERE folder = ?", (folder.name,)).fetchall()
    states = {row["path"]: row["state"] for row in rows}
    unread = {row["path"] for row in rows if row["state"] == "pending"}
    for row in rows:
        now = on_disk.get(row["path"])
        if row["state"] == "indexed" and now != (row["size"], row["mtime_ns"]):
            unread.add(row["path"])
    return states, unread


def check_rows(index: sqlite3.Connection) -> Finding:
    """Whether the tables of the index agree with each other."""
    faults = [
        ("rows lead nowhere", index.execute("PRAGMA foreign_key_check").fetchall()),
        ("notes have no words", index.execute(_WITHOUT_WORDS).fetchall()),
        ("entries of words belong to no note", index.execute(_WORDS_WITHOUT).fetchall()),
        ("passages belong to no note", index.execute(_UNPLACED).fetchall()),
        ("names of files are wrong", _wrong_names(index)),
    ]
    found = [f"{len(rows):,} {what}" for what, rows in faults if rows]
    if found:
        return Finding("index", "error", f"In the index, {', '.join(found)}.", REBUILD)
    return Finding("index", "ok", "The parts of the index agree with each other.")


_WITHOUT_WORDS = "SELECT id FROM notes WHERE digest IS NOT NULL AND id NOT IN (SELECT id FROM words_docsize)"
_WORDS_WITHOUT = "SELECT id FROM words_docsize WHERE id NOT IN (SELECT id FROM notes WHERE digest IS NOT NULL)"
_UNPLACED = "SELECT id FROM chunks WHERE id NOT IN (SELECT chunk FROM placements)"


def _wrong_names(index: sqlite3.Connection) -> list[object]:
    """Names by which links would find what isn't there, or not find what is."""
    places = index.execute("SELECT folder, path FROM notes WHERE state <> 'skipped' OR size > 0").fetchall()
    places += index.execute("SELECT folder, path FROM attachments").fetchall()
    wanted = {(key, row["folder"], row["path"]) for row in places for key in name_keys(row["path"])}
    known = {tuple(row) for row in index.execute("SELECT key, folder, path FROM names").fetchall()}
    skipped = {tuple(row) for row in index.execute("SELECT folder, path FROM notes WHERE state = 'skipped'").fetchall()}
    return [name for name in wanted ^ known if name[1:] not in skipped]


def check_chunks(index: sqlite3.Connection) -> Finding:
    """Whether each passage's text is the one its key was made of."""
    wrong = total = 0
    for row in index.execute("SELECT key, title, headings, text, embedded FROM chunks"):
        total += 1
        made = chunk_key(row["title"], json.loads(row["headings"]), row["text"], bool(row["embedded"]))
        wrong += made != row["key"]
    if wrong:
        message = f"Of {counted(total, 'passage')}, {wrong:,} don't hold the text that was read."
        return Finding("passages", "error", message, REBUILD)
    return Finding("passages", "ok", f"The text of {counted(total, 'passage')} is the one that was read.")


def check_vectors(index: sqlite3.Connection) -> Iterator[Finding]:
    """Vectors that no passage has, passages without one, and vectors that no embedder makes."""
    row = index.execute("SELECT value FROM meta WHERE key = 'serving'").fetchone()
    serving = row["value"] if row else ""
    (missing,) = index.execute(_MISSING, (serving,)).fetchone()
    (orphans,) = index.execute(_ORPHANS).fetchone()
    odd = _odd_vectors(index)
    if orphans or odd:
        parts = [f"{orphans:,} without a passage"] if orphans else []
        parts += [f"{odd:,} that no embedder makes"] if odd else []
        yield Finding("vectors", "error", f"Among the vectors, {' and '.join(parts)}.", REBUILD)
    elif missing:
        yield Finding("vectors", "ok", f"{counted(missing, 'passage')} can't be found by meaning yet.", READ)
    else:
        yield Finding("vectors", "ok", "Every passage can be found by meaning.")


_MISSING = (
    "SELECT count(*) FROM chunks WHERE embedded AND NOT EXISTS (SELECT 1 FROM vectors"
    " WHERE fingerprint = ? AND vectors.key = chunks.key AND unused_since IS NULL)"
)
_ORPHANS = "SELECT count(*) FROM vectors WHERE unused_since IS NULL AND key NOT IN (SELECT key FROM chunks)"


def _odd_vectors(index: sqlite3.Connection) -> int:
    """Vectors of another length than most of their kind, with a value that is no number, or not of length 1."""
    import numpy as np

    odd = 0
    lengths = index.execute("SELECT fingerprint, length(vector) AS n, count(*) FROM vectors GROUP BY 1, 2 ORDER BY 3")
    usual = {row["fingerprint"]: row["n"] for row in lengths}
    cursor = index.execute("SELECT fingerprint, vector FROM vectors WHERE unused_since IS NULL")
    while rows := cursor.fetchmany(2_000):
        whole = [row["vector"] for row in rows if len(row["vector"]) == usual[row["fingerprint"]]]
        odd += len(rows) - len(whole)
        for vector in whole:
            values = np.frombuffer(vector, dtype="<f2").astype(np.float32)
            length = float(np.sqrt(values @ values))
            odd += not abs(length - 1) <= _LENGTH and length != 0
    return odd


def check_chroma(config: Config, index: sqlite3.Connection, live: Live | None) -> Iterator[Finding]:
    """Whether Chroma finds what comparing with every vector finds; by whoever has it open, else in a process apart."""
    if live is not None:
        try:
            recall = live.recall()
        except ExocortexError as error:
            yield Finding("chroma", "warning", f"Chroma can't be asked: {error.message.rstrip('.')}.")
            return
        yield _judged("" if recall is None else None, recall)
        return
    meta = dict(index.execute("SELECT key, value FROM meta").fetchall())
    folder = config.home / "vectors" / meta.get("vectors_folder", "none")
    if config.store.url or not meta.get("vectors_complete") or not os.path.isdir(folder):
        yield _judged("", None)
    elif holder(config.home) is not None:
        yield Finding("chroma", "ok", "Chroma is open in another process and was left alone.")
    else:
        fault, recall = probe(folder, config.home / "index.db", meta["vectors_complete"])
        yield _judged(None if holder(config.home) is None else "", recall, fault)


def _judged(unused: str | None, recall: float | None, fault: str = "") -> Finding:
    if unused is not None:
        return Finding("chroma", "ok", "Chroma isn't in use; exact search answers.")
    if recall is None:
        return Finding("chroma", "error", f"Chroma's files are damaged: {fault}.", REPUBLISH)
    found = f"Chroma finds {recall:.0%} of the nearest passages of a sample."
    return Finding("chroma", "ok", found) if recall >= RECALL else Finding("chroma", "warning", found, REPUBLISH)


def check_notes(config: Config, index: sqlite3.Connection) -> Finding:
    """Whether reading every note again gives what the index holds."""
    compared, different = differences(config, index)
    if different:
        where = ", ".join(different[:3]) + (" …" if len(different) > 3 else "")
        message = f"The index differs from what is in the notes: {where}."
        return Finding("reading", "error", message, REBUILD)
    return Finding("reading", "ok", f"{counted(compared, 'note')} read again, and found as they are in the index.")
