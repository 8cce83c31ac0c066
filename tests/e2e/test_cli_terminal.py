"""`exo` on a real terminal: what reaches it, how it looks, how it is stopped."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pexpect
import pytest
from places import EXO, TRACEBACK, Place, make_place

OURS = re.compile(rb"\x1b\[[0-9;]*m|\x1b\]8;(?:id=\d+)?;(?:file:///[\x21-\x7e]*)?\x1b\\")
"""Styles, and links whose address is printable ASCII."""
BARS = re.compile(rb"\x1b\[\?25[lh]|\x1b\[2K|\x1b\[1A")
"""How progress bars move, and hide the cursor."""
CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]")

ATTACKS = (
    "\x1b]52;c;aGk=\x07",
    "\x1b]8;;evil:x\x07y\x1b]8;;\x07",
    "\x1b[2J",
    "\x1bP1$r\x1b\\",
    "\u009b2J",
    "\x07",
    "\u202egpj",
)


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Place:
    """Notes whose names, titles, tags, links, tasks and text are full of terminal commands."""
    notes = {}
    for number, attack in enumerate(ATTACKS):
        escaped = json.dumps(f"heron {attack} title")
        notes[f"dir{attack}/name{attack}{number}.md"] = (
            f"---\ntitle: {escaped}\ntags: [{json.dumps('tag' + attack)}]\nkey: {escaped}\n---\n"
            f"# Head {attack}\n\nThe heron {attack} stands in water {number}.\n\n"
            f"[[to {attack}]] [[name{attack}{number}]]\n\n"
            f"- [ ] task {attack} of heron\n\n#in{attack}line\n"
        )
    notes["pipe.md"] = ""
    made = make_place(tmp_path_factory.mktemp("hostile"), notes)
    (made.vault / "pipe.md").unlink()
    os.mkfifo(made.vault / f"pipe{ATTACKS[0]}.md")
    return made


def test_t26_nothing_in_a_note_reaches_the_terminal_as_a_command(hostile: Place) -> None:
    root = hostile.vault
    note = f"dir{ATTACKS[4]}/name{ATTACKS[4]}4.md"  # a link's target has no brackets, so no ESC [
    commands: list[tuple[list[str], int]] = [
        (["init", str(root)], 0),
        (["index"], 0),
        (["search", "heron", "--mode", "words", "--explain"], 0),
        (["ask", "Where does the heron stand?"], 0),
        (["similar", note], 0),
        (["show", note], 0),
        (["inspect", note], 0),
        (["recent"], 0),
        (["tags"], 0),
        (["tasks"], 0),
        (["status"], 0),
        (["show", "name"], 2),
        (["search", f"before:{ATTACKS[2]}x"], 2),
        (["show", f"dir{ATTACKS[2]}"], 2),
        (["links", note], 0),
    ]
    for arguments, code in commands:
        shown, ended = hostile.terminal(*arguments)
        rest = OURS.sub(b"", BARS.sub(b"", shown) if arguments == ["index"] else shown).decode()
        assert not CONTROL.search(rest), (arguments, rest)
        assert TRACEBACK not in rest
        assert ended == code, (arguments, rest)
    shown, _ = hostile.terminal("search", "heron", "--mode", "words")
    assert rb"\x1b]52;c;aGk=\x07" in shown.replace(b"\r\n", b"").replace(b" ", b"")


def test_t26_pipes_carry_no_escape_at_all(hostile: Place) -> None:
    for arguments in (["search", "heron", "--mode", "words"], ["tags"], ["tasks"], ["search", "heron", "--json"]):
        ended = hostile.exo(*arguments)
        assert ended.out
        assert not CONTROL.search(ended.out)


def test_a_terminal_gets_colour_and_links_unless_it_is_told_not_to(place: Place) -> None:
    search = ["search", "deposit", "--mode", "words"]
    shown, _ = place.terminal(*search)
    assert b"\x1b]8;" in shown
    assert b"\x1b[1;36m" in shown
    plain, _ = place.terminal(*search, TERM="dumb")
    assert b"\x1b" not in plain
    uncoloured, _ = place.terminal(*search, NO_COLOR="1")
    assert not re.search(rb"\x1b\[[0-9;]*3[0-9]", uncoloured)


@pytest.mark.parametrize("columns", [20, 80, 200])
def test_lines_fit_the_terminal(place: Place, columns: int) -> None:
    for arguments in (["search", "deposit"], ["ask", "How much is the deposit?"], ["tasks"]):
        shown, _ = place.terminal(*arguments, columns=columns, TERM="dumb")
        lines = shown.decode().replace("\r", "").split("\n")
        assert max(map(len, lines)) <= columns


@pytest.fixture
def many(tmp_path: Path) -> Place:
    """A vault that takes seconds to index."""
    text = "".join(f"Words number {number} of a note that is not short.\n\n" for number in range(100))
    made = make_place(tmp_path, {f"{number}.md": f"# Note {number}\n\n{text}" for number in range(1000)})
    assert made.exo("init", str(made.vault)).code == 0
    return made


def test_ctrl_c_stops_indexing_and_keeps_what_is_done(many: Place) -> None:
    child = pexpect.spawn(EXO[0], [*EXO[1:], "index"], env=many.environ, dimensions=(24, 80), timeout=60)
    child.expect(rb"[1-9][\d,]*/1,000")
    child.sendintr()
    child.expect(b"Stopping; what is done is kept")
    rest = child.read()
    child.close()
    assert child.exitstatus == 130
    assert b"Stopped:" in rest
    assert b"\x1b[?25h" in rest
    folder = many.exo("status", "--json").json()["folders"][0]
    assert folder["indexed"] > 0


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupt_in_json_is_told_in_the_last_event(many: Place, number: signal.Signals) -> None:
    command = [*EXO, "index", "--json"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=many.environ) as job:
        assert job.stdout is not None
        first = json.loads(job.stdout.readline())
        assert (first["schema"], first["event"]) == (1, "progress")
        job.send_signal(number)
        events = [json.loads(line) for line in job.stdout]
        assert job.wait(60) == 130
    assert events[-1]["event"] == "indexed"
    assert events[-1]["stopped"] is True


def test_help_comes_at_once(place: Place) -> None:
    def seconds(arguments: list[str]) -> float:
        start = time.monotonic()
        subprocess.run([sys.executable, *arguments], capture_output=True, check=True, env=place.environ, cwd="/")
        return time.monotonic() - start

    bare = min(seconds(["-c", "pass"]) for _ in range(5))
    whole = min(seconds(["-m", "exocortex", "--help"]) for _ in range(5))
    assert whole <= 0.2 * max(1.0, bare / 0.03)


# The demo


def test_the_demo_shows_two_answers_and_one_honest_no(tmp_path: Path) -> None:
    fresh = make_place(tmp_path, {})
    shown, code = fresh.terminal("demo", TMPDIR=str(tmp_path))
    text = re.sub(r"\s+", " ", OURS.sub(b"", BARS.sub(b"", shown)).decode())
    assert code == 0
    assert text.count("[1]") >= 2
    assert text.count("Not in your notes.") == 1
    assert "exo init ~/notes" in text
    assert list(tmp_path.iterdir()) == [fresh.vault]  # nothing beside it: no home, no cache, no temporary file
