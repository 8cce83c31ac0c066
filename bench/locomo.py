"""Conversations of months, asked through what `exo ask` looks at: `python -m bench.locomo DIR [--json]`.

DIR is a LoCoMo set in BEIR's layout, each talk a document `conversation/talk`. Every question is asked of its own
conversation as one vault, and of all of them in one. Counted is the share of a question's talks among the first 5
and 10 notes whose passages `ask` reads, questions of time (category 2) apart. Beside it, in the same run, stands plain
FTS5 (`porter unicode61`, OR of the words without stop words, bm25) over whole talks: the lexical floor.
"""

from __future__ import annotations

import argparse
import json
import sqlite3
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from bench.beir import Document, Question, read_beir, write_notes
from exocortex.bootstrap import open_cortex
from exocortex.config import Config, Folder
from exocortex.core.words import fold, fts_match

TIME = 2
"""The category of questions about when something was."""
DEPTHS = (5, 10)

Ranked = Callable[[str], list[str]]
"""A question's documents, best first."""


@dataclass(frozen=True, slots=True)
class Row:
    """Recall of one vault, over so many questions, of a way to search it."""

    vault: str
    questions: int
    ours: tuple[float, ...]
    floor: tuple[float, ...]


class Floor:
    """Whole documents in an FTS5 table."""

    def __init__(self, documents: Sequence[Document]) -> None:
        self._ids = [one.id for one in documents]
        self._database = sqlite3.connect(":memory:")
        self._database.execute("CREATE VIRTUAL TABLE d USING fts5(text, tokenize='porter unicode61')")
        rows = [(number, fold(f"{one.title} {one.text}")) for number, one in enumerate(documents)]
        self._database.executemany("INSERT INTO d(rowid, text) VALUES (?, ?)", rows)

    def ranked(self, question: str) -> list[str]:
        """The best ten by BM25."""
        match = fts_match(question.split())
        if not match:
            return []
        sql = "SELECT rowid FROM d WHERE d MATCH ? ORDER BY bm25(d), rowid LIMIT 10"
        return [self._ids[row] for (row,) in self._database.execute(sql, (match,))]


@contextmanager
def asked(documents: Sequence[Document], work: Path) -> Iterator[Ranked]:
    """A vault of these documents, and what `exo ask` would read for a question."""
    root, home = work / "notes", work / "home"
    for folder in (root, home):
        folder.mkdir(mode=0o700, parents=True)
    places = write_notes(documents, root)
    with open_cortex(Config(home=home.resolve(), folders=(Folder("bench", root.resolve()),))) as cortex:
        for _ in cortex.index.run():
            pass

        def ranked(question: str) -> list[str]:
            hits = cortex.answers.evidence(question, literal=True).hits
            return list(dict.fromkeys(places[hit.note.path].id for hit in hits))

        yield ranked


def rows(documents: Sequence[Document], questions: Sequence[Question], times: set[str], work: Path) -> Iterator[Row]:
    """Each conversation by itself, their mean, and all in one; questions of time apart."""
    owners = sorted({one.owner for one in documents})
    alone: dict[str, tuple[list[str], list[str]]] = {}
    for owner in owners:
        own = [one for one in documents if one.owner == owner]
        asks = [one for one in questions if one.owner == owner]
        found = _found(own, asks, work / owner)
        alone |= found
        yield _row(owner, asks, found)
    yield from _split("each by itself", questions, times, alone)
    yield from _split("all in one vault", questions, times, _found(documents, questions, work / "all"))


def _found(
    documents: Sequence[Document], questions: Sequence[Question], work: Path
) -> dict[str, tuple[list[str], list[str]]]:
    """By question: what we rank, and what the floor ranks."""
    floor = Floor(documents)
    print(f"{len(documents)} talks, {len(questions)} questions", file=sys.stderr, flush=True)
    with asked(documents, work) as ranked:
        return {one.id: (ranked(one.text), floor.ranked(one.text)) for one in questions}


def _split(
    vault: str, questions: Sequence[Question], times: set[str], found: dict[str, tuple[list[str], list[str]]]
) -> Iterator[Row]:
    yield _row(vault, questions, found)
    yield _row(f"{vault}, of time", [one for one in questions if one.id in times], found)
    yield _row(f"{vault}, others", [one for one in questions if one.id not in times], found)


def _row(vault: str, questions: Sequence[Question], found: dict[str, tuple[list[str], list[str]]]) -> Row:
    def recall(side: int, depth: int) -> float:
        shares = [len(one.relevant.keys() & set(found[one.id][side][:depth])) / len(one.relevant) for one in questions]
        return sum(shares) / (len(shares) or 1)

    ours, floor = (tuple(recall(side, depth) for depth in DEPTHS) for side in (0, 1))
    return Row(vault, len(questions), ours, floor)


def _times(folder: Path) -> set[str]:
    with (folder / "queries.jsonl").open(encoding="utf-8") as lines:
        read = [json.loads(line) for line in lines if line.strip()]
    return {str(one["_id"]) for one in read if one.get("category") == TIME}


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the figures of one set."""
    parser = argparse.ArgumentParser(prog="python -m bench.locomo", description=(__doc__ or "").split("\n\n")[0])
    parser.add_argument("folder", type=Path, help="a LoCoMo set in BEIR's layout")
    parser.add_argument("--json", action="store_true", help="a JSON object a line instead of a table")
    chosen = parser.parse_args(arguments)
    data = read_beir(chosen.folder)
    if not chosen.json:
        print(f"{'vault':<28} {'questions':>9}   R@5    floor  R@10   floor")
    with tempfile.TemporaryDirectory() as work:
        for row in rows(data.documents, data.questions, _times(chosen.folder), Path(work)):
            print(json.dumps(_plain(row)) if chosen.json else _line(row), flush=True)
    return 0


def _plain(row: Row) -> dict[str, object]:
    return {"vault": row.vault, "questions": row.questions, "recall": row.ours, "floor": row.floor, "at": DEPTHS}


def _line(row: Row) -> str:
    pairs = "  ".join(f"{ours:.3f}  {floor:.3f}" for ours, floor in zip(row.ours, row.floor, strict=True))
    return f"{row.vault:<28} {row.questions:>9}   {pairs}"


if __name__ == "__main__":
    sys.exit(main())
