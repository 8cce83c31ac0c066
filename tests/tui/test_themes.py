"""Themes: ours can be read, the user's own are taken up, and a broken one costs a sentence."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from screens import drive, shown, until
from textual.color import Color
from textual.pilot import Pilot
from textual.theme import Theme

from exocortex.tui.desk import Desk
from exocortex.tui.themes import CONTRAST, DARK, DEFAULTS, OURS, users_themes

_GOOD = 'primary = "#336699"\naccent = "teal"\ndark = false\n\n[variables]\nmuted = "#777777"\n'
_BAD = {
    "colour": 'primary = "no colour at all"\n',
    "broken": "primary = \n",
    "field": 'primary = "#336699"\nfont = "large"\n',
    "empty": "",
    "type": "primary = 5\n",
    "markup": 'primary = "[/"\n',
    "variable": 'primary = "#336699"\nvariables = 7\n',
    "no colour of a variable": 'primary = "#336699"\n[variables]\nborder = "}{"\n',
    "number": 'primary = "#336699"\n[variables]\nmuted = 5\n',
    "style": 'primary = "#336699"\n[variables]\nblock-cursor-text-style = "wild"\n',
    "bytes": "\x00\udcff",
}


@pytest.fixture
def themes(desk: Desk) -> Iterator[Path]:
    """Where the user's own lie, empty before and after."""
    folder = desk.config.home / "themes"
    folder.mkdir()
    yield folder
    for file in folder.iterdir():
        file.unlink()
    folder.rmdir()


def _write(folder: Path, name: str, text: str) -> None:
    (folder / f"{name}.toml").write_bytes(text.encode("utf-8", "surrogateescape"))


@pytest.mark.parametrize("theme", OURS, ids=lambda theme: theme.name)
@pytest.mark.parametrize("name", ["foreground", "muted", "accent", "warning", "error", "secondary"])
def test_text_stands_out_from_what_is_behind_it(theme: Theme, name: str) -> None:
    """WCAG 2 asks for a contrast of 4.5; of a theme of high contrast for 7."""
    colours = theme.to_color_system().generate() | theme.variables
    least = 7.0 if theme.name == CONTRAST else 4.5
    for behind in ("background", "surface", "panel", "block-cursor-background"):
        assert _contrast(Color.parse(colours[name]), Color.parse(colours[behind])) >= least


def _contrast(one: Color, other: Color) -> float:
    """As https://www.w3.org/TR/WCAG22/#dfn-contrast-ratio has it."""
    light, dark = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def _luminance(colour: Color) -> float:
    parts = [part / 255 for part in colour.rgb]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def test_a_theme_of_the_users_is_named_after_its_file(tmp_path: Path) -> None:
    """One that calls itself by another name would take the place of ours."""
    (tmp_path / "themes").mkdir()
    _write(tmp_path / "themes", "sea", f'name = "{DARK}"\n{_GOOD}')
    (theme,) = users_themes(tmp_path)
    assert isinstance(theme, Theme)
    assert (theme.name, theme.dark, theme.variables) == ("sea", False, {"muted": "#777777"})


def test_no_folder_of_themes_is_no_fault(tmp_path: Path) -> None:
    assert list(users_themes(tmp_path)) == []


@pytest.mark.parametrize("name", _BAD)
def test_a_broken_theme_is_told_by_its_file(tmp_path: Path, name: str) -> None:
    (tmp_path / "themes").mkdir()
    _write(tmp_path / "themes", name, _BAD[name])
    (told,) = users_themes(tmp_path)
    assert isinstance(told, str)
    assert told.startswith(f"The theme {name}.toml can't be used: ")


def test_the_app_takes_the_good_ones_and_tells_of_the_bad(desk: Desk, themes: Path) -> None:
    _write(themes, "sea", _GOOD)
    _write(themes, "wrong[b", _BAD["colour"])

    async def script(pilot: Pilot[int]) -> None:
        await until(pilot, lambda: "The theme wrong[b.toml can't be" in shown(pilot))
        assert pilot.app.theme == DARK
        for name in ("sea", *(theme.name for theme in OURS), "textual-light"):
            pilot.app.theme = name
            await until(pilot, lambda: "Search" in shown(pilot))
        assert "wrong[b" not in pilot.app.available_themes

    drive(desk, script)


def test_what_our_styles_name_has_a_value_in_every_theme() -> None:
    assert set(DEFAULTS) <= {name for theme in OURS for name in theme.variables}
