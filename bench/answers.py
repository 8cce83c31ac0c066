"""How well questions are answered: `python -m bench.answers FILE [--json] [--limit N]`.

FILE is a question set in SQuAD's format (version 1.1 or 2). Each article becomes a note with its paragraphs; every
question is asked literally through the real pipeline. Counted is whether a shown sentence holds one of the accepted
answers; an abstention shows nothing. Beside it, in the same run, the best BM25 sentence of all sentences in the vault,
which never abstains. AUROC is the probability that an answerable question gets a higher confidence than another one.
"""

from __future__ import annotations

import argparse
import json
import re
import sqlite3
import sys
import tempfile
import time
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from exocortex.answering import ExtractiveEngine
from exocortex.answering.sentences import spans
from exocortex.answering.weights import THRESHOLD
from exocortex.bootstrap import embedder, open_cortex
from exocortex.config import Config, Folder
from exocortex.core.events import Progress
from exocortex.core.words import fold, fts_match
from exocortex.cortex import Cortex


@dataclass(frozen=True, slots=True)
class Question:
    """A question with its accepted answers, none if it is unanswerable."""

    text: str
    accepted: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one question."""

    answerable: bool
    abstained: bool
    confidence: float
    first: bool
    """The first sentence shown holds an accepted answer."""
    shown: bool
    """Any sentence shown does."""
    forced: bool
    """The first sentence would, had the engine not been free to abstain."""
    baseline: bool
    sentences: int
    milliseconds: float


@dataclass(frozen=True, slots=True)
class Figures:
    """The table; shares are of the answerable questions, 0..1, except where the name says otherwise."""

    set: str
    questions: int
    answerable: int
    baseline: float
    first: float
    shown: float
    never_abstaining: float
    auroc: float | None
    """None if all or none of the questions are answerable."""
    threshold: float
    abstained_answerable: float
    abstained_unanswerable: float
    """Share of the unanswerable questions."""
    sentences: float
    """Mean number of sentences in an answer."""
    p50_ms: float
    p95_ms: float


class SentenceIndex:
    """The baseline: every sentence of the notes in an FTS5 table of its own."""

    def __init__(self, notes: Sequence[str]) -> None:
        self._sentences = [span.quote for note in notes for span in spans(note, 1)]
        self._database = sqlite3.connect(":memory:")
        self._database.execute(
            "CREATE VIRTUAL TABLE sentences USING fts5(text, tokenize='porter unicode61 remove_diacritics 2')"
        )
        rows = [(number, fold(sentence)) for number, sentence in enumerate(self._sentences)]
        self._database.executemany("INSERT INTO sentences(rowid, text) VALUES (?, ?)", rows)

    def best(self, question: str) -> str:
        """The sentence that BM25 ranks first, empty if none shares a word with the question."""
        match = fts_match(question.split())
        if not match:
            return ""
        sql = "SELECT rowid FROM sentences WHERE sentences MATCH ? ORDER BY bm25(sentences), rowid LIMIT 1"
        row = self._database.execute(sql, (match,)).fetchone()
        return self._sentences[row[0]] if row else ""


def read_squad(file: Path) -> tuple[list[str], list[Question]]:
    """The articles as notes, and the questions in their order."""
    notes, questions = [], []
    for number, article in enumerate(json.loads(file.read_text("utf-8"))["data"], start=1):
        title = str(article.get("title") or f"Text {number}").replace("_", " ")
        paragraphs = [str(paragraph["context"]).strip() for paragraph in article["paragraphs"]]
        notes.append("\n\n".join([f"# {title}", *paragraphs]) + "\n")
        asked = [one for paragraph in article["paragraphs"] for one in paragraph["qas"]]
        questions += [as_question(one) for one in asked]
    return notes, questions


def as_question(read: dict[str, Any]) -> Question:
    """A question as such files have it."""
    answers = [] if read.get("is_impossible") else read["answers"]
    return Question(str(read["question"]), tuple(dict.fromkeys(_normal(answer["text"]) for answer in answers)))


def _normal(text: str) -> str:
    return " ".join(re.sub(r"[\"'“”‘’]", "", text).casefold().split()).strip(" .,;:!?")


def holds(sentence: str, question: Question) -> bool:
    """Whether an accepted answer stands in it, apart from case, spaces and quotation marks."""
    return any(answer in _normal(sentence) for answer in question.accepted)


def ask_all(notes: Sequence[str], questions: Sequence[Question], work: Path) -> list[Outcome]:
    """Index the notes in `work` and ask every question."""
    root, home = work / "notes", work / "home"
    root.mkdir()
    home.mkdir(mode=0o700)
    for number, note in enumerate(notes):
        (root / f"n{number:04d}.md").write_text(note, "utf-8", newline="")
    config = Config(home=home.resolve(), folders=(Folder("bench", root.resolve()),))
    baseline = SentenceIndex(notes)
    unbound = ExtractiveEngine(embedder(config.embedder.name, config), threshold=0.0)
    with open_cortex(config) as cortex:
        for event in cortex.index.run():
            if isinstance(event, Progress):
                _say(f"{event.stage} {event.done}/{event.total}")
        outcomes = []
        for number, question in enumerate(questions, start=1):
            outcomes.append(_ask(cortex, unbound, baseline, question))
            if number % 20 == 0:
                _say(f"asked {number}/{len(questions)}")
    print(file=sys.stderr)
    return outcomes


def _say(text: str) -> None:
    print(f"\r{text}   ", end="", file=sys.stderr, flush=True)


def _ask(cortex: Cortex, unbound: ExtractiveEngine, baseline: SentenceIndex, question: Question) -> Outcome:
    start = time.perf_counter()
    answer = cortex.answers.ask(question.text, literal=True)
    milliseconds = (time.perf_counter() - start) * 1000
    held = [holds(sentence.text, question) for sentence in answer.sentences]
    return Outcome(
        answerable=bool(question.accepted),
        abstained=answer.abstained,
        confidence=answer.confidence,
        first=held[0] if held else False,
        shown=any(held),
        forced=held[0] if held else _forced(cortex, unbound, question),
        baseline=holds(baseline.best(question.text), question),
        sentences=len(held),
        milliseconds=milliseconds,
    )


def _forced(cortex: Cortex, unbound: ExtractiveEngine, question: Question) -> bool:
    if not question.accepted:
        return False
    passages = cortex.answers.evidence(question.text, literal=True).hits
    draft = unbound.answer(question.text, passages)
    return bool(draft.sentences) and holds(draft.sentences[0].text, question)


def auroc(positives: Sequence[float], negatives: Sequence[float]) -> float | None:
    """Probability that a positive's value is above a negative's, ties counted half (Mann and Whitney's U)."""
    if not positives or not negatives:
        return None
    ranked = sorted([(value, 1) for value in positives] + [(value, 0) for value in negatives])
    places: dict[float, list[int]] = {}
    for place, (value, _) in enumerate(ranked, start=1):
        places.setdefault(value, []).append(place)
    total = sum(sum(places[value]) / len(places[value]) for value in positives)
    return (total - len(positives) * (len(positives) + 1) / 2) / (len(positives) * len(negatives))


def figures(name: str, outcomes: Sequence[Outcome]) -> Figures:
    """The shares over all questions."""
    answerable = [one for one in outcomes if one.answerable]
    others = [one for one in outcomes if not one.answerable]
    answered = [one for one in outcomes if not one.abstained]
    times = sorted(one.milliseconds for one in outcomes)
    return Figures(
        set=name,
        questions=len(outcomes),
        answerable=len(answerable),
        baseline=_share(one.baseline for one in answerable),
        first=_share(one.first for one in answerable),
        shown=_share(one.shown for one in answerable),
        never_abstaining=_share(one.forced for one in answerable),
        auroc=auroc([one.confidence for one in answerable], [one.confidence for one in others]),
        threshold=THRESHOLD,
        abstained_answerable=_share(one.abstained for one in answerable),
        abstained_unanswerable=_share(one.abstained for one in others),
        sentences=sum(one.sentences for one in answered) / (len(answered) or 1),
        p50_ms=times[len(times) // 2],
        p95_ms=times[int(len(times) * 0.95)],
    )


def _share(flags: Iterable[bool]) -> float:
    listed = list(flags)
    return sum(listed) / (len(listed) or 1)


def _table(row: Figures) -> str:
    lines = (
        ("questions, answerable", f"{row.questions:,}, {row.answerable:,}"),
        ("best BM25 sentence holds an answer", f"{row.baseline:.3f}"),
        ("first sentence shown does", f"{row.first:.3f}"),
        ("any sentence shown does", f"{row.shown:.3f}   ({row.sentences:.2f} sentences an answer)"),
        ("first sentence, never abstaining", f"{row.never_abstaining:.3f}"),
        ("AUROC of the confidence", "-" if row.auroc is None else f"{row.auroc:.3f}"),
        (f"abstained below {row.threshold:.2f}: answerable", f"{row.abstained_answerable:.3f}"),
        (f"abstained below {row.threshold:.2f}: unanswerable", f"{row.abstained_unanswerable:.3f}"),
        ("milliseconds a question, p50, p95", f"{row.p50_ms:.0f}, {row.p95_ms:.0f}"),
    )
    return "\n".join([row.set, *(f"  {label:<40} {value}" for label, value in lines)])


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the figures of one file."""
    parser = argparse.ArgumentParser(prog="python -m bench.answers", description=(__doc__ or "").split("\n\n")[0])
    parser.add_argument("file", type=Path, help="question set in SQuAD's format")
    parser.add_argument("--json", action="store_true", help="one JSON object instead of a table")
    parser.add_argument("--limit", type=int, default=0, help="ask at most this many questions, evenly drawn")
    chosen = parser.parse_args(arguments)
    notes, questions = read_squad(chosen.file)
    if 0 < chosen.limit < len(questions):
        questions = questions[:: -(-len(questions) // chosen.limit)]
    with tempfile.TemporaryDirectory() as work:
        row = figures(chosen.file.stem, ask_all(notes, questions, Path(work)))
    print(json.dumps(asdict(row)) if chosen.json else _table(row))
    return 0


if __name__ == "__main__":
    sys.exit(main())
