"""Service: what every face may ask of the cortex, whether it lives in the same process or behind a socket."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from threading import Event as StopEvent
from typing import Protocol

from exocortex.core.answers import Answer
from exocortex.core.events import Answering, Event, Happening, Progress, Replayed, Token
from exocortex.core.notes import Heading, NoteRef
from exocortex.core.receipts import Checked, Exchange, Receipt, Thread
from exocortex.core.results import (
    FilterValues,
    FolderContents,
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

    def ask(self, question: str, *, scope: str = "", literal: bool = False, engine: str = "") -> Answer:
        """Answer from the notes alone, or abstain. `scope` is in the filter language. Raises UsageError.

        `engine` names a language model, or is `quotes` (or `extractive`) for none; empty: the one in force, if any.
        """
        ...

    def stream(
        self, question: str, *, scope: str = "", literal: bool = False, engine: str = "", stop: StopEvent | None = None
    ) -> Iterator[Answering]:
        """The same as it comes about: what it is made from, its words, then the whole of it, checked.

        Setting `stop` ends it soon and keeps what is there.
        """
        ...


class ThreadsPort(Protocol):
    """Conversations. A `thread` is named by its id or the beginning of it. Raises UsageError for an unknown one."""

    def say(
        self,
        question: str,
        *,
        thread: str = "",
        instead: bool = False,
        scope: str = "",
        role: str = "",
        engine: str = "",
        stop: StopEvent | None = None,
    ) -> Iterator[Answering]:
        """Ask within a conversation, or begin one; with `instead`, in the place of its last question.

        What leans on what was said before is made into a question that stands by itself, which comes first. `role`
        names a file in the home. Raises ConfigError if that is no good.
        """
        ...

    def check(self, *, thread: str = "", scope: str = "", role: str = "", engine: str = "") -> None:
        """Nothing, or the error that `say` would raise for one of these, before there is a question."""
        ...

    def search(self, words: str = "") -> list[Thread]:
        """All of them, or those with these words in them, the one last added to first."""
        ...

    def show(self, thread: str) -> list[Exchange]:
        """What was said in one, from the first question on."""
        ...

    def rename(self, thread: str, title: str) -> None:
        """Give it another title."""
        ...

    def delete(self, thread: str) -> None:
        """It and all that was said in it, receipts included."""
        ...


class ReceiptsPort(Protocol):
    """Receipts of answers, each named by its id or the beginning of it. Raises UsageError for an unknown one."""

    def recent(self, limit: int = 20) -> list[Receipt]:
        """The newest, newest first."""
        ...

    def check(self, receipt: str) -> Checked:
        """One, and what became of its sources since."""
        ...

    def replay(self, receipt: str, *, stop: StopEvent | None = None) -> Iterator[Token | Replayed]:
        """The same prompt to the same model, and whether it says the same. Raises EngineError without that model."""
        ...


class SummariesPort(Protocol):
    """Summaries. The last event is the result; none comes if `stop` was set before it was there."""

    def make(
        self, what: str, *, points: int = 7, engine: str = "", stop: StopEvent | None = None
    ) -> Iterator[Progress | Summary]:
        """What a note, a folder or the notes found by a query say: `what` is taken for the first of these it fits.

        A folder is a folder of notes by name, or a path below one, also as `folder:path` or absolute. Raises UsageError
        if it could be any of several notes, and for a query that makes no sense. `engine` as for an answer.
        """
        ...

    def digest(self, period: Period, *, engine: str = "", stop: StopEvent | None = None) -> Iterator[Progress | Digest]:
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

    def outline(self, note: str) -> list[Heading]:
        """Its headings, in order."""
        ...

    def inspect(self, note: str) -> Inspected:
        """The note as the index sees it."""
        ...

    def recent(self, limit: int = 20) -> list[RecentNote]:
        """Notes by the time their file changed, newest first."""
        ...

    def contents(self, folder: str, path: str = "", *, after: str = "", limit: int = 500) -> FolderContents:
        """What lies directly in this place of a folder of notes: its subfolders, and `limit` notes after one's path.

        Raises UsageError if no folder of notes is called so; a place in it where nothing lies is empty.
        """
        ...

    def named(self, text: str, *, limit: int = 50) -> list[NoteRef]:
        """Notes that have each of these words, or parts of words, in their path or title; the likeliest meant first."""
        ...

    def tags(self) -> list[TagCount]:
        """Every tag, most used first."""
        ...

    def filters(self) -> list[FilterValues]:
        """What notes can be filtered by: tags, folders, paths, then every property."""
        ...

    def tasks(self, *, done: bool = False, scope: str = "") -> list[TaskOfNote]:
        """Open tasks (or done ones), by note."""
        ...

    def tick(self, note: str, line: int, text: str, done: bool) -> TaskOfNote:
        """Mark the task with this text at this line done, or open, in the note's file; undone as any edit is.

        Raises EditConflictError if that line isn't that task any more; nothing is written then.
        """
        ...

    def again(self, day: date) -> RecentNote | None:
        """A note worth seeing again: not changed for 30 days, the same all day long; None if there is none."""
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
    def threads(self) -> ThreadsPort: ...
    @property
    def receipts(self) -> ReceiptsPort: ...
    @property
    def summaries(self) -> SummariesPort: ...
    @property
    def notes(self) -> NotesPort: ...

    def close(self) -> None:
        """Let go of the index."""
        ...
