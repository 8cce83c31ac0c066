"""When "not in your notes" is said: `python -m bench.abstention FILE [--others FILE] [--limit N] [--json]`.

FILE is a question set in SQuAD's format. Each paragraph becomes a note. Every answerable question is asked through the
real pipeline three times: with all notes; without the note that answers it, which a scope leaves out; and, of
`--others`, questions about something else are asked of these notes. Printed are the shares refused at the shipped
threshold, what other thresholds would do, and AUROC: the probability that a question gets a higher confidence while its
note is there. Nothing is fitted here.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from bench.answers import auroc
from exocortex.answering.composing import WORTH_ASKING
from exocortex.answering.weights import THRESHOLD
from exocortex.bootstrap import open_cortex
from exocortex.config import Config, Folder
from exocortex.cortex import Cortex

STEPS = (0.05, 0.1, 0.15, 0.2, 0.25, 0.3, 0.35, 0.4, 0.45, 0.5)


@dataclass(frozen=True, slots=True)
class Asked:
    """A question, and the note that answers it."""

    text: str
    note: str


@dataclass(frozen=True, slots=True)
class Confidences:
    """What the engine made of each question."""

    there: list[float]
    removed: list[float]
    others: list[float]


@dataclass(frozen=True, slots=True)
class Figures:
    """Shares of the questions, 0..1."""

    set: str
    notes: int
    questions: int
    others: int
    threshold: float
    refused_there: float
    refused_removed: float
    refused_others: float
    auroc_removed: float | None
    auroc_others: float | None
    gate: float
    """Confidence below which no language model is asked."""
    at: dict[str, tuple[float, float, float]]
    """Threshold: shares refused with the note there, with it removed, of others."""


def read(file: Path) -> tuple[dict[str, str], list[Asked]]:
    """Paragraphs as notes by name, equal ones as one, and the answerable questions."""
    notes: dict[str, str] = {}
    names: dict[str, str] = {}
    questions = []
    for number, article in enumerate(json.loads(file.read_text("utf-8"))["data"], start=1):
        title = str(article.get("title") or f"Text {number}").replace("_", " ")
        for paragraph in article["paragraphs"]:
            text = str(paragraph["context"]).strip()
            name = names.setdefault(text, f"p{len(notes):05d}.md")
            notes[name] = f"# {title}\n\n{text}\n"
            questions += [Asked(str(one["question"]), name) for one in paragraph["qas"] if _is_answerable(one)]
    return notes, questions


def _is_answerable(question: dict[str, Any]) -> bool:
    return bool(question["answers"]) and not question.get("is_impossible")


def drawn(questions: Sequence[Asked], limit: int) -> list[Asked]:
    """At most so many, evenly."""
    return list(questions[:: -(-len(questions) // limit)] if 0 < limit < len(questions) else questions)


def ask_all(notes: dict[str, str], questions: Sequence[Asked], others: Sequence[Asked], work: Path) -> Confidences:
    """Index the notes in `work` and ask everything."""
    root, home = work / "notes", work / "home"
    root.mkdir()
    home.mkdir(mode=0o700)
    for name, text in notes.items():
        (root / name).write_text(text, "utf-8", newline="")
    with open_cortex(Config(home=home.resolve(), folders=(Folder("bench", root.resolve()),))) as cortex:
        for _ in cortex.index.run():
            pass
        return Confidences(
            [_confidence(cortex, one.text) for one in _counted("with its note", questions)],
            [_confidence(cortex, one.text, f"-path:{one.note}") for one in _counted("without", questions)],
            [_confidence(cortex, one.text) for one in _counted("others", others)],
        )


def _confidence(cortex: Cortex, question: str, scope: str = "") -> float:
    return cortex.answers.ask(question, literal=True, scope=scope, engine="extractive").confidence


def _counted(what: str, questions: Sequence[Asked]) -> Sequence[Asked]:
    print(f"{what}: {len(questions)} questions", file=sys.stderr, flush=True)
    return questions


def figures(name: str, notes: int, found: Confidences) -> Figures:
    """The shares."""
    refused = (_refused(found.there, THRESHOLD), _refused(found.removed, THRESHOLD), _refused(found.others, THRESHOLD))
    return Figures(
        name,
        notes,
        len(found.there),
        len(found.others),
        THRESHOLD,
        *refused,
        auroc(found.there, found.removed),
        auroc(found.there, found.others),
        WORTH_ASKING,
        {
            f"{step:.2f}": (
                _refused(found.there, step),
                _refused(found.removed, step),
                _refused(found.others, step),
            )
            for step in STEPS
        },
    )


def _refused(confidences: Sequence[float], threshold: float) -> float:
    return sum(one < threshold for one in confidences) / (len(confidences) or 1)


def _table(row: Figures) -> str:
    lines = [
        f"{row.set}: {row.notes:,} notes, {row.questions:,} questions, {row.others:,} about something else",
        f"  AUROC, note there against note removed   {_or_dash(row.auroc_removed)}   (goal ≥ 0.85)",
        f"  AUROC, note there against others         {_or_dash(row.auroc_others)}",
        f"  answers are quoted from {row.threshold:.2f} on, a language model is asked from {row.gate:.2f} on",
        "  refused below   note there   note removed   others",
    ]
    lines += [f"  {step:<15} {a:<12.3f} {b:<14.3f} {c:.3f}" for step, (a, b, c) in row.at.items()]
    return "\n".join(lines)


def _or_dash(value: float | None) -> str:
    return "-" if value is None else f"{value:.3f}"


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the figures of one file."""
    parser = argparse.ArgumentParser(prog="python -m bench.abstention", description=(__doc__ or "").split("\n\n")[0])
    parser.add_argument("file", type=Path, help="question set in SQuAD's format")
    parser.add_argument("--others", type=Path, help="another set, whose questions these notes don't answer")
    parser.add_argument("--limit", type=int, default=0, help="ask at most this many questions of each kind")
    parser.add_argument("--json", action="store_true", help="one JSON object instead of a table")
    chosen = parser.parse_args(arguments)
    notes, questions = read(chosen.file)
    others = read(chosen.others)[1] if chosen.others else []
    with tempfile.TemporaryDirectory() as work:
        found = ask_all(notes, drawn(questions, chosen.limit), drawn(others, chosen.limit), Path(work))
    row = figures(chosen.file.stem, len(notes), found)
    print(json.dumps(asdict(row)) if chosen.json else _table(row))
    return 0


if __name__ == "__main__":
    sys.exit(main())
