"""`exo ask`: a question, and what the notes say to it, line by line."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

import click

from exocortex.cli.arguments import (
    QueryCommand,
    batch_option,
    engine_option,
    json_option,
    literal_option,
    pass_face,
    refuse_words,
    required,
    scope_option,
)
from exocortex.cli.batch import run_batch
from exocortex.cli.console import Span
from exocortex.cli.face import DONE, INTERRUPTED, NOTHING, Face
from exocortex.cli.hits import nearest
from exocortex.cli.index import stopping
from exocortex.core.answers import Answer, Citation, Coverage, Hit, Sentence, Support
from exocortex.core.counting import counted
from exocortex.core.errors import EngineError, UsageError
from exocortex.core.events import Answered, Answering, Retrieved, Token
from exocortex.core.wire import document

_NEAREST = 3
_INDENT = "  "
_UNSUPPORTED = "Nothing that your notes support was written."
SUPPORT_MARKS = {Support.SUPPORTED: "", Support.WEAK: "  weakly supported", Support.UNSUPPORTED: "  not supported"}


@click.command("ask", cls=QueryCommand)
@click.argument("question", nargs=-1)
@scope_option
@literal_option
@engine_option
@click.option("--strict", is_flag=True, help="Leave out what the cited lines don't support.")
@batch_option
@json_option
@pass_face
def ask_command(
    face: Face,
    question: tuple[str, ...],
    scope: str,
    literal: bool,
    engine: str,
    strict: bool,
    batch: bool,
    as_json: bool,
) -> int:
    """Answer QUESTION from your notes, with the lines that say so.

    \b
    exo ask "when does the lease end?"
    exo ask how much is the deposit --scope tag:home
    cat question.txt | exo ask -

    A language model writes the answer if you have one (exo model), and each sentence is checked against the lines it
    cites; else sentences are quoted exactly. If your notes do not say, so does it, with exit code 1.
    """
    options: dict[str, Any] = {"scope": scope, "literal": literal, "engine": engine}
    if batch:
        refuse_words(question, "--batch")
        with face.cortex() as cortex:
            run_batch(
                face.console,
                sys.stdin.buffer,
                lambda text: document(_kept(cortex.answers.ask(text, **options), strict)),
            )
        return DONE
    text = (
        _from_stdin() if question == ("-",) else required(question, "a question", 'exo ask "when does the lease end?"')
    )
    with face.cortex() as cortex, stopping(face.console, "Stopped.") as stop:
        events = cortex.answers.stream(text, **options, stop=stop)
        answer = _kept(follow_answer(face, events, strict, shown=not as_json), strict)
        if as_json:
            face.console.json(document(answer))
    if stop.is_set():
        return INTERRUPTED
    return NOTHING if answer.abstained else DONE


def follow_answer(face: Face, events: Iterable[Answering], strict: bool, *, shown: bool) -> Answer:
    """Paint an answer as it comes about, on a terminal; as a whole elsewhere. Returns it."""
    live, sourced = shown and face.console.tty, False
    with face.console.prose(len(_INDENT)) as prose:
        for event in events:
            if isinstance(event, Answered):
                prose.end()
                if shown:
                    _paint_rest(face, _kept(event.answer, strict), written=prose.begun, sourced=sourced)
                return event.answer
            if live and isinstance(event, Retrieved) and event.sources:
                sourced = True
                _paint_sources(face, event.sources)
                face.console.line()
            elif live and isinstance(event, Token) and not strict:
                prose.add(event.text)
    raise EngineError("There was no answer.", "Ask again.")


def _paint_rest(face: Face, answer: Answer, *, written: bool, sourced: bool) -> None:
    """What isn't on the screen yet of an answer whose sources, or whose words as well, may be there."""
    if not written or answer.failed:
        if written:
            face.console.line()
            face.console.line(Span("The model broke off. Your notes say:", "warning"), lead=indent(face))
        paint_answer(face, answer, sourced=sourced and not answer.failed)
    else:
        paint_verdicts(face, answer)


def _kept(answer: Answer, strict: bool) -> Answer:
    """With `strict`, without the sentences that have no support, which is told; with none left, an abstention."""
    if not strict or answer.abstained:
        return answer
    kept = tuple(one for one in answer.sentences if one.support is not Support.UNSUPPORTED)
    if len(kept) == len(answer.sentences):
        return answer
    cited = {number for one in kept for number in one.citations}
    return replace(
        answer,
        abstained=not kept,
        silence=_UNSUPPORTED,
        sentences=kept,
        citations=tuple(one for one in answer.citations if one.number in cited),
        notices=(*answer.notices, _left_out(len(answer.sentences) - len(kept))),
    )


def _left_out(count: int) -> str:
    verb = "is" if count == 1 else "are"
    return f"{counted(count, 'sentence')} that the cited lines don't support {verb} left out; see without --strict."


def paint_answer(face: Face, answer: Answer, *, sourced: bool = False) -> None:
    """The answer's sentences, their sources unless those are there, and how much was looked at; then notices."""
    if answer.abstained:
        _paint_abstention(face, answer.silence, () if sourced else answer.hits[:_NEAREST])
    else:
        for number, sentence in enumerate(answer.sentences):
            if number and face.console.tty:
                face.console.line()
            _paint_sentence(face, sentence)
        if not sourced:
            face.console.line()
            _paint_sources(face, answer.citations)
    _paint_end(face, answer)


def paint_verdicts(face: Face, answer: Answer) -> None:
    """What stands below an answer that was painted as it was written: what isn't borne out, and how much was read."""
    doubted = [one for one in answer.sentences if one.support is not Support.SUPPORTED]
    if doubted:
        face.console.line()
    for sentence in doubted:
        why = f": {'; '.join(sentence.reasons)}" if sentence.reasons else ""
        face.console.line(Span(f"{SUPPORT_MARKS[sentence.support].strip()}{why}", "warning"), lead=indent(face))
        text = " ".join(sentence.text.split())
        face.console.line(Span(text, "faint"), lead=[*indent(face), Span("  ")])
    _paint_end(face, answer)


def _paint_end(face: Face, answer: Answer) -> None:
    for notice in answer.notices:
        face.console.notice(Span(notice, "warning"))
    if answer.dropped:
        gone = counted(answer.dropped, "citation")
        face.console.notice(Span(f"{gone} of passages that were not given to the model left out.", "warning"))
    face.console.line()
    face.console.line(Span(coverage_line(face, answer.coverage), "faint"), lead=indent(face))


def coverage_line(face: Face, coverage: Coverage) -> str:
    """`searched 34 of 34 notes · as of 14:05 · 12 pending`."""
    parts = [
        f"searched {coverage.searched:,} of {counted(coverage.notes, 'note')}",
        f"as of {face.clock(coverage.as_of)}",
    ]
    if coverage.pending:
        parts.append(f"{coverage.pending:,} pending")
    if coverage.embedding:
        parts.append(f"{coverage.embedding:,} by words only so far")
    if coverage.skipped:
        parts.append(f"{coverage.skipped:,} skipped")
    return " · ".join(parts)


def _paint_abstention(face: Face, silence: str, hits: Sequence[Hit]) -> None:
    face.console.line(Span(silence, "strong"), lead=indent(face))
    if hits:
        face.console.line()
        face.console.line(Span("The nearest are:", "faint"), lead=indent(face))
        nearest(face, hits)


def _paint_sentence(face: Face, sentence: Sentence) -> None:
    why = f" ({'; '.join(sentence.reasons)})" if sentence.reasons else ""
    mark = Span(f"{SUPPORT_MARKS[sentence.support]}{why}", "warning")
    face.console.line(Span(" ".join(sentence.text.split())), numbers_of(sentence), mark, lead=indent(face))


def numbers_of(sentence: Sentence) -> Span:
    """What a sentence cites: ` [1][2]`."""
    numbers = "".join(f"[{number}]" for number in sentence.citations)
    return Span(f" {numbers}" if numbers else "", "accent")


def _paint_sources(face: Face, sources: Iterable[Citation]) -> None:
    for citation in sources:
        paint_citation(face, citation)


def paint_citation(face: Face, citation: Citation) -> None:
    """A source: its number, its place, its note."""
    line = citation.first_line
    dated = [Span(f" ({citation.note.date})", "faint")] if citation.note.date else []
    place = Span(f"{face.spelled(citation.note)}:{line}", "accent", citation.file, line)
    lead = [*indent(face), Span(f"{citation.number} ", "faint")]
    face.console.line(place, Span(f" {citation.note.title}"), *dated, lead=lead)


def indent(face: Face) -> list[Span]:
    """What stands before every line of an answer: on a terminal, a little room."""
    return [Span(_INDENT)] if face.console.tty else []


def _from_stdin() -> str:
    try:
        text = sys.stdin.buffer.read().decode("utf-8").strip()
    except UnicodeDecodeError:
        raise UsageError("The question is not valid UTF-8.", "Convert it first, as with iconv.") from None
    if not text:
        raise UsageError(
            "There is no question on standard input.", 'As in: echo "when does the lease end?" | exo ask -'
        )
    return text
