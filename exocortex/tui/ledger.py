"""Ledger: the ledger of each folder, shown to add up, and how the index and the process that holds it are doing."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from textual.content import Content

from exocortex.core import sizes
from exocortex.core.counting import counted
from exocortex.core.durations import duration
from exocortex.tui import safe

if TYPE_CHECKING:
    from exocortex.core.events import Progress
    from exocortex.core.status import FolderStatus, OwnerStatus, Status
    from exocortex.tui.desk import Desk

_LABEL = 10
_MODES = {
    "events": "noticed as they are saved",
    "polling": "looked for every few seconds",
    "off": "looked for when something is asked",
}


def told(desk: Desk, status: Status, recall: str) -> Content:
    """All of it, in rows; `recall` is what is known of how well Chroma finds."""
    rows = [row for folder in status.folders for row in _folder(folder)]
    rows += [Content(""), *_index(status), _fact("recall", safe.line(recall))]
    if status.owner is not None:
        rows += list(_owner(desk, status.owner))
    return Content("\n").join(rows)


def warnings(status: Status) -> Content:
    """What people should know, a sentence a row."""
    said = list(status.notices)
    if status.owner is not None:
        watch = status.owner.watch
        said += [watch.why] if watch.why else []
        said += [f"Not watched: {', '.join(watch.unwatched)}"] if watch.unwatched else []
        said += [status.owner.problem] if status.owner.problem else []
    return Content("\n").join([safe.line(one, "$warning") for one in dict.fromkeys(said)])


def vanished(status: Status) -> int:
    """Notes that went missing all at once and wait for a word about them."""
    return sum(folder.frozen for folder in status.folders)


def _folder(folder: FolderStatus) -> Iterator[Content]:
    name, root = safe.line(folder.name, "bold"), safe.line(f"   {folder.root}", "$muted")
    yield safe.joined(name, root)
    sums = (
        safe.line(f"  {folder.on_disk:,} on disk"),
        safe.line(" = ", "$faint"),
        safe.line(f"{folder.indexed:,} indexed"),
        safe.line(" + ", "$faint"),
        safe.line(f"{folder.pending:,} pending", "$accent" if folder.pending else ""),
        safe.line(" + ", "$faint"),
        safe.line(f"{folder.skipped:,} skipped", "$warning" if folder.skipped else ""),
        safe.line(f"   and {folder.others:,} other files" if folder.others else "", "$muted"),
    )
    yield safe.joined(*sums)
    if folder.missing:
        yield safe.line("  The folder isn't there at the moment; what was indexed still serves.", "$warning")
    if folder.frozen:
        kept = f"  {folder.frozen:,} more vanished all at once and are kept. If you deleted them: a"
        yield safe.line(kept, "$warning")


def _index(status: Status) -> Iterator[Content]:
    left = f"{status.chunks_to_embed:,} still to embed, in {counted(status.embedding, 'note')}"
    done = safe.line("all in") if not status.chunks_to_embed else safe.line(left, "$accent")
    yield _fact("meaning", safe.joined(f"{counted(status.chunks, 'passage')}, ", done))
    name = status.embedder
    if status.next_embedder:
        name = f"{name}, to be replaced by {status.next_embedder}"
    yield _fact("embedder", safe.line(name))
    yield _fact(
        "size", safe.joined(safe.line(sizes.spelled(status.bytes_on_disk)), safe.line(f"   {status.home}", "$muted"))
    )


def _owner(desk: Desk, owner: OwnerStatus) -> Iterator[Content]:
    watch = owner.watch
    waiting = f", {watch.dirty:,} waiting" if watch.dirty else ""
    yield _fact("changes", safe.line(f"{_MODES[watch.mode]}, since {desk.clock(watch.since)}{waiting}"))
    memory = sizes.spelled(owner.memory_bytes)
    yield _fact("owner", safe.line(f"process {owner.pid}, {memory} of memory, since {desk.clock(owner.started)}"))


def _fact(label: str, value: Content) -> Content:
    return safe.joined(safe.line(f"  {label:<{_LABEL}}", "$muted"), value)


def doing(status: Status, progress: Progress | None, *, is_ours: bool) -> str:
    """What goes on, in a line; how to stop it, where that is for us to say."""
    owner = status.owner
    if owner is None:
        return "Nothing happens in the background."
    if progress is not None and progress.done < progress.total:
        step = {"scan": "Looking", "words": "Reading", "meaning": "Embedding"}.get(progress.stage, progress.stage)
        left = f"   {duration(progress.eta)} left" if progress.eta is not None else ""
        how = "   Esc stops" if is_ours else "   p pauses"
        return f"{step} {progress.done:,} of {progress.total:,}{left}{how}"
    if is_ours:
        return "Starting …   Esc stops"
    return "Paused: nothing is read until p." if owner.paused else "Nothing to do."
