"""Saving: an answer becomes a note, marked as written by a machine, with its sources; it is no evidence for others."""

from __future__ import annotations

from datetime import datetime

from exocortex.capturing import Captured, capture
from exocortex.config import Config
from exocortex.core.errors import UsageError
from exocortex.core.receipts import Receipt


def save_answer(config: Config, receipt: Receipt, now: datetime) -> Captured:
    """Make a note of an answer in the inbox; raises what `capture` raises, UsageError if there was no answer."""
    if not receipt.sentences:
        raise UsageError(f"There is no answer to keep: {receipt.silence}", "Ask something else.")
    return capture(config, note_of(receipt), now, fields=fields_of(receipt))


def note_of(receipt: Receipt) -> str:
    """An answer as the text of a note."""
    said = [f"{one.text} {''.join(f'[{number}]' for number in one.citations)}".rstrip() for one in receipt.sentences]
    sources = [
        f"[{one.number}] [[{one.path.removesuffix('.md')}]], line {one.first_line}: {one.quote}"
        for one in receipt.passages
    ]
    return "\n\n".join((f"# {receipt.question}", *said, "## Sources", *sources)) + "\n"


def fields_of(receipt: Receipt) -> dict[str, object]:
    """What marks such a note."""
    sources = sorted({f"{one.folder}:{one.path}" for one in receipt.passages})
    return {"machine-written": True, "engine": receipt.engine, "receipt": receipt.id, "sources": sources}
