"""Choices: what the word at the cursor of a line may become, in a short list below it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from rich.cells import cell_len
from textual.events import Event, Key
from textual.widgets import Input
from textual_autocomplete import AutoComplete, DropdownItem, TargetState

from exocortex.tui import safe

_MOST = 8


class Choices(AutoComplete):
    """Opens by itself and takes no key while it is shut; Tab and Enter take what is chosen, Esc shuts it."""

    ENTER_IS_THE_LINES: ClassVar[bool] = False
    """Whether Enter is meant for the line until one has chosen."""

    def __init__(self, line: Input) -> None:
        super().__init__(line, candidates=[])
        self._has_chosen = False

    def _listen_to_messages(self, event: Event) -> None:
        """The library takes every Enter."""
        key = event.key if isinstance(event, Key) else ""
        if isinstance(event, Input.Changed):
            self._has_chosen = False
        elif key in ("up", "down"):
            self._has_chosen = bool(self.display)
        if key == "enter" and self.ENTER_IS_THE_LINES and not self._has_chosen:
            self.action_hide()
        else:
            super()._listen_to_messages(event)

    def word(self, before: str) -> str | None:
        """The word to be completed, of what stands before the cursor; None if there is none."""
        raise NotImplementedError

    def offered(self, before: str) -> Sequence[tuple[str, int]]:
        """All that it may become, best first, each with how many notes have it."""
        raise NotImplementedError

    def spelled(self, value: str) -> str:
        """What is typed to mean it."""
        return value

    def get_search_string(self, target_state: TargetState) -> str:
        """The word at the cursor."""
        return self.word(_before(target_state)) or ""

    def get_candidates(self, target_state: TargetState) -> list[DropdownItem]:
        """What begins with it, then what holds it; what would read otherwise than it is typed is left out."""
        before = _before(target_state)
        word = self.word(before)
        if word is None:
            return []
        wanted = word.casefold()
        found = [
            (value, notes)
            for value, notes in self.offered(before)
            if wanted in value.casefold() and value.casefold() != wanted and safe.line(value).plain == value
        ]
        found.sort(key=lambda one: not one[0].casefold().startswith(wanted))
        width = max((cell_len(value) for value, _ in found[:_MOST]), default=0)
        return [_Item(value, notes, wanted, width) for value, notes in found[:_MOST]]

    def get_matches(
        self,
        target_state: TargetState,  # noqa: ARG002 (the library's)
        candidates: list[DropdownItem],
        search_string: str,  # noqa: ARG002
    ) -> list[DropdownItem]:
        """Those offered are matches already, in order."""
        return candidates

    def action_hide(self) -> None:
        """Shut it; what is shut opens for no key but by typing on."""
        super().action_hide()
        self.option_list.clear_options()

    def should_show_dropdown(self, search_string: str) -> bool:  # noqa: ARG002 (the library's)
        """Whenever there is something to choose."""
        return bool(self.option_list.option_count)

    def apply_completion(self, value: str, state: TargetState) -> None:
        """Put it in the place of the word at the cursor."""
        before, after = _before(state), state.text[state.cursor_position :]
        word = self.word(before) or ""
        made = f"{before[: len(before) - len(word)]}{self.spelled(value)} "
        self.target.value = made + after.lstrip()
        self.target.cursor_position = len(made)

    def post_completion(self) -> None:
        """The line has changed, as by typing; whoever listens to it wasn't told."""
        super().post_completion()
        self.target.post_message(Input.Changed(self.target, self.target.value))


class _Item(DropdownItem):
    """A value with what was typed of it marked, and how many notes have it."""

    def __init__(self, value: str, notes: int, typed: str, width: int) -> None:
        at = value.casefold().find(typed)
        shown = safe.line(value).stylize("bold", at, at + len(typed)) if typed else safe.line(value)
        padding = " " * (width - cell_len(value) + 2)
        super().__init__(safe.joined(shown, safe.line(f"{padding}{notes}" if notes else "", "$muted")))
        self._value = value

    @property
    def value(self) -> str:
        """Without the number."""
        return self._value


def _before(state: TargetState) -> str:
    return state.text[: state.cursor_position]
