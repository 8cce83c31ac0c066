"""Client: the index behind a socket, with the same methods as the index itself; each call asks the owner."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date
from threading import Event as StopEvent
from typing import cast

from exocortex.calling import Caller
from exocortex.config import Config
from exocortex.core.answers import Answer
from exocortex.core.events import Answering, Event, Happening, Progress, Replayed, Token
from exocortex.core.handshake import Welcome
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
from exocortex.frames import Line


class Client:
    """A conversation with the owner, grouped by noun as the cortex is. One call at a time: give each thread its own."""

    def __init__(
        self,
        config: Config,
        line: Line,
        welcome: Welcome,
        reconnect: Callable[[], tuple[Line, Welcome]] | None = None,
    ) -> None:
        asking = Caller(config, line, welcome.pid, reconnect)
        self._asking = asking
        self.welcome = welcome
        self.index = _Index(asking)
        self.search = _Search(asking)
        self.answers = _Answers(asking)
        self.threads = _Threads(asking)
        self.receipts = _Receipts(asking)
        self.summaries = _Summaries(asking)
        self.notes = _Notes(asking)

    def retire(self) -> None:
        """Ask the owner to end; it does so in a moment."""
        self._asking.retire()

    def close(self) -> None:
        """Hang up; whatever is still being worked on for this client stops."""
        self._asking.close()

    def __enter__(self) -> Client:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class _Index:
    """`IndexPort`."""

    def __init__(self, asking: Caller) -> None:
        self._asking = asking

    def run(
        self, *, retry: bool = False, accept_deletions: bool = False, stop: StopEvent | None = None
    ) -> Iterator[Event]:
        """Bring the index up to date, and follow it."""
        return self._asking.stream("index.run", stop, retry=retry, accept_deletions=accept_deletions)

    def status(self) -> Status:
        """The ledger, and how the owner is doing."""
        return cast(Status, self._asking.ask("index.status"))

    def watch(self, *, stop: StopEvent | None = None) -> Iterator[Happening]:
        """What happens to the index from now on."""
        return self._asking.stream("index.watch", stop)

    def recall(self) -> float | None:
        """Share of the true nearest neighbours that Chroma finds on a sample."""
        return cast(float | None, self._asking.ask("index.recall"))

    def pause(self) -> None:
        """Do nothing in the background until told to go on."""
        self._asking.ask("index.pause")

    def resume(self) -> None:
        """Go on with what `pause` held up."""
        self._asking.ask("index.resume")


class _Search:
    """`SearchPort`."""

    def __init__(self, asking: Caller) -> None:
        self._asking = asking

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
        """Notes for this text, best first."""
        options = {"mode": mode, "limit": limit, "sort": sort, "literal": literal, "scope": scope, "chunks": chunks}
        return cast(Found, self._asking.ask("search.find", text=text, **options))

    def similar(self, note: str, *, limit: int = 10) -> Found:
        """Notes nearest in meaning to this one."""
        return cast(Found, self._asking.ask("search.similar", note=note, limit=limit))


class _Answers:
    """`AnswersPort`."""

    def __init__(self, asking: Caller) -> None:
        self._asking = asking

    def ask(self, question: str, *, scope: str = "", literal: bool = False, engine: str = "") -> Answer:
        """Answer from the notes alone, or abstain."""
        options = {"scope": scope, "literal": literal, "engine": engine}
        return cast(Answer, self._asking.ask("answers.ask", question=question, **options))

    def stream(
        self, question: str, *, scope: str = "", literal: bool = False, engine: str = "", stop: StopEvent | None = None
    ) -> Iterator[Answering]:
        """The same as it comes about."""
        options = {"scope": scope, "literal": literal, "engine": engine}
        return self._asking.stream("answers.stream", stop, question=question, **options)


class _Threads:
    """`ThreadsPort`."""

    def __init__(self, asking: Caller) -> None:
        self._asking = asking

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
        """Ask within a conversation, or begin one."""
        options = {"thread": thread, "instead": instead, "scope": scope, "role": role, "engine": engine}
        return self._asking.stream("threads.say", stop, question=question, **options)

    def check(self, *, thread: str = "", scope: str = "", role: str = "", engine: str = "") -> None:
        """Whether a question with these would be taken."""
        self._asking.ask("threads.check", thread=thread, scope=scope, role=role, engine=engine)

    def search(self, words: str = "") -> list[Thread]:
        """All of them, or those with these words in them."""
        return cast(list[Thread], self._asking.ask("threads.search", words=words))

    def show(self, thread: str) -> list[Exchange]:
        """What was said in one."""
        return cast(list[Exchange], self._asking.ask("threads.show", thread=thread))

    def rename(self, thread: str, title: str) -> None:
        """Give it another title."""
        self._asking.ask("threads.rename", thread=thread, title=title)

    def delete(self, thread: str) -> None:
        """It and all that was said in it."""
        self._asking.ask("threads.delete", thread=thread)


class _Receipts:
    """`ReceiptsPort`."""

    def __init__(self, asking: Caller) -> None:
        self._asking = asking

    def recent(self, limit: int = 20) -> list[Receipt]:
        """The newest, newest first."""
        return cast(list[Receipt], self._asking.ask("receipts.recent", limit=limit))

    def check(self, receipt: str) -> Checked:
        """One, and what became of its sources since."""
        return cast(Checked, self._asking.ask("receipts.check", receipt=receipt))

    def replay(self, receipt: str, *, stop: StopEvent | None = None) -> Iterator[Token | Replayed]:
        """The same prompt to the same model."""
        return self._asking.stream("receipts.replay", stop, receipt=receipt)


class _Summaries:
    """`SummariesPort`."""

    def __init__(self, asking: Caller) -> None:
        self._asking = asking

    def make(
        self, what: str, *, points: int = 7, engine: str = "", stop: StopEvent | None = None
    ) -> Iterator[Progress | Summary]:
        """What a note, a folder or the notes found by a query say."""
        return self._asking.stream("summaries.make", stop, what=what, points=points, engine=engine)

    def digest(self, period: Period, *, engine: str = "", stop: StopEvent | None = None) -> Iterator[Progress | Digest]:
        """What came into the notes in a period."""
        return self._asking.stream("summaries.digest", stop, period=period, engine=engine)


class _Notes:
    """`NotesPort`."""

    def __init__(self, asking: Caller) -> None:
        self._asking = asking

    def show(self, note: str) -> NoteText:
        """The note's file as it is now."""
        return cast(NoteText, self._asking.ask("notes.show", note=note))

    def links(self, note: str) -> NoteLinks:
        """Where it leads, what leads to it, and what leads nowhere."""
        return cast(NoteLinks, self._asking.ask("notes.links", note=note))

    def outline(self, note: str) -> list[Heading]:
        """Its headings, in order."""
        return cast(list[Heading], self._asking.ask("notes.outline", note=note))

    def inspect(self, note: str) -> Inspected:
        """The note as the index sees it."""
        return cast(Inspected, self._asking.ask("notes.inspect", note=note))

    def recent(self, limit: int = 20) -> list[RecentNote]:
        """Notes by the time their file changed, newest first."""
        return cast(list[RecentNote], self._asking.ask("notes.recent", limit=limit))

    def contents(self, folder: str, path: str = "", *, after: str = "", limit: int = 500) -> FolderContents:
        """What lies directly in this place of a folder of notes."""
        options = {"path": path, "after": after, "limit": limit}
        return cast(FolderContents, self._asking.ask("notes.contents", folder=folder, **options))

    def named(self, text: str, *, limit: int = 50) -> list[NoteRef]:
        """Notes that have these words in their path or title."""
        return cast(list[NoteRef], self._asking.ask("notes.named", text=text, limit=limit))

    def tags(self) -> list[TagCount]:
        """Every tag, most used first."""
        return cast(list[TagCount], self._asking.ask("notes.tags"))

    def filters(self) -> list[FilterValues]:
        """What notes can be filtered by."""
        return cast(list[FilterValues], self._asking.ask("notes.filters"))

    def tasks(self, *, done: bool = False, scope: str = "") -> list[TaskOfNote]:
        """Open tasks (or done ones), by note."""
        return cast(list[TaskOfNote], self._asking.ask("notes.tasks", done=done, scope=scope))

    def tick(self, note: str, line: int, text: str, done: bool) -> TaskOfNote:
        """Mark a task done, or open; asked twice, it is done once."""
        return cast(TaskOfNote, self._asking.ask("notes.tick", note=note, line=line, text=text, done=done))

    def again(self, day: date) -> RecentNote | None:
        """A note worth seeing again that day."""
        return cast(RecentNote | None, self._asking.ask("notes.again", day=day))
