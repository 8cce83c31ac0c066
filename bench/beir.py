"""BEIR folder: documents, queries and judgements of a retrieval test, the documents as notes, the usual measures."""

from __future__ import annotations

import csv
import json
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

Judgements = Mapping[str, int]
"""Document id → gain above 0."""


@dataclass(frozen=True, slots=True)
class Document:
    """One line of `corpus.jsonl`."""

    id: str
    title: str
    text: str

    @property
    def owner(self) -> str:
        """What comes before the first `/`: the conversation or the person that a document of such a set belongs to."""
        return self.id.partition("/")[0]


@dataclass(frozen=True, slots=True)
class Question:
    """A query with judged documents."""

    id: str
    text: str
    relevant: Judgements
    owner: str = ""
    """Whose documents it is about, in sets of several conversations or people."""
    asked_in: str = ""
    """Document it was asked in, where the set has that: only those listed before it could be known."""


@dataclass(frozen=True, slots=True)
class BeirSet:
    """A whole folder."""

    name: str
    documents: tuple[Document, ...]
    questions: tuple[Question, ...]


@dataclass(frozen=True, slots=True)
class Measures:
    """Means over questions, 0..1; a document's gain counts as it is (linear), as trec_eval does."""

    ndcg_10: float
    r_10: float
    r_100: float
    hit_1: float
    hit_10: float
    mrr: float


def read_beir(folder: Path) -> BeirSet:
    """Read corpus.jsonl, queries.jsonl and qrels/test.tsv.

    Left out are questions without a relevant document, those marked unanswerable (category 5) and those an audit found
    wrong (audit_error).
    """
    documents = tuple(
        Document(str(line["_id"]), line.get("title") or "", line.get("text") or "")
        for line in _lines(folder / "corpus.jsonl")
    )
    gains: dict[str, dict[str, int]] = {}
    with (folder / "qrels" / "test.tsv").open(encoding="utf-8") as file:
        for query, document, gain in list(csv.reader(file, delimiter="\t"))[1:]:
            if int(gain) > 0:
                gains.setdefault(query, {})[document] = int(gain)
    questions = tuple(
        Question(str(line["_id"]), line["text"], gains[line["_id"]], line.get("conv") or "", line.get("asked_in") or "")
        for line in _lines(folder / "queries.jsonl")
        if line["_id"] in gains and not line.get("audit_error") and line.get("category") != 5
    )
    return BeirSet(folder.name, documents, questions)


def _lines(file: Path) -> Iterator[dict[str, Any]]:
    with file.open(encoding="utf-8") as lines:
        yield from (json.loads(line) for line in lines if line.strip())


def write_notes(documents: Sequence[Document], root: Path) -> dict[str, Document]:
    """Write each document as a note, and return which document each path holds.

    A file is called by the document's number: some sets have the answer in their ids.
    """
    places: dict[str, Document] = {}
    for number, document in enumerate(documents):
        folder = _plain(document.owner) if "/" in document.id else "notes"
        path = f"{folder}/n{number:06d}.md"
        (root / folder).mkdir(parents=True, exist_ok=True)
        (root / path).write_text(_note(document), "utf-8", "replace", newline="")
        places[path] = document
    return places


def _plain(name: str) -> str:
    return "".join(letter if letter.isascii() and (letter.isalnum() or letter in "-_") else "-" for letter in name)


def _note(document: Document) -> str:
    """The title in the frontmatter, in the text's own where it has one, and the text as it is."""
    if not document.title:
        return document.text
    field = f"title: {json.dumps(document.title, ensure_ascii=False)}\n"
    if document.text.startswith("---\n"):
        return document.text if "\ntitle:" in document.text else f"---\n{field}{document.text[4:]}"
    return f"---\n{field}---\n{document.text}"


def measure(ranked: Sequence[str], relevant: Judgements) -> Measures:
    """The measures of one ranking, best first."""
    gains = [relevant.get(document, 0) for document in ranked[:10]]
    first = next((place for place, document in enumerate(ranked, start=1) if document in relevant), None)
    return Measures(
        ndcg_10=_dcg(gains) / _dcg(sorted(relevant.values(), reverse=True)[:10]),
        r_10=_recall(ranked[:10], relevant),
        r_100=_recall(ranked[:100], relevant),
        hit_1=float(bool(gains and gains[0])),
        hit_10=float(any(gains)),
        mrr=1 / first if first else 0.0,
    )


def _dcg(gains: Sequence[int]) -> float:
    return sum(gain / math.log2(place + 1) for place, gain in enumerate(gains, start=1))


def _recall(ranked: Sequence[str], relevant: Judgements) -> float:
    return len(relevant.keys() & set(ranked)) / len(relevant)


def mean(rows: Sequence[Measures]) -> Measures:
    """Each measure's mean over the questions."""
    columns = zip(*((r.ndcg_10, r.r_10, r.r_100, r.hit_1, r.hit_10, r.mrr) for r in rows), strict=True)
    return Measures(*(sum(column) / len(rows) for column in columns))
