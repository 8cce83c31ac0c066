"""Where the text of `exo capture` comes from: words, standard input, the clipboard, a template, the user's editor."""

from __future__ import annotations

import sys
import time
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

import click

from exocortex.cli.console import Span
from exocortex.cli.face import Face
from exocortex.core.errors import UsageError

if TYPE_CHECKING:
    from exocortex.drafting import Drafting

_MOST_BYTES = 64_000_000
_MARK = "\0"
"""What QueryCommand sets before words that begin with a dash; nobody can type it."""
_AT_ONCE = 1.0
"""Seconds: an editor that ends sooner, nothing being written, has most likely not waited for its window."""


@dataclass(frozen=True, slots=True)
class Wish:
    """What was typed, checked."""

    words: tuple[str, ...]
    clipboard: bool = False
    editor: bool = False
    template: str = ""
    title: str = ""

    @property
    def is_bare(self) -> bool:
        """Whether there is nothing to write but what the editor brings."""
        return not (self.words or self.clipboard or self.template)


@dataclass(frozen=True, slots=True)
class Text:
    """A text to be captured, and the draft that goes once it is."""

    text: str
    is_framed: bool = False
    """It was made from a template, and may begin with frontmatter."""
    draft: Drafting | None = None

    def settled(self) -> None:
        """It is on disk elsewhere."""
        if self.draft is not None:
            self.draft.drop()


def gathered(face: Face, wish: Wish) -> Text | None:
    """The text; None, which is said, if the editor brought none. Raises UsageError."""
    if wish.is_bare and not wish.editor:
        hint = 'Type the text, or - to read it, as in: exo capture "call the vet"'
        raise click.UsageError(hint, click.get_current_context())
    text, line = _begun(face, wish)
    if not wish.editor:
        return Text(text, is_framed=bool(wish.template))
    return _edited(face, wish, text, line)


def _begun(face: Face, wish: Wish) -> tuple[str, int]:
    """What is there before the editor has it, and the line to begin at."""
    paste = cache(lambda: _clipboard(face))
    text = _typed(wish.words) if wish.words else ""
    if wish.clipboard and not wish.template:
        text = "\n\n".join(part for part in (text.rstrip("\n"), paste()) if part)
    if not wish.template:
        return text, text.rstrip("\n").count("\n") + 1
    from exocortex.capturing.naming import first_words
    from exocortex.capturing.templates import Values, fill, read_template

    template = read_template(face.config().home, wish.template)
    if wish.clipboard and "clipboard" not in template:
        text = "\n\n".join(part for part in (text.rstrip("\n"), paste()) if part)
    values = Values(face.now(), wish.title or first_words(text), text, paste)
    filled = fill(template, values, f"The template {wish.template}")
    return filled.text, filled.line


def _typed(words: tuple[str, ...]) -> str:
    typed = [word.removeprefix(_MARK) for word in words]
    if typed != ["-"]:
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


def _clipboard(face: Face) -> str:
    from exocortex.clipboard import take

    try:
        return take(face.environ)
    except UsageError as error:
        raise UsageError(f"{error.message} Nothing was saved.", error.hint) from None


def _edited(face: Face, wish: Wish, text: str, line: int) -> Text | None:
    """The text after the editor had it, or what was left of one that never came to be a note."""
    from exocortex.cli.editor import lend_terminal
    from exocortex.editors import find_editor, is_window, place_arguments, waiting

    editor = waiting(find_editor(face.environ))
    with _draft(face, wish, text) as draft:
        began = time.monotonic()
        place = place_arguments(editor[0], str(draft.path), None if draft.is_old else line)
        code = lend_terminal(face, [*editor, *place], umask=0o077)
        if code:
            raise UsageError(
                f"{editor[0]} ended with code {code}; nothing was saved.",
                f"The text is in {draft.path}; to go on with it: exo capture --editor",
            )
        written = draft.read()
        if written.is_changed and written.text.strip():
            return Text(written.text, bool(wish.template) or draft.is_old, draft)
        quick = is_window(editor) and time.monotonic() - began < _AT_ONCE and not written.is_changed
        _say_nothing(face, draft, quick)
        return None


def _say_nothing(face: Face, draft: Drafting, quick: bool) -> None:
    face.console.err.line([Span("Nothing was written, so nothing was saved.", "warning")])
    if quick:
        hint = f"If your editor is still open, have it wait, as in EDITOR='code --wait'; its file: {draft.path}"
        face.console.notice(Span(hint, "faint"))
    else:
        draft.drop()


def _draft(face: Face, wish: Wish, text: str) -> Drafting:
    """The one that was left behind, if nothing else is to be written; else a new one."""
    import os

    from exocortex.core.ulid import make_ulid
    from exocortex.drafting import begin, left_behind

    home = face.config().home
    old = left_behind(home) if wish.is_bare else None
    if old is not None:
        face.console.notice(Span("Your draft, as it was left: ", "faint"), Span(str(old.path), "faint"))
        return old
    try:
        return begin(home, make_ulid(int(face.now().timestamp() * 1000), os.urandom(10)), text)
    except UnicodeEncodeError:
        raise UsageError("The text is not valid UTF-8; nothing was saved.", "Convert it first.") from None


def give_back(face: Face, text: str, as_json: bool) -> None:
    """What can't be kept is shown, to be copied, whatever else is quiet."""
    if as_json:
        from exocortex.core.wire import document, dumps

        face.console.err.write(dumps(document({"text": text})) + "\n")
        return
    for line in text.split("\n"):
        face.console.err.line([Span(line)])
