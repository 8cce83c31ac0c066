"""Archive: receipts of answers, and the threads they belong to, in `state.db`.

What was said stays as it was: rows are added and, when the user deletes a thread, removed, never changed. Each carries
a checksum of its content, which is compared when it is read: SQLite would hand out a flipped bit as what was written.
"""

from __future__ import annotations

import json
import sqlite3
import threading
from dataclasses import replace
from datetime import datetime
from hashlib import blake2b
from typing import Any

from exocortex.core.answers import NOT_IN_NOTES
from exocortex.core.codec import CodecError, pack, unpack
from exocortex.core.errors import IndexStoreError, UsageError
from exocortex.core.receipts import Exchange, Receipt, Thread
from exocortex.storage.database import transaction

ARCHIVE_SCHEMA = """
CREATE TABLE IF NOT EXISTS receipts(
  id TEXT PRIMARY KEY,
  content TEXT NOT NULL,
  checksum TEXT NOT NULL
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS threads(
  id TEXT PRIMARY KEY,
  title TEXT NOT NULL,
  scope TEXT NOT NULL,
  role TEXT NOT NULL
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS exchanges(
  number INTEGER PRIMARY KEY,            -- in the order they were added, whatever the clock said
  id TEXT NOT NULL UNIQUE,
  thread TEXT NOT NULL REFERENCES threads(id) ON DELETE CASCADE,
  parent TEXT,
  question TEXT NOT NULL,
  receipt TEXT NOT NULL REFERENCES receipts(id),
  checksum TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS exchanges_thread ON exchanges(thread);
"""

_DIGEST_BYTES = 16


class Archive:
    """Shares the connection of the state, and the lock that whoever uses it holds."""

    def __init__(self, connection: sqlite3.Connection, guard: threading.RLock) -> None:
        self._connection = connection
        self._guard = guard

    # -- receipts ---------------------------------------------------------------------------------------------------

    def keep(self, receipt: Receipt) -> None:
        """Durably; ids are unique."""
        content = json.dumps(pack(receipt), separators=(",", ":"))
        with self._guard, transaction(self._connection):
            self._connection.execute(
                "INSERT INTO receipts VALUES(?, ?, ?)", (receipt.id, content, _checksum(receipt.id, content))
            )

    def receipt(self, beginning: str) -> Receipt:
        """The receipt whose id begins so; raises UsageError if none or several do, IndexStoreError if it is damaged."""
        rows = self._rows("SELECT * FROM receipts WHERE substr(id, 1, length(?1)) = ?1 LIMIT 2", beginning.upper())
        if len(rows) != 1 or not beginning:
            what = "Several receipts begin" if rows and beginning else "No receipt begins"
            raise UsageError(f"{what} with “{beginning}”.", "See: exo receipt")
        return _read(rows[0])

    def receipts(self, limit: int) -> list[Receipt]:
        """The newest, newest first."""
        return [_read(row) for row in self._rows("SELECT * FROM receipts ORDER BY id DESC LIMIT ?", limit)]

    # -- threads ----------------------------------------------------------------------------------------------------

    def begin(self, thread: Thread) -> None:
        """A thread without an exchange."""
        with self._guard, transaction(self._connection):
            self._connection.execute(
                "INSERT INTO threads VALUES(?, ?, ?, ?)", (thread.id, thread.title, thread.scope, thread.role)
            )

    def add(self, exchange: Exchange) -> None:
        """Its receipt is kept already. Raises UsageError if the thread was deleted meanwhile."""
        values = (exchange.id, exchange.thread, exchange.parent, exchange.question, exchange.receipt.id)
        try:
            with self._guard, transaction(self._connection):
                self._connection.execute(
                    "INSERT INTO exchanges VALUES(NULL, ?, ?, ?, ?, ?, ?)", (*values, _checksum(*map(str, values)))
                )
        except sqlite3.IntegrityError as error:
            raise UsageError("The conversation was deleted meanwhile.", "Begin another: exo chat") from error

    def threads(self, words: str = "") -> list[Thread]:
        """Those with these words in their title or a question, the one last added to first."""
        rows = self._rows(
            "SELECT threads.*, coalesce(max(exchanges.receipt), '') AS newest,"
            " count(DISTINCT coalesce(parent, thread)) AS answers"  # what was asked anew counts once
            " FROM threads LEFT JOIN exchanges ON thread = threads.id"
            " WHERE folded(title) LIKE '%' || folded(?1) || '%' OR threads.id IN"
            " (SELECT thread FROM exchanges WHERE folded(question) LIKE '%' || folded(?1) || '%')"
            " GROUP BY threads.id ORDER BY newest DESC, threads.id DESC",
            words,
        )
        return [_thread(row) for row in rows]

    def thread(self, beginning: str) -> Thread:
        """The thread whose id begins so; raises UsageError."""
        found = [one for one in self.threads() if beginning and one.id.startswith(beginning.upper())]
        if len(found) != 1:
            what = "Several conversations begin" if found else "There is no conversation"
            raise UsageError(f"{what} with “{beginning}”.", "See: exo chat --list")
        return found[0]

    def exchanges(self, thread: str) -> list[Exchange]:
        """What was said last, from the first question on; what was asked anew counts in its newest form."""
        found = self._rows("SELECT * FROM exchanges WHERE thread = ? ORDER BY number", thread)
        rows = {str(row["id"]): row for row in found}
        chain: list[Exchange] = []
        at = str(found[-1]["id"]) if found else None
        while at is not None and at in rows:
            chain.append(self._exchange(rows.pop(at)))
            at = chain[-1].parent
        return chain[::-1]

    def rename(self, thread: str, title: str) -> None:
        """Give it another title."""
        with self._guard, transaction(self._connection):
            self._connection.execute("UPDATE threads SET title = ? WHERE id = ?", (title, thread))

    def delete(self, thread: str) -> None:
        """It, what was said in it, and the receipts of that."""
        with self._guard, transaction(self._connection):
            receipts = self._rows("SELECT receipt FROM exchanges WHERE thread = ?", thread)
            self._connection.execute("DELETE FROM threads WHERE id = ?", (thread,))
            self._connection.executemany("DELETE FROM receipts WHERE id = ?", [tuple(row) for row in receipts])

    def damaged(self) -> list[str]:
        """Ids of rows that aren't what was written; reads all of them."""
        found = []
        for row in self._rows("SELECT * FROM receipts"):
            if row["checksum"] != _checksum(row["id"], row["content"]):
                found.append(str(row["id"]))
        for row in self._rows("SELECT * FROM exchanges"):
            if row["checksum"] != _checksum(*map(str, tuple(row)[1:-1])):
                found.append(str(row["id"]))
        return found

    def _exchange(self, row: sqlite3.Row) -> Exchange:
        _, *values, checksum = tuple(row)
        if checksum != _checksum(*map(str, values)):
            raise _damaged(str(row["id"]))
        id_, thread, parent, question, receipt = values
        return Exchange(id_, thread, parent, question, self.receipt(receipt))

    def _rows(self, query: str, *values: Any) -> list[sqlite3.Row]:
        with self._guard:
            return self._connection.execute(query, values).fetchall()


def _read(row: sqlite3.Row) -> Receipt:
    if row["checksum"] != _checksum(row["id"], row["content"]):
        raise _damaged(row["id"])
    try:
        receipt: Receipt = unpack(Receipt, {"silence": NOT_IN_NOTES, **json.loads(row["content"])})
    except (CodecError, ValueError) as error:
        raise _damaged(row["id"]) from error
    return replace(receipt, id=row["id"])


def _thread(row: sqlite3.Row) -> Thread:
    from exocortex.core.ulid import milliseconds_of

    moment = milliseconds_of(row["newest"] or row["id"]) / 1000
    return Thread(
        row["id"], row["title"], row["scope"], row["role"], datetime.fromtimestamp(moment).astimezone(), row["answers"]
    )


def _damaged(id_: str) -> IndexStoreError:
    return IndexStoreError(
        f"The record {id_} in state.db is not what was written.", "An earlier state has it: exo restore --list"
    )


def _checksum(*values: str) -> str:
    return blake2b("\0".join(values).encode("utf-8", "surrogatepass"), digest_size=_DIGEST_BYTES).hexdigest()
