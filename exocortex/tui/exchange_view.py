"""ExchangeView: a question and its answer: as it is written, then checked sentence by sentence."""

from __future__ import annotations

import re
import secrets
from collections.abc import Iterator
from typing import TYPE_CHECKING

from textual.app import ComposeResult
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import Static

from exocortex.core.answers import Sentence, Support
from exocortex.tui import safe
from exocortex.tui.engines import QUOTING
from exocortex.tui.marking import MARKS, marked
from exocortex.tui.reply_view import ReplyView

if TYPE_CHECKING:
    from exocortex.tui.desk import Desk
    from exocortex.tui.shown import Shown

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
        self.shown: Shown | None = None
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

    def end(self, shown: Shown) -> None:
        """The answer as a whole, checked."""
        self.shown = shown
        reply, checked = self.query_one(ReplyView), self.query_one(".answer", Static)
        keeps = bool(shown.written) and not shown.failed and _FORMATTED.search(shown.written) is not None
        reply.display = keeps
        checked.set_class(keeps, "verdicts")
        if keeps and len(shown.written) <= MOST_LIVE:
            reply.show(*marked(safe.plain(shown.written), shown.sentences, secrets.token_hex(8)))
        checked.update(Content("\n").join(verdicts(shown) if keeps else told(shown)))
        checked.display = True
        below = [*(safe.line(notice, "$warning") for notice in shown.notices), safe.line(shown.foot, "$muted")]
        self.query_one(".below", Static).update(Content("\n").join(below))

    def fail(self, message: str) -> None:
        """There is no answer."""
        self.query_one(".below", Static).update(safe.line(message, "$error"))


def told(shown: Shown) -> Iterator[Content]:
    """The sentences, each with what it cites and how well that bears it out."""
    if shown.failed and shown.written:
        yield safe.line("The model broke off. Your notes say:", "$warning")
    if shown.silence:
        yield safe.line(shown.silence, "bold")
        if shown.sources:
            yield safe.line("The nearest notes stand beside.", "$muted")
        return
    for sentence in shown.sentences:
        yield _sentence(sentence, shown.engine)


def verdicts(shown: Shown) -> Iterator[Content]:
    """What isn't borne out, below an answer that keeps its form."""
    doubted = [one for one in shown.sentences if one.support is not Support.SUPPORTED]
    if not doubted:
        yield safe.line("✓ every sentence is supported by what it cites", "$accent")
    for sentence in doubted:
        yield _sentence(sentence, shown.engine)


def _sentence(sentence: Sentence, engine: str) -> Content:
    text = safe.line(" ".join(sentence.text.split()))
    numbers = "".join(f"[{number}]" for number in sentence.citations)
    words, colour = VERDICTS[sentence.support]
    mark = MARKS[sentence.support] + words
    why = f": {'; '.join(sentence.reasons)}" if sentence.reasons else ""
    shown = "" if engine == QUOTING else f"  {mark}{why}"
    return safe.joined(text, safe.line(f" {numbers}" if numbers else "", "$secondary"), safe.line(shown, colour))
