"""`exo capture`: a thought, typed or piped in, becomes a note of its own in the inbox."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from exocortex.cli.arguments import QueryCommand, json_option, pass_face
from exocortex.cli.console import Span
from exocortex.cli.face import DONE, Face
from exocortex.core.errors import ExocortexError, UsageError

if TYPE_CHECKING:
    from exocortex.capturing import Captured

_MOST_BYTES = 64_000_000
_MARK = "\0"
"""What QueryCommand sets before words that begin with a dash; nobody can type it."""


@click.command("capture", cls=QueryCommand)
@click.argument("words", nargs=-1, metavar="TEXT... | -")
@json_option
@pass_face
def capture_command(face: Face, words: tuple[str, ...], as_json: bool) -> int:
    """Make a note of TEXT in the inbox; of what comes from standard input with -. Prints where it is.

    \b
    exo capture the boiler man comes on Tuesday
    pbpaste | exo capture -

    Once that is said the text is on disk. If the folder of notes is away or full, the text waits until it isn't.
    """
    text = _text(words)
    try:
        from exocortex.capturing import capture

        captured = capture(face.config(), text, face.now())
    except UsageError:
        raise
    except (ExocortexError, OSError):
        _give_back(face, text, as_json)
        raise
    _say(face, captured, as_json)
    _deliver_older(face, captured)
    return DONE


def _text(words: tuple[str, ...]) -> str:
    typed = [word.removeprefix(_MARK) for word in words]
    if typed != ["-"]:
        if not typed:
            hint = 'Type the text, or - to read it, as in: exo capture "call the vet"'
            raise click.UsageError(hint, click.get_current_context())
        if typed[0] == "-":
            raise UsageError("- reads the text from standard input and takes no words beside it.", "Nothing was saved.")
        return " ".join(typed)
    data = sys.stdin.buffer.read(_MOST_BYTES + 1)
    if len(data) > _MOST_BYTES:
        raise UsageError(f"That is more than {_MOST_BYTES // 1_000_000} MB; nothing was saved.", "Save it as a file.")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise UsageError(
            "The text is not valid UTF-8; nothing was saved.", "Convert it first, as with iconv; it is as it was."
        ) from None


def _give_back(face: Face, text: str, as_json: bool) -> None:
    """What can't be kept is shown, to be copied, whatever else is quiet."""
    if as_json:
        from exocortex.core.wire import document, dumps

        face.console.err.write(dumps(document({"text": text})) + "\n")
        return
    for line in text.split("\n"):
        face.console.err.line([Span(line)])


def _say(face: Face, captured: Captured, as_json: bool) -> None:
    if as_json:
        from exocortex.core.wire import document

        file = str(captured.path)
        shape = {"file": file, "folder": captured.folder, "ulid": captured.ulid}
        face.console.json(document({**shape, "delivered": captured.delivered, "reason": captured.reason}))
    elif captured.delivered:
        face.console.line(Span(str(captured.path), "accent", str(captured.path)))
    if not captured.delivered:
        _say_kept(face, captured)
    elif captured.path.stat().st_size > face.config().index.max_file_bytes:
        most = f"{face.config().index.max_file_mb:g} MB"
        face.console.notice(Span(f"It is saved, but can't be searched: it is larger than {most}.", "warning"))
        face.console.notice(Span("To have it indexed, set index.max_file_mb higher.", "faint"))
    elif face.console.tty:
        face.console.notice(Span("Captured.", "faint"))


def _say_kept(face: Face, captured: Captured) -> None:
    face.console.err.line(
        [
            Span("The text is safe but not a note yet: ", "warning"),
            Span(f"{captured.reason.rstrip('.')}. It waits in "),
            Span(str(captured.path), "accent", str(captured.path)),
            Span(" and becomes one with the next capture once that is mended."),
        ]
    )


def _deliver_older(face: Face, captured: Captured) -> None:
    """Texts that were kept earlier, now that this one is safe; their failures are no failure of this one."""
    from exocortex.capturing import deliver, waiting

    if not captured.delivered:
        return
    try:
        older = deliver(face.config()) if waiting(face.config()) else []
    except ExocortexError as error:
        face.console.notice(Span(error.message, "warning"))
        return
    for one in older:
        if one.delivered:
            face.console.notice(Span("A text kept earlier is a note now: "), Span(str(one.path), "accent"))
        else:
            face.console.notice(Span(f"A text kept earlier still waits in {one.path}: {one.reason}", "warning"))
