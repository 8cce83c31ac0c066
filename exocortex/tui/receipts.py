"""Receipts on the screen: read, told as text, and an answer kept as a note."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from threading import Event as StopEvent

from textual.message import Message
from textual.message_pump import MessagePump

from exocortex.core.receipts import Checked, SourceNow
from exocortex.core.service import CortexPort
from exocortex.tui.desk import Desk

_STATES = {"same": "", "moved": "moved since", "changed": "changed since", "gone": "not found any more"}


@dataclass
class ReceiptRead(Message):
    """A receipt came back."""

    checked: Checked


@dataclass
class Kept(Message):
    """An answer became a note, or waits to."""

    told: str


def read_receipt(desk: Desk, target: MessagePump, receipt: str) -> None:
    """Post a receipt, and what became of its sources."""

    def work(cortex: CortexPort, _: StopEvent) -> Iterable[Message]:
        yield ReceiptRead(cortex.receipts.check(receipt))

    desk.lane("acts", queues=True).give(target, work)


def save_note(desk: Desk, target: MessagePump, receipt: str) -> None:
    """Make a note of an answer, and post where it is."""

    def work(cortex: CortexPort, _: StopEvent) -> Iterable[Message]:
        from exocortex.saving import save_answer

        captured = save_answer(desk.config, cortex.receipts.check(receipt).receipt, desk.now())
        where = f"Saved: {captured.path}" if captured.delivered else f"Kept in the journal: {captured.reason}"
        yield Kept(where)

    desk.lane("acts", queues=True).give(target, work)


def receipt_text(desk: Desk, checked: Checked) -> str:
    """A receipt for people, its prompt to the letter."""
    receipt = checked.receipt
    rows = [
        f"receipt   {receipt.id}",
        f"asked     {receipt.question}  ({desk.clock(receipt.at)})",
        f"searched  {receipt.query}{f'  scope {receipt.scope}' if receipt.scope else ''}",
        f"engine    {receipt.engine}  {receipt.fingerprint[:12]}".rstrip(),
        f"took      {receipt.seconds:.1f} s, confidence {receipt.confidence:.2f}",
    ]
    if receipt.sampling is not None:
        rows.append(f"sampling  temperature {receipt.sampling.temperature:g}, seed {receipt.sampling.seed}")
    if receipt.left_out:
        rows.append(f"left out  {receipt.left_out} passages, for lack of room")
    return "\n".join([*rows, "", "# Sources", "", *_sources(checked.sources), *_prompt(checked)])


def _sources(sources: Iterable[SourceNow]) -> Iterator[str]:
    for source in sources:
        anchor = source.anchor
        path = source.path.partition(":")[2] or anchor.path
        yield f"{anchor.number}  {path}:{source.first_line or anchor.first_line}  {_STATES[source.state]}".rstrip()
        yield f"   {anchor.quote}"
        yield from (f"   {line}" for line in source.difference.split("\n")[2:] if source.difference)


def _prompt(checked: Checked) -> Iterator[str]:
    for turn in checked.receipt.prompt:
        yield from ("", f"# {turn.role}", "", turn.text)
    if checked.receipt.written:
        yield from ("", "# written", "", checked.receipt.written)
