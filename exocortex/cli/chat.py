"""`exo chat`: a conversation with the notes, a question a line; and the conversations there were."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

import click

from exocortex.cli.arguments import Command, engine_option, json_option, pass_face, scope_option
from exocortex.cli.ask import SUPPORT_MARKS, follow_answer, numbers_of
from exocortex.cli.asking import is_answered, typed
from exocortex.cli.console import Span
from exocortex.cli.face import DONE, Face
from exocortex.cli.index import stopping
from exocortex.cli.receipt import paint_receipt
from exocortex.core.answers import Answer
from exocortex.core.counting import counted
from exocortex.core.errors import ExocortexError, IndexStoreError, UsageError
from exocortex.core.events import Answering, Asked
from exocortex.core.receipts import Exchange, Thread
from exocortex.core.service import CortexPort
from exocortex.core.wire import document

_HELP = """\
/again            answer the last question once more
/edit QUESTION    ask this in the place of the last question
/scope FILTERS    only notes that match from now on; alone: all of them
/sources          what the last answer was made from
/save             make a note of the last answer
/title TITLE      call this conversation so
/new              begin another one
/quit             leave; nothing is lost"""


@click.command("chat", cls=Command)
@click.argument("words", nargs=-1)
@click.option("--thread", default="", metavar="ID", help="Go on with this conversation.")
@click.option("--role", default="", metavar="NAME", help="As roles/NAME.toml in the home says.")
@engine_option
@scope_option
@click.option("--list", "listed", is_flag=True, help="The conversations there were, or those with WORDS in them.")
@click.option("--show", "shown", metavar="ID", help="Print a conversation.")
@click.option("--delete", "deleted", metavar="ID", help="Delete a conversation, receipts included.")
@json_option
@pass_face
def chat_command(
    face: Face,
    words: tuple[str, ...],
    thread: str,
    role: str,
    engine: str,
    scope: str,
    listed: bool,
    shown: str | None,
    deleted: str | None,
    as_json: bool,
) -> int:
    """Talk with your notes: each line is a question, and may lean on what was said before.

    \b
    exo chat
    exo chat --thread 01HF --scope tag:work
    exo chat --list lease

    What a question was made into to be searched for is shown when it isn't what you typed. Type /help for more.
    """
    if words and not listed:
        raise click.UsageError("WORDS go with --list; to ask, type the question after: exo chat")
    with face.cortex() as cortex:
        if listed:
            _list(face, cortex.threads.search(" ".join(words)), as_json)
        elif shown:
            paint_exchanges(face, cortex.threads.show(shown), as_json)
        elif deleted:
            cortex.threads.delete(deleted)
            face.console.notice(Span("Deleted, with its receipts.", "faint"))
        else:
            cortex.threads.check(thread=thread, scope=scope, role=role, engine=engine)
            _Conversation(face, cortex, _Talk(thread, role, engine, scope)).hold(_lines(face))
    return DONE


@dataclass(slots=True)
class _Talk:
    """What the next question goes with."""

    thread: str
    role: str
    engine: str
    scope: str
    question: str = ""
    answer: Answer | None = None


class _Conversation:
    """A conversation line by line; a failure is told and ends nothing."""

    def __init__(self, face: Face, cortex: CortexPort, talk: _Talk) -> None:
        self._face = face
        self._cortex = cortex
        self._talk = talk
        self._commands: dict[str, Callable[[str], None]] = {
            "again": lambda _: self._ask(talk.question, instead=True),
            "edit": lambda question: self._ask(question, instead=True),
            "scope": self._narrow,
            "sources": lambda _: self._sources(),
            "save": lambda _: self._save(),
            "title": self._title,
            "new": lambda _: self._begin_anew(),
            "help": lambda _: self._say(_HELP),
        }

    def hold(self, lines: Iterable[str]) -> None:
        """Until the lines end, or one says so."""
        for line in lines:
            if line in ("/quit", "/exit"):
                return
            try:
                self._take(line)
            except ExocortexError as error:
                self._face.console.error(error.kind, error.message, self._way_on(error))

    def _way_on(self, error: ExocortexError) -> str:
        """What to do next; a conversation of which something can't be read can't be gone on with."""
        broken = isinstance(error, IndexStoreError) and self._talk.thread
        return f"{error.hint}\nTo begin another conversation: /new" if broken else error.hint

    def _take(self, line: str) -> None:
        if not line.startswith("/"):
            self._ask(line)
            return
        name, _, rest = line[1:].partition(" ")
        if name not in self._commands:
            raise UsageError(f"There is no /{name}.", "See: /help")
        self._commands[name](rest.strip())

    def _ask(self, question: str, *, instead: bool = False) -> None:
        talk = self._talk
        if not question:
            raise UsageError("There is no question yet.", "Type one.")
        options = {"thread": talk.thread, "scope": talk.scope, "role": talk.role, "engine": talk.engine}
        with stopping(self._face.console, "Stopped.") as stop:
            events = self._cortex.threads.say(question, instead=instead and bool(talk.thread), **options, stop=stop)
            talk.answer = follow_answer(self._face, self._told(question, events), strict=False, shown=True)
        self._face.console.line()
        talk.question = question

    def _told(self, question: str, events: Iterator[Answering]) -> Iterator[Answering]:
        """Note which conversation it is, and tell what is searched for."""
        for event in events:
            if isinstance(event, Asked):
                self._talk.thread = event.thread
                if event.query != question:
                    self._say(f"searched for: {event.query}")
            else:
                yield event

    def _narrow(self, scope: str) -> None:
        self._talk.scope = scope
        self._say(f"Only notes that match {scope}" if scope else "All notes.")

    def _sources(self) -> None:
        paint_receipt(self._face, self._cortex.receipts.check(self._receipt()))

    def _save(self) -> None:
        from exocortex.saving import save_answer

        receipt = self._cortex.receipts.check(self._receipt()).receipt
        captured = save_answer(self._face.config(), receipt, self._face.now())
        self._say(f"Saved: {captured.path}" if captured.delivered else f"Kept in the journal: {captured.reason}")

    def _receipt(self) -> str:
        answer = self._talk.answer
        if answer is None or answer.receipt is None:
            raise UsageError("There is no answer yet.", "Ask something.")
        return answer.receipt

    def _title(self, title: str) -> None:
        if not self._talk.thread:
            raise UsageError("The conversation has not begun.", "Ask something first.")
        self._cortex.threads.rename(self._talk.thread, title)

    def _begin_anew(self) -> None:
        self._talk.thread, self._talk.question, self._talk.answer = "", "", None
        self._say("A new conversation.")

    def _say(self, text: str) -> None:
        for line in text.split("\n"):
            self._face.console.notice(Span(line, "faint"))


def _lines(face: Face) -> Iterator[str]:
    """What is typed, or piped in, without empty lines; where nobody types, each question is shown above its answer."""
    if is_answered(face):
        face.console.notice(Span("Ask your notes; /help for more, Ctrl-D to leave.", "faint"))
        while (line := typed(face, "> ", remembered=True)) is not None:
            if line:
                yield line
        return
    for raw in sys.stdin.buffer:
        line = raw.decode("utf-8", "replace").strip()
        if line and not line.startswith("/"):
            face.console.line(Span("> ", "accent"), Span(line, "strong"))
        if line:
            yield line


def _list(face: Face, threads: list[Thread], as_json: bool) -> None:
    if as_json:
        for thread in threads:
            face.console.json(document(thread))
        return
    face.console.rows(
        [
            [
                Span(thread.id[:10], "accent"),
                Span(face.clock(thread.at), "faint"),
                Span(counted(thread.answers, "answer"), "faint"),
                Span(thread.title),
            ]
            for thread in threads
        ]
    )
    if not threads:
        face.console.notice(Span("No conversations yet. Begin one: exo chat", "faint"))


def paint_exchanges(face: Face, exchanges: list[Exchange], as_json: bool) -> None:
    """Question and answer in turn, and where each answer's evidence is told."""
    for number, exchange in enumerate(exchanges):
        if as_json:
            face.console.json(document(exchange))
            continue
        if number:
            face.console.line()
        face.console.line(Span("> ", "accent"), Span(exchange.question, "strong"))
        for sentence in exchange.receipt.sentences:
            text, mark = " ".join(sentence.text.split()), SUPPORT_MARKS[sentence.support]
            face.console.line(Span(text), numbers_of(sentence), Span(mark, "warning"), lead=[Span("  ")])
        if not exchange.receipt.sentences:
            face.console.line(Span(exchange.receipt.silence), lead=[Span("  ")])
        face.console.line(Span(f"exo receipt {exchange.receipt.id}", "faint"), lead=[Span("  ")])
