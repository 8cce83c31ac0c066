"""How well answers are verified: `python -m bench.verify FILE... [--tune] [--json]`.

FILE is a question set in SQuAD's format, of which only the paragraphs are used. bench/planting.py makes true and false
sentences of them; flagged is what does not come back as supported. Recall is the share of a kind's falsehoods that are
flagged. Precision is that among as many true sentences as false ones, half of the true verbatim and half reworded, the
three rules weighing alike: recall / (recall + share of the true ones flagged). `--tune` prints the same for a ladder of
thresholds on the score instead; thresholds are chosen on the SQuADShifts sets alone.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from bench.planting import FALSEHOODS, VERBATIM, Case, cases, read
from bench.rewording import RULES
from exocortex.answering.verifying import SUPPORTED, Verdict, verify
from exocortex.assets import bundled
from exocortex.core.answers import Support
from exocortex.engines.onnx_embedder import OnnxEmbedder

SEED = 1
EACH = 250
LADDER = (0.3, 0.35, 0.4, 0.45, 0.5, 0.55, 0.6, 0.65, 0.7)
Judged = Sequence[tuple[Case, Verdict]]


@dataclass(frozen=True, slots=True)
class Row:
    """One kind of sentence."""

    kind: str
    true: bool
    count: int
    flagged: int
    precision: float | None
    """Of a kind of falsehood; None for true sentences."""
    unsupported: int
    """Flagged as unsupported, not only as weak."""

    @property
    def share(self) -> float:
        return self.flagged / (self.count or 1)


def judge(found: Sequence[Case], name: str) -> tuple[Judged, list[float]]:
    """Every case with its verdict, and the milliseconds each took."""
    embedder = OnnxEmbedder(bundled("models/all-MiniLM-L6-v2"), threads=1)
    embedder.embed(["A warm start."])
    judged, took = [], []
    for number, case in enumerate(found, start=1):
        began = time.perf_counter()
        judged.append((case, verify(case.sentence, case.cited, embedder)))
        took.append((time.perf_counter() - began) * 1000)
        if number % 100 == 0:
            print(f"\r{name} {number}/{len(found)}   ", end="", file=sys.stderr, flush=True)
    print("\r", end="", file=sys.stderr)
    return judged, took


def rows(judged: Judged, flagged: Callable[[Verdict], bool]) -> list[Row]:
    """The table: falsehoods by kind, then true sentences by rule."""
    verbatim = _share(judged, VERBATIM, flagged)
    reworded = sum(_share(judged, rule, flagged) for rule in RULES) / len(RULES)
    false_alarms = (verbatim + reworded) / 2
    table = []
    for kind in (*FALSEHOODS, VERBATIM, *RULES):
        mine = [verdict for case, verdict in judged if case.kind == kind]
        recall = _share(judged, kind, flagged)
        precision = recall / (recall + false_alarms) if kind in FALSEHOODS and recall else None
        unsupported = sum(verdict.support is Support.UNSUPPORTED for verdict in mine)
        table.append(Row(kind, kind not in FALSEHOODS, len(mine), sum(map(flagged, mine)), precision, unsupported))
    return table


def _share(judged: Judged, kind: str, flagged: Callable[[Verdict], bool]) -> float:
    mine = [verdict for case, verdict in judged if case.kind == kind]
    return sum(map(flagged, mine)) / (len(mine) or 1)


def _print_table(name: str, table: Sequence[Row], took: Sequence[float]) -> None:
    print(f"{name}\n  {'false':<22}  count  flagged  recall  precision  unsupported")
    for row in table:
        if row.kind == VERBATIM:
            print(f"  {'true':<22}  count  flagged  supported")
        if row.true:
            print(f"  {row.kind:<22}  {row.count:5}  {row.flagged:7}  {1 - row.share:9.3f}")
        else:
            precision = "-" if row.precision is None else f"{row.precision:.3f}"
            shares = f"{row.share:6.3f}  {precision:>9}  {row.unsupported:11}"
            print(f"  {row.kind:<22}  {row.count:5}  {row.flagged:7}  {shares}")
    ordered = sorted(took)
    p50, p95 = ordered[len(ordered) // 2], ordered[int(len(ordered) * 0.95)]
    print(f"  milliseconds a sentence: p50 {p50:.1f}, p95 {p95:.1f}, longest {ordered[-1]:.1f}")


def _print_ladder(name: str, judged: Judged) -> None:
    kinds = (*FALSEHOODS, VERBATIM, *RULES)
    print(
        f"{name}: share flagged below each threshold (now {SUPPORTED})\n  {'':<22}", *(f"{step:6}" for step in LADDER)
    )
    for kind in kinds:
        shares = [_share(judged, kind, lambda verdict, step=step: verdict.score < step) for step in LADDER]  # type: ignore[misc]
        print(f"  {kind:<22}", *(f"{share:6.3f}" for share in shares))


def _print_examples(judged: Judged, kind: str) -> None:
    for case, verdict in judged:
        if case.kind == kind and (verdict.support is Support.SUPPORTED) != case.true:
            print(f"- {case.original}\n  {case.sentence}\n  {verdict.score} {'; '.join(verdict.reasons)}")


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the figures of each file."""
    parser = argparse.ArgumentParser(prog="python -m bench.verify", description=(__doc__ or "").split("\n\n")[0])
    parser.add_argument("files", type=Path, nargs="+", metavar="FILE", help="question set in SQuAD's format")
    parser.add_argument("--tune", action="store_true", help="what other thresholds would flag")
    parser.add_argument("--json", action="store_true", help="one JSON object a file instead of tables")
    parser.add_argument("--wrong", metavar="KIND", help="print the sentences of this kind that were judged wrongly")
    chosen = parser.parse_args(arguments)
    for file in chosen.files:
        judged, took = judge(cases(read(file), EACH, SEED), file.stem)
        table = rows(judged, lambda verdict: verdict.support is not Support.SUPPORTED)
        if chosen.json:
            print(json.dumps({"schema": 1, "set": file.stem, "rows": [asdict(row) for row in table]}))
        elif chosen.tune:
            _print_ladder(file.stem, judged)
        elif chosen.wrong:
            _print_examples(judged, chosen.wrong)
        else:
            _print_table(file.stem, table, took)
    return 0


if __name__ == "__main__":
    sys.exit(main())
