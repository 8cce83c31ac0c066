"""The terminal UI on real terminals: it comes, it goes, and it leaves everything as it was."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from hostile import COMMANDS
from owned import OwnedPlace, make_owned
from places import EXO, NOTES, TRACEBACK
from terminals import Terminal

F3 = "\x1bOR"
_WHOLE = re.compile(rb"\x1b\[\?1049h.*\x1b\[\?1049l", re.DOTALL)
"""The alternate screen is entered and left."""
_ALREADY_ON = {b"7", b"25"}
"""Wrapping and the cursor are on to begin with, and have to be on at the end."""


@pytest.fixture(scope="module")
def ready(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OwnedPlace]:
    """Notes that are read; tests leave its owner alive."""
    made = make_owned(tmp_path_factory.mktemp("screens"))
    assert made.exo("index").code == 0
    yield made
    made.end()


def _searching(place: OwnedPlace, query: str = "", **options: object) -> Terminal:
    """The Search place, and what this query finds."""
    terminal = Terminal(place, **options)  # type: ignore[arg-type]
    terminal.waits_for("Ask your notes")
    terminal.sends(F3)
    terminal.waits_for("Search your notes")
    if query:
        terminal.sends(query)
        terminal.waits_for("by words and meaning")
    return terminal


def _is_restored(terminal: Terminal) -> None:
    """What was switched on is switched off again, and nothing is written after that."""
    received = terminal.received
    assert _WHOLE.search(received)
    state: dict[bytes, bool] = {}
    for match in re.finditer(rb"\x1b\[\?(\d+)([hl])", received):
        state[match[1]] = match[2] == b"h"
    assert {mode for mode, is_on in state.items() if is_on} <= _ALREADY_ON
    assert all(state.get(mode, True) for mode in _ALREADY_ON)
    assert TRACEBACK.encode() not in received


def test_it_shows_finds_and_is_gone_a_second_after_it_is_left(ready: OwnedPlace) -> None:
    terminal = Terminal(ready)
    before = terminal.modes()
    terminal.waits_for("Ask your notes")
    terminal.sends(F3)
    terminal.waits_for("Search your notes")
    terminal.sends("deposit")
    terminal.waits_for("by words and meaning")
    assert "Lease" in terminal.text
    assert terminal.modes() != before
    began = time.monotonic()
    terminal.presses("q")
    terminal.waits_until_gone(5)
    assert time.monotonic() - began < 1
    assert terminal.modes() == before
    assert terminal.ends() == 0
    _is_restored(terminal)


def test_an_owner_that_is_stuck_keeps_nobody_here(ready: OwnedPlace) -> None:
    terminal = _searching(ready, "deposit")
    (owner,) = ready.owners()
    os.kill(owner, signal.SIGSTOP)
    try:
        terminal.sends(" boiler heron")
        terminal.reads(0.5)
        assert "boiler heron" in terminal.text
        began = time.monotonic()
        terminal.presses("q")
        assert terminal.ends() == 0
        assert time.monotonic() - began < 3
    finally:
        os.kill(owner, signal.SIGCONT)
    _is_restored(terminal)


def test_any_size_while_results_come(ready: OwnedPlace) -> None:
    terminal = _searching(ready)
    for word in ("deposit", " boiler", " heron", " harbour", " bread"):
        for columns, rows in ((1, 1), (300, 100), (2, 50), (80, 2), (80, 24)):
            terminal.resizes(columns, rows)
            terminal.sends(word[:1])
            terminal.reads(0.1)
            word = word[1:]
        terminal.sends(word)
    terminal.resizes(120, 40)
    terminal.waits_for("by words and meaning")
    assert "Lease" in terminal.text
    terminal.presses("q")
    assert terminal.ends() == 0
    _is_restored(terminal)


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 143), (signal.SIGHUP, 129)])
def test_a_signal_leaves_the_terminal_as_clean_as_quitting(ready: OwnedPlace, number: int, code: int) -> None:
    terminal = Terminal(ready)
    before = terminal.modes()
    terminal.waits_for("Ask your notes")
    terminal.is_signalled(number)
    terminal.waits_until_gone(5)
    assert terminal.modes() == before
    assert terminal.ends() == code
    _is_restored(terminal)


def test_a_terminal_that_is_closed_leaves_no_process(ready: OwnedPlace) -> None:
    terminal = _searching(ready, "deposit")
    terminal.hangs_up()
    terminal.waits_until_gone(3)


def test_an_owner_that_is_killed_is_replaced_and_nothing_typed_is_lost(owned: OwnedPlace) -> None:
    assert owned.exo("index").code == 0
    terminal = _searching(owned, "boiler")
    (owner,) = owned.owners()
    os.kill(owner, signal.SIGKILL)
    terminal.sends(" pressure deposit")
    terminal.waits_for("boiler pressure deposit")
    terminal.waits_for("by words and meaning")
    terminal.waits_for("5 notes")
    assert "boiler pressure deposit" in terminal.text
    assert "Lease" in terminal.text
    (other,) = owned.owners()
    assert other != owner
    terminal.presses("q")
    assert terminal.ends() == 0
    _is_restored(terminal)


def test_a_megabytes_long_paste_is_cut_and_the_screen_stays_usable(ready: OwnedPlace) -> None:
    terminal = _searching(ready)
    terminal.pastes("deposit " + "heron harbour " * 360_000)
    terminal.reads(1)
    began = time.monotonic()
    terminal.presses("u")
    terminal.sends("boiler")
    terminal.waits_for("1.3 bar")
    assert time.monotonic() - began < 5
    terminal.presses("q")
    assert terminal.ends() == 0
    _is_restored(terminal)


@pytest.mark.parametrize("editor", ["crashes", "fails", "missing", "unreadable", "none"])
def test_an_editor_that_goes_wrong_is_told_of_and_the_screen_comes_back(
    ready: OwnedPlace, tmp_path: Path, editor: str
) -> None:
    script = tmp_path / "editor"
    script.write_text("#!/bin/sh\nprintf 'in the editor'\n" + {"crashes": "kill -SEGV $$\n"}.get(editor, "exit 3\n"))
    script.chmod(0o755)
    commands = {"missing": "/nowhere/at-all", "unreadable": "'unclosed", "none": ""}
    told = {"crashes": "ended with code -11", "fails": "ended with code 3", "missing": "/nowhere/at-all"}
    told |= {"unreadable": "can't be read", "none": "No editor is set"}
    terminal = _searching(ready, "deposit", EDITOR=commands.get(editor, str(script)), VISUAL="")
    before = terminal.modes()
    terminal.sends("\r")
    terminal.reads(0.2)
    terminal.sends("e")
    terminal.waits_for(told[editor])
    assert terminal.modes() == before
    terminal.sends("j")
    terminal.presses("q")
    assert terminal.ends() == 0
    _is_restored(terminal)


def test_what_an_editor_writes_is_shown_when_it_ends(owned: OwnedPlace, tmp_path: Path) -> None:
    assert owned.exo("index").code == 0
    script = tmp_path / "vi"
    script.write_text('#!/bin/sh\necho "$1" > "$0.told"\nprintf "\\nA kestrel hovers.\\n" >> "$2"\n')
    script.chmod(0o755)
    terminal = _searching(owned, "boiler", EDITOR=str(script), VISUAL="")
    terminal.sends("\r")
    terminal.reads(0.2)
    terminal.sends("e")
    terminal.waits_for("A kestrel hovers.")
    assert (tmp_path / "vi.told").read_text().startswith("+")
    terminal.presses("q")
    assert terminal.ends() == 0
    _is_restored(terminal)


def test_t26_no_command_of_a_note_reaches_the_terminal(tmp_path: Path) -> None:
    notes = {}
    for number, attack in enumerate(COMMANDS):
        front = f'---\ntags: ["t{number}"]\n---\n'
        notes[f"d{attack}/n{attack}{number}.md"] = f"{front}# Heron {attack}\n\nThe heron {attack} stands. #x{attack}\n"
    place = make_owned(tmp_path, notes)
    try:
        assert place.exo("index").code == 0
        terminal = _searching(place, "heron", columns=120, rows=60)
        terminal.sends("\r")
        for key in ("x", "x", "j", "j", "j", "j", "\r"):
            terminal.sends(key)
            terminal.reads(0.3)
        terminal.waits_for("stands.")
        terminal.sends("\x1b")
        terminal.reads(0.3)
        terminal.pastes(f"heron {''.join(COMMANDS)}")
        terminal.reads(0.5)
        terminal.presses("q")
        assert terminal.ends() == 0
        _is_restored(terminal)
        received = re.sub(rb"\x1b\]22;[a-z-]*\x07", b"", terminal.received)  # the pointer's shape, Textual's own
        for attack in (*COMMANDS, "\x1b]52", "\x1b]0", "\x1b]8", "\x07", "\u202e", "\u009b"):
            assert attack.encode() not in received
    finally:
        place.end()


def test_ctrl_z_gives_the_shell_its_terminal_and_fg_takes_it_back(ready: OwnedPlace) -> None:
    with _Tmux(ready) as tmux:
        tmux.types(" ".join(EXO))
        tmux.waits_for("Ask your notes")
        tmux.keys("F3")
        tmux.waits_for("Search your notes")
        tmux.keys("d", "e", "p", "o", "s", "i", "t")
        tmux.waits_for("by words and meaning")
        before = tmux.screen()
        tmux.keys("C-z")
        tmux.waits_for("Stopped")
        assert tmux.asks("#{alternate_on} #{mouse_any_flag} #{cursor_flag}") == "0 0 1"
        tmux.types("echo still $((6 * 7)) here")
        tmux.waits_for("still 42 here")
        tmux.types("fg")
        tmux.waits_for("by words and meaning")
        deadline = time.monotonic() + 5
        while tmux.screen() != before and time.monotonic() < deadline:
            time.sleep(0.1)
        assert tmux.screen() == before
        tmux.keys("C-q")
        tmux.waits_for("still 42 here")
        assert tmux.asks("#{alternate_on} #{mouse_any_flag} #{cursor_flag}") == "0 0 1"


class _Tmux:
    """A shell with job control, on a server of its own."""

    def __init__(self, place: OwnedPlace) -> None:
        self._environ = place.environ | {"TMUX_TMPDIR": place.environ["XDG_RUNTIME_DIR"], "PS1": "$ "}
        self._command = ["tmux", "-f", "/dev/null"]

    def __enter__(self) -> _Tmux:
        self._tmux("new-session", "-d", "-s", "s", "-x", "80", "-y", "24", "bash --norc --noprofile -i")
        self._tmux("set", "-g", "status", "off")
        self._tmux("set", "-g", "escape-time", "10")
        return self

    def __exit__(self, *_: object) -> None:
        self._tmux("kill-server")

    def _tmux(self, *arguments: str) -> str:
        ended = subprocess.run(
            [*self._command, *arguments], env=self._environ, capture_output=True, text=True, timeout=20, check=True
        )
        return ended.stdout

    def keys(self, *keys: str) -> None:
        """Press these."""
        self._tmux("send-keys", "-t", "s", *keys)

    def types(self, line: str) -> None:
        """A line, with Enter."""
        self._tmux("send-keys", "-t", "s", "-l", line)
        self.keys("Enter")

    def screen(self) -> str:
        """What is shown."""
        return self._tmux("capture-pane", "-p", "-t", "s")

    def asks(self, what: str) -> str:
        """Something tmux knows of the terminal."""
        return self._tmux("display", "-p", "-t", "s", what).strip()

    def waits_for(self, text: str) -> None:
        """Wait until this is shown."""
        deadline = time.monotonic() + 20
        while text not in self.screen():
            assert time.monotonic() < deadline, self.screen()
            time.sleep(0.05)


def test_the_notes_it_was_shown_are_as_they_were(ready: OwnedPlace) -> None:
    for path, text in NOTES.items():
        assert (ready.vault / path).read_text() == text
