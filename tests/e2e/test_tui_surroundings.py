"""The terminal UI where it has little to stand on: no real terminal, no colours, no home to write into, no notes."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest
from owned import OwnedPlace
from places import EXO, Place
from terminals import Terminal

F3 = "\x1bOR"
_NO_RIGHTS = ["setpriv", "--inh-caps=-all", "--bounding-set=-all", "--no-new-privs"]
"""Root, made subject to modes of files."""


def test_a_pipe_gets_the_help(fresh: Place) -> None:
    ended = fresh.exo()
    assert ended.code == 0
    assert "Usage: exo" in ended.out
    assert "\x1b" not in ended.out + ended.err


@pytest.mark.parametrize("closed", ["stdin", "stdout", "stderr"])
def test_a_terminal_in_part_gets_the_help(fresh: Place, closed: str) -> None:
    """Where one of the three leads elsewhere, screens would be sent there, or wait for keys for ever."""
    redirected = {"stdin": "</dev/null", "stdout": ">/dev/null", "stderr": "2>/dev/null"}[closed]
    script = f"{' '.join(EXO)} {redirected}; echo ended $?"
    terminal = Terminal(fresh, command=["sh", "-c", script])
    terminal.waits_for("ended 0")
    assert b"\x1b[?1049h" not in terminal.received
    assert terminal.ends() == 0


def test_a_terminal_that_can_show_no_screens_gets_the_help(fresh: Place) -> None:
    shown, code = fresh.terminal(TERM="dumb")
    assert code == 0
    assert b"Usage: exo" in shown
    assert b"every command works here" in shown
    assert b"\x1b[" not in shown


def test_without_colours_everything_is_still_told(owned: OwnedPlace) -> None:
    assert owned.exo("index").code == 0
    terminal = Terminal(owned, NO_COLOR="1")
    terminal.waits_for("Ask your notes")
    terminal.sends(F3)
    terminal.waits_for("Search your notes")
    terminal.sends("deposit")
    terminal.waits_for("by words and meaning")
    terminal.presses("q")
    assert terminal.ends() == 0
    colours = [part for part in terminal.received.split(b"\x1b[") if part[:5] in (b"38;2;", b"48;2;")]
    for part in colours:
        red, green, blue = part.split(b"m")[0].split(b";")[2:5]
        assert red == green == blue


@pytest.mark.parametrize("language", ["C", "POSIX", "de_DE.ISO-8859-1", ""])
def test_any_language_setting_shows_the_same_letters(owned: OwnedPlace, language: str) -> None:
    (owned.vault / "Straße 漢字.md").write_text("# Größe 漢字\n\nDer Reiher steht im Wasser. £5\n")
    assert owned.exo("index").code == 0
    terminal = Terminal(owned, LANG=language, LC_ALL=language)
    terminal.waits_for("Ask your notes")
    terminal.sends(F3)
    terminal.waits_for("Search your notes")
    terminal.sends("größe")
    terminal.waits_for("Größe")
    terminal.waits_for("£5")
    terminal.presses("q")
    assert terminal.ends() == 0


def test_a_home_that_cannot_be_written_to_is_told_of(owned: OwnedPlace) -> None:
    """A disk that was mounted read-only: the screens come all the same, say what is wrong, and can be left."""
    shutil.rmtree(owned.home / "journal", ignore_errors=True)
    modes = {path: path.stat().st_mode for path in [owned.home, *owned.home.rglob("*")] if path.is_dir()}
    for path in modes:
        path.chmod(0o500)
    try:
        terminal = Terminal(owned, command=[*_as_any_user(), *EXO])
        terminal.waits_for("can't be written to")
        terminal.presses("q")
        assert terminal.ends() == 0
    finally:
        for path, mode in modes.items():
            path.chmod(mode)


def _as_any_user() -> list[str]:
    return _NO_RIGHTS if os.geteuid() == 0 else []


def test_notes_that_are_unplugged_are_told_of_and_still_found(owned: OwnedPlace) -> None:
    assert owned.exo("index").code == 0
    terminal = Terminal(owned, columns=120)
    terminal.waits_for("5 notes")
    aside = owned.vault.with_name("aside")
    owned.vault.rename(aside)
    terminal.sends(F3)
    terminal.waits_for("Search your notes")
    terminal.sends("deposit")
    terminal.waits_for("Lease")
    terminal.waits_for("notes isn't there")
    aside.rename(owned.vault)
    deadline = time.monotonic() + 30
    while "notes isn't there" in terminal.text and time.monotonic() < deadline:
        terminal.reads(0.5)
    terminal.sends(" paid")
    terminal.waits_for("£1,480")
    assert "notes isn't there" not in terminal.text
    terminal.presses("q")
    assert terminal.ends() == 0


def test_two_at_once_share_one_owner(owned: OwnedPlace) -> None:
    both = [Terminal(owned), Terminal(owned)]
    for terminal in both:
        terminal.waits_for("5 notes")
    assert len(owned.owners()) == 1
    for terminal in both:
        terminal.presses("q")
        assert terminal.ends() == 0


def test_it_loads_no_heavy_library(tmp_path: Path) -> None:
    """Those are the owner's: each would make the screens wait."""
    heavy = [
        "chromadb",
        "numpy",
        "onnxruntime",
        "llama_cpp",
        "tokenizers",
        "sentence_transformers",
        "watchdog",
        "httpx",
    ]
    program = (
        "import sys, os\nfrom exocortex.config import load\nfrom exocortex.tui.app import ExocortexApp\n"
        "from exocortex.tui.desk import Desk\nimport asyncio\n"
        "app = ExocortexApp(Desk.of(load(os.environ), os.environ, lambda: load(os.environ)))\n"
        "async def main():\n    async with app.run_test() as pilot:\n        await pilot.pause()\n"
        f"asyncio.run(main())\nprint(sorted(set({heavy!r}) & set(sys.modules)))\n"
    )
    environ = os.environ | {"EXO_HOME": str(tmp_path / "home"), "HOME": str(tmp_path)}
    command = [sys.executable, "-c", program]
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=environ, timeout=60)
    assert done.stdout.strip() == "[]", done.stderr
