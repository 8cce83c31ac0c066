"""From place to place by keys, and what is answered where."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from screens import drive, shown, types, until
from textual.pilot import Pilot
from textual.widgets import Input

from exocortex.config import Config, ModelSettings
from exocortex.tui.ask import AskPlace
from exocortex.tui.boxes import Prompt
from exocortex.tui.desk import Desk
from exocortex.tui.engines import in_force
from exocortex.tui.messages import LinkChosen
from exocortex.tui.notes import NotesPlace
from exocortex.tui.reader import Reader
from exocortex.tui.results import Results
from exocortex.tui.search import SearchPlace


async def _reading(pilot: Pilot[int]) -> None:
    await pilot.press("f3")
    await types(pilot, "boiler pressure")
    await until(pilot, lambda: pilot.app.screen.query_one(Results).hits)
    await pilot.press("enter", "enter")
    await until(pilot, lambda: isinstance(pilot.app.screen, Reader) and "1.3 bar" in shown(pilot))


def test_a_key_leads_from_a_note_to_another_place_and_back_to_the_note(desk: Desk) -> None:
    async def script(pilot: Pilot[int]) -> None:
        await _reading(pilot)
        await pilot.press("f4")
        await until(pilot, lambda: isinstance(pilot.app.screen, NotesPlace))
        await pilot.press("f3")
        await until(pilot, lambda: isinstance(pilot.app.screen, Reader))
        await pilot.press("escape")
        await until(pilot, lambda: isinstance(pilot.app.screen, SearchPlace))

    drive(desk, script)


def test_a_box_is_answered_before_another_place_is_gone_to(desk: Desk) -> None:
    async def script(pilot: Pilot[int]) -> None:
        await pilot.press("f2", "ctrl+o", "f3")
        await pilot.pause()
        assert isinstance(pilot.app.screen, Prompt)

    drive(desk, script)


def test_a_note_is_asked_about_although_another_one_is_being_read_where_one_asks(desk: Desk) -> None:
    async def script(pilot: Pilot[int]) -> None:
        await types(pilot, "How much is the deposit?")
        await pilot.press("enter")
        await until(pilot, lambda: "· searched " in shown(pilot))
        await pilot.press("escape", "1")
        await until(pilot, lambda: isinstance(pilot.app.screen, Reader))
        await pilot.press("f3")
        await types(pilot, "boiler pressure")
        await until(pilot, lambda: pilot.app.screen.query_one(Results).hits)
        await pilot.press("enter", "a")
        await until(pilot, lambda: isinstance(pilot.app.screen, AskPlace))
        assert "Boiler" in pilot.app.screen.query_one("#question", Input).placeholder
        assert 'path:"Home/Boiler.md"' in shown(pilot)

    drive(desk, script, (120, 30))


@pytest.mark.parametrize(
    ("href", "told"),
    [
        ("https://example.org/?q=secret", "https://example.org/?q=secret"),
        ("file:///etc/passwd", "Links of the kind file: aren't followed"),
        ("javascript:alert(1)", "Links of the kind javascript: aren't followed"),
        ("[b]x[/", "Links to notes are followed from the note itself: [b]x[/"),
    ],
)
def test_t28_a_link_in_an_answer_is_told_and_never_opened(desk: Desk, href: str, told: str) -> None:
    async def script(pilot: Pilot[int]) -> None:
        pilot.app.post_message(LinkChosen(href))
        await until(pilot, lambda: told[:30] in shown(pilot))
        assert pilot.app.clipboard == ""

    drive(desk, script, (120, 30))


def test_the_model_on_a_server_comes_before_one_of_the_home() -> None:
    def told(**settings: Any) -> str:
        return in_force(Config(Path("/h"), model=ModelSettings(**settings)))

    assert told() == ""
    assert told(name="tiny") == "tiny"
    assert told(name="tiny", url="http://127.0.0.1:1") == "http://127.0.0.1:1"
    assert told(url="http://127.0.0.1:1", server_model="big") == "big"
