"""`exo setup`: the way in, step by step: folders of notes, the index, a language model or none, a first question."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from pathlib import Path

import click

from exocortex.cli.arguments import Command, pass_face
from exocortex.cli.ask import follow_answer
from exocortex.cli.asking import is_answered
from exocortex.cli.console import Span
from exocortex.cli.face import DONE, INTERRUPTED, Face
from exocortex.cli.index import say_indexed, stopping, watch
from exocortex.cli.model_choosing import choose_model
from exocortex.cli.stepping import INDENT, agreed_to, asked, number_of, path_of, say, say_by_hand, spelled, user_folder
from exocortex.core.counting import counted
from exocortex.core.errors import ExocortexError, UsageError
from exocortex.core.status import Status
from exocortex.likely import FoundNotes, count_notes, find_notes, free

_QUESTION = "when does the lease end?"
_NEXT = (
    ('exo ask "…"', "an answer, with the lines that say so"),
    ("exo chat", "a conversation, a question a line"),
    ("exo search …", "notes, by words and by meaning"),
    ("exo status", "what is indexed, and what isn't and why"),
    ("exo setup", "these steps again"),
)
_MOST = 6
"""Folders suggested."""


@click.command("setup", cls=Command)
@pass_face
def setup_command(face: Face) -> int:
    """Set it up, step by step: your notes, the index, a language model or none, a first question.

    \b
    exo setup

    Enter skips a step, Ctrl-D ends it; what is done is kept. Run again, it says what is set already.
    """
    if not is_answered(face):
        raise UsageError(
            "exo setup asks questions, and there is no terminal to answer them on.",
            "Use instead: exo init FOLDER, exo index, exo model add FILE.gguf, exo ask QUESTION",
        )
    console = face.console
    console.line(Span("Exocortex, step by step. ", "strong"), Span("Enter skips a step, Ctrl-D ends it.", "faint"))
    try:
        _walk(face)
    except EOFError:
        return _ended(face, DONE)
    except KeyboardInterrupt:
        return _ended(face, INTERRUPTED)
    console.line()
    console.rows([[Span(command, "accent"), Span(what, "faint")] for command, what in _NEXT], indent=INDENT)
    return DONE


def _walk(face: Face) -> None:
    steps = (
        ("Your notes", _choose_folders),
        ("The index", _read),
        ("A language model, or none", choose_model),
        ("A first question", _ask),
    )
    for number, (title, step) in enumerate(steps, start=1):
        face.console.line()
        face.console.line(Span(f"{number}  ", "accent"), Span(title, "strong"))
        step(face)


def _ended(face: Face, code: int) -> int:
    face.console.line(Span("Ended; what is done is kept. Go on with: "), Span("exo setup", "accent"))
    return code


def _choose_folders(face: Face) -> None:
    """Folders, until no more is named."""
    offered = find_notes(user_folder(face), face.config())
    for folder in face.config().folders:
        say(face, Span(f"Set: {folder.name}  "), Span(spelled(face, folder.root), "accent"))
    if not face.config().folders:
        say(face, Span("Which folder holds your notes? Nothing is written into it."))
    while True:
        offered = free(offered, face.config())[:_MOST]
        _offer(face, offered)
        name = asked(face, _prompt(another=bool(face.config().folders), numbered=bool(offered)))
        if not name:
            break
        _add(face, name, offered)
    decided = "No more are added." if face.config().folders else "There is no folder of notes yet."
    say_by_hand(face, decided, "exo init FOLDER")


def _prompt(*, another: bool, numbered: bool) -> str:
    what = "Another one" if another else "Folder"
    return f"{what}, by {'number or ' if numbered else ''}path [Enter: {'no' if another else 'none'}]:"


def _offer(face: Face, offered: Sequence[FoundNotes]) -> None:
    rows = [
        [Span(f"{number}", "accent"), Span(counted(one.notes, "note"), "faint"), Span(spelled(face, one.root))]
        for number, one in enumerate(offered, start=1)
    ]
    face.console.rows(rows, indent=INDENT)


def _add(face: Face, name: str, offered: Sequence[FoundNotes]) -> None:
    """Add the folder named; what is wrong with it is told."""
    from exocortex.config import add_folder
    from exocortex.config.folders import readable_root

    number = number_of(name, len(offered))
    try:
        root = readable_root(path_of(name)) if number is None else offered[number].root
        notes = count_notes(root, face.config())
        if not notes:
            say(face, Span("No notes are in it: files that end in .md, .markdown or .txt.", "warning"))
            if not agreed_to(face, "Take it all the same?"):
                return
        added = add_folder(face.config(), root)
    except ExocortexError as error:
        face.console.error(error.kind, error.message, error.hint)
        return
    face.reread()
    verb = "Added" if added.is_new else "Already there:"
    say_by_hand(face, f"{verb} {added.folder.name}, {counted(notes, 'note')}.", f"exo init {spelled(face, Path(root))}")


def _read(face: Face) -> None:
    """Bring the index up to date, if there is something to read and it is wanted."""
    if not face.config().folders:
        say_by_hand(face, "There is nothing to read yet.", "exo index")
        return
    with face.cortex(start=False) as cortex:
        status = cortex.index.status()
    if _is_read(status, [folder.name for folder in face.config().folders]):
        indexed = counted(sum(folder.indexed for folder in status.folders), "note")
        say_by_hand(face, f"All is read: {indexed}.", "exo index")
        return
    say(face, Span("Words are searchable within seconds; meaning takes longer. Ctrl-C keeps what is done."))
    if not agreed_to(face, "Read your notes now?"):
        say_by_hand(face, "They are read when something is first asked of them.", "exo index")
        return
    with face.cortex() as cortex, stopping(face.console) as stop:
        run = watch(face, cortex.index.run(stop=stop))
        say_indexed(face, run, cortex.index.status())
    if run.stopped:
        raise KeyboardInterrupt
    say_by_hand(face, "", "exo index")


def _is_read(status: Status, names: Sequence[str]) -> bool:
    """Whether nothing of these folders is known to be left; of one that was never looked at nothing is known."""
    seen = [one.name for one in status.folders if not one.pending and (one.on_disk or one.missing)]
    return status.as_of is not None and set(names) <= set(seen) and not status.chunks_to_embed


def _ask(face: Face) -> None:
    """Ask the notes something, as `exo ask` does."""
    question = ""
    if not face.config().folders:
        say(face, Span("There is nothing to ask yet."))
    elif question := asked(face, f'As in "{_QUESTION}" [Enter: none]:'):
        face.console.line()
        with face.cortex() as cortex, stopping(face.console, "Stopped.") as stop:
            follow_answer(face, cortex.answers.stream(question, stop=stop), strict=False, shown=True)
        if stop.is_set():
            raise KeyboardInterrupt
        face.console.line()
    say_by_hand(face, "", f"exo ask {shlex.quote(question)}" if question else f'exo ask "{_QUESTION}"')
