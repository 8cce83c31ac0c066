"""Themes: one accent and calm colours, dark, light and of high contrast; and those of the user's own, in the home."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from pathlib import Path

from textual.color import Color, ColorParseError
from textual.css.constants import VALID_STYLE_FLAGS
from textual.theme import Theme

DARK, LIGHT, CONTRAST = "exo-dark", "exo-light", "exo-contrast"

OURS = (
    Theme(
        name=DARK,
        primary="#7fb8a4",
        secondary="#8fa3bf",
        accent="#7fb8a4",
        warning="#d8a657",
        error="#e68a7f",
        success="#7fb8a4",
        foreground="#d5d8dc",
        background="#15181c",
        surface="#1a1e23",
        panel="#22272e",
        dark=True,
        variables={
            "block-cursor-background": "#2c3a3a",
            "block-cursor-foreground": "#e8ecef",
            "block-cursor-text-style": "none",
            "block-cursor-blurred-background": "#232a2e",
            "footer-background": "#15181c",
            "footer-key-foreground": "#7fb8a4",
            "footer-description-foreground": "#7d858f",
            "input-selection-background": "#3a5a50",
            "muted": "#9aa2ac",
            "faint": "#565e68",
            "border": "#333a42",
            "scrollbar": "#2b3138",
            "scrollbar-background": "#15181c",
            "scrollbar-corner-color": "#15181c",
            "scrollbar-background-hover": "#15181c",
            "scrollbar-background-active": "#15181c",
        },
    ),
    Theme(
        name=LIGHT,
        primary="#1d6b58",
        secondary="#4a6285",
        accent="#1d6b58",
        warning="#7d4f00",
        error="#b3362b",
        success="#1d6b58",
        foreground="#23282e",
        background="#fbfaf7",
        surface="#f4f2ed",
        panel="#e9e6df",
        dark=False,
        variables={
            "block-cursor-background": "#d5e5de",
            "block-cursor-foreground": "#15191d",
            "block-cursor-text-style": "none",
            "block-cursor-blurred-background": "#e6ebe6",
            "footer-background": "#fbfaf7",
            "footer-key-foreground": "#1d6b58",
            "footer-description-foreground": "#70767d",
            "input-selection-background": "#bcd8cd",
            "muted": "#5b6269",
            "faint": "#9a9fa5",
            "border": "#cfcbc2",
            "scrollbar": "#d9d5cc",
            "scrollbar-background": "#fbfaf7",
            "scrollbar-corner-color": "#fbfaf7",
            "scrollbar-background-hover": "#fbfaf7",
            "scrollbar-background-active": "#fbfaf7",
        },
    ),
    Theme(
        name=CONTRAST,
        primary="#ffff5f",
        secondary="#5fffff",
        accent="#ffff5f",
        warning="#ffaf00",
        error="#ffa8a8",
        success="#5fff87",
        foreground="#ffffff",
        background="#000000",
        surface="#000000",
        panel="#1c1c1c",
        dark=True,
        variables={
            "block-cursor-background": "#303030",
            "block-cursor-foreground": "#ffffff",
            "block-cursor-text-style": "none",
            "block-cursor-blurred-background": "#262626",
            "footer-background": "#000000",
            "footer-description-foreground": "#ffffff",
            "muted": "#ffffff",
            "faint": "#d0d0d0",
            "border": "#ffffff",
        },
    ),
)


DEFAULTS = {"muted": "#868e98", "faint": "#6a727c"}
"""Of what our styles use and other themes don't name."""


def users_themes(home: Path) -> Iterator[Theme | str]:
    """Those in `themes/*.toml` of the home, each a table of Textual's theme fields; or what is wrong with one."""
    for path in sorted((home / "themes").glob("*.toml")):
        try:
            theme = Theme(**{**tomllib.loads(path.read_text("utf-8")), "name": path.stem})
            _check(theme)
            yield theme
        except (OSError, ValueError, TypeError, AttributeError, ColorParseError) as error:
            yield f"The theme {path.name} can't be used: {error}."


def _check(theme: Theme) -> None:
    """Raise what is wrong with it now: styles that can't be read end the program when the theme is chosen."""
    theme.to_color_system().generate()
    for name, value in theme.variables.items():
        if not name.endswith("-style"):
            Color.parse(value)
        elif not VALID_STYLE_FLAGS.issuperset(value.split()):
            raise ValueError(f"{name} is a style of text, such as bold, and can't be {value!r}")
