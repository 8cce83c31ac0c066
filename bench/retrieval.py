"""How well notes are found: `python -m bench.retrieval DIR… [--json] [--modes LIST] [--own] [--keep DIR]`.

Each BEIR folder becomes a vault that is indexed as a user's would be; every query is asked literally, without the
rescan that comes before it in daily use. Modes are words, meaning, hybrid and, as the compared baseline, rrf:
reciprocal ranks of the first two modes' results. Times are those of up to 100 of the queries, asked for ten notes.
`--own` asks each question only about the documents of its own conversation or person, and only those listed before the
one it was asked in. `--keep` leaves vault and index in a folder and finds them there the next time.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from threading import Event as StopEvent
from typing import get_args

from bench.beir import BeirSet, Question, mean, measure, read_beir, write_notes
from exocortex.bootstrap import chroma, embedder, open_cortex
from exocortex.config import Config, Folder
from exocortex.core.events import Progress
from exocortex.core.query import Query, parse_query, with_scope
from exocortex.core.results import Mode
from exocortex.meaning import Meaning
from exocortex.retrieval import Retrieved, Retriever
from exocortex.storage.catalog import Catalog
from exocortex.storage.ledger import Ledger

DEPTH = 100
SHOWN = 10
TIMED = 100
RRF_K = 60
"""Cormack, Clarke & Büttcher, SIGIR 2009."""
MODES = (*get_args(Mode), "rrf")


@dataclass(frozen=True, slots=True)
class Answers:
    """What a mode made of every question."""

    rankings: list[list[str]]
    """Documents, best first."""
    milliseconds: list[float]
    """Of some of the questions, in no order."""


class Vault:
    """One set as an indexed folder of notes."""

    def __init__(self, data: BeirSet, work: Path, meaning: bool) -> None:
        root, home = (work / data.name / part for part in ("notes", "home"))
        for folder in (root, home):
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._places = write_notes(data.documents, root)
        self._numbers = {document.id: number for number, document in enumerate(data.documents)}
        config = Config(home=home.resolve(), folders=(Folder("bench", root.resolve()),))
        _index(config, data.name, meaning)
        self._ledger = Ledger(config.home)
        self._meaning = Meaning(config.home, self._ledger, chroma)
        engine = embedder(config.embedder.name, config)
        self._retriever = Retriever(
            *(Catalog(self._ledger.connection), self._ledger.vectors, self._meaning),
            *({"bench": root.resolve()}, lambda: engine),
        )

    def close(self) -> None:
        """Let go of the index."""
        self._meaning.close()
        self._ledger.close()

    def ask(self, questions: Sequence[Question], mode: Mode, own: bool) -> Answers:
        """Every question in one mode."""
        timed = questions[:: -(-len(questions) // TIMED)]
        self._search(timed[0], mode, SHOWN, own)  # loads the model and opens the vectors
        times = [sum(time for _, time in self._search(question, mode, SHOWN, own).milliseconds) for question in timed]
        return Answers([self._rank(question, mode, own) for question in questions], times)

    def _rank(self, question: Question, mode: Mode, own: bool) -> list[str]:
        hits = self._search(question, mode, DEPTH, own).hits
        documents = [self._places[hit.note.path].id for hit in hits]
        end = self._numbers.get(question.asked_in, len(self._numbers)) if own else len(self._numbers)
        return [document for document in documents if self._numbers[document] < end]

    def _search(self, question: Question, mode: Mode, limit: int, own: bool) -> Retrieved:
        return self._retriever.search(_query(question, own), mode, limit)


def _index(config: Config, name: str, meaning: bool) -> None:
    """Index everything, or the words alone."""
    stop = StopEvent()
    with open_cortex(config) as cortex:
        for event in cortex.index.run(stop=stop):
            if isinstance(event, Progress):
                if event.stage == "meaning" and not meaning:
                    stop.set()
                print(f"\r{name}: {event.stage} {event.done}/{event.total}   ", end="", file=sys.stderr, flush=True)
    print(file=sys.stderr)


def _query(question: Question, own: bool) -> Query:
    today = date(2026, 1, 1)
    query = parse_query(question.text, properties=frozenset(), today=today, literal=True)
    if not own or not question.owner:
        return query
    return with_scope(query, parse_query(f'path:"{question.owner}/"', properties=frozenset(), today=today))


def reciprocal_ranks(rankings: Sequence[Sequence[str]]) -> list[str]:
    """Documents by the sum of 1 / (60 + rank) over the rankings."""
    scores: dict[str, float] = {}
    for ranking in rankings:
        for place, document in enumerate(ranking, start=1):
            scores[document] = scores.get(document, 0.0) + 1 / (RRF_K + place)
    return sorted(scores, key=lambda document: -scores[document])


def answers(vault: Vault, questions: Sequence[Question], modes: Sequence[str], own: bool) -> dict[str, Answers]:
    """Every question in every mode."""
    asked: list[Mode] = [mode for mode in get_args(Mode) if mode in modes or ("rrf" in modes and mode != "hybrid")]
    found = {str(mode): vault.ask(questions, mode, own) for mode in asked}
    if "rrf" in modes:
        words, meaning = found["words"], found["meaning"]
        found["rrf"] = Answers(
            [reciprocal_ranks(both) for both in zip(words.rankings, meaning.rankings, strict=True)],
            [sum(both) for both in zip(words.milliseconds, meaning.milliseconds, strict=True)],
        )
    return {mode: found[mode] for mode in modes}


def figures(data: BeirSet, mode: str, found: Answers) -> dict[str, str | float]:
    """One row of the table."""
    pairs = zip(found.rankings, data.questions, strict=True)
    means = mean([measure(ranking, question.relevant) for ranking, question in pairs])
    times = sorted(found.milliseconds)
    return {
        "set": data.name,
        "mode": mode,
        "ndcg@10": round(means.ndcg_10, 4),
        "r@10": round(means.r_10, 4),
        "r@100": round(means.r_100, 4),
        "hit@1": round(means.hit_1, 4),
        "hit@10": round(means.hit_10, 4),
        "mrr": round(means.mrr, 4),
        "p50_ms": round(times[len(times) // 2], 2),
        "p95_ms": round(times[int(len(times) * 0.95)], 2),
    }


def run(folder: Path, work: Path, modes: Sequence[str], own: bool) -> list[dict[str, str | float]]:
    """Index one folder and ask it everything."""
    data = read_beir(folder)
    vault = Vault(data, work, meaning=list(modes) != ["words"])
    try:
        found = answers(vault, data.questions, modes, own)
    finally:
        vault.close()
    return [figures(data, mode, found[mode]) for mode in modes]


def main() -> None:
    """Measure the folders named on the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folders", nargs="+", type=Path, metavar="DIR")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--modes", default="words,meaning,hybrid", type=lambda text: text.split(","))
    parser.add_argument("--own", action="store_true")
    parser.add_argument("--keep", type=Path)
    options = parser.parse_args()
    if unknown := set(options.modes) - set(MODES):
        parser.error(f"unknown modes {', '.join(sorted(unknown))}; there are {', '.join(MODES)}")
    rows: list[dict[str, str | float]] = []
    with tempfile.TemporaryDirectory(prefix="exo-bench-") as temporary:
        for folder in options.folders:
            for row in run(folder, options.keep or Path(temporary), options.modes, options.own):
                if not options.json:
                    print(_line(row, header=not rows), flush=True)
                rows.append(row)
    if options.json:
        print(json.dumps(rows))


def _line(row: dict[str, str | float], header: bool) -> str:
    names = f"{'set':28} {'mode':8}" + "".join(f"{name:>8}" for name in list(row)[2:])
    values = "".join(f"{value:8.3f}" if isinstance(value, float) else f"{value:>8}" for value in list(row.values())[2:])
    line = f"{row['set']:28} {row['mode']:8}{values}"
    return f"{names}\n{line}" if header else line


if __name__ == "__main__":
    main()
