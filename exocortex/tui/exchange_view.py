"""ExchangeView: a question and its answer: as it is written, then checked sentence by sentence."""

from __future__ import annotations

import re
import secrets
from collections.abc import Iterator, Sequence

from textual.app import ComposeResult
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import Static

from exocortex.core.answers import Answer, Coverage, Sentence, Support
from exocortex.core.receipts import Exchange
from exocortex.tui import safe
from exocortex.tui.desk import Desk
from exocortex.tui.engines import QUOTING
from exocortex.tui.marking import MARKS, marked
from exocortex.tui.reply_view import ReplyView

VERDICTS = {
    Support.SUPPORTED: ("", "$accent"),
    Support.WEAK: (" weakly supported", "$warning"),
    Support.UNSUPPORTED: (" not supported", "$error"),
}
MOST_LIVE = 32_000
"""Characters of an answer that are painted while it is written; the rest comes with the whole of it."""

_FORMATTED = re.compile(r"^\s*(?:```|~~~|\||#{1,6}\s)", re.MULTILINE)
"""What sentences alone would lose: code, tables, headings."""


class ExchangeView(Vertical):
    """One exchange of a conversation."""

    def __init__(self, desk: Desk, question: str) -> None:
        super().__init__(classes="exchange")
        self.desk = desk
        self.question = question
        self.answer: Answer | None = None
        self.written = ""

    def compose(self) -> ComposeResult:
        """Question above, what it was made into, the answer, and what stands below it."""
        yield Static(safe.joined(safe.line("❯ ", "$accent"), safe.line(self.question, "bold")), classes="question")
        yield Static(classes="query")
        yield ReplyView(classes="written")
        yield Static(classes="answer")
        yield Static(safe.line("searching …", "$muted"), classes="below")

    def on_mount(self) -> None:
        """Only what there is takes room."""
        for name in (".query", ".written", ".answer"):
            self.query_one(name).display = False

    def searched_for(self, query: str) -> None:
        """Tell what the question was made into."""
        line = self.query_one(".query", Static)
        line.update(safe.line(f"searched for: {query}", "$muted"))
        line.display = True

    def begin(self, sources: int, dropped: int) -> None:
        """Passages are there; the words come."""
        gone = f", {dropped} had no room" if dropped else ""
        told = f"{sources} passages to read{gone} … Esc stops" if sources else "…"
        self.query_one(".below", Static).update(safe.line(told, "$muted"))

    def write(self, text: str) -> None:
        """Go on with the words."""
        reply = self.query_one(ReplyView)
        reply.display = True
        if len(self.written) < MOST_LIVE:
            reply.write(text)
        if not self.written:
            self.query_one(".below", Static).update(safe.line("writing … Esc stops", "$muted"))
        self.written += text

    def end(self, answer: Answer) -> None:
        """The answer as a whole, checked."""
        self.answer = answer
        reply, checked = self.query_one(ReplyView), self.query_one(".answer", Static)
        keeps = bool(answer.written) and not answer.failed and _FORMATTED.search(answer.written) is not None
        reply.display = keeps
        checked.set_class(keeps, "verdicts")
        if keeps and len(answer.written) <= MOST_LIVE:
            reply.show(*marked(safe.plain(answer.written), answer.sentences, secrets.token_hex(8)))
        checked.update(Content("\n").join(verdicts(answer) if keeps else told(answer)))
        checked.display = True
        self.query_one(".below", Static).update(Content("\n").join(_below(self.desk, answer)))

    def fail(self, message: str) -> None:
        """There is no answer."""
        self.query_one(".below", Static).update(safe.line(message, "$error"))

    def show_kept(self, exchange: Exchange) -> None:
        """An exchange of an earlier day, from its receipt."""
        receipt = exchange.receipt
        lines = [_sentence(one, receipt.engine) for one in receipt.sentences] or [safe.line(_NOTHING, "bold")]
        checked = self.query_one(".answer", Static)
        checked.update(Content("\n").join(lines))
        checked.display = True
        when = f"{self.desk.clock(receipt.at)} · {receipt.engine}"
        self.query_one(".below", Static).update(safe.line(when, "$muted"))


_NOTHING = "Not in your notes."


def told(answer: Answer) -> Iterator[Content]:
    """The sentences, each with what it cites and how well that bears it out."""
    if answer.failed and answer.written:
        yield safe.line("The model broke off. Your notes say:", "$warning")
    if answer.abstained:
        yield safe.line(_NOTHING, "bold")
        if answer.hits:
            yield safe.line("The nearest notes stand beside.", "$muted")
        return
    for sentence in answer.sentences:
        yield _sentence(sentence, answer.engine)


def verdicts(answer: Answer) -> Iterator[Content]:
    """What isn't borne out, below an answer that keeps its form."""
    doubted = [one for one in answer.sentences if one.support is not Support.SUPPORTED]
    if not doubted:
        yield safe.line("✓ every sentence is supported by what it cites", "$accent")
    for sentence in doubted:
        yield _sentence(sentence, answer.engine)


def _sentence(sentence: Sentence, engine: str) -> Content:
    text = safe.line(" ".join(sentence.text.split()))
    numbers = "".join(f"[{number}]" for number in sentence.citations)
    words, colour = VERDICTS[sentence.support]
    mark = MARKS[sentence.support] + words
    why = f": {'; '.join(sentence.reasons)}" if sentence.reasons else ""
    shown = "" if engine == QUOTING else f"  {mark}{why}"
    return safe.joined(text, safe.line(f" {numbers}" if numbers else "", "$secondary"), safe.line(shown, colour))


def _below(desk: Desk, answer: Answer) -> Iterator[Content]:
    for notice in answer.notices:
        yield safe.line(notice, "$warning")
    if answer.dropped:
        yield safe.line(f"{answer.dropped} citations of passages the model was not given were left out.", "$warning")
    yield safe.line(covered(desk, answer.coverage, answer.engine), "$muted")


def covered(desk: Desk, coverage: Coverage, engine: str) -> str:
    """`quoted · searched 34 of 34 notes · as of 14:05`."""
    how = "quoted from your notes" if engine == QUOTING else engine
    parts: Sequence[str] = (
        how,
        f"searched {coverage.searched:,} of {coverage.notes:,} notes",
        f"as of {desk.clock(coverage.as_of)}",
        f"{coverage.pending:,} pending" if coverage.pending else "",
        f"{coverage.embedding:,} by words only so far" if coverage.embedding else "",
        f"{coverage.skipped:,} skipped" if coverage.skipped else "",
    )
    return " · ".join(filter(None, parts))
