"""What a hostile note is full of: commands to the terminal, and markup of the screens."""

from __future__ import annotations

COMMANDS = (
    "\x1b]52;c;aGk=\x07",
    "\x1b]0;owned\x07",
    "\x1b]8;;evil:x\x07y\x1b]8;;\x07",
    "\x1b[2J\x1b[H",
    "\x1bP1$r\x1b\\",
    "\u009b2J",
    "\x07",
    "\u202egpj.exe",
)
"""Clipboard, title, link, clearing the screen, a device string, one of a single byte, the bell, text reversed."""

MARKUP = (
    "[/",
    "[b",
    "[@click=app.quit]x[/]",
    "[/#888]",
    "\\[",
    "[" * 10_000,
    "[link=file:///etc/passwd]x[/link]",
    "[on red]x",
    "$accent [$accent]",
    "]][[",
)
