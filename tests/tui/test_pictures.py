"""What the screens look like. A scene is a line here; how they are compared and stored anew is told in pictures.py."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from owners import RunningOwner
from pictures import SCREENSHOTS, STORED, Scene, check, sample_owner

from exocortex.tui.themes import CONTRAST, LIGHT

_FOUND = ("f3", "type notice period", "wait by words and meaning", "wait Notice period", "wait ▌")
_LISTED = ("f4", "wait ▸ Home", "j", "j", "j", "l", "wait Flat inventory", "j", "j", "wait # Flat inventory")
_MEANT = ("f4", "wait ▸ Home", "slash", "type winter", "wait Winter planning", "enter", "enter", "wait Where we are")
_CHOSEN = (*_FOUND, "enter", "x", "wait score")

_ASKED = ("type How much notice must we give?", "enter", "wait searched 36")
_REPLY = """## Giving notice

- You must give **two full months' notice** in writing [1].
- It has to end on the last day of a rental period [1].
- Mrs Pryce must give six months [1].

| who | notice |
|-----|--------|
| us | two full months' notice in writing [1] |
"""

SCENES = (
    Scene("welcome", ("wait 36 notes",), is_new=True),
    Scene("welcome", ("wait 36 notes",), (120, 40), LIGHT, is_new=True),
    Scene("ask", ("f2",)),
    Scene("ask-quoted", _ASKED),
    Scene("ask-quoted", _ASKED, (120, 40), LIGHT),
    Scene("ask-written", _ASKED, reply=_REPLY),
    Scene("ask-written", _ASKED, (120, 40), LIGHT, reply=_REPLY),
    Scene("ask-nothing", ("type What is the capital of Peru?", "enter", "wait searched 36")),
    Scene("ask-keys", ("f1", "wait ask.receipt")),
    Scene("commands", ("ctrl+p", "wait Search for commands")),
    Scene("search-empty", ("f3",)),
    Scene("search", _FOUND),
    Scene("search", _FOUND, theme=LIGHT),
    Scene("search", _FOUND, (120, 40)),
    Scene("search", _FOUND, (120, 40), LIGHT),
    Scene("search-chosen", _CHOSEN, theme=CONTRAST),
    Scene("search-nothing", ("f3", "type tag:nowhere", "wait Nothing found")),
    Scene("search-filters", ("f3", "type tag:", "wait contracts")),
    Scene("reader", (*_FOUND, "enter", "enter", "wait esc Back", "wait ▌")),
    Scene("notes", _LISTED),
    Scene("notes", _LISTED, (120, 40), LIGHT),
    Scene("notes-named", ("f4", "wait ▸ Home", "slash", "type lease", "wait Flat 6, Ropewalk House")),
    Scene("reader-meant", _MEANT),
    Scene("reader-meant", (*_MEANT, "wait Related"), (120, 40), LIGHT),
    Scene("reader-links", (*_MEANT, "f", "wait Follow a link")),
    Scene("today", ("f5", "wait [ ] ", "j", "j")),
    Scene("today", ("f5", "wait [ ] ", "j", "j"), (120, 40), LIGHT),
    Scene("index", ("f8", "wait owner ")),
    Scene("index", ("f8", "wait owner "), (120, 40), LIGHT),
    Scene("capture", ("ctrl+n", "wait Tags", "type call the vet", "tab", "type ho", "wait howto", "wait draft kept")),
    Scene("search", _FOUND, (110, 32), readme=True),
    Scene("ask", _ASKED, (110, 32), readme=True, reply=_REPLY),
)


@pytest.fixture(scope="module")
def owner(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningOwner]:
    """Of the sample vault."""
    with sample_owner(tmp_path_factory.mktemp("sample")) as running:
        yield running


@pytest.mark.parametrize("scene", SCENES, ids=lambda scene: scene.file.stem)
def test_it_looks_as_stored(owner: RunningOwner, scene: Scene, tmp_path: Path, pytestconfig: pytest.Config) -> None:
    check(owner, scene, tmp_path / scene.file.name, pytestconfig.getoption("--draw"))


def test_no_picture_is_left_of_a_scene_that_is_gone() -> None:
    stored = {*STORED.glob("*.svg"), *SCREENSHOTS.glob("*.svg")}
    assert stored == {scene.file for scene in SCENES}


def test_pictures_fetch_nothing() -> None:
    """A picture that names a font of another machine would have it fetched by whoever looks at it."""
    for scene in SCENES:
        addresses = scene.file.read_text("utf-8").split("http")[1:]
        assert all(address.startswith(("://www.w3.org/", "s://www.textualize.io")) for address in addresses)
