"""Shown: an answer as the screen has it, whether it was just given or is one of an earlier day, from its receipt."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from exocortex.core.answers import Answer, Citation, Coverage, Sentence
from exocortex.core.notes import NoteRef
from exocortex.tui.engines import QUOTING

if TYPE_CHECKING:
    from exocortex.core.receipts import Anchor, Receipt
    from exocortex.tui.desk import Desk

_CODE = re.compile(r"^(`{3,}|~{3,})[^\n]*\n(.*?)^\1", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True, slots=True)
class Shown:
    """All that is told of an answer, and what can be done with it."""

    engine: str
    sentences: tuple[Sentence, ...]
    sources: tuple[Citation, ...]
    """What stands beside it: what it cites, or the nearest notes if it has nothing to say."""
    written: str
    """What a model wrote, as it wrote it."""
    failed: bool
    """The model broke off; what is told is quoted."""
    silence: str
    """What is said in the place of an answer; empty if there is one."""
    notices: tuple[str, ...]
    foot: str
    """How it came about, how much was looked at and when."""
    receipt: str | None
    is_past: bool
    """Of an earlier day: its sources may have moved since."""

    @property
    def code(self) -> str | None:
        """The last block of code in it."""
        blocks = _CODE.findall(self.written)
        return blocks[-1][1] if blocks else None


def given(desk: Desk, answer: Answer) -> Shown:
    """An answer that just came."""
    return Shown(
        engine=answer.engine,
        sentences=answer.sentences,
        sources=_beside(answer),
        written=answer.written,
        failed=answer.failed,
        silence=answer.silence if answer.abstained else "",
        notices=tuple(_notices(answer)),
        foot=covered(desk, answer.coverage, answer.engine),
        receipt=answer.receipt,
        is_past=False,
    )


def kept(desk: Desk, receipt: Receipt) -> Shown:
    """An answer of an earlier day."""
    cited = {number for sentence in receipt.sentences for number in sentence.citations}
    return Shown(
        engine=receipt.engine,
        sentences=receipt.sentences,
        sources=tuple(_source(desk, one) for one in receipt.passages if one.number in cited),
        written=receipt.written,
        failed=receipt.engine == QUOTING and bool(receipt.written),
        silence=receipt.silence if receipt.abstained else "",
        notices=(),
        foot=f"{_how(receipt.engine)} · {desk.clock(receipt.at)}",
        receipt=receipt.id,
        is_past=True,
    )


def copied(desk: Desk, shown: Shown) -> str:
    """Its sentences with their numbers, and where those lead."""
    said = [f"{one.text} {''.join(f'[{n}]' for n in one.citations)}".rstrip() for one in shown.sentences]
    sources = [f"[{one.number}] {desk.place(one.note)}:{one.first_line}" for one in shown.sources]
    return "\n".join([*said, "", *sources])


def covered(desk: Desk, coverage: Coverage, engine: str) -> str:
    """`quoted from your notes · searched 34 of 34 notes · as of 14:05`."""
    parts = (
        _how(engine),
        f"searched {coverage.searched:,} of {coverage.notes:,} notes",
        f"as of {desk.clock(coverage.as_of)}",
        f"{coverage.pending:,} pending" if coverage.pending else "",
        f"{coverage.embedding:,} by words only so far" if coverage.embedding else "",
        f"{coverage.skipped:,} skipped" if coverage.skipped else "",
    )
    return " · ".join(filter(None, parts))


def _how(engine: str) -> str:
    return "quoted from your notes" if engine == QUOTING else engine


def _beside(answer: Answer) -> tuple[Citation, ...]:
    if answer.citations or not answer.abstained:
        return answer.citations
    return tuple(
        Citation(at, hit.note, hit.file, hit.chunk.first_line, hit.chunk.last_line, hit.snippet.text)
        for at, hit in enumerate(answer.hits, start=1)
    )


def _notices(answer: Answer) -> Iterator[str]:
    yield from answer.notices
    if answer.dropped:
        yield f"{answer.dropped} citations of passages the model was not given were left out."


def _source(desk: Desk, anchor: Anchor) -> Citation:
    note = NoteRef(anchor.note, anchor.folder, anchor.path, anchor.title, None)
    file = next((str(one.root / anchor.path) for one in desk.config.folders if one.name == anchor.folder), "")
    return Citation(anchor.number, note, file, anchor.first_line, anchor.last_line, anchor.quote)
