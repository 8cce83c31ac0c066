"""Receipts on the screen: read, told as text, and an answer kept as a note."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from threading import Event as StopEvent
from typing import TYPE_CHECKING

from textual.message import Message
from textual.message_pump import MessagePump

from exocortex.core.notes import NoteRef
from exocortex.tui.messages import OpenNote

if TYPE_CHECKING:
    from exocortex.core.receipts import Checked, SourceNow
    from exocortex.core.service import CortexPort
    from exocortex.tui.desk import Desk

_STATES = {"same": "", "moved": "moved since", "changed": "changed since", "gone": "not found any more"}


@dataclass
class ReceiptRead(Message):
    """A receipt came back."""

    checked: Checked


@dataclass
class Told(Message):
    """What came of what was wanted: an answer became a note, or a source is nowhere any more."""

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
        yield Told(where)

    desk.lane("acts", queues=True).give(target, work)


def open_source(desk: Desk, target: MessagePump, receipt: str, number: int) -> None:
    """Ask for a source of an earlier answer to be read, where it stands by now."""

    def work(cortex: CortexPort, _: StopEvent) -> Iterable[Message]:
        for source in cortex.receipts.check(receipt).sources:
            if source.anchor.number == number:
                yield _opening(source)

    desk.lane("acts", queues=True).give(target, work)


def _opening(source: SourceNow) -> Message:
    anchor = source.anchor
    if source.state == "gone":
        return Told(f"{anchor.path} isn't in your notes any more. What it said is in the receipt: v")
    folder, _, path = source.path.partition(":")
    return OpenNote(NoteRef(anchor.note, folder, path, anchor.title, None), source.first_line, source.last_line)


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
