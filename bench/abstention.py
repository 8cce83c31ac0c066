"""When "not in your notes" is said: `python -m bench.abstention FILE [--others FILE] [--own] [--limit N] [--json]`.

FILE is a question set in SQuAD's format. Each paragraph becomes a note, in a folder of its article. Every answerable
question is asked through the real pipeline with all notes there, then with a scope that leaves out the note that
answers it, then one that leaves out its whole article. `--others` is another set, whose questions these notes don't
answer. `--own` asks each question of its own article only, for sets that ask the same of every article. Printed is
what is refused at the shipped thresholds and at others, and AUROC: the probability that a question gets a higher
confidence while its note is there. Nothing is fitted here; tools/fit_answering.py prints the same table of the vaults
that the thresholds were chosen on.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from bench.answers import Question, as_question, auroc, holds
from exocortex.answering.composing import WORTH_ASKING
from exocortex.answering.weights import THRESHOLD
from exocortex.bootstrap import open_cortex
from exocortex.config import Config, Folder
from exocortex.cortex import Cortex

STEPS = (0.05, 0.1, 0.15, 0.2, 0.25, 0.3, 0.35, 0.4, 0.45, 0.5)
GOAL = 0.85
"""Of AUROC, with the note there against without it."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A question, and the path of the note that answers it."""

    question: Question
    note: str

    @property
    def article(self) -> str:
        """The folder of its article."""
        return f"{self.note.partition('/')[0]}/"


@dataclass(frozen=True, slots=True)
class Way:
    """A way to ask all questions: what is left out of the notes, and what they are."""

    name: str
    asked: Sequence[Asked]
    scopes: Sequence[str]
    """One a question."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What the engine made of a question."""

    confidence: float
    right: bool
    """A shown sentence holds an accepted answer."""


@dataclass(frozen=True, slots=True)
class Row:
    """One way's figures, shares 0..1."""

    way: str
    questions: int
    refused: float
    """At the shipped threshold."""
    right: float
    """A shown sentence holds an accepted answer; without its note, one from elsewhere or by chance."""
    unasked: float
    """No language model would be asked."""
    auroc: float | None
    """Of the confidence, all notes there against this way; None for the former itself."""
    below: tuple[float, ...]
    """Refused at each of the other thresholds."""


def read(file: Path) -> tuple[dict[str, str], list[Asked]]:
    """Paragraphs as notes by path, equal ones as one, and the answerable questions."""
    notes: dict[str, str] = {}
    paths: dict[str, str] = {}
    questions = []
    for number, article in enumerate(json.loads(file.read_text("utf-8"))["data"], start=1):
        title = str(article.get("title") or f"Text {number}").replace("_", " ")
        for paragraph in article["paragraphs"]:
            text = str(paragraph["context"]).strip()
            path = paths.setdefault(text, f"a{number:04d}/p{len(notes):05d}.md")
            notes[path] = f"# {title}\n\n{text}\n"
            questions += [Asked(as_question(one), path) for one in paragraph["qas"]]
    return notes, [one for one in questions if one.question.accepted]


def drawn(questions: Sequence[Asked], limit: int) -> list[Asked]:
    """At most so many, evenly."""
    return list(questions[:: -(-len(questions) // limit)] if 0 < limit < len(questions) else questions)


def ways(notes: dict[str, str], asked: Sequence[Asked], others: Sequence[Asked], own: bool) -> Iterator[Way]:
    """All notes there first; an article that is one note isn't left out twice."""
    within = [f"path:{one.article}" if own else "" for one in asked]
    yield Way("with its note", asked, within)
    left_out = [f"{scope} -path:{one.note}".strip() for scope, one in zip(within, asked, strict=True)]
    yield Way("without its note", asked, left_out)
    if not own and len({path.partition("/")[0] for path in notes}) < len(notes):
        yield Way("without its article", asked, [f"-path:{one.article}" for one in asked])
    if others:
        yield Way("about something else", others, [""] * len(others))


def ask_all(notes: dict[str, str], asked: Sequence[Way], work: Path) -> list[list[Outcome]]:
    """Index the notes in `work` and ask everything, each way in turn."""
    root, home = work / "notes", work / "home"
    home.mkdir(mode=0o700)
    for path, text in notes.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text, "utf-8", newline="")
    with open_cortex(Config(home=home.resolve(), folders=(Folder("bench", root.resolve()),))) as cortex:
        for _ in cortex.index.run():
            pass
        return [list(_outcomes(cortex, way)) for way in asked]


def _outcomes(cortex: Cortex, way: Way) -> Iterator[Outcome]:
    print(f"{way.name}: {len(way.asked)} questions", file=sys.stderr, flush=True)
    for one, scope in zip(way.asked, way.scopes, strict=True):
        answer = cortex.answers.ask(one.question.text, literal=True, scope=scope, engine="extractive")
        yield Outcome(answer.confidence, any(holds(sentence.text, one.question) for sentence in answer.sentences))


def figures(asked: Sequence[Way], found: Sequence[Sequence[Outcome]]) -> list[Row]:
    """A row for each way."""
    confidences = [[one.confidence for one in outcomes] for outcomes in found]
    return [
        Row(
            way=way.name,
            questions=len(outcomes),
            refused=_below(values, THRESHOLD),
            right=sum(one.right for one in outcomes) / (len(outcomes) or 1),
            unasked=_below(values, WORTH_ASKING),
            auroc=auroc(confidences[0], values) if place else None,
            below=tuple(_below(values, step) for step in STEPS),
        )
        for place, (way, outcomes, values) in enumerate(zip(asked, found, confidences, strict=True))
    ]


def _below(confidences: Sequence[float], threshold: float) -> float:
    return sum(one < threshold for one in confidences) / (len(confidences) or 1)


def _table(name: str, notes: int, rows: Sequence[Row]) -> str:
    heads = "".join(f"{row.way:>22}" for row in rows)
    lines = [
        (f"refused, below {THRESHOLD:.2f}", [f"{row.refused:.3f}" for row in rows]),
        ("an accepted answer shown", [f"{row.right:.3f}" for row in rows]),
        (f"no model asked, below {WORTH_ASKING:.2f}", [f"{row.unasked:.3f}" for row in rows]),
        (f"AUROC, goal {GOAL:.2f}", ["-" if row.auroc is None else f"{row.auroc:.3f}" for row in rows]),
        *((f"below {step:.2f}", [f"{row.below[place]:.3f}" for row in rows]) for place, step in enumerate(STEPS)),
    ]
    title = f"{name}: {notes:,} notes, {rows[0].questions:,} questions"
    cells = [f"  {label:<28}" + "".join(f"{value:>22}" for value in values) for label, values in lines]
    return "\n".join([title, f"{'':<30}{heads}", *cells])


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the figures of one file."""
    parser = argparse.ArgumentParser(prog="python -m bench.abstention", description=(__doc__ or "").split("\n\n")[0])
    parser.add_argument("file", type=Path, help="question set in SQuAD's format")
    parser.add_argument("--others", type=Path, help="another set, whose questions these notes don't answer")
    parser.add_argument("--own", action="store_true", help="ask each question of its own article only")
    parser.add_argument("--limit", type=int, default=0, help="ask at most this many questions of each kind")
    parser.add_argument("--json", action="store_true", help="a JSON object a line instead of a table")
    chosen = parser.parse_args(arguments)
    notes, questions = read(chosen.file)
    others = drawn(read(chosen.others)[1], chosen.limit) if chosen.others else []
    asked = list(ways(notes, drawn(questions, chosen.limit), others, chosen.own))
    with tempfile.TemporaryDirectory() as work:
        rows = figures(asked, ask_all(notes, asked, Path(work)))
    if chosen.json:
        print("\n".join(json.dumps({"set": chosen.file.stem, "notes": len(notes), **asdict(row)}) for row in rows))
    else:
        print(_table(chosen.file.stem, len(notes), rows))
    return 0


if __name__ == "__main__":
    sys.exit(main())
