"""`exo index`: bring the index up to date, watchable and stoppable."""

from __future__ import annotations

import signal
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from threading import Event as StopEvent
from threading import Thread
from types import FrameType
from typing import Any

import click

from exocortex.cli.arguments import Command, json_option, pass_face
from exocortex.cli.console import Console, OutputError, Span
from exocortex.cli.face import DONE, INTERRUPTED, Face
from exocortex.cli.progress import reporter
from exocortex.core.counting import counted
from exocortex.core.durations import duration
from exocortex.core.errors import IndexStoreError
from exocortex.core.events import Event, Indexed, Progress
from exocortex.core.status import Status
from exocortex.core.wire import document

_STOPPING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@click.command("index", cls=Command)
@click.option("--retry", is_flag=True, help="Look again at files that were skipped.")
@click.option("--accept-deletions", is_flag=True, help="Notes that vanished in great numbers were meant to.")
@json_option
@pass_face
def index_command(face: Face, retry: bool, accept_deletions: bool, as_json: bool) -> int:
    """Read what is new or changed: words first, then meaning.

    \b
    exo index
    exo index --json | jq -c 'select(.event == "indexed")'

    Ctrl-C stops it and keeps what is done; the next run goes on from there.
    """
    with face.cortex() as cortex, stopping(face.console) as stop:
        events = cortex.index.run(retry=retry, accept_deletions=accept_deletions, stop=stop)
        indexed = _print_events(face, events) if as_json else watch(face, events)
        if not as_json:
            say_indexed(face, indexed, cortex.index.status())
    return INTERRUPTED if indexed.stopped else DONE


@contextmanager
def stopping(
    console: Console, said: str = "Stopping; what is done is kept. (Ctrl-C again to end it at once.)"
) -> Iterator[StopEvent]:
    """The first Ctrl-C (or SIGTERM, or the terminal's end) asks the job to stop, a second one ends it as it stands.

    It is told of beside the main thread: a signal may come in the middle of a write, and a stream can't be written to
    from within itself.
    """
    stop, heard = StopEvent(), StopEvent()

    def ask(_number: int, _frame: FrameType | None) -> None:
        if stop.is_set():
            raise KeyboardInterrupt
        stop.set()
        heard.set()

    def tell() -> None:
        heard.wait()
        if stop.is_set():
            with suppress(OutputError):
                console.notice(Span(said))

    telling = Thread(target=tell, name="telling", daemon=True)
    telling.start()
    before = {number: signal.getsignal(number) for number in _STOPPING}
    for number, handler in before.items():
        if handler is not signal.SIG_IGN:  # as nohup has it
            signal.signal(number, ask)
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
        heard.set()
        telling.join()


def watch(face: Face, events: Iterable[Event]) -> Indexed:
    """Show progress until the job is over; returns how it ended."""
    with reporter(face.console) as shown:
        for event in events:
            if isinstance(event, Progress):
                shown.show(event)
            elif isinstance(event, Indexed):
                return event
    raise IndexStoreError("Indexing ended without a result.", "Run it again: exo index")


def say_indexed(face: Face, indexed: Indexed, status: Status) -> None:
    """What changed, what is left to do, and what people should know of it."""
    changes = [
        (indexed.added, "added"),
        (indexed.modified, "changed"),
        (indexed.moved, "moved"),
        (indexed.removed, "removed"),
    ]
    said = ", ".join(f"{number:,} {what}" for number, what in changes if number) or "nothing new"
    notes = counted(sum(folder.indexed for folder in status.folders), "note")
    face.console.line(
        Span("Stopped: " if indexed.stopped else "Done: ", "strong"),
        Span(f"{notes} in the index ({said}), {duration(indexed.seconds)}"),
    )
    pending = sum(folder.pending for folder in status.folders)
    left = [f"{pending:,} pending"] if pending else []
    left += [f"{status.embedding:,} by words only so far"] if status.embedding else []
    if left:
        face.console.notice(Span(f"{', '.join(left)}. Go on with: exo index", "faint"))
    if status.skipped:
        face.console.notice(Span(f"{counted(len(status.skipped), 'file')} skipped; why: exo status", "warning"))
    for notice in status.notices:
        face.console.notice(Span(notice, "warning"))


def _print_events(face: Face, events: Iterable[Event]) -> Indexed:
    last = None
    for event in events:
        face.console.json(_document(event))
        last = event
    if isinstance(last, Indexed):
        return last
    raise IndexStoreError("Indexing ended without a result.", "Run it again: exo index")


def _document(event: Event) -> dict[str, Any]:
    extra = {"eta": event.eta} if isinstance(event, Progress) else {}
    return document({"event": type(event).__name__.lower()}) | document(event) | extra
