"""CaptureBox: a thought written down over whatever is on the screen; what is typed is on disk before it is a note."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Literal

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.timer import Timer
from textual.widgets import Static

from exocortex import drafts
from exocortex.capturing import INBOX, Captured, inbox_folder
from exocortex.core.errors import ExocortexError
from exocortex.drafts import Draft
from exocortex.tui import safe
from exocortex.tui.entry import Entry
from exocortex.tui.keeping import DraftKept, DraftLost, Keeper, NoteMade
from exocortex.tui.lanes import Failed
from exocortex.tui.messages import Copy
from exocortex.tui.tag_line import LANE, TagChoices, TagLine, TagsRead, line_with_choices, read_tags
from exocortex.tui.writing_area import WritingArea

if TYPE_CHECKING:
    from exocortex.tui.desk import Desk

TAGS_SECONDS = 0.1
"""How long after it is there the tags of the notes are asked for: the first frame and the first keys come before."""
DRAFT_SECONDS = 0.3
"""How long after a key, at most, what is typed begins to be put on disk."""


class CaptureBox(ModalScreen[Captured | None]):
    """Closes with the note once the text is one, or with None once it is kept as a draft."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+s", "save", "Save", id="capture.save", priority=True),
        Binding("escape", "leave", "Keep as a draft", id="capture.leave"),
        Binding("ctrl+y", "copy", "Copy it", id="capture.copy", priority=True),
    ]

    def __init__(self, desk: Desk, to: str = INBOX, tags: str = "") -> None:
        """`to` is where the text goes unless another place is typed; `tags` stand there, unless a draft has others."""
        super().__init__()
        self.desk = desk
        self._to, self._tags = to, tags
        self._keeper = Keeper(desk, self)
        self._soon: Timer | None = None
        self._on_disk = Draft()
        """What is there, or is on its way there."""
        self._leaving: int | None = None
        """Which draft has to be on disk before the box closes."""
        self._is_saving = False
        self._trouble: Literal["", "draft", "note"] = ""
        """What could not be put on disk, the last time it was tried."""
        self._read_error: ExocortexError | None = None
        self._refusal = ""
        """Why a paste was refused, until something is typed."""

    def compose(self) -> ComposeResult:
        """Where it goes, the text, its tags, and how it stands."""
        self._on_disk = draft = self._read_draft()
        with Vertical(classes="box", id="capture"):
            yield Static(_destination(self.desk), id="destination")
            yield WritingArea(draft.text, id="text")
            with Horizontal(id="tagged"):
                yield Static("Tags", id="label")
                yield from line_with_choices(draft.tags or self._tags)
                yield Static("To", id="to-label")
                yield Entry("" if self._to == INBOX else self._to, placeholder="inbox, today, or a note", id="to")
            yield Static(id="told")

    def _read_draft(self) -> Draft:
        try:
            return drafts.read(self.desk.config.home)
        except ExocortexError as error:
            self._read_error = error
            return Draft()

    def on_mount(self) -> None:
        """Go on where the draft ends."""
        area = self.query_one(WritingArea)
        area.move_cursor(area.document.end)
        area.focus()
        if self.desk.config.folders:
            self.set_timer(TAGS_SECONDS, lambda: read_tags(self.desk, self))
        if self._read_error is not None:
            self._tell_error(self._read_error)
        else:
            self._tell("your draft, as you left it" if area.text else "")

    @property
    def _draft(self) -> Draft:
        return Draft(self.query_one(WritingArea).text, self.query_one(TagLine).value)

    # The draft

    @on(WritingArea.Changed)
    @on(TagLine.Changed)
    def _typed(self) -> None:
        self._refusal = ""
        if self._soon is None and self._draft != self._on_disk:
            self._soon = self.set_timer(DRAFT_SECONDS, self._keep)

    def _keep(self) -> int:
        if self._soon is not None:
            self._soon.stop()
            self._soon = None
        self._on_disk = self._draft
        return self._keeper.keep(self._on_disk)

    @on(DraftKept)
    def _draft_kept(self, message: DraftKept) -> None:
        if self._leaving is not None and message.number >= self._leaving:
            self.dismiss(None)
        elif not self._is_saving and self._trouble != "note":
            self._trouble = ""
            self._tell("draft kept" if not self._draft.is_empty else "")

    @on(DraftLost)
    def _draft_lost(self, message: DraftLost) -> None:
        self._trouble, self._leaving = "draft", None
        self._tell_error(message.error)

    def action_leave(self) -> None:
        """Close, the draft being on disk; where that failed, the second time without."""
        if self._is_saving:
            return
        if self._trouble == "draft":
            self.dismiss(None)
        else:
            self._leaving = self._keep()

    # The note

    def action_save(self) -> None:
        """Make a note of it; the box closes when that is on disk."""
        if self._is_saving:
            return
        self._is_saving = True
        self.query_one(WritingArea).read_only = True
        self._tell("saving …")
        to = self.query_one("#to", Entry).value.strip() or INBOX
        self._keeper.capture(self._draft.text, self.query_one(TagLine).tags, to)

    @on(NoteMade)
    def _made(self, message: NoteMade) -> None:
        told, is_fine = _outcome(message.captured, self.desk.config.index.max_file_bytes)
        self.app.notify(safe.plain(told), severity="information" if is_fine else "warning", markup=False)
        self.dismiss(message.captured)

    @on(Failed)
    def _failed(self, message: Failed) -> None:
        message.stop()
        if message.lane == LANE:
            return  # it goes without completion
        self._is_saving, self._trouble = False, "note"
        self.query_one(WritingArea).read_only = False
        self._tell_error(message.error)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:  # noqa: ARG002 (Textual's)
        """What can't be kept can be copied; else ctrl+y is the text area's."""
        return bool(self._trouble) if action == "copy" else True

    def action_copy(self) -> None:
        """The text, for another program to keep."""
        self.post_message(Copy(self.query_one(WritingArea).text, "the text"))

    # What is said

    @on(WritingArea.Refused)
    def _refused(self, message: WritingArea.Refused) -> None:
        size = f"{message.length / 1_000_000:.0f} MB"
        self._refusal = f"{size} are too much for this box; nothing was pasted. From a file: exo capture - < FILE"
        self._tell("")

    @on(TagsRead)
    def _tags_read(self, message: TagsRead) -> None:
        self.query_one(TagChoices).offer(message.tags)

    def _tell(self, how: str) -> None:
        if self._refusal:
            self.query_one("#told", Static).update(safe.line(self._refusal, "$warning"))
            return
        keys = safe.joined(safe.line("^s", "$accent"), " save   ", safe.line("Esc", "$accent"), " keep as a draft")
        self.query_one("#told", Static).update(safe.joined(keys, safe.line(f"   {how}", "$muted")))

    def _tell_error(self, error: ExocortexError) -> None:
        told = safe.line(error.told, "$error")
        rest = safe.joined("  ", safe.line("^y", "$accent"), " copies the text") if self._trouble else ""
        self.query_one("#told", Static).update(safe.joined(told, rest))


def _destination(desk: Desk) -> Content:
    """Where the note will be, or why there is no place for it."""
    title = safe.line("Capture", "bold")
    try:
        folder = inbox_folder(desk.config)
    except ExocortexError as error:
        return safe.joined(title, "   ", safe.line(error.told, "$warning"))
    inbox = desk.config.capture.inbox
    place = f"{folder.name}:{inbox}" if len(desk.config.folders) > 1 else inbox or folder.name
    return safe.joined(title, safe.line(f"   into {place}", "$muted"))


def _outcome(captured: Captured, most_bytes: int) -> tuple[str, bool]:
    """What became of it, for people, and whether it is all that was wished for."""
    if not captured.delivered:
        reason = captured.reason.rstrip(".")
        return f"The text is safe but not a note yet: {reason}. It waits in {captured.path}", False
    if captured.path.stat().st_size > most_bytes:
        most = f"{most_bytes / 1_000_000:g} MB"
        return f"Saved: {captured.path}. It can't be searched: it is larger than {most} (index.max_file_mb).", False
    return f"Saved: {captured.path}", True
