"""`exo capture`: a thought becomes a note in the inbox, or goes into one there is; typed, piped, pasted or written."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from exocortex.cli.arguments import QueryCommand, json_option, pass_face
from exocortex.cli.capture_text import Wish, gathered, give_back
from exocortex.cli.console import Span
from exocortex.cli.face import DONE, NOTHING, Face
from exocortex.core.errors import ExocortexError, UsageError

if TYPE_CHECKING:
    from exocortex.capturing import Captured, Destination

_IN_TAGS = "_-/"
_PICTURES = "\u2100"
"""From here on signs and emoji, which tags may hold, are among what is neither letter nor digit."""


@click.command("capture", cls=QueryCommand)
@click.argument("words", nargs=-1, metavar="TEXT... | -")
@click.option("--clipboard", is_flag=True, help="The text on the clipboard; after TEXT, if there is any.")
@click.option("--editor", is_flag=True, help="Write it, or go on with it, in $VISUAL or $EDITOR.")
@click.option("--popup", is_flag=True, help="Write it in a box of its own; what the hotkey opens.")
@click.option("--to", metavar="DEST", default="inbox", help="inbox (a new note), today, or NOTE[#HEADING].")
@click.option("--tag", "tags", metavar="TAG", multiple=True, help="Tag it; may be said several times.")
@click.option("--title", metavar="TITLE", default="", help="Title of the new note, and its file's name.")
@click.option("--template", metavar="NAME", default="", help="Begin with templates/NAME.md of the home.")
@json_option
@pass_face
def capture_command(
    face: Face,
    words: tuple[str, ...],
    clipboard: bool,
    editor: bool,
    popup: bool,
    to: str,
    tags: tuple[str, ...],
    title: str,
    template: str,
    as_json: bool,
) -> int:
    """Make a note of TEXT in the inbox, or add it to a note; - reads it from standard input. Prints where it is.

    \b
    exo capture the boiler man comes on Tuesday
    exo capture --to today rang the plumber
    exo capture --to 'Garden#Plans' --tag spring move the roses
    pbpaste | exo capture -
    exo capture --clipboard --title 'Rust ownership'
    exo capture --editor --template meeting
    exo capture --popup

    Once that is said the text is on disk. If the folder of notes is away or full, the text waits until it isn't. A
    template is a file with fields: {{date}} {{time}} {{title}} {{text}} {{clipboard}} {{cursor}}.
    """
    wish = Wish(words, clipboard, editor, template, _title(title, to))
    marks = _tags(tags)
    if popup:
        from exocortex.cli.capture_popup import capture_in_popup

        captured = capture_in_popup(face, wish, to, marks)
        if captured is not None:
            _say(face, captured, as_json, is_addition=captured.appended)
        elif as_json:
            _say_json(face, None)
        return DONE if captured is not None else NOTHING
    try:
        destination = _destination(face, to)
    except ExocortexError:
        if words and words != ("-",):
            give_back(face, " ".join(words), as_json)
        raise
    text = gathered(face, wish)
    if text is None:
        if as_json:
            _say_json(face, None)
        return NOTHING
    captured = _captured(face, text.text, marks, wish, destination, text.is_framed, as_json)
    text.settled()
    _say(face, captured, as_json, is_addition=destination is not None)
    _deliver_older(face, captured)
    return DONE


def _captured(
    face: Face,
    text: str,
    tags: tuple[str, ...],
    wish: Wish,
    to: Destination | None,
    is_framed: bool,
    as_json: bool,
) -> Captured:
    from exocortex.capturing import capture

    try:
        return capture(face.config(), text, face.now(), tags=tags, title=wish.title, to=to, is_framed=is_framed)
    except UsageError:
        raise
    except (ExocortexError, OSError):
        give_back(face, text, as_json)
        raise


def _title(title: str, to: str) -> str:
    title = " ".join(title.split())
    if title and to != "inbox":
        raise UsageError("--title names a new note, and --to adds to one; nothing was saved.", "Leave one of them out.")
    try:
        title.encode()
    except UnicodeEncodeError:
        raise UsageError("The title is not valid UTF-8; nothing was saved.", "Type it again.") from None
    return title


def _tags(typed: tuple[str, ...]) -> tuple[str, ...]:
    """Each once, without `#`; raises UsageError for what Markdown would not take for a tag."""
    tags = dict.fromkeys(tag.strip("#/") for text in typed for tag in text.replace(",", " ").split())
    for tag in tags:
        is_plain = all(one.isalnum() or one in _IN_TAGS or one > _PICTURES for one in tag) and tag.isprintable()
        if not tag or not is_plain or tag.replace("/", "").isdigit():
            raise UsageError(f"{tag!r} can't be a tag; nothing was saved.", "Letters, digits, _ - and / for nesting.")
    return tuple(tags)


def _destination(face: Face, to: str) -> Destination | None:
    """The note to add to, found before any text is read; None for the inbox."""
    if to == "inbox":
        return None
    from exocortex.capturing import wanted

    found = wanted(face.config(), to, face.now(), Path.cwd())
    for warning in found.warnings if found is not None else ():
        face.console.notice(Span(warning, "warning"))
    return found


def _say(face: Face, captured: Captured, as_json: bool, *, is_addition: bool) -> None:
    if as_json:
        _say_json(face, captured)
    elif captured.delivered:
        face.console.line(Span(str(captured.path), "accent", str(captured.path)))
    if captured.notice:
        face.console.notice(Span(captured.notice, "warning"))
    if not captured.delivered:
        _say_kept(face, captured, is_addition)
    elif captured.path.stat().st_size > face.config().index.max_file_bytes:
        most = f"{face.config().index.max_file_mb:g} MB"
        face.console.notice(Span(f"It is saved, but can't be searched: it is larger than {most}.", "warning"))
        face.console.notice(Span("To have it indexed, set index.max_file_mb higher.", "faint"))
    elif face.console.tty:
        face.console.notice(Span("Added." if captured.appended else "Captured.", "faint"))


def _say_json(face: Face, captured: Captured | None) -> None:
    from exocortex.core.wire import document

    if captured is None:
        face.console.json(document({"file": "", "delivered": False, "reason": "nothing was written"}))
        return
    shape: dict[str, object] = {"file": str(captured.path), "folder": captured.folder, "ulid": captured.ulid}
    shape |= {"delivered": captured.delivered, "reason": captured.reason}
    face.console.json(document({**shape, "appended": captured.appended, "notice": captured.notice}))


def _say_kept(face: Face, captured: Captured, is_addition: bool) -> None:
    yet, then = ("in its note", "goes there") if is_addition else ("a note", "becomes one")
    face.console.err.line(
        [
            Span(f"The text is safe but not {yet} yet: ", "warning"),
            Span(f"{captured.reason.rstrip('.')}. It waits in "),
            Span(str(captured.path), "accent", str(captured.path)),
            Span(f" and {then} with the next capture once that is mended."),
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
            what = "is in its note now" if one.appended else "is a note now"
            face.console.notice(Span(f"A text kept earlier {what}: "), Span(str(one.path), "accent"))
            if one.notice:
                face.console.notice(Span(one.notice, "warning"))
        else:
            face.console.notice(Span(f"A text kept earlier still waits in {one.path}: {one.reason}", "warning"))
