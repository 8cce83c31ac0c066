"""`exo receipt` and `exo replay`: what an answer was made from, and whether it would be made again."""

from __future__ import annotations

import re

import click

from exocortex.cli.arguments import Command, json_option, pass_face
from exocortex.cli.console import Span
from exocortex.cli.face import DONE, INTERRUPTED, NOTHING, Face
from exocortex.cli.index import stopping
from exocortex.core.counting import counted
from exocortex.core.events import Replayed
from exocortex.core.receipts import Checked, Receipt, SourceNow
from exocortex.core.wire import document

_SHA256 = re.compile("[0-9a-f]{64}")
_SHOWN = 10
"""Characters of an id that tell receipts apart, unless two were made in one millisecond."""
_STATES = {"same": "", "moved": "moved", "changed": "source changed", "gone": "source gone"}


@click.command("receipt", cls=Command)
@click.argument("receipt", required=False)
@click.option("--prompt", is_flag=True, help="Print what the model was given, to the letter.")
@json_option
@pass_face
def receipt_command(face: Face, receipt: str | None, prompt: bool, as_json: bool) -> int:
    """What an answer was made from, and what became of its sources; alone, the newest receipts.

    \b
    exo receipt
    exo receipt 01HF7Y

    RECEIPT is an id or its beginning. Exit code 1 if a source changed or is gone since.
    """
    with face.cortex() as cortex:
        if receipt is None:
            receipts = cortex.receipts.recent()
            if not as_json:
                paint_receipts(face, receipts)
            for one in receipts if as_json else ():
                face.console.json(document(one))
            return DONE
        found = cortex.receipts.check(receipt)
    if as_json:
        face.console.json(document(found))
    elif prompt:
        for turn in found.receipt.prompt:
            face.console.line(Span(f"{turn.role}:", "strong"))
            for line in turn.text.split("\n"):
                face.console.line(Span(line))
    else:
        paint_receipt(face, found)
    return NOTHING if any(one.state in ("changed", "gone") for one in found.sources) else DONE


@click.command("replay", cls=Command)
@click.argument("receipt")
@json_option
@pass_face
def replay_command(face: Face, receipt: str, as_json: bool) -> int:
    """Give the same model the same prompt again, and compare.

    \b
    exo replay 01HF7Y

    Exit code 1 if it says something else.
    """
    last = None
    with face.cortex() as cortex, stopping(face.console, "Stopped.") as stop, face.console.prose() as prose:
        for event in cortex.receipts.replay(receipt, stop=stop):
            if isinstance(event, Replayed):
                last = event
            elif not as_json:
                prose.add(event.text)
    if stop.is_set() or last is None:
        return INTERRUPTED
    if as_json:
        face.console.json(document(last))
    else:
        other = "" if last.same_model else ", by another model than then"
        face.console.notice(
            Span(f"The same as then{other}." if last.same else f"Not the same as then{other}.", "strong")
        )
    return DONE if last.same else NOTHING


def paint_receipt(face: Face, found: Checked) -> None:
    """A receipt for people."""
    receipt = found.receipt
    sampled = receipt.sampling
    rows = [
        ("receipt", receipt.id),
        ("asked", f"{receipt.question}  ({face.clock(receipt.at)})"),
        ("searched", receipt.query + (f"  scope {receipt.scope}" if receipt.scope else "")),
        ("engine", f"{receipt.engine}  {_fingerprint(receipt)}".rstrip()),
        ("took", f"{receipt.seconds:.1f} s, confidence {receipt.confidence:.2f}"),
    ]
    if sampled is not None:
        rows.append(
            ("sampling", f"temperature {sampled.temperature:g}, seed {sampled.seed}, {sampled.most_tokens} tokens")
        )
    if receipt.left_out:
        rows.append(("left out", f"{counted(receipt.left_out, 'passage')}, for lack of room"))
    face.console.rows([[Span(name, "faint"), Span(text)] for name, text in rows])
    if found.sources:
        face.console.line()
    for source in found.sources:
        _paint_source(face, source)


def _fingerprint(receipt: Receipt) -> str:
    """Which model it was: a file by its digest, one on a server by where that is."""
    if _SHA256.fullmatch(receipt.fingerprint):
        return f"sha256 {receipt.fingerprint[:12]}"
    return f"at {receipt.fingerprint}" if receipt.fingerprint else ""


def _paint_source(face: Face, source: SourceNow) -> None:
    anchor = source.anchor
    state = _STATES[source.state]
    first = source.first_line or anchor.first_line
    path = source.path.partition(":")[2] or anchor.path
    spans = [Span(f"{path}:{first}", "accent"), Span(f" {anchor.title}"), Span(f"  {state}".rstrip(), "warning")]
    face.console.line(*spans, lead=[Span(f"{anchor.number} ", "faint")])
    for line in source.difference.split("\n")[2:] if source.difference else ():
        face.console.line(Span(line, "faint"), lead=[Span("    ")])


def paint_receipts(face: Face, receipts: list[Receipt]) -> None:
    """One a line; their ids are whole where a script may read them."""
    shown = _SHOWN if face.console.tty else None
    rows = [
        [
            Span(one.id[:shown], "accent"),
            Span(face.clock(one.at), "faint"),
            Span(one.engine, "faint"),
            Span(one.question),
        ]
        for one in receipts
    ]
    face.console.rows(rows)
    if not rows:
        face.console.notice(Span("No answers yet. Ask something: exo ask", "faint"))
