"""Service: what every face may ask of the cortex, whether it lives in the same process or behind a socket."""

from __future__ import annotations

from collections.abc import Iterator
from threading import Event as StopEvent
from typing import Protocol

from exocortex.core.answers import Answer
from exocortex.core.events import Event, Happening, Progress
from exocortex.core.results import (
    Found,
    Inspected,
    Mode,
    NoteLinks,
    NoteText,
    RecentNote,
    Sort,
    TagCount,
    TaskOfNote,
)
from exocortex.core.status import Status
from exocortex.core.summaries import Digest, Period, Summary


class IndexPort(Protocol):
    """The index as a face sees it."""

    def run(
        self, *, retry: bool = False, accept_deletions: bool = False, stop: StopEvent | None = None
    ) -> Iterator[Event]:
        """Bring the index up to date, words first, then meaning; setting `stop` ends it soon and keeps what is done.

        `retry` looks again at files that were skipped; `accept_deletions` takes out notes whose disappearance looked
        like an accident. Raises VaultError if no folder of notes is configured.
        """
        ...

    def status(self) -> Status:
        """The ledger, without looking at the disk."""
        ...

    def watch(self, *, stop: StopEvent | None = None) -> Iterator[Happening]:
        """What happens to the index from now on, until `stop` is set. Raises UsageError where nobody watches."""
        ...

    def recall(self) -> float | None:
        """Share of the true nearest neighbours that Chroma finds on a sample; None while it isn't searched."""
        ...

    def pause(self) -> None:
        """Do nothing in the background until told to go on: no reading, no embedding; survives a restart."""
        ...

    def resume(self) -> None:
        """Go on with what `pause` held up."""
        ...


class SearchPort(Protocol):
    """Searching. Every call first makes changed files searchable by words, for at most a second."""

    def find(
        self,
        text: str,
        *,
        mode: Mode = "hybrid",
        limit: int = 10,
        sort: Sort = "score",
        literal: bool = False,
        scope: str = "",
        chunks: bool = False,
    ) -> Found:
        """Notes for this text, best first; `limit` counts notes, or chunks with `chunks`. Raises UsageError."""
        ...

    def similar(self, note: str, *, limit: int = 10) -> Found:
        """Notes nearest in meaning to this one, itself left out. Raises UsageError for an unknown note."""
        ...


class AnswersPort(Protocol):
    """Questions."""

    def ask(self, question: str, *, scope: str = "", literal: bool = False) -> Answer:
        """Answer from the notes alone, or abstain. `scope` is in the filter language. Raises UsageError."""
        ...


class SummariesPort(Protocol):
    """Summaries. The last event is the result; none comes if `stop` was set before it was there."""

    def make(self, what: str, *, points: int = 7, stop: StopEvent | None = None) -> Iterator[Progress | Summary]:
        """What a note, a folder or the notes found by a query say: `what` is taken for the first of these it fits.

        A folder is a folder of notes by name, or a path below one, also as `folder:path` or absolute. Raises UsageError
        if it could be any of several notes, and for a query that makes no sense.
        """
        ...

    def digest(self, period: Period, *, stop: StopEvent | None = None) -> Iterator[Progress | Digest]:
        """What came into the notes today, or in the seven days up to today."""
        ...


class NotesPort(Protocol):
    """Single notes. A `note` argument is an absolute path, `folder:path`, a path, a title or a stem, unique among them;
    relative paths are resolved against the working directory by the face. Raises UsageError, listing the matches."""

    def show(self, note: str) -> NoteText:
        """The note's file as it is now."""
        ...

    def links(self, note: str) -> NoteLinks:
        """Where it leads, what leads to it, and what leads nowhere."""
        ...

    def inspect(self, note: str) -> Inspected:
        """The note as the index sees it."""
        ...

    def recent(self, limit: int = 20) -> list[RecentNote]:
        """Notes by the time their file changed, newest first."""
        ...

    def tags(self) -> list[TagCount]:
        """Every tag, most used first."""
        ...

    def tasks(self, *, done: bool = False, scope: str = "") -> list[TaskOfNote]:
        """Open tasks (or done ones), by note."""
        ...


class CortexPort(Protocol):
    """The one object behind every face, grouped by noun."""

    @property
    def index(self) -> IndexPort: ...
    @property
    def search(self) -> SearchPort: ...
    @property
    def answers(self) -> AnswersPort: ...
    @property
    def summaries(self) -> SummariesPort: ...
    @property
    def notes(self) -> NotesPort: ...

    def close(self) -> None:
        """Let go of the index."""
        ...
