"""Link boxes: what is laid over a note to choose one of its links, and to see where one leads before it is copied."""

from __future__ import annotations

from collections.abc import Sequence
from string import ascii_lowercase
from typing import ClassVar

from textual import events, on
from textual.app import App, ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option

from exocortex.tui import leads, safe
from exocortex.tui.leads import Lead, Nowhere, ToNote, ToWeb
from exocortex.tui.messages import Copy

_KEYS = "123456789" + "".join(one for one in ascii_lowercase if one not in "jkq")


class LinkBox(ModalScreen[str]):
    """The links in sight, each with a key; gives the address of the one chosen."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q", "dismiss", "Back", id="links.back"),
        Binding("j", "down", show=False),
        Binding("k", "up", show=False),
    ]

    def __init__(self, links: Sequence[tuple[str, str]]) -> None:
        super().__init__()
        self._links = links

    def compose(self) -> ComposeResult:
        """What they say, and where they lead."""
        with Vertical(classes="box"):
            yield Static(safe.line("Follow a link", "bold"))
            yield OptionList(*(Option(_told(at, *link)) for at, link in enumerate(self._links)), id="links")

    def on_key(self, event: events.Key) -> None:
        """The key of one chooses it."""
        at = _KEYS.find(event.character or "\0")
        if 0 <= at < len(self._links):
            event.stop()
            self.dismiss(self._links[at][1])

    @on(OptionList.OptionSelected)
    def _selected(self, event: OptionList.OptionSelected) -> None:
        self.dismiss(self._links[event.option_index][1])

    def action_down(self) -> None:
        """The next one."""
        self.query_one(OptionList).action_cursor_down()

    def action_up(self) -> None:
        """The one before."""
        self.query_one(OptionList).action_cursor_up()


class WebBox(ModalScreen[bool]):
    """Where an address of the web leads, whole; true if it is to be copied. Nothing here opens it."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("c,enter", "copy", "Copy the address", id="web.copy"),
        Binding("escape,q", "leave", "Back", id="web.back"),
    ]

    def __init__(self, lead: ToWeb) -> None:
        super().__init__()
        self._lead = lead

    def compose(self) -> ComposeResult:
        """The address, the machine it names, and what can be done."""
        with Vertical(classes="box"):
            yield Static(safe.line("This link leads out of your notes", "bold"))
            yield Static(safe.lines(self._lead.url))
            yield Static(safe.joined(safe.line("to the machine ", "$muted"), safe.line(self._lead.host, "bold")))
            keys = (*_key("c", "copy the address   "), *_key("esc", "back"))
            yield Static(safe.joined(*keys))

    def action_copy(self) -> None:
        """It is wanted."""
        self.dismiss(True)

    def action_leave(self) -> None:
        """It isn't."""
        self.dismiss(False)


def show_lead(app: App[int], lead: Lead) -> None:
    """What is done about a link that leads to no note: its address is shown, to be copied, or it is told of."""
    match lead:
        case ToWeb():

            def close(is_wanted: bool | None) -> None:
                if is_wanted:
                    app.post_message(Copy(lead.url, "the address"))

            app.push_screen(WebBox(lead), close)
        case Nowhere(told):
            app.notify(safe.plain(told), severity="warning", markup=False)
        case ToNote(target):
            app.notify(safe.plain(f"Links to notes are followed from the note itself: {target}"), markup=False)


def _told(at: int, words: str, href: str) -> Content:
    key = safe.line(f"{_KEYS[at] if at < len(_KEYS) else ' '}  ", "bold $accent")
    lead = leads.lead(href)
    where = " > ".join(part for part in (lead.target, lead.anchor) if part) if isinstance(lead, ToNote) else href
    said = " ".join(words.split()) or where
    return safe.joined(key, safe.line(said), safe.line(f"  {where}" if where != said else "", "$muted"))


def _key(key: str, told: str) -> tuple[Content, Content]:
    return safe.line(f"{key} ", "bold $accent"), safe.line(told, "$muted")
