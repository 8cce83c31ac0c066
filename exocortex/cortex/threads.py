"""Conversations: questions that build on each other, each answered from the notes and kept with its receipt."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from pathlib import Path
from threading import Event as StopEvent
from typing import TYPE_CHECKING

from exocortex.config.roles import Role, read_role
from exocortex.core.errors import UsageError
from exocortex.core.events import Answered, Answering, Asked
from exocortex.core.receipts import Exchange, Thread
from exocortex.core.turns import Turn
from exocortex.cortex.answers import QUOTES, Answers, Ask, new_id
from exocortex.language_models import usable
from exocortex.storage.archive import Archive

if TYPE_CHECKING:
    from exocortex.core.ports import LanguageModel

REMEMBERED = 4
"""Exchanges before a question that a model is shown."""

_TITLE = 60


class Threads:
    """Conversations."""

    def __init__(
        self, home: Path, answers: Answers, archive: Archive, model: Callable[[str], LanguageModel | None]
    ) -> None:
        self._home = home
        self._answers = answers
        self._archive = archive
        self._model = model

    def say(
        self,
        question: str,
        *,
        thread: str = "",
        instead: bool = False,
        scope: str = "",
        role: str = "",
        engine: str = "",
        stop: StopEvent | None = None,
    ) -> Iterator[Answering]:
        """Ask within a conversation, or begin one; `instead` of its last question."""
        if not question.strip():
            raise UsageError("There is no question.", "Type one.")
        stop = stop or StopEvent()
        at, played, scope = self._taken_up(thread, role, scope)
        before = self._archive.exchanges(at.id) if at else []
        before = before[:-1] if instead else before
        engine = engine or played.engine
        history = _history(before)
        query = self._in_full(question, before, history, engine, stop)
        at = at or self._begun(question, scope, played.name)
        yield Asked(at.id, query)
        asked = Ask(question, query, scope, False, engine, history, played.instructions)
        for event in self._answers.follow(asked, stop):
            if isinstance(event, tuple):
                answer, receipt = event
                parent = before[-1].id if before else None
                self._archive.add(Exchange(new_id(), at.id, parent, question, receipt))
                yield Answered(answer)
            else:
                yield event

    def check(self, *, thread: str = "", scope: str = "", role: str = "", engine: str = "") -> None:
        """Raise what a question with these would raise for them."""
        _, played, scope = self._taken_up(thread, role, scope)
        self._answers.check(scope, engine or played.engine)

    def search(self, words: str = "") -> list[Thread]:
        """All of them, or those with these words in them, the one last added to first."""
        return self._archive.threads(words)

    def show(self, thread: str) -> list[Exchange]:
        """What was said in one."""
        return self._archive.exchanges(self._archive.thread(thread).id)

    def rename(self, thread: str, title: str) -> None:
        """Give it another title."""
        title = " ".join(title.split())
        if not title:
            raise UsageError("There is no title.", "Type one.")
        self._archive.rename(self._archive.thread(thread).id, title)

    def delete(self, thread: str) -> None:
        """It and all that was said in it, receipts included."""
        self._archive.delete(self._archive.thread(thread).id)

    def _taken_up(self, thread: str, role: str, scope: str) -> tuple[Thread | None, Role, str]:
        """The conversation if it has begun, its role, and the filters of both."""
        at = self._archive.thread(thread) if thread else None
        played = self._played(role or (at.role if at else ""))
        return at, played, " ".join(filter(None, (scope or (at.scope if at else ""), played.scope)))

    def _played(self, role: str) -> Role:
        return read_role(self._home, role) if role else Role("")

    def _begun(self, question: str, scope: str, role: str) -> Thread:
        title = " ".join(question.split())
        title = title if len(title) <= _TITLE else f"{title[:_TITLE].rstrip()}…"
        thread = Thread(new_id(), title, scope, role, datetime.now().astimezone(), 0)
        self._archive.begin(thread)
        return thread

    def _in_full(
        self, question: str, before: Sequence[Exchange], history: Sequence[Turn], engine: str, stop: StopEvent
    ) -> str:
        """The question so that it can be searched for; the model's own words for it where they are of use."""
        from exocortex.answering.following import carried, rewritten

        full = carried(question, [one.question for one in before])
        model, _ = (None, "") if engine in QUOTES else usable(self._model, engine)
        if full == question or model is None:
            return full
        return rewritten(question, history, model, stop) or full


def _history(before: Sequence[Exchange]) -> tuple[Turn, ...]:
    """The last exchanges as turns; what was quoted counts as said."""
    turns: list[Turn] = []
    for one in before[-REMEMBERED:]:
        said = one.receipt.written or " ".join(sentence.text for sentence in one.receipt.sentences)
        turns += [Turn("user", one.question), Turn("assistant", said or one.receipt.silence)]
    return tuple(turns)
