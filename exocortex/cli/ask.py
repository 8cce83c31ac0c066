"""`exo ask`: a question, and what the notes say to it, line by line."""

from __future__ import annotations

import sys

import click

from exocortex.cli.arguments import (
    QueryCommand,
    batch_option,
    json_option,
    literal_option,
    pass_face,
    refuse_words,
    required,
    scope_option,
)
from exocortex.cli.batch import run_batch
from exocortex.cli.console import Span
from exocortex.cli.face import DONE, NOTHING, Face, counted
from exocortex.cli.hits import nearest
from exocortex.core.answers import Answer, Citation, Coverage, Sentence, Support
from exocortex.core.errors import UsageError
from exocortex.core.wire import document

_NEAREST = 3
_MARKS = {Support.SUPPORTED: "", Support.WEAK: "  weakly supported", Support.UNSUPPORTED: "  not supported"}


@click.command("ask", cls=QueryCommand)
@click.argument("question", nargs=-1)
@scope_option
@literal_option
@batch_option
@json_option
@pass_face
def ask_command(face: Face, question: tuple[str, ...], scope: str, literal: bool, batch: bool, as_json: bool) -> int:
    """Answer QUESTION from your notes, with the lines that say so.

    \b
    exo ask "when does the lease end?"
    exo ask how much is the deposit --scope tag:home
    cat question.txt | exo ask -

    Sentences are quoted exactly. If your notes do not say, so does it, with exit code 1.
    """
    if batch:
        refuse_words(question, "--batch")
        with face.cortex() as cortex:
            run_batch(
                face.console,
                sys.stdin.buffer,
                lambda text: document(cortex.answers.ask(text, scope=scope, literal=literal)),
            )
        return DONE
    text = (
        _from_stdin() if question == ("-",) else required(question, "a question", 'exo ask "when does the lease end?"')
    )
    with face.cortex() as cortex:
        answer = cortex.answers.ask(text, scope=scope, literal=literal)
        if as_json:
            face.console.json(document(answer))
        else:
            paint_answer(face, answer)
    return NOTHING if answer.abstained else DONE


def paint_answer(face: Face, answer: Answer) -> None:
    """The answer's sentences, their sources, and how much was looked at; beside it what people should know."""
    for notice in answer.notices:
        face.console.notice(Span(notice, "warning"))
    if answer.abstained:
        _paint_abstention(face, answer)
    else:
        for number, sentence in enumerate(answer.sentences):
            if number and face.console.tty:
                face.console.line()
            _paint_sentence(face, sentence)
        face.console.line()
        for citation in answer.citations:
            _paint_citation(face, citation)
    face.console.line()
    face.console.line(Span(coverage_line(face, answer.coverage), "faint"), lead=_indent(face))


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


def _paint_abstention(face: Face, answer: Answer) -> None:
    face.console.line(Span("Not in your notes.", "strong"), lead=_indent(face))
    if answer.hits:
        face.console.line()
        face.console.line(Span("The nearest are:", "faint"), lead=_indent(face))
        nearest(face, answer.hits[:_NEAREST])


def _paint_sentence(face: Face, sentence: Sentence) -> None:
    numbers = "".join(f"[{number}]" for number in sentence.citations)
    text = " ".join(sentence.text.split())
    spans = [Span(text), Span(f" {numbers}", "accent"), Span(_MARKS[sentence.support], "warning")]
    face.console.line(*spans, lead=_indent(face))


def _paint_citation(face: Face, citation: Citation) -> None:
    line = citation.first_line
    dated = [Span(f" ({citation.note.date})", "faint")] if citation.note.date else []
    place = Span(f"{face.spelled(citation.note)}:{line}", "accent", citation.file, line)
    lead = [*_indent(face), Span(f"{citation.number} ", "faint")]
    face.console.line(place, Span(f" {citation.note.title}"), *dated, lead=lead)


def _indent(face: Face) -> list[Span]:
    return [Span("  ")] if face.console.tty else []


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
