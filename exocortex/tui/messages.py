"""Messages: what lanes tell the app and the screens."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from textual.message import Message

if TYPE_CHECKING:
    from exocortex.core.events import Happening
    from exocortex.core.notes import NoteRef
    from exocortex.core.results import Found, NoteText
    from exocortex.core.status import Status


@dataclass
class StatusRead(Message):
    """How the index stands."""

    status: Status
    outbound: int | None

    def can_replace(self, message: Message) -> bool:
        """The newest is enough."""
        return isinstance(message, StatusRead)


@dataclass
class Happened(Message):
    """Something was noticed or read."""

    event: Happening


@dataclass
class OwnerHeard(Message):
    """The owner of the index answers (again)."""


@dataclass
class OwnerLost(Message):
    """It doesn't; it is tried again."""

    why: str


@dataclass
class Searched(Message):
    """A search came back."""

    number: int
    """Searches are numbered; an older one never replaces a newer."""
    found: Found


@dataclass
class NoteRead(Message):
    """A note's text came back."""

    text: NoteText
    first: int
    last: int
    words: tuple[str, ...]


class OpenNote(Message):
    """A note is to be read, at its lines `first` to `last`, with these words in them marked."""

    def __init__(self, note: NoteRef, first: int = 0, last: int = 0, words: tuple[str, ...] = ()) -> None:
        super().__init__()
        self.note, self.first, self.last, self.words = note, first, last, words


class EditNote(Message):
    """A file is to be opened in the user's editor, at a line."""

    def __init__(self, file: str, line: int) -> None:
        super().__init__()
        self.file, self.line = file, line


class AskAbout(Message):
    """A question is to be asked of these notes alone."""

    def __init__(self, scope: str, said: str) -> None:
        super().__init__()
        self.scope, self.said = scope, said


class Edited(Message):
    """The editor was left; what is shown may be old."""


class Copy(Message):
    """A text is to be put on the clipboard."""

    def __init__(self, text: str, what: str) -> None:
        super().__init__()
        self.text, self.what = text, what


class LinkChosen(Message):
    """A link in what is shown was chosen; what it leads to isn't known to be any good."""

    def __init__(self, href: str) -> None:
        super().__init__()
        self.href = href


class Ready(Message):
    """There are notes; nothing more is needed."""


class FolderTaken(Message):
    """A folder of notes is known from now on: its reading can begin."""
