"""The popup of `exo capture`: what can't go with it, and where it is shown."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from exocortex.cli.capture_text import Wish
from exocortex.cli.console import Span
from exocortex.cli.face import Face
from exocortex.core.errors import UsageError

if TYPE_CHECKING:
    from exocortex.capturing import Captured
    from exocortex.config import Config


def capture_in_popup(face: Face, wish: Wish, to: str, tags: tuple[str, ...]) -> Captured | None:
    """Show it on this terminal; None if no note came of it. Raises UsageError before it is shown, never after."""
    if wish.words or wish.clipboard or wish.editor or wish.template or wish.title:
        raise UsageError(
            "--popup is where the text is written, and takes no other; nothing was saved.", "Leave one out."
        )
    if not face.console.is_screen():
        raise UsageError("This terminal can't show the popup; nothing was saved.", "As in: exo capture call the vet")
    with _keys_kept():
        captured = _shown(face, to, " ".join(tags))
    if captured is None:
        face.console.notice(Span("No note was made; what was typed is kept as a draft.", "faint"))
    return captured


def _shown(face: Face, to: str, tags: str) -> Captured | None:
    from exocortex.capturing import wanted
    from exocortex.tui.popup import popup

    wanted(face.config(), to, face.now(), Path.cwd())

    def load() -> Config:
        face.reread()
        return face.config()

    return popup(face.config(), face.environ, load, to, tags)


@contextmanager
def _keys_kept() -> Iterator[None]:
    """What is typed before the box is there waits for it: it isn't echoed, and Ctrl-S doesn't stop the terminal."""
    try:
        import termios
    except ImportError:  # on Windows nothing is echoed meanwhile
        yield
        return
    stdin = sys.stdin.fileno()
    before = termios.tcgetattr(stdin)
    now = termios.tcgetattr(stdin)
    now[0] &= ~termios.IXON
    now[3] &= ~(termios.ICANON | termios.ECHO | termios.ISIG)
    termios.tcsetattr(stdin, termios.TCSANOW, now)
    try:
        yield
    finally:
        termios.tcsetattr(stdin, termios.TCSANOW, before)
