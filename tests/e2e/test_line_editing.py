"""Lines typed after a prompt are edited as in a shell, on a real terminal, and none of them is kept."""

from __future__ import annotations

from pathlib import Path

from places import EXO, Place
from terminals import Terminal

LEFT, UP = "\x1b[D", "\x1b[A"


def test_arrow_keys_edit_and_bring_back_a_question_and_print_nothing(place: Place) -> None:
    terminal = Terminal(place, "chat", TERM="xterm")
    terminal.waits_for("\n>")
    terminal.writes(f"/titl{LEFT}{LEFT}{LEFT}{LEFT}{LEFT}")
    terminal.types("")
    terminal.waits_for("There is no /titl.")
    terminal.sends(UP)
    terminal.waits_for("> /titl", times=2)
    terminal.types("X")
    terminal.waits_for("There is no /titlX.")
    assert "^[[" not in terminal.text
    terminal.presses("d")
    assert terminal.ends() == 0
    assert set(terminal.commands()) <= {"\b"}


def test_ctrl_d_while_something_is_answered_ends_it_after_that_and_the_terminal_is_as_it_was(place: Place) -> None:
    terminal = Terminal(
        place, "-c", 'stty -g; exo() { "$@"; echo "was $?"; }; exo "$@"; stty -g', "sh", *EXO, "chat", command=["sh"]
    )
    terminal.waits_for("\n>")
    terminal.types("Where is it?")
    terminal.presses("d")
    assert terminal.ends() == 0
    assert "was 0" in terminal.text
    states = [line for line in terminal.lines if line.count(":") > 10]
    assert len(states) == 2
    assert states[0] == states[1]


def test_what_was_typed_is_kept_in_no_file(place: Place) -> None:
    terminal = Terminal(place, "chat", TERM="xterm")
    terminal.waits_for("\n>")
    terminal.types("/heronwords")
    terminal.waits_for("There is no /heronwords.")
    terminal.presses("d")
    terminal.ends()
    below = [*place.home.rglob("*"), *Path(place.environ["HOME"]).rglob("*")]
    assert not any(b"heronwords" in path.read_bytes() for path in below if path.is_file())
